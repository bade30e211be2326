/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

/**
 * Loops over Java arrays that the compiler turns into vector code.
 *
 * @apiNote Status: internal
 */
public final class VectorLoops {

    private VectorLoops() {}

    /** A sum in four parts, because the compiler must not reorder one. */
    public static double dot(double[] a, double[] b) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int i = 0;
        for (; i + 3 < a.length; i += 4) {
            s0 += a[i] * b[i];
            s1 += a[i + 1] * b[i + 1];
            s2 += a[i + 2] * b[i + 2];
            s3 += a[i + 3] * b[i + 3];
        }
        for (; i < a.length; i++) {
            s0 += a[i] * b[i];
        }
        return (s0 + s1) + (s2 + s3);
    }

    /** Adds a multiple of a vector. */
    public static void add(double factor, double[] vector, double[] to) {
        for (int i = 0; i < to.length; i++) {
            to[i] += factor * vector[i];
        }
    }

    /** Multiplies a vector. */
    public static void scale(double factor, double[] vector) {
        for (int i = 0; i < vector.length; i++) {
            vector[i] *= factor;
        }
    }

    /** Turns two vectors in their plane: (a, b) becomes (c a + s b, -s a + c b). */
    static void rotate(double[] a, double[] b, double c, double s) {
        for (int i = 0; i < a.length; i++) {
            double x = a[i];
            double y = b[i];
            a[i] = c * x + s * y;
            b[i] = c * y - s * x;
        }
    }
}
