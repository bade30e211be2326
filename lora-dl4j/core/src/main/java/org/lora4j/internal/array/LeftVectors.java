/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

/**
 * The left singular vectors of a matrix as axes, for asking how other vectors lie to them.
 *
 * <p>Of a large matrix they come from the eigenvectors of its product with its own transpose. Where the matrix has more
 * rows than columns they are not even formed: the part of {@code u} along the j-th one is {@code v_j . (W^T u) / s_j}.
 *
 * @apiNote Status: internal
 */
public final class LeftVectors {

    /** Singular values below this part of the largest have no vector that could be told from rounding errors. */
    private static final double NOTHING = 1e-7;

    private final Matrix axes;
    private final double[] values;
    private final Matrix through;

    private LeftVectors(Matrix axes, double[] values, Matrix through) {
        this.axes = axes;
        this.values = values;
        this.through = through;
    }

    /**
     * Finds the vectors.
     *
     * @param matrix any matrix [m, n]; the time grows with the square of its smaller side times the larger one
     * @return min(m, n) axes; those of a tall matrix (m above n) whose value is 0 count as none
     */
    public static LeftVectors of(Matrix matrix) {
        if (SingularValues.isSmall(matrix)) {
            return new LeftVectors(SingularValues.of(matrix).left(), null, null);
        }
        Matrix unit = matrix.scaled(1 / Math.max(matrix.largest(), Double.MIN_NORMAL));
        Matrix turned = unit.transposed();
        boolean isTall = matrix.rows() > matrix.columns();
        double[][] squares = new double[1][];
        Matrix axes = SymmetricEigen.leading(isTall ? turned.times(unit) : unit.times(turned), found -> {
            squares[0] = found;
            return found.length;
        });
        return isTall ? new LeftVectors(axes, roots(squares[0]), turned) : new LeftVectors(axes, null, null);
    }

    private static double[] roots(double[] squares) {
        double[] roots = new double[squares.length];
        for (int i = 0; i < roots.length; i++) {
            roots[i] = Math.sqrt(squares[i]);
        }
        return roots;
    }

    /**
     * The largest absolute cosine of a vector with one of the axes.
     *
     * @param vector of length 1
     * @return a number in [0, 1]
     */
    public double largestCosine(double[] vector) {
        double largest = 0;
        double[] seen = vector;
        if (through != null) {
            seen = new double[through.rows()];
            for (int i = 0; i < seen.length; i++) {
                seen[i] = VectorLoops.dot(through.row(i), vector);
            }
        }
        for (int j = 0; j < axes.rows(); j++) {
            double along = Math.abs(VectorLoops.dot(axes.row(j), seen));
            if (values == null) {
                largest = Math.max(largest, along);
            } else if (values[j] > NOTHING * values[0]) {
                largest = Math.max(largest, along / values[j]);
            }
        }
        return Math.min(1, largest);
    }
}
