/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.cache;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.TreeSet;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Numbers of 64 bits that tell whether an input is what it was: two checksums of 32 bits by different polynomials. Of a million
 * different inputs, two have the same number with a probability of about 3e-8.
 */
final class Checksums {

    private static final int HALF = 32;

    private Checksums() {}

    /** The checksums of a row. */
    private record Sums(CRC32 one, CRC32C other) {

        Sums() {
            this(new CRC32(), new CRC32C());
        }

        void update(ByteBuffer bytes, int from, int to) {
            one.update(bytes.duplicate().position(from).limit(to));
            other.update(bytes.duplicate().position(from).limit(to));
        }

        long value() {
            return one.getValue() << HALF | other.getValue();
        }
    }

    /** One number for all rows. */
    static long whole(Map<String, INDArray> placeholders, Collection<String> names) {
        return rows(placeholders, names, 1)[0];
    }

    /** A number for each row; of an input that has not as many rows, all rows depend on all of it. */
    static long[] rows(Map<String, INDArray> placeholders, Collection<String> names, int rows) {
        Sums[] sums = new Sums[rows];
        Arrays.setAll(sums, row -> new Sums());
        for (String name : new TreeSet<>(names)) {
            INDArray array = placeholders.get(name);
            if (array != null && !array.isEmpty()) {
                addShape(name, array, sums);
                add(array, sums);
            }
        }
        return Arrays.stream(sums).mapToLong(Sums::value).toArray();
    }

    // Inputs of zeros differ in nothing else.
    private static void addShape(String name, INDArray array, Sums[] sums) {
        String shape = name + Arrays.stream(array.shape()).skip(1).boxed().toList() + array.dataType();
        ByteBuffer bytes = ByteBuffer.wrap(shape.getBytes(StandardCharsets.UTF_8));
        for (Sums sum : sums) {
            sum.update(bytes, 0, bytes.limit());
        }
    }

    private static void add(INDArray array, Sums[] sums) {
        INDArray owned = array.dup('c');
        try {
            ByteBuffer bytes = HostBytes.toRead(owned);
            boolean perRow = array.rank() > 0 && array.size(0) == sums.length;
            int size = perRow ? bytes.remaining() / sums.length : bytes.remaining();
            for (int row = 0; row < sums.length; row++) {
                int from = perRow ? row * size : 0;
                sums[row].update(bytes, from, from + size);
            }
        } finally {
            owned.close();
        }
    }
}
