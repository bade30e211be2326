/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A table of positions for images of another size than it was made for: the rows of tokens stay, those of patches are a picture that is
 * stretched by Keys's cubic with a = -0.75, measured between the middles of patches, its edge going on, and not smoothed where it
 * shrinks. That is linear, so it is a matrix, and the table can learn.
 */
final class Positions {

    private static final double A = -0.75;
    private static final int TAPS = 4;

    private Positions() {}

    /**
     * The matrix.
     *
     * @param tokens rows before those of patches
     * @param fromRows of patches in the table
     * @param toRows of patches in an image
     * @return {@code [tokens + toRows * toColumns, tokens + fromRows * fromColumns]}
     */
    static INDArray stretched(int tokens, int fromRows, int fromColumns, int toRows, int toColumns, DataType type) {
        double[][] down = axis(fromRows, toRows);
        double[][] across = axis(fromColumns, toColumns);
        double[][] matrix = new double[tokens + toRows * toColumns][tokens + fromRows * fromColumns];
        for (int token = 0; token < tokens; token++) {
            matrix[token][token] = 1;
        }
        for (int y = 0; y < toRows; y++) {
            for (int x = 0; x < toColumns; x++) {
                double[] row = matrix[tokens + y * toColumns + x];
                for (int fromY = 0; fromY < fromRows; fromY++) {
                    for (int fromX = 0; fromX < fromColumns; fromX++) {
                        row[tokens + fromY * fromColumns + fromX] = down[y][fromY] * across[x][fromX];
                    }
                }
            }
        }
        return Nd4j.createFromArray(matrix).castTo(type);
    }

    /** What each new place takes of the old ones. */
    private static double[][] axis(int from, int to) {
        double[][] shares = new double[to][from];
        for (int i = 0; i < to; i++) {
            double at = (i + 0.5) * from / to - 0.5;
            int first = (int) Math.floor(at) - 1;
            for (int tap = first; tap < first + TAPS; tap++) {
                int place = Math.max(0, Math.min(from - 1, tap));
                shares[i][place] += Resampling.cubic(Math.abs(at - tap), A);
            }
        }
        return shares;
    }
}
