/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.util.Arrays;
import java.util.Optional;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What an array holds besides finite numbers.
 *
 * @param value the first such value: NaN or infinite
 * @param place its indices
 * @param count how many there are
 * @param length of how many elements
 * @apiNote Status: internal
 */
public record NonFinite(double value, long[] place, long count, long length) {

    /**
     * Looks for NaN and infinite values.
     *
     * @return empty if there is none, or the type has none
     */
    public static Optional<NonFinite> in(INDArray array) {
        return search(array, Double.MAX_VALUE);
    }

    /**
     * Looks for NaN.
     *
     * @return empty if there is none, or the type has none
     */
    public static Optional<NonFinite> nanIn(INDArray array) {
        return search(array, Double.POSITIVE_INFINITY);
    }

    /** The first value whose magnitude is not at most {@code limit}. */
    private static Optional<NonFinite> search(INDArray array, double limit) {
        if (!array.dataType().isFPType() || array.isEmpty()) {
            return Optional.empty();
        }
        boolean direct = array.dataType() == DataType.FLOAT || array.dataType() == DataType.DOUBLE;
        INDArray read = direct ? array : array.castTo(DataType.FLOAT);
        long first = -1;
        double value = 0;
        long count = 0;
        try (DenseArray dense = DenseArray.rowMajor(read)) {
            float[] floats = new float[dense.isFloat() ? dense.blockLength() : 0];
            double[] doubles = new double[dense.isFloat() ? 0 : dense.blockLength()];
            for (int block = 0; block < dense.blocks(); block++) {
                int length = dense.length(block);
                if (dense.isFloat()) {
                    dense.read(block, floats);
                } else {
                    dense.read(block, doubles);
                }
                for (int i = 0; i < length; i++) {
                    double one = dense.isFloat() ? floats[i] : doubles[i];
                    if (!(Math.abs(one) <= limit)) {
                        if (count++ == 0) {
                            first = (long) block * DenseArray.BLOCK + i;
                            value = one;
                        }
                    }
                }
            }
        } finally {
            if (!direct) {
                read.close();
            }
        }
        return count == 0
                ? Optional.empty()
                : Optional.of(new NonFinite(value, place(first, array.shape()), count, array.length()));
    }

    private static long[] place(long index, long[] shape) {
        long[] place = new long[shape.length];
        long rest = index;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            place[axis] = rest % shape[axis];
            rest /= shape[axis];
        }
        return place;
    }

    /** For instance {@code NaN at [2, 5] (1 of 40 values is not finite)}. */
    @Override
    public String toString() {
        return value + " at " + Arrays.toString(place) + " (" + count + " of " + length
                + (count == 1 ? " values is" : " values are") + " not finite)";
    }
}
