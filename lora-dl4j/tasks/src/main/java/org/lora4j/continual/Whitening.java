/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import org.lora4j.internal.array.InnerProducts;

/**
 * The map under which a covariance becomes the identity: x to the solution z of {@code L z = x} with {@code L L^T} the
 * covariance (Cholesky), so that squared distances of z are Mahalanobis distances of x.
 */
final class Whitening {

    private final double[][] lower;

    private Whitening(double[][] lower) {
        this.lower = lower;
    }

    /** Of a positive definite matrix, which is not changed. */
    static Whitening of(double[][] covariance) {
        int n = covariance.length;
        double[][] lower = new double[n][];
        for (int i = 0; i < n; i++) {
            lower[i] = new double[i + 1];
            for (int j = 0; j <= i; j++) {
                double sum = covariance[i][j] - InnerProducts.inOrder(lower[i], lower[j], j);
                lower[i][j] = i == j ? Math.sqrt(sum) : sum / lower[j][j];
            }
        }
        return new Whitening(lower);
    }

    /** Whether the matrix was positive definite. */
    boolean exists() {
        for (int i = 0; i < lower.length; i++) {
            if (!(lower[i][i] > 0)) {
                return false;
            }
        }
        return true;
    }

    double[] apply(double[] x) {
        double[] z = new double[x.length];
        for (int i = 0; i < z.length; i++) {
            z[i] = (x[i] - InnerProducts.inOrder(lower[i], z, i)) / lower[i][i];
        }
        return z;
    }
}
