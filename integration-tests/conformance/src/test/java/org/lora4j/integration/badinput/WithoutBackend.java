/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.badinput;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lora4j.adapter.Adapter;
import org.lora4j.integration.quickstart.MiniLm;

/** The first calls of a program, for a JVM of its own without a backend. */
final class WithoutBackend {

    private static final String CONFIG = """
            {"peft_type": "LORA", "r": 1, "lora_alpha": 1, "target_modules": ["fc"]}
            """;

    private static final String WEIGHTS = """
            {"base_model.model.fc.lora_A.weight": {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4]}, \
            "base_model.model.fc.lora_B.weight": {"dtype": "F32", "shape": [1, 1], "data_offsets": [4, 8]}}""";

    private WithoutBackend() {}

    public static void main(String[] args) throws IOException {
        switch (args[0]) {
            case "read" -> MiniLm.weights();
            case "load" -> Adapter.load(adapter(Path.of(args[1])));
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    private static Path adapter(Path directory) throws IOException {
        Files.writeString(directory.resolve("adapter_config.json"), CONFIG);
        byte[] header = WEIGHTS.getBytes(StandardCharsets.US_ASCII);
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + 8).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(header.length).put(header).putFloat(1).putFloat(0);
        Files.write(directory.resolve("adapter_model.safetensors"), bytes.array());
        return directory;
    }
}
