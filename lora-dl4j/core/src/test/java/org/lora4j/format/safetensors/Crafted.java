/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files made by hand, byte by byte. */
final class Crafted {

    private Crafted() {}

    static Path file(Path dir, String header, int dataBytes) throws IOException {
        return file(dir, header.getBytes(StandardCharsets.UTF_8), dataBytes);
    }

    static Path file(Path dir, byte[] header, int dataBytes) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(header.length).put(header);
        return Files.write(dir.resolve("crafted.safetensors"), bytes.array());
    }

    static String entry(String name, String dtype, String shape, long begin, long end) {
        return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":[" + begin + ","
                + end + "]}";
    }
}
