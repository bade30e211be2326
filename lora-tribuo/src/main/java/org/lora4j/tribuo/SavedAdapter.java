/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.AdapterDirectory;
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

    private static final int MOST_BYTES = 16 << 20;

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    private static final String OUTPUTS = "outputs";
    private static final String NAME = "name";
    private static final String MEAN = "mean";
    private static final String DEVIATION = "deviation";

    Hosting.Start start() {
        return new Hosting.Start(adapter, rows);
    }

    static SavedAdapter load(Path directory) throws IOException {
        Adapter adapter = Adapter.load(directory);
        Path file = AdapterDirectory.locate(directory, FILE);
        if (Files.notExists(file)) {
            return new SavedAdapter(adapter, List.of(), Map.of());
        }
        if (!Files.isRegularFile(file)) {
            throw damaged(file, "is no regular file");
        }
        List<String> rows = new ArrayList<>();
        Map<String, OutputScale> scales = new LinkedHashMap<>();
        for (JsonNode output : outputs(file)) {
            if (!output.path(NAME).isTextual()) {
                throw damaged(file, "has an output number " + rows.size() + " without a \"" + NAME + "\"");
            }
            String name = output.get(NAME).textValue();
            rows.add(name);
            if (output.has(MEAN)) {
                scales.put(name, scale(file, output));
            }
        }
        return new SavedAdapter(adapter, List.copyOf(rows), scales);
    }

    private static JsonNode outputs(Path file) throws IOException {
        if (Files.size(file) > MOST_BYTES) {
            throw damaged(file, "has more than " + MOST_BYTES + " bytes");
        }
        JsonNode outputs;
        try {
            outputs = JSON.readTree(Files.readAllBytes(file)).path(OUTPUTS);
        } catch (JsonProcessingException e) {
            throw damaged(file, "is not valid JSON (" + e.getOriginalMessage() + ")");
        }
        if (!outputs.isArray()) {
            throw damaged(file, "has no list \"" + OUTPUTS + "\"");
        }
        return outputs;
    }

    private static OutputScale scale(Path file, JsonNode output) throws AdapterFormatException {
        try {
            return new OutputScale(
                    output.path(MEAN).asDouble(Double.NaN),
                    output.path(DEVIATION).asDouble(Double.NaN));
        } catch (IllegalArgumentException e) {
            throw new AdapterFormatException(file + ": " + e.getMessage(), e);
        }
    }

    private static AdapterFormatException damaged(Path file, String what) {
        return new AdapterFormatException(
                file + ": " + what + "; expected the JSON that LoraModel.exportAdapter writes."
                        + " Export the model again, or remove the file.");
    }

    void save(Path directory) throws IOException {
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
        byte[] json = JSON.writeValueAsBytes(Map.of(OUTPUTS, outputs));
        AdapterDirectory.save("LoraModel.exportAdapter", adapter, directory, Map.of(FILE, json));
    }
}
