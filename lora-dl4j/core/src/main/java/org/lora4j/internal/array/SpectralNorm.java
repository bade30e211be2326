/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The largest singular value of a matrix without the others: some dozens of products with a vector.
 *
 * <p><i>Source:</i> Golub and Kahan, "Calculating the singular values and pseudo-inverse of a matrix", 1965, with the
 * vectors kept orthogonal; the bound of the error is that of Golub and Van Loan, "Matrix Computations", fourth edition,
 * 2013, section 10.4.
 *
 * @apiNote Status: internal
 */
public final class SpectralNorm {

    /** Bound of the relative error; the value itself is nearer, by about the square. */
    private static final double NEAR = 1e-7;

    /** The small problem is solved every so many steps. */
    private static final int LOOK = 8;

    private final Matrix matrix;
    private final List<double[]> left = new ArrayList<>();
    private final List<double[]> right = new ArrayList<>();
    private final List<Double> diagonal = new ArrayList<>();
    private final List<Double> beside = new ArrayList<>();

    private SpectralNorm(Matrix matrix) {
        this.matrix = matrix;
    }

    /**
     * The largest singular value.
     *
     * @param matrix any matrix of finite elements; the time is that of 40 to 200 products with a vector
     * @return the value, to a relative error of at most 1e-7; 0 for a matrix of zeros
     */
    public static double of(Matrix matrix) {
        double scale = matrix.largest();
        if (scale == 0) {
            return 0;
        }
        Matrix unit = matrix.scaled(1 / scale);
        // The vectors of the smaller side are complete after as many steps.
        return scale * new SpectralNorm(unit.rows() < unit.columns() ? unit.transposed() : unit).find();
    }

    private double find() {
        int side = matrix.columns();
        double[] v = start();
        while (true) {
            right.add(v);
            double[] u = timesVector(v);
            diagonal.add(orthogonal(u, left));
            left.add(u);
            v = timesLeft(u);
            double rest = orthogonal(v, right);
            int steps = left.size();
            if (steps % LOOK == 0 || steps == side || rest < NEAR) {
                SingularValues small = SingularValues.of(bidiagonal());
                double last = Math.abs(small.left().get(0, steps - 1));
                if (steps == side || rest * last <= NEAR * small.values()[0]) {
                    return small.values()[0];
                }
            }
            beside.add(rest);
        }
    }

    private double[] start() {
        SplittableRandom random = new SplittableRandom(matrix.columns());
        double[] vector = new double[matrix.columns()];
        Arrays.setAll(vector, i -> random.nextDouble(-1, 1));
        VectorLoops.scale(1 / Math.sqrt(VectorLoops.dot(vector, vector)), vector);
        return vector;
    }

    private double[] timesVector(double[] v) {
        double[] product = new double[matrix.rows()];
        Arrays.setAll(product, i -> VectorLoops.dot(matrix.row(i), v));
        return product;
    }

    private double[] timesLeft(double[] u) {
        double[] product = new double[matrix.columns()];
        for (int i = 0; i < u.length; i++) {
            VectorLoops.add(u[i], matrix.row(i), product);
        }
        return product;
    }

    /** Makes a vector orthogonal to others, twice as rounding wants, and of length 1; gives the length that it had. */
    private static double orthogonal(double[] vector, List<double[]> others) {
        for (int pass = 0; pass < 2; pass++) {
            for (double[] other : others) {
                VectorLoops.add(-VectorLoops.dot(other, vector), other, vector);
            }
        }
        double length = Math.sqrt(VectorLoops.dot(vector, vector));
        VectorLoops.scale(length == 0 ? 0 : 1 / length, vector);
        return length;
    }

    private Matrix bidiagonal() {
        int steps = diagonal.size();
        double[][] rows = new double[steps][steps];
        for (int i = 0; i < steps; i++) {
            rows[i][i] = diagonal.get(i);
            if (i + 1 < steps) {
                rows[i][i + 1] = beside.get(i);
            }
        }
        return Matrix.ofRows(steps, rows);
    }
}
