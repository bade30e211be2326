/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.nio.IntBuffer;

/**
 * Outputs of rows that were multiplied as {@link RowParts} of 8 bits. All arrays of a loop are read at one index, and no loop is long:
 * so HotSpot of JDK 21 makes vector code of it.
 */
final class Int8Outputs {

    private int[][] parts = new int[RowParts.INT8_PARTS][0];
    private int[] sums = new int[0];
    private float[] scales = new float[0];
    private double[] rest = new double[0];

    /**
     * Adds the parts of a row, the finest first.
     *
     * @param products with the parts of the row from {@code at} on, n values each
     * @param sumsOfAll of the weights of each output
     * @param scalesOfAll of the weights of each output
     * @param first the first output
     * @param unit of the row
     */
    void add(
            IntBuffer products,
            int at,
            int[] sumsOfAll,
            float[] scalesOfAll,
            int first,
            double unit,
            float[] outputs,
            int n) {
        if (rest.length < n) {
            parts = new int[RowParts.INT8_PARTS][n];
            sums = new int[n];
            scales = new float[n];
            rest = new double[n];
        }
        for (int part = 0; part < RowParts.INT8_PARTS; part++) {
            products.get(at + part * n, parts[part], 0, n);
        }
        System.arraycopy(sumsOfAll, first, sums, 0, n);
        System.arraycopy(scalesOfAll, first, scales, 0, n);
        finer(parts[2], parts[3], sums, rest, n);
        coarser(parts[0], parts[1], sums, rest, n);
        scale(rest, unit, scales, outputs, n);
    }

    private static void finer(int[] third, int[] fourth, int[] sums, double[] rest, int n) {
        for (int i = 0; i < n; i++) {
            int shift = RowParts.SHIFT * sums[i];
            double finest = fourth[i] - shift;
            rest[i] = (third[i] - shift) + finest / RowParts.FINER;
        }
    }

    private static void coarser(int[] first, int[] second, int[] sums, double[] rest, int n) {
        for (int i = 0; i < n; i++) {
            int shift = RowParts.SHIFT * sums[i];
            double fine = (second[i] - shift) + rest[i] / RowParts.FINER;
            rest[i] = (first[i] - shift) + fine / RowParts.FINER;
        }
    }

    private static void scale(double[] sums, double unit, float[] scales, float[] outputs, int n) {
        for (int i = 0; i < n; i++) {
            outputs[i] = (float) (scales[i] * (sums[i] * unit));
        }
    }
}
