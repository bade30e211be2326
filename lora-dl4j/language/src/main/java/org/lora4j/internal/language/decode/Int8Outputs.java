/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.nio.IntBuffer;

/** Outputs of rows that were multiplied as {@link RowDigits}. */
final class Int8Outputs {

    private final int[][] parts = new int[RowDigits.INT8_PARTS][];

    /**
     * Adds the places of a row, exactly, and turns the sums into floats.
     *
     * @param products with the digits of the row from {@code at} on, n values each
     * @param sums of the weights of each output
     * @param scales of the weights of each output
     * @param first the first output
     */
    void add(
            IntBuffer products,
            int at,
            int[] sums,
            float[] scales,
            int first,
            double unit,
            int base,
            float[] outputs,
            int n) {
        for (int part = 0; part < RowDigits.INT8_PARTS; part++) {
            if (parts[part] == null || parts[part].length < n) {
                parts[part] = new int[n];
            }
            products.get(at + part * n, parts[part], 0, n);
        }
        int[] highest = parts[0];
        int[] high = parts[1];
        int[] low = parts[2];
        int[] lowest = parts[3];
        int bits = Integer.numberOfTrailingZeros(base);
        long shift = RowDigits.shift(base);
        for (int i = 0; i < n; i++) {
            long upper = ((long) highest[i] << bits) + high[i];
            long lower = ((long) low[i] << bits) + lowest[i];
            long sum = (upper << 2 * bits) + lower - shift * sums[first + i];
            outputs[i] = (float) (scales[first + i] * (sum * unit));
        }
    }
}
