/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.util.Arrays;

/**
 * The backward of softmax over rows in Java arrays: {@code dx = y (dy - sum(dy y))}.
 *
 * <p>Rows are short, so what belongs to a row is written out for each value: loops over whole blocks are worth it.
 *
 * @apiNote Status: internal
 */
public final class SoftmaxRows {

    private SoftmaxRows() {}

    /**
     * Computes whole rows.
     *
     * @param y results of the forward pass
     * @param dy gradients of these; overwritten with those of its inputs
     * @param length a multiple of the width
     */
    public static void backward(float[] y, float[] dy, int width, int length) {
        float[] along = ThreadArrays.array(2, length);
        for (int row = 0; row < length; row += width) {
            Arrays.fill(along, row, row + width, RowLoops.dot(y, dy, row, width));
        }
        for (int i = 0; i < length; i++) {
            dy[i] = y[i] * (dy[i] - along[i]);
        }
    }
}
