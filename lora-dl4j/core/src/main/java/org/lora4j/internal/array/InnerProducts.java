/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

/**
 * Inner products and cosines of vectors.
 *
 * @apiNote Status: internal
 */
public final class InnerProducts {

    private InnerProducts() {}

    /**
     * The sum of the products of two vectors, from the first to the last. Not in parts, which would be faster: models
     * and reports that are known to the bit were computed in this order.
     *
     * @param b another, not shorter
     */
    public static double inOrder(double[] a, double[] b) {
        return inOrder(a, b, a.length);
    }

    /**
     * The same of the beginnings of two vectors.
     *
     * @param length how many values of each count
     */
    public static double inOrder(double[] a, double[] b, int length) {
        double sum = 0;
        for (int i = 0; i < length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /**
     * The cosine of two vectors.
     *
     * @param b another of the same length
     * @return -1 to 1; 0 if one has no direction
     */
    public static double cosine(float[] a, float[] b) {
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
