/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An orthonormal basis of the span of some vectors, and the vectors in terms of it: a QR decomposition of a thin matrix,
 * written for rows. {@code vectors = coefficients * basis}.
 *
 * <p><i>Shapes</i> vectors [k, n] · coefficients [k, p] · basis [p, n], where p is at most k and at most n. Vectors that
 * depend on earlier ones, to rounding, add nothing to the basis.
 *
 * <p><i>Source:</i> Gram-Schmidt done twice, which is enough: Giraud, Langou, Rozložník, van den Eshof, "Rounding error
 * analysis of the classical Gram-Schmidt orthogonalization process", 2005.
 *
 * @param coefficients the vectors in the basis
 * @param basis orthonormal rows
 * @apiNote Status: internal
 */
public record OrthonormalBasis(Matrix coefficients, Matrix basis) {

    /** What is left of a dependent vector after rounding, relative to its length, with room for long sums. */
    private static final double DEPENDENT = 1e-13;

    /** Finds a basis. */
    public static OrthonormalBasis of(Matrix vectors) {
        double scale = vectors.largest();
        double[][] rest =
                scale == 0 ? vectors.copyOfRows() : vectors.scaled(1 / scale).copyOfRows();
        List<double[]> basis = new ArrayList<>();
        double[][] coefficients = new double[rest.length][];
        for (int i = 0; i < rest.length; i++) {
            coefficients[i] = new double[Math.min(rest.length, vectors.columns())];
            place(rest[i], basis, coefficients[i], vectors.columns());
        }
        return new OrthonormalBasis(
                trimmed(coefficients, basis.size()).scaled(scale),
                Matrix.ofRows(vectors.columns(), basis.toArray(new double[0][])));
    }

    private static void place(double[] vector, List<double[]> basis, double[] coefficients, int most) {
        double length = Math.sqrt(VectorLoops.dot(vector, vector));
        for (int pass = 0; pass < 2; pass++) {
            for (int j = 0; j < basis.size(); j++) {
                double along = VectorLoops.dot(basis.get(j), vector);
                coefficients[j] += along;
                VectorLoops.add(-along, basis.get(j), vector);
            }
        }
        double left = Math.sqrt(VectorLoops.dot(vector, vector));
        if (left > DEPENDENT * length && basis.size() < most) {
            coefficients[basis.size()] = left;
            VectorLoops.scale(1 / left, vector);
            basis.add(vector);
        }
    }

    private static Matrix trimmed(double[][] coefficients, int columns) {
        double[][] kept = new double[coefficients.length][];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = Arrays.copyOf(coefficients[i], columns);
        }
        return Matrix.ofRows(columns, kept);
    }
}
