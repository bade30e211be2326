/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.Arguments;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.AllowedFolders;
import org.lora4j.internal.text.TaskFiles;
import org.lora4j.trust.Receipt;
import org.lora4j.trust.TrustPolicy;

/** What a saved classifier says of the encoder that it needs. */
final class SavedImageEncoder {

    /** What the task is called in files. */
    static final String TASK = "image-classification";

    private static final String NAME = "name";
    private static final String LOAD = "ImageClassifier.load";

    private SavedImageEncoder() {}

    static Map<String, Object> fields(ImageEncoder encoder) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("encoder", ofEncoder(encoder));
        return fields;
    }

    private static Map<String, Object> ofEncoder(ImageEncoder encoder) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put(NAME, encoder.name());
        fields.put("sha256", encoder.hash());
        fields.put("hidden", encoder.dimension());
        fields.put("preprocessing", encoder.preprocessing().fields());
        return fields;
    }

    /** Reads the description of a classifier, for an encoder. */
    static Map<String, Object> read(Path directory, ImageEncoder encoder) throws IOException {
        Map<String, Object> fields = TaskFiles.read(directory);
        Path file = TaskFiles.file(directory);
        Map<?, ?> saved = saved(file, fields);
        Problems problems = new Problems();
        ofEncoder(encoder)
                .forEach((field, value) -> problems.check(
                        field.equals(NAME) || same(value, saved.get(field)),
                        field + " of the encoder is " + MessageText.value(value) + ", expected "
                                + MessageText.value(saved.get(field))));
        if (!problems.isEmpty()) {
            throw new IncompatibleBaseException(problems.message(file.toString()) + ". Load it with "
                    + MessageText.name(saved.get(NAME)) + ", with the files that it had when it was saved.");
        }
        return fields;
    }

    /** Compares what a directory says of its training with the encoder that it is loaded for. */
    static void requireTrained(Path directory, Optional<Receipt> receipt, ImageEncoder encoder) throws IOException {
        TrustPolicy usual = TrustPolicy.usual();
        usual.requireReceipt(directory, receipt);
        if (receipt.isPresent()) {
            usual.compare(MessageText.path(directory), receipt.get(), Map.of(Receipt.BASE, encoder.hash()));
        }
    }

    /** Numbers of a file may be of another type. */
    private static boolean same(Object value, Object saved) {
        if (value instanceof Map<?, ?> fields && saved instanceof Map<?, ?> others) {
            return fields.keySet().equals(others.keySet())
                    && fields.keySet().stream().allMatch(key -> same(fields.get(key), others.get(key)));
        }
        if (value instanceof List<?> items && saved instanceof List<?> others) {
            boolean equal = items.size() == others.size();
            for (int i = 0; equal && i < items.size(); i++) {
                equal = same(items.get(i), others.get(i));
            }
            return equal;
        }
        if (value instanceof Number number && saved instanceof Number other) {
            return number.doubleValue() == other.doubleValue();
        }
        return value.equals(saved);
    }

    private static Map<?, ?> saved(Path file, Map<String, Object> fields) throws IncompatibleBaseException {
        if (!TASK.equals(fields.get("task"))) {
            throw new IncompatibleBaseException(file + ": it is of the task " + MessageText.name(fields.get("task"))
                    + "; expected " + MessageText.name(TASK) + ", which " + LOAD
                    + " loads. Call load of the class that saved it.");
        }
        if (!(fields.get("encoder") instanceof Map<?, ?> saved) || !(saved.get(NAME) instanceof String)) {
            throw new IncompatibleBaseException(file + ": it does not say for which encoder it is; expected an object"
                    + " \"encoder\" with a name. Save the classifier again.");
        }
        return saved;
    }

    /** Opens the encoder that a saved classifier names, below folders of the caller. */
    static ImageEncoder open(Path directory, Path... folders) throws IOException {
        Arguments.required(folders, LOAD + ": encoderFolders", "folders");
        Arguments.allRequired(Arrays.asList(folders), LOAD + ": encoderFolders", "a folder");
        Path file = TaskFiles.file(directory);
        String name = (String) saved(file, TaskFiles.read(directory)).get(NAME);
        Path found = AllowedFolders.find(name, candidate -> candidate, folders)
                .filter(Files::isDirectory)
                .orElseThrow(() -> new IncompatibleBaseException(file + ": its encoder is " + MessageText.name(name)
                        + ", which is not below " + Problems.quoted(Arrays.asList(folders))
                        + "; expected it there, in files that are no links to other places. Give its folder: " + LOAD
                        + "(directory, folder), or the encoder: load(directory, encoder)."));
        return ImageEncoder.load(found);
    }
}
