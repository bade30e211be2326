/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.text.TaskFiles;

/** What a saved task says of the encoder that it needs. */
final class SavedEncoder {

    private static final String NAME = "name";

    private SavedEncoder() {}

    static Map<String, Object> fields(TextEncoder encoder) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put(NAME, encoder.name());
        fields.put("hidden", encoder.dimension());
        fields.put("vocabulary", encoder.weights().config().vocabulary());
        fields.put("pooling", encoder.pooling().name());
        fields.put("maxLength", encoder.maxLength());
        fields.put("prefix", encoder.prefixes().text());
        fields.put("queryPrefix", encoder.prefixes().query());
        fields.put("passagePrefix", encoder.prefixes().passage());
        return fields;
    }

    /** Reads the description of a task of a kind, for an encoder. */
    static Map<String, Object> read(Path directory, String task, String loader, TextEncoder encoder)
            throws IOException {
        Map<String, Object> fields = TaskFiles.read(directory);
        Path file = directory.resolve(TaskFiles.DESCRIPTION);
        if (!task.equals(fields.get("task"))) {
            throw new IncompatibleBaseException(file + ": it is of the task " + MessageText.name(fields.get("task"))
                    + "; expected " + MessageText.name(task) + ", which " + loader
                    + " loads. Call load of the class that saved it.");
        }
        requireSame(file, fields.get("encoder"), encoder);
        return fields;
    }

    private static void requireSame(Path file, Object saved, TextEncoder encoder) throws IOException {
        if (!(saved instanceof Map<?, ?> before)) {
            throw new CorruptAdapterException(
                    file
                            + ": it does not say for which encoder it is; expected an object \"encoder\". Save the task again.");
        }
        Problems problems = new Problems();
        fields(encoder)
                .forEach((field, value) -> problems.check(
                        field.equals(NAME) || value.equals(before.get(field)),
                        field + " of the encoder is " + MessageText.name(value) + ", expected "
                                + MessageText.name(before.get(field))));
        if (!problems.isEmpty()) {
            throw new IncompatibleBaseException(problems.message(file.toString()) + ". Load it with "
                    + MessageText.name(before.get(NAME))
                    + ", and withMaxLength, withPooling or withPrefixes as they were when it was saved.");
        }
    }
}
