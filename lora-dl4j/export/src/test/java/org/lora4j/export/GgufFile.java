/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A small file of GGUF, read by its specification and without any mercy. */
final class GgufFile {

    private static final Map<Integer, int[]> TYPES =
            Map.of(0, new int[] {1, 4}, 1, new int[] {1, 2}, 8, new int[] {32, 34});

    final Map<String, Object> metadata = new LinkedHashMap<>();
    final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final ByteBuffer bytes;

    /**
     * A tensor.
     *
     * @param type its number: 0 for F32, 1 for F16, 8 for Q8_0
     * @param sizes fastest first, as they stand in the file
     * @param data its bytes
     */
    record Tensor(int type, List<Long> sizes, ByteBuffer data) {

        float f32(int at) {
            assertThat(type).isZero();
            return data.getFloat(4 * at);
        }
    }

    private GgufFile(ByteBuffer bytes) {
        this.bytes = bytes;
    }

    static GgufFile read(Path file) throws IOException {
        GgufFile read = new GgufFile(ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN));
        read.parse();
        return read;
    }

    private void parse() {
        assertThat(bytes.getInt()).isEqualTo('G' | 'G' << 8 | 'U' << 16 | 'F' << 24);
        assertThat(bytes.getInt()).isEqualTo(3);
        long count = bytes.getLong();
        for (long pairs = bytes.getLong(); pairs > 0; pairs--) {
            String key = text();
            assertThat(metadata.put(key, value(bytes.getInt()))).as(key).isNull();
        }
        Map<String, long[]> places = new LinkedHashMap<>();
        for (; count > 0; count--) {
            String name = text();
            List<Long> sizes = new ArrayList<>();
            for (int axes = bytes.getInt(); axes > 0; axes--) {
                sizes.add(bytes.getLong());
            }
            int type = bytes.getInt();
            places.put(name, new long[] {bytes.getLong()});
            tensors.put(name, new Tensor(type, sizes, null));
        }
        long start = aligned(bytes.position());
        long next = 0;
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            Tensor tensor = entry.getValue();
            int[] block = TYPES.get(tensor.type());
            long numbers = tensor.sizes().stream().reduce(1L, (a, b) -> a * b);
            assertThat(tensor.sizes().get(0) % block[0]).isZero();
            int length = (int) (numbers / block[0] * block[1]);
            assertThat(places.get(entry.getKey())[0]).as(entry.getKey()).isEqualTo(next);
            ByteBuffer data = bytes.slice((int) (start + next), length).order(ByteOrder.LITTLE_ENDIAN);
            entry.setValue(new Tensor(tensor.type(), tensor.sizes(), data));
            next = aligned(next + length);
        }
        assertThat(start + next).isEqualTo(bytes.capacity());
    }

    private static long aligned(long position) {
        return (position + 31) / 32 * 32;
    }

    private String text() {
        byte[] text = new byte[(int) bytes.getLong()];
        bytes.get(text);
        return new String(text, StandardCharsets.UTF_8);
    }

    private Object value(int type) {
        return switch (type) {
            case 4, 5 -> bytes.getInt();
            case 6 -> bytes.getFloat();
            case 7 -> bytes.get() == 1;
            case 8 -> text();
            case 9 -> {
                int element = bytes.getInt();
                List<Object> list = new ArrayList<>();
                for (long left = bytes.getLong(); left > 0; left--) {
                    list.add(value(element));
                }
                yield list;
            }
            default -> throw new AssertionError("type " + type);
        };
    }
}
