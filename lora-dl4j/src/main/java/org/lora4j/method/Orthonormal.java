/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

/** Gram and Schmidt's process, done twice, which leaves columns orthogonal to the last bits. */
final class Orthonormal {

    private static final int PASSES = 2;

    private static final double TINY = 1e-12;

    private Orthonormal() {}

    /**
     * An orthonormal basis of the span of the first columns of a matrix, the Q of a QR decomposition up to signs. Where a
     * column depends on those before it, a unit vector that does not is taken.
     *
     * @param matrix rows of equal length, only read
     * @param count number of columns, at most rows and columns of the matrix
     * @return [rows][count]
     */
    static double[][] columns(double[][] matrix, int count) {
        int rows = matrix.length;
        double[][] q = new double[rows][count];
        int spare = 0;
        for (int j = 0; j < count; j++) {
            double[] column = new double[rows];
            for (int i = 0; i < rows; i++) {
                column[i] = matrix[i][j];
            }
            double before = length(column);
            while (!place(column, q, j, before)) {
                column = new double[rows];
                column[spare++] = 1;
                before = 1;
            }
        }
        return q;
    }

    private static boolean place(double[] column, double[][] q, int j, double before) {
        for (int pass = 0; pass < PASSES; pass++) {
            for (int k = 0; k < j; k++) {
                double dot = 0;
                for (int i = 0; i < column.length; i++) {
                    dot += q[i][k] * column[i];
                }
                for (int i = 0; i < column.length; i++) {
                    column[i] -= dot * q[i][k];
                }
            }
        }
        double length = length(column);
        if (length <= TINY * before || length == 0) {
            return false;
        }
        for (int i = 0; i < column.length; i++) {
            q[i][j] = column[i] / length;
        }
        return true;
    }

    private static double length(double[] column) {
        double sum = 0;
        for (double value : column) {
            sum += value * value;
        }
        return Math.sqrt(sum);
    }
}
