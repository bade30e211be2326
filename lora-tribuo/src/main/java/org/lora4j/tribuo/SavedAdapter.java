/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.tribuo.output.OutputScale;

/**
 * A PEFT directory and, beside its files, {@value #FILE}: whose row of the head is whose, which PEFT's files do not say.
 *
 * @param adapter the adapter
 * @param rows name of the output for each row of the head; empty if the file is not there
 * @param scales how outputs are standardized
 */
record SavedAdapter(Adapter adapter, List<String> rows, Map<String, OutputScale> scales) {

    static final String FILE = "tribuo_outputs.json";

    private static final String OUTPUTS = "outputs";
    private static final String NAME = "name";
    private static final String MEAN = "mean";
    private static final String DEVIATION = "deviation";

    Hosting.Start start() {
        return new Hosting.Start(adapter, rows);
    }

    static SavedAdapter load(Path directory) throws IOException {
        Adapter adapter = Adapter.load(directory);
        Path file = directory.resolve(FILE);
        if (Files.notExists(file)) {
            return new SavedAdapter(adapter, List.of(), Map.of());
        }
        if (!Files.isRegularFile(file)) {
            throw damaged(file, "is no regular file");
        }
        if (!(JsonObjects.read(file).get(OUTPUTS) instanceof List<?> outputs)) {
            throw damaged(file, "has no list \"" + OUTPUTS + "\"");
        }
        List<String> rows = new ArrayList<>();
        Map<String, OutputScale> scales = new LinkedHashMap<>();
        for (Object output : outputs) {
            if (!(output instanceof Map<?, ?> fields) || !(fields.get(NAME) instanceof String name)) {
                throw damaged(file, "has an output number " + rows.size() + " without a \"" + NAME + "\"");
            }
            rows.add(name);
            if (fields.containsKey(MEAN)) {
                scales.put(name, scale(file, fields));
            }
        }
        return new SavedAdapter(adapter, List.copyOf(rows), scales);
    }

    private static OutputScale scale(Path file, Map<?, ?> output) throws AdapterFormatException {
        try {
            return new OutputScale(number(output.get(MEAN)), number(output.get(DEVIATION)));
        } catch (IllegalArgumentException e) {
            throw new AdapterFormatException(file + ": " + e.getMessage(), e);
        }
    }

    private static double number(Object value) {
        return value instanceof Number number ? number.doubleValue() : Double.NaN;
    }

    private static AdapterFormatException damaged(Path file, String what) {
        return new AdapterFormatException(
                file + ": " + what + "; expected the JSON that LoraModel.exportAdapter writes."
                        + " Export the model again, or remove the file.");
    }

    void save(Path directory) throws IOException {
        adapter.save(directory);
        List<Map<String, Object>> outputs = new ArrayList<>();
        for (String name : rows) {
            Map<String, Object> output = new LinkedHashMap<>();
            output.put(NAME, name);
            OutputScale scale = scales.get(name);
            if (scale != null) {
                output.put(MEAN, scale.mean());
                output.put(DEVIATION, scale.deviation());
            }
            outputs.add(output);
        }
        JsonObjects.write(directory.resolve(FILE), Map.of(OUTPUTS, outputs));
    }
}
