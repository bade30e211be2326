/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.util.Arrays;
import java.util.List;

/**
 * Principal components of rows that come in batches: those known so far, the new rows about their mean, and what the mean
 * has moved, decomposed together.
 *
 * <p><i>Source:</i> Ross, Lim, Lin, Yang, "Incremental learning for robust visual tracking", 2008, figure 1.
 *
 * <p><b>State.</b> Grows with each batch. <b>Threads.</b> For one thread.
 *
 * @apiNote Status: internal
 */
public final class PrincipalComponents {

    private final int count;
    private long seen;
    private double[] mean;
    private double[] squares;
    private Matrix vectors;
    private double[] values;

    /**
     * Knows nothing yet.
     *
     * @param count how many components are kept
     */
    public PrincipalComponents(int count) {
        this.count = count;
    }

    /**
     * Takes rows in.
     *
     * @param rows one row or more, of the same width each time
     */
    public void add(Matrix rows) {
        int n = rows.rows();
        double[] own = new double[rows.columns()];
        for (int i = 0; i < n; i++) {
            VectorLoops.add(1.0 / n, rows.row(i), own);
        }
        double[][] centered = rows.copyOfRows();
        double[] spread = new double[own.length];
        for (double[] row : centered) {
            VectorLoops.add(-1, own, row);
            for (int j = 0; j < row.length; j++) {
                spread[j] += row[j] * row[j];
            }
        }
        Matrix all = Matrix.ofRows(own.length, centered);
        if (seen > 0) {
            double[] moved = mean.clone();
            VectorLoops.add(-1, own, moved);
            double weight = (double) seen * n / (seen + n);
            for (int j = 0; j < moved.length; j++) {
                spread[j] += squares[j] + weight * moved[j] * moved[j];
            }
            VectorLoops.scale(Math.sqrt(weight), moved);
            all = Matrix.stack(List.of(vectors.scaledRows(values), all, Matrix.ofRows(own.length, moved)));
            VectorLoops.scale((double) n / (seen + n), own);
            VectorLoops.add((double) seen / (seen + n), mean, own);
        }
        mean = own;
        squares = spread;
        seen += n;
        SingularValues svd = SingularValues.leading(all, count);
        values = svd.values();
        vectors = signed(svd.right());
    }

    /** Signs that stay from batch to batch: the largest element of a vector is positive. */
    private static Matrix signed(Matrix vectors) {
        double[] signs = new double[vectors.rows()];
        for (int i = 0; i < signs.length; i++) {
            double largest = 0;
            for (double value : vectors.row(i)) {
                largest = Math.abs(value) > Math.abs(largest) ? value : largest;
            }
            signs[i] = largest < 0 ? -1 : 1;
        }
        return vectors.scaledRows(signs);
    }

    /**
     * The components.
     *
     * @return orthonormal rows, those of most variance first; null before the first batch
     */
    public Matrix vectors() {
        return vectors;
    }

    /**
     * Singular values of the centered rows.
     *
     * @return one for each component, falling
     */
    public double[] singularValues() {
        return values.clone();
    }

    /**
     * How much of the whole variance each component explains.
     *
     * @return shares, falling
     */
    public double[] explained() {
        double all = Arrays.stream(squares).sum();
        return Arrays.stream(values).map(v -> all == 0 ? 0 : v * v / all).toArray();
    }
}
