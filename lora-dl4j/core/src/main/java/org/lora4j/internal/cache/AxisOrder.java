/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.cache;

import java.util.Comparator;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * In which order the axes of an array lie in memory, the one with the longest stride first. BLAS promises the same
 * rounding only for the same order, so a copy that is to give the same bits has to have it.
 */
final class AxisOrder {

    private final int[] axes;
    private final int[] inverse;

    private AxisOrder(int[] axes) {
        this.axes = axes;
        this.inverse = new int[axes.length];
        for (int i = 0; i < axes.length; i++) {
            inverse[axes[i]] = i;
        }
    }

    static AxisOrder of(INDArray array) {
        return new AxisOrder(IntStream.range(0, array.rank())
                .boxed()
                .sorted(Comparator.comparingLong(axis -> -array.stride(axis)))
                .mapToInt(axis -> axis)
                .toArray());
    }

    /** A view of the array with its axes as they lie in memory: a copy in C order is its memory. */
    INDArray memory(INDArray array) {
        return array.permute(axes);
    }

    /** A view of such a copy as the array was. */
    INDArray array(INDArray memory) {
        return memory.permute(inverse);
    }
}
