/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.format.file.Sha256;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A SHA-256 of each example of a batch, over its rows of all arrays.
 *
 * @apiNote Status: internal
 */
public final class RowDigests {

    private final List<MessageDigest> rows = new ArrayList<>();

    private RowDigests(int examples) {
        for (int i = 0; i < examples; i++) {
            rows.add(Sha256.begin());
        }
    }

    /**
     * The hashes of the examples of a batch.
     *
     * @param arrays by name; the examples are along the first axis, or along the second one, as series with time first have them. An
     *     array that has them along neither counts for every example; of texts only the shape does
     * @param examples how many there are
     * @return a hash of 32 bytes for each
     */
    public static List<byte[]> of(Map<String, INDArray> arrays, int examples) {
        RowDigests digests = new RowDigests(examples);
        new TreeMap<>(arrays).forEach(digests::add);
        return digests.rows.stream().map(MessageDigest::digest).toList();
    }

    private void add(String name, INDArray array) {
        int count = rows.size();
        boolean first = array.rank() > 0 && array.size(0) > 0 && array.size(0) % count == 0;
        boolean second = !first && array.rank() > 1 && array.size(1) == count;
        long[] shape = array.shape().clone();
        if (first) {
            shape[0] /= count;
        } else if (second) {
            shape[1] = 1;
        }
        byte[] header =
                (name + " " + array.dataType() + Arrays.toString(shape) + "\n").getBytes(StandardCharsets.UTF_8);
        rows.forEach(row -> row.update(header));
        boolean numbers =
                array.dataType().isFPType() || array.dataType().isIntType() || array.dataType() == DataType.BOOL;
        if (array.isEmpty() || !numbers) {
            return;
        }
        if (first) {
            split(array, rows);
        } else if (second) {
            int[] axes = new int[array.rank()];
            Arrays.setAll(axes, axis -> axis < 2 ? 1 - axis : axis);
            split(array.permute(axes), rows);
        } else {
            MessageDigest all = Sha256.begin();
            split(array, List.of(all));
            byte[] hash = all.digest();
            rows.forEach(row -> row.update(hash));
        }
    }

    /** Gives each digest its equal share of the elements, which are along the first axis. */
    private static void split(INDArray array, List<MessageDigest> digests) {
        boolean single = array.dataType() == DataType.FLOAT
                || array.dataType() == DataType.FLOAT16
                || array.dataType() == DataType.BFLOAT16;
        // A cast array is a copy that lies row by row.
        INDArray numbers = array.castTo(single ? DataType.FLOAT : DataType.DOUBLE);
        long share = numbers.length() / digests.size();
        try (DenseArray dense = DenseArray.rowMajor(numbers)) {
            int bytesEach = single ? Float.BYTES : Double.BYTES;
            ByteBuffer bytes =
                    ByteBuffer.allocate(bytesEach * dense.blockLength()).order(ByteOrder.LITTLE_ENDIAN);
            float[] floats = new float[single ? dense.blockLength() : 0];
            double[] doubles = new double[single ? 0 : dense.blockLength()];
            long at = 0;
            for (int block = 0; block < dense.blocks(); block++) {
                int length = dense.length(block);
                if (single) {
                    dense.read(block, floats);
                    bytes.asFloatBuffer().put(floats, 0, length);
                } else {
                    dense.read(block, doubles);
                    bytes.asDoubleBuffer().put(doubles, 0, length);
                }
                for (int from = 0; from < length; ) {
                    int piece = (int) Math.min(length - from, share - at % share);
                    digests.get((int) (at / share)).update(bytes.array(), bytesEach * from, bytesEach * piece);
                    from += piece;
                    at += piece;
                }
            }
        }
        if (numbers != array && numbers.closeable()) {
            numbers.close();
        }
    }
}
