/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

/**
 * Brings features to mean 0 and standard deviation 1, so that those of any host, whatever their units, weigh the same in a
 * cosine and in a head. A feature that never changes becomes 0. Costs one pass over the rows.
 *
 * @apiNote Status: internal
 */
public final class StandardRows {

    private final double[] means;
    private final double[] factors;

    /**
     * Measures rows.
     *
     * @param rows one or more, all of the same length
     */
    public StandardRows(float[][] rows) {
        int width = rows[0].length;
        means = new double[width];
        factors = new double[width];
        double[] squares = new double[width];
        boolean[] changes = new boolean[width];
        for (float[] row : rows) {
            for (int j = 0; j < width; j++) {
                means[j] += row[j] / rows.length;
                changes[j] |= row[j] != rows[0][j];
            }
        }
        for (float[] row : rows) {
            for (int j = 0; j < width; j++) {
                double off = row[j] - means[j];
                squares[j] += off * off / rows.length;
            }
        }
        for (int j = 0; j < width; j++) {
            factors[j] = changes[j] && squares[j] > 0 ? 1 / Math.sqrt(squares[j]) : 0;
        }
    }

    /**
     * How many features change.
     *
     * @return 0 if all rows are the same
     */
    public int changing() {
        int count = 0;
        for (double factor : factors) {
            count += factor > 0 ? 1 : 0;
        }
        return count;
    }

    /**
     * Rows in these units.
     *
     * @param rows rows of the same length as those measured
     * @return new rows
     */
    public float[][] of(float[][] rows) {
        float[][] standard = new float[rows.length][means.length];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < means.length; j++) {
                standard[i][j] = (float) ((rows[i][j] - means[j]) * factors[j]);
            }
        }
        return standard;
    }
}
