/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

/** Arithmetic of vectors. */
final class Vectors {

    private Vectors() {}

    /** The cosine of two vectors; 0 if one has no direction. */
    static double cosine(float[] a, float[] b) {
        double product = 0;
        double squareA = 0;
        double squareB = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            squareA += (double) a[i] * a[i];
            squareB += (double) b[i] * b[i];
        }
        double lengths = Math.sqrt(squareA) * Math.sqrt(squareB);
        return lengths == 0 ? 0 : product / lengths;
    }
}
