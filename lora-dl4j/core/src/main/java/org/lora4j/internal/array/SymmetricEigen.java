/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.util.Arrays;
import java.util.Comparator;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;

/**
 * Eigenvectors of a symmetric matrix: reflections make it tridiagonal, implicit QR steps with shifts make that diagonal.
 *
 * <p><i>Source:</i> Golub and Van Loan, "Matrix Computations", fourth edition, 2013, algorithms 8.3.1 to 8.3.3.
 */
final class SymmetricEigen {

    private static final double EPSILON = Math.ulp(1.0);

    private static final int MOST_STEPS_PER_VALUE = 60;

    private final int n;
    private final double[][] work;
    private final double[][] reflectors;
    private final double[] factors;
    private final double[] diagonal;
    private final double[] beside;
    private final double[][] vectors;

    private SymmetricEigen(Matrix matrix) {
        n = matrix.rows();
        work = matrix.copyOfRows();
        reflectors = new double[n][];
        factors = new double[n];
        diagonal = new double[n];
        beside = new double[n];
        vectors = new double[n][n];
        for (int i = 0; i < n; i++) {
            vectors[i][i] = 1;
        }
    }

    /** Orthonormal eigenvectors of the largest eigenvalues, one a row; how many is told by the values, which fall. */
    static Matrix leading(Matrix symmetric, ToIntFunction<double[]> count) {
        SymmetricEigen eigen = new SymmetricEigen(symmetric);
        eigen.makeTridiagonal();
        eigen.makeDiagonal();
        int[] order = IntStream.range(0, eigen.n)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -eigen.diagonal[i]))
                .mapToInt(Integer::intValue)
                .toArray();
        // Rounding makes the smallest eigenvalues of a Gram matrix negative.
        int wanted = count.applyAsInt(Arrays.stream(order)
                .mapToDouble(i -> Math.max(0, eigen.diagonal[i]))
                .toArray());
        return Matrix.ofRows(
                eigen.n,
                Arrays.stream(order)
                        .limit(wanted)
                        .mapToObj(eigen::reflectedBack)
                        .toArray(double[][]::new));
    }

    private void makeTridiagonal() {
        for (int k = 0; k < n; k++) {
            diagonal[k] = work[k][k];
            if (k < n - 2) {
                reflect(k);
            } else if (k == n - 2) {
                beside[k] = work[k][k + 1];
            }
        }
    }

    /** Makes row and column k zero beyond their first neighbor. */
    private void reflect(int k) {
        double[] v = new double[n];
        System.arraycopy(work[k], k + 1, v, k + 1, n - k - 1);
        double length = Math.sqrt(VectorLoops.dot(v, v));
        double target = v[k + 1] > 0 ? -length : length;
        beside[k] = target;
        v[k + 1] -= target;
        double square = VectorLoops.dot(v, v);
        if (square == 0) {
            return;
        }
        reflectors[k] = v;
        factors[k] = 2 / square;
        double[] w = new double[n];
        for (int i = k + 1; i < n; i++) {
            addFrom(k + 1, factors[k] * v[i], work[i], w);
        }
        addFrom(k + 1, -factors[k] / 2 * VectorLoops.dot(w, v), v, w);
        for (int i = k + 1; i < n; i++) {
            subtractBoth(k + 1, v[i], w, w[i], v, work[i]);
        }
    }

    private static void addFrom(int from, double factor, double[] vector, double[] to) {
        for (int j = from; j < to.length; j++) {
            to[j] += factor * vector[j];
        }
    }

    private static void subtractBoth(int from, double a, double[] x, double b, double[] y, double[] to) {
        for (int j = from; j < to.length; j++) {
            to[j] -= a * x[j] + b * y[j];
        }
    }

    private void makeDiagonal() {
        double norm = 0;
        for (int i = 0; i < n; i++) {
            norm = Math.max(norm, Math.abs(diagonal[i]) + Math.abs(beside[i]));
        }
        double negligible = EPSILON * norm;
        int last = n - 1;
        for (int steps = 0; last > 0; steps++) {
            if (Math.abs(beside[last - 1]) <= negligible) {
                last--;
                continue;
            }
            if (steps > MOST_STEPS_PER_VALUE * n) {
                throw new IllegalStateException("eigenvalues of a matrix of side " + n + ": not found in " + steps
                        + " steps; expected about " + 2 * n + ". Report this with the adapter.");
            }
            int first = last - 1;
            while (first > 0 && Math.abs(beside[first - 1]) > negligible) {
                first--;
            }
            step(first, last);
        }
    }

    /** One QR step on a block, with Wilkinson's shift. */
    private void step(int first, int last) {
        double half = (diagonal[last - 1] - diagonal[last]) / 2;
        double b = beside[last - 1];
        double shift = diagonal[last] - b * b / (half + Math.copySign(Math.hypot(half, b), half));
        double x = diagonal[first] - shift;
        double z = beside[first];
        for (int k = first; k < last; k++) {
            double r = Math.hypot(x, z);
            double c = r == 0 ? 1 : x / r;
            double s = r == 0 ? 0 : z / r;
            if (k > first) {
                beside[k - 1] = r;
            }
            turn(k, c, s);
            if (k + 1 < last) {
                x = beside[k];
                z = s * beside[k + 1];
                beside[k + 1] *= c;
            }
        }
    }

    private void turn(int k, double c, double s) {
        double a = diagonal[k];
        double b = beside[k];
        double d = diagonal[k + 1];
        diagonal[k] = c * c * a + 2 * c * s * b + s * s * d;
        diagonal[k + 1] = s * s * a - 2 * c * s * b + c * c * d;
        beside[k] = c * s * (d - a) + (c * c - s * s) * b;
        VectorLoops.rotate(vectors[k], vectors[k + 1], c, s);
    }

    private double[] reflectedBack(int index) {
        double[] vector = vectors[index];
        for (int k = n - 3; k >= 0; k--) {
            if (reflectors[k] != null) {
                VectorLoops.add(-factors[k] * VectorLoops.dot(reflectors[k], vector), reflectors[k], vector);
            }
        }
        return vector;
    }
}
