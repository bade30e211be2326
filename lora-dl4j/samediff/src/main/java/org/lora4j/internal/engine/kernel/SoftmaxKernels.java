/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.Arrays;
import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.Exponential;
import org.lora4j.internal.array.RowLoops;
import org.lora4j.internal.array.SoftmaxRows;
import org.lora4j.internal.array.ThreadArrays;

/**
 * Softmax over the last dimension, and its backward: dx = y (dy - sum(dy y)).
 *
 * <p>Rows are short here, so what belongs to a row is written out for each value: loops over whole blocks are worth it.
 */
final class SoftmaxKernels {

    private SoftmaxKernels() {}

    static void forward(DenseArray[] in, DenseArray[] out) {
        int width = in[0].width();
        Blocks.run(in[0].length(), width, (block, from, length) -> {
            float[] x = ThreadArrays.array(0, length);
            float[] ofRow = ThreadArrays.array(1, length);
            in[0].read(from, x, length);
            for (int row = 0; row < length; row += width) {
                Arrays.fill(ofRow, row, row + width, RowLoops.max(x, row, width));
            }
            RowLoops.subtract(ofRow, x, length);
            Exponential.apply(x, length);
            for (int row = 0; row < length; row += width) {
                Arrays.fill(ofRow, row, row + width, 1 / RowLoops.sum(x, row, width));
            }
            RowLoops.multiply(ofRow, x, length);
            out[0].write(from, x, length);
        });
    }

    /** Inputs y, dy. */
    static void backward(DenseArray[] in, DenseArray[] out) {
        int width = in[0].width();
        Blocks.run(in[0].length(), width, (block, from, length) -> {
            float[] y = ThreadArrays.array(0, length);
            float[] dy = ThreadArrays.array(1, length);
            in[0].read(from, y, length);
            in[1].read(from, dy, length);
            SoftmaxRows.backward(y, dy, width, length);
            out[0].write(from, dy, length);
        });
    }
}
