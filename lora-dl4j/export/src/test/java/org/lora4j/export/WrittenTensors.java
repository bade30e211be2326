/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** Files of safetensors, read by hand: eight bytes of length, JSON, elements. */
final class WrittenTensors {

    private static final ObjectMapper JSON = new ObjectMapper();

    private WrittenTensors() {}

    static JsonNode header(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        byte[] json = new byte[(int) bytes.getLong()];
        bytes.get(json);
        return JSON.readTree(new String(json, StandardCharsets.UTF_8));
    }

    static String written(Path file) throws IOException {
        JsonNode header = header(file);
        Map<String, String> tensors = new TreeMap<>();
        header.fieldNames().forEachRemaining(name -> {
            if (!name.equals("__metadata__")) {
                tensors.put(name, header.get(name).get("shape").toString().replace(",", ", "));
            }
        });
        return tensors.entrySet().stream()
                .map(tensor -> tensor.getKey() + " " + tensor.getValue())
                .sorted()
                .reduce("", (text, line) -> text + line + "\n");
    }

    static float[] floats(Path file, String name) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        long length = bytes.getLong();
        JsonNode offsets = header(file).get(name).get("data_offsets");
        int from = (int) (8 + length) + offsets.get(0).asInt();
        float[] values = new float[(offsets.get(1).asInt() - offsets.get(0).asInt()) / 4];
        bytes.position(from)
                .slice()
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(values);
        return values;
    }
}
