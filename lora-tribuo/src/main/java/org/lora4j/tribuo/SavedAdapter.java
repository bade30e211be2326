/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.AdapterFormatException;
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

    private static final ObjectMapper JSON = new ObjectMapper();

    Hosting.Start start() {
        return new Hosting.Start(adapter, rows);
    }

    static SavedAdapter load(Path directory) throws IOException {
        Adapter adapter = Adapter.load(directory);
        List<String> rows = new ArrayList<>();
        Map<String, OutputScale> scales = new LinkedHashMap<>();
        Path file = directory.resolve(FILE);
        if (Files.exists(file)) {
            for (JsonNode output : read(file).path("outputs")) {
                String name = output.path("name").asText();
                rows.add(name);
                if (output.has("mean")) {
                    double mean = output.path("mean").asDouble(Double.NaN);
                    double deviation = output.path("deviation").asDouble(Double.NaN);
                    scales.put(name, scale(file, mean, deviation));
                }
            }
        }
        return new SavedAdapter(adapter, List.copyOf(rows), scales);
    }

    private static OutputScale scale(Path file, double mean, double deviation) throws AdapterFormatException {
        try {
            return new OutputScale(mean, deviation);
        } catch (IllegalArgumentException e) {
            throw new AdapterFormatException(file + ": " + e.getMessage(), e);
        }
    }

    private static JsonNode read(Path file) throws IOException {
        try {
            return JSON.readTree(Files.readString(file));
        } catch (JsonProcessingException e) {
            throw new AdapterFormatException(
                    file + ": " + e.getOriginalMessage() + "; expected the JSON that"
                            + " LoraModel.exportAdapter writes.",
                    e);
        }
    }

    void save(Path directory) throws IOException {
        adapter.save(directory);
        ObjectNode root = JSON.createObjectNode();
        ArrayNode outputs = root.putArray("outputs");
        for (String name : rows) {
            ObjectNode output = outputs.addObject().put("name", name);
            OutputScale scale = scales.get(name);
            if (scale != null) {
                output.put("mean", scale.mean()).put("deviation", scale.deviation());
            }
        }
        String text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
        Files.writeString(directory.resolve(FILE), text, StandardCharsets.UTF_8);
    }
}
