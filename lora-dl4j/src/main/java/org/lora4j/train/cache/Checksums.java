/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train.cache;

import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Map;
import java.util.TreeSet;
import java.util.zip.CRC32C;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Short numbers that tell whether an input is what it was. */
final class Checksums {

    private static final int HALF = 32;

    private Checksums() {}

    /** One number for all rows. */
    static long whole(Map<String, INDArray> placeholders, Collection<String> names) {
        return rows(placeholders, names, 1)[0];
    }

    /** A number for each row; of an input that has not as many rows, all rows depend on all of it. */
    static long[] rows(Map<String, INDArray> placeholders, Collection<String> names, int rows) {
        CRC32C[] sums = new CRC32C[rows];
        for (int row = 0; row < rows; row++) {
            sums[row] = new CRC32C();
        }
        for (String name : new TreeSet<>(names)) {
            INDArray array = placeholders.get(name);
            if (array != null && !array.isEmpty()) {
                add(array, sums);
            }
        }
        long[] values = new long[rows];
        for (int row = 0; row < rows; row++) {
            // The lengths differ where the shapes do, which a checksum of zeros would not show.
            values[row] = sums[row].getValue() | (shapes(placeholders, names) << HALF);
        }
        return values;
    }

    private static long shapes(Map<String, INDArray> placeholders, Collection<String> names) {
        long hash = 0;
        for (String name : new TreeSet<>(names)) {
            INDArray array = placeholders.get(name);
            if (array != null) {
                for (int d = 1; d < array.rank(); d++) {
                    hash = 31 * hash + array.size(d);
                }
            }
        }
        return hash;
    }

    private static void add(INDArray array, CRC32C[] sums) {
        INDArray owned = array.dup('c');
        try {
            ByteBuffer bytes = HostBytes.toRead(owned);
            boolean perRow = array.rank() > 0 && array.size(0) == sums.length;
            int size = perRow ? bytes.remaining() / sums.length : bytes.remaining();
            for (int row = 0; row < sums.length; row++) {
                sums[row].update(
                        bytes.duplicate().position(perRow ? row * size : 0).limit(perRow ? (row + 1) * size : size));
            }
        } finally {
            owned.close();
        }
    }
}
