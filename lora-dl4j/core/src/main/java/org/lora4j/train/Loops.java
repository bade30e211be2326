/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Arrays;
import org.lora4j.internal.array.DenseArray;

/**
 * The short loops that training spends its time in. Sums keep eight partial sums in double: independent additions overlap,
 * and the result does not depend on anything but the values.
 */
final class Loops {

    private static final int LANES = 512;

    /** Where a sum of squares is larger, those that a FLOAT cannot hold are too small to count. */
    private static final double SAFE = 1e-20;

    private static final float[] ZEROS = new float[DenseArray.BLOCK];

    private Loops() {}

    static void scale(float[] x, float factor, int n) {
        for (int i = 0; i < n; i++) {
            x[i] *= factor;
        }
    }

    static void scale(double[] x, double factor, int n) {
        for (int i = 0; i < n; i++) {
            x[i] *= factor;
        }
    }

    /** y += factor * x. */
    static void addScaled(float[] y, float[] x, float factor, int n) {
        for (int i = 0; i < n; i++) {
            y[i] += factor * x[i];
        }
    }

    /** y += factor * x. */
    static void addScaled(double[] y, double[] x, double factor, int n) {
        for (int i = 0; i < n; i++) {
            y[i] += factor * x[i];
        }
    }

    static void clamp(float[] x, float limit, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = Math.max(-limit, Math.min(limit, x[i]));
        }
    }

    static void clamp(double[] x, double limit, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = Math.max(-limit, Math.min(limit, x[i]));
        }
    }

    /**
     * The sum of the squares of at most a block of values, to some 1e-7 of it. HotSpot makes vector code for sums that are FLOATs
     * beside each other; where squares are too small or too large for a FLOAT, they are added in double.
     */
    static double sumOfSquares(float[] x, int n) {
        float[] sums = new float[LANES];
        float[] piece = new float[LANES];
        for (int from = 0; from < n; from += LANES) {
            int length = Math.min(LANES, n - from);
            System.arraycopy(x, from, piece, 0, length);
            addSquares(piece, sums, length);
        }
        double sum = 0;
        for (float one : sums) {
            sum += one;
        }
        boolean isGood = sum > SAFE && sum < Float.MAX_VALUE;
        return isGood || Arrays.equals(x, 0, n, ZEROS, 0, n) ? sum : sumOfWideSquares(x, n);
    }

    private static void addSquares(float[] x, float[] sums, int n) {
        for (int i = 0; i < n; i++) {
            sums[i] += x[i] * x[i];
        }
    }

    /** Never overflows: the square of every finite float is a double. */
    private static double sumOfWideSquares(float[] x, int n) {
        double a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
        int i = 0;
        for (; i + 7 < n; i += 8) {
            a += (double) x[i] * x[i];
            b += (double) x[i + 1] * x[i + 1];
            c += (double) x[i + 2] * x[i + 2];
            d += (double) x[i + 3] * x[i + 3];
            e += (double) x[i + 4] * x[i + 4];
            f += (double) x[i + 5] * x[i + 5];
            g += (double) x[i + 6] * x[i + 6];
            h += (double) x[i + 7] * x[i + 7];
        }
        for (; i < n; i++) {
            a += (double) x[i] * x[i];
        }
        return ((a + b) + (c + d)) + ((e + f) + (g + h));
    }

    /** Sum of the squares of the elements times {@code factor}. */
    static double sumOfSquares(double[] x, double factor, int n) {
        double a = 0, b = 0, c = 0, d = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            a += (factor * x[i]) * (factor * x[i]);
            b += (factor * x[i + 1]) * (factor * x[i + 1]);
            c += (factor * x[i + 2]) * (factor * x[i + 2]);
            d += (factor * x[i + 3]) * (factor * x[i + 3]);
        }
        for (; i < n; i++) {
            a += (factor * x[i]) * (factor * x[i]);
        }
        return (a + b) + (c + d);
    }

    /** Largest absolute value; NaN if there is one. */
    static double largest(double[] x, int n) {
        double largest = 0;
        for (int i = 0; i < n; i++) {
            largest = Math.max(largest, Math.abs(x[i]));
        }
        return largest;
    }
}
