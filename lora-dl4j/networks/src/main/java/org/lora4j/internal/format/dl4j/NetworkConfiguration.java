/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.dl4j;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.json.NamedClasses;

/**
 * The configuration of a network as text, judged before anything is made of it.
 *
 * <p>Every class that it names must be one that networks are made of, or one that the caller allows: see
 * {@link NamedClasses}.
 *
 * @param text the JSON, valid, without duplicate keys
 * @param isGraph whether it is of a {@code ComputationGraph}, else of a {@code MultiLayerNetwork}
 * @apiNote Status: internal
 */
public record NetworkConfiguration(String text, boolean isGraph) {

    /** Where the classes of networks live: configurations, and what they refer to. */
    public static final List<String> PACKAGES = List.of(
            "org.deeplearning4j.nn.conf.",
            "org.deeplearning4j.nn.weights.",
            "org.deeplearning4j.nn.modelimport.keras.preprocessors.",
            "org.nd4j.linalg.activations.",
            "org.nd4j.linalg.learning.",
            "org.nd4j.linalg.lossfunctions.",
            "org.nd4j.linalg.schedule.",
            "org.lora4j.dl4j.layer.");

    /** A class that earlier versions had. */
    private static final String REMOVED = "org.lora4j.dl4j.layer.LoraLearnedSelfAttentionLayer";

    private static final int LONGEST = 32 << 20;

    /**
     * Reads the configuration of a network.
     *
     * @param allowed names of further classes that it may make
     * @throws ModelFormatException if it is not the JSON of a network, or names classes that are not allowed; the message
     *     lists all of them
     */
    public static NetworkConfiguration read(NetworkZip zip, Set<String> allowed) throws IOException {
        String text = zip.text(NetworkZip.CONFIGURATION, LONGEST);
        JsonNode root;
        try {
            root = NamedClasses.parse(text);
        } catch (JsonProcessingException e) {
            throw zip.corrupt(NetworkZip.CONFIGURATION, "is not valid JSON: " + e.getOriginalMessage());
        }
        boolean layers = root.path("confs").isArray();
        boolean graph = root.path("vertices").isObject();
        if (layers == graph) {
            throw zip.corrupt(
                    NetworkZip.CONFIGURATION,
                    layers
                            ? "has both \"confs\" and \"vertices\"; expected one of them"
                            : "has neither the list \"confs\" of a MultiLayerNetwork nor the \"vertices\" of a"
                                    + " ComputationGraph");
        }
        Problems problems = NamedClasses.problems(root, PACKAGES, allowed);
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(zip.where(NetworkZip.CONFIGURATION))
                    + "; expected classes of " + Problems.quoted(PACKAGES) + ". If you trust a class, name it:"
                    + " NetworkFile.of(file).allowing(TheClass.class).");
        }
        if (classes(root).contains(REMOVED)) {
            throw new ModelFormatException(zip.where(NetworkZip.CONFIGURATION)
                    + ": names a LoraLearnedSelfAttentionLayer, which lora4j no longer has, as Deeplearning4j 1.0.0-M2.1"
                    + " cannot run the layer that it adapted; expected layers that run. Build the network with a"
                    + " SelfAttentionLayer and train it anew.");
        }
        return new NetworkConfiguration(text, graph);
    }

    /** The classes that a configuration names, of a network in memory. */
    public static Set<String> classes(String text) throws IOException {
        return classes(NamedClasses.parse(text));
    }

    private static Set<String> classes(JsonNode root) {
        return Set.copyOf(root.findValuesAsText("@class"));
    }
}
