/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.samediff;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.json.NamedClasses;

/**
 * The bytes of a SameDiff file, judged without SameDiff: when {@link #verify} returns, the stock reader stays within the file
 * and within the arrays that it makes, allocates no more than a small multiple of the file's length, and makes no class but those
 * that are expected.
 *
 * @apiNote Status: internal
 */
public final class StoredGraph {

    /** Where the classes of a training configuration live. */
    public static final List<String> PACKAGES =
            List.of("org.nd4j.linalg.learning.", "org.nd4j.linalg.schedule.", "org.nd4j.evaluation.");

    private static final int TRAINING_CONFIGURATION = 7;

    private StoredGraph() {}

    /**
     * Judges a file.
     *
     * @param allowed names of classes that its training configuration may name beside those of {@link #PACKAGES}
     * @throws ModelFormatException if it is damaged, or names other classes
     */
    public static void verify(String where, byte[] file, Set<String> allowed) throws ModelFormatException {
        FlatBytes bytes = new FlatBytes(where, file);
        String training = bytes.root(Table.GRAPH).text(TRAINING_CONFIGURATION);
        if (training != null) {
            verifyTraining(where, bytes, training, allowed);
        }
    }

    private static void verifyTraining(String where, FlatBytes bytes, String json, Set<String> allowed)
            throws ModelFormatException {
        JsonNode root;
        try {
            root = NamedClasses.parse(json);
        } catch (JsonProcessingException e) {
            throw bytes.corrupt("the training configuration is not valid JSON: " + e.getOriginalMessage());
        }
        Problems problems = NamedClasses.problems(root, PACKAGES, allowed);
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(where + ", training configuration")
                    + "; expected classes of " + Problems.quoted(PACKAGES) + ". If you trust a class, name it:"
                    + " SameDiffFile.of(file).allowing(TheClass.class).");
        }
    }
}
