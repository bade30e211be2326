/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.lang.ref.Reference;
import org.bytedeco.javacpp.IntPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The smallest and the largest element of an array, NaN if one is. Read in Java: what looks at the ids of every batch must not
 * run a reduction of ND4J, which 1.0.0-M2.1 may end the process with while the garbage collector runs ({@code SIGSEGV} in {@code
 * sd::DataBuffer::primary()}).
 *
 * @param least the smallest
 * @param most the largest
 * @apiNote Status: internal
 */
public record Extremes(double least, double most) {

    /**
     * Of an array that is not empty.
     *
     * @param array of any numeric type
     */
    public static Extremes of(INDArray array) {
        try {
            if (array.dataType() == DataType.INT32 && DenseArray.isDense(array, 'c')) {
                return ofInts(array);
            }
            if (array.dataType() == DataType.FLOAT && DenseArray.isDense(array, 'c')) {
                return ofFloats(array);
            }
            double least = Double.POSITIVE_INFINITY;
            double most = Double.NEGATIVE_INFINITY;
            for (long i = 0; i < array.length(); i++) {
                double value = array.getDouble(i);
                least = Math.min(least, value);
                most = Math.max(most, value);
            }
            return new Extremes(least, most);
        } finally {
            Reference.reachabilityFence(array);
        }
    }

    private static Extremes ofInts(INDArray array) {
        int[] values = new int[Math.toIntExact(Math.min(array.length(), DenseArray.BLOCK))];
        int least = Integer.MAX_VALUE;
        int most = Integer.MIN_VALUE;
        for (long from = 0; from < array.length(); from += values.length) {
            int length = (int) Math.min(values.length, array.length() - from);
            Region.requireCopy(array, from, length, values.length);
            new IntPointer(array.data().pointer())
                    .position(array.offset() + from)
                    .get(values, 0, length);
            for (int i = 0; i < length; i++) {
                least = Math.min(least, values[i]);
                most = Math.max(most, values[i]);
            }
        }
        return new Extremes(least, most);
    }

    private static Extremes ofFloats(INDArray array) {
        float least = Float.POSITIVE_INFINITY;
        float most = Float.NEGATIVE_INFINITY;
        try (DenseArray dense = DenseArray.rowMajor(array)) {
            float[] values = new float[dense.blockLength()];
            for (int block = 0; block < dense.blocks(); block++) {
                dense.read(block, values);
                for (int i = 0; i < dense.length(block); i++) {
                    least = Math.min(least, values[i]);
                    most = Math.max(most, values[i]);
                }
            }
        }
        return new Extremes(least, most);
    }
}
