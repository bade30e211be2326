/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

/**
 * Short loops over values, or over one row of a block of rows. HotSpot makes vector code of a loop that writes an array
 * only if all arrays in it are read at one index; so a row is never combined with an array that begins elsewhere.
 *
 * <p>Sums run in eight parts: additions that do not wait for each other, and less rounding than in one running sum.
 *
 * @apiNote Status: internal
 */
public final class RowLoops {

    private RowLoops() {}

    /** x += value. */
    public static void add(float[] x, int row, int width, float value) {
        for (int i = row; i < row + width; i++) {
            x[i] += value;
        }
    }

    /** x *= value. */
    public static void multiply(float[] x, int row, int width, float value) {
        for (int i = row; i < row + width; i++) {
            x[i] *= value;
        }
    }

    /** into += x. */
    public static void add(float[] x, float[] into, int n) {
        for (int i = 0; i < n; i++) {
            into[i] += x[i];
        }
    }

    /** from -= x. */
    public static void subtract(float[] x, float[] from, int n) {
        for (int i = 0; i < n; i++) {
            from[i] -= x[i];
        }
    }

    /** into *= x. */
    public static void multiply(float[] x, float[] into, int n) {
        for (int i = 0; i < n; i++) {
            into[i] *= x[i];
        }
    }

    /** Writes a vector again and again, {@code n} values in all. */
    public static void repeat(float[] vector, int width, float[] into, int n) {
        for (int row = 0; row < n; row += width) {
            System.arraycopy(vector, 0, into, row, width);
        }
    }

    /**
     * NaN if a value is. Of eight values first: what HotSpot makes of a running largest value branches, and a processor does not
     * foresee a new one.
     */
    public static float max(float[] x, int row, int width) {
        float most = x[row];
        int end = row + (width & ~7);
        int k = row;
        for (; k < end; k += 8) {
            float a = Math.max(Math.max(x[k], x[k + 1]), Math.max(x[k + 2], x[k + 3]));
            float b = Math.max(Math.max(x[k + 4], x[k + 5]), Math.max(x[k + 6], x[k + 7]));
            most = Math.max(most, Math.max(a, b));
        }
        for (; k < row + width; k++) {
            most = Math.max(most, x[k]);
        }
        return most;
    }

    public static float sum(float[] x, int row, int width) {
        float a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
        int end = row + (width & ~7);
        int k = row;
        for (; k < end; k += 8) {
            a += x[k];
            b += x[k + 1];
            c += x[k + 2];
            d += x[k + 3];
            e += x[k + 4];
            f += x[k + 5];
            g += x[k + 6];
            h += x[k + 7];
        }
        for (; k < row + width; k++) {
            a += x[k];
        }
        return ((a + b) + (c + d)) + ((e + f) + (g + h));
    }

    /** The sum of products. */
    public static float dot(float[] x, float[] y, int row, int width) {
        float a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
        int end = row + (width & ~7);
        int k = row;
        for (; k < end; k += 8) {
            a += x[k] * y[k];
            b += x[k + 1] * y[k + 1];
            c += x[k + 2] * y[k + 2];
            d += x[k + 3] * y[k + 3];
            e += x[k + 4] * y[k + 4];
            f += x[k + 5] * y[k + 5];
            g += x[k + 6] * y[k + 6];
            h += x[k + 7] * y[k + 7];
        }
        for (; k < row + width; k++) {
            a += x[k] * y[k];
        }
        return ((a + b) + (c + d)) + ((e + f) + (g + h));
    }
}
