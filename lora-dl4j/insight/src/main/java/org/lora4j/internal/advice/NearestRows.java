/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import java.util.Arrays;
import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.train.Progress;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * For each row the rows of largest cosine. Products are made tile by tile, so that memory grows with the number of rows, not
 * with its square; the work is {@code rows * references * width} multiplications.
 *
 * @param rows for each row the numbers of the nearest ones, nearest first, the first ones of equals
 * @param cosines their cosines
 * @apiNote Status: internal
 */
public record NearestRows(int[][] rows, float[][] cosines) {

    private static final int TILE_ROWS = 512;
    private static final int TILE_COLUMNS = 4096;

    /**
     * Finds the nearest rows of a set to each of its own.
     *
     * @param rows one or more
     * @param count how many to find, less where there are no more
     * @return the nearest rows, none its own
     */
    public static NearestRows within(float[][] rows, int count) {
        int[] own = new int[rows.length];
        Arrays.setAll(own, i -> i);
        float[][] units = units(rows);
        return find(units, units, Math.min(count, rows.length - 1), own, unheard());
    }

    /**
     * Finds the nearest rows of a set to some of it.
     *
     * @param rows any number
     * @param others two or more
     * @param own for each row where it is in {@code others}, or -1
     * @param count how many to find, less where there are no more
     * @param pairs hears of the pairs that were compared
     * @return the nearest rows of {@code others}, none its own
     */
    public static NearestRows within(float[][] rows, float[][] others, int[] own, int count, Progress.Stage pairs) {
        return find(units(rows), units(others), Math.min(count, others.length - 1), own, pairs);
    }

    /**
     * Finds the nearest rows of another set.
     *
     * @param rows any number
     * @param others one or more
     * @param count how many to find, less where there are no more
     * @return the nearest rows of {@code others}
     */
    public static NearestRows among(float[][] rows, float[][] others, int count) {
        return among(rows, others, count, unheard());
    }

    /**
     * The same, and says how far it is.
     *
     * @param pairs hears of the pairs that were compared
     * @return as {@link #among(float[][], float[][], int)}
     */
    public static NearestRows among(float[][] rows, float[][] others, int count, Progress.Stage pairs) {
        int[] none = new int[rows.length];
        Arrays.fill(none, -1);
        return find(units(rows), units(others), Math.min(count, others.length), none, pairs);
    }

    private static Progress.Stage unheard() {
        return Progress.none().stage("", "pairs of rows", 0);
    }

    private static NearestRows find(float[][] rows, float[][] others, int count, int[] own, Progress.Stage pairs) {
        int[][] nearest = new int[rows.length][count];
        float[][] cosines = new float[rows.length][count];
        for (float[] row : cosines) {
            Arrays.fill(row, Float.NEGATIVE_INFINITY);
        }
        for (int column = 0; column < others.length && count > 0; column += TILE_COLUMNS) {
            int columns = Math.min(TILE_COLUMNS, others.length - column);
            try (INDArray right = array(others, column, columns)) {
                for (int row = 0; row < rows.length; row += TILE_ROWS) {
                    int height = Math.min(TILE_ROWS, rows.length - row);
                    try (INDArray left = array(rows, row, height);
                            INDArray tile =
                                    Nd4j.createUninitialized(DataType.FLOAT, new long[] {height, columns}, 'c')) {
                        left.mmuli(right.transpose(), tile);
                        keep(tile, row, column, own, nearest, cosines);
                        pairs.advance((long) height * columns);
                    }
                }
            }
        }
        return new NearestRows(nearest, cosines);
    }

    private static void keep(
            INDArray tile, int firstRow, int firstColumn, int[] own, int[][] nearest, float[][] cosines) {
        int columns = (int) tile.size(1);
        try (DenseArray values = DenseArray.rowMajor(tile)) {
            Blocks.run(tile.length(), columns, (block, from, length) -> {
                float[] read = new float[length];
                values.read(from, read, length);
                for (int at = 0; at < length; at += columns) {
                    int row = firstRow + (int) ((from + at) / columns);
                    for (int j = 0; j < columns; j++) {
                        if (firstColumn + j != own[row]) {
                            insert(read[at + j], firstColumn + j, cosines[row], nearest[row]);
                        }
                    }
                }
            });
        }
    }

    private static void insert(float cosine, int row, float[] cosines, int[] rows) {
        int at = cosines.length - 1;
        if (!(cosine > cosines[at])) {
            return;
        }
        for (; at > 0 && cosines[at - 1] < cosine; at--) {
            cosines[at] = cosines[at - 1];
            rows[at] = rows[at - 1];
        }
        cosines[at] = cosine;
        rows[at] = row;
    }

    private static INDArray array(float[][] rows, int from, int count) {
        int width = rows[0].length;
        float[] values = new float[count * width];
        for (int i = 0; i < count; i++) {
            System.arraycopy(rows[from + i], 0, values, i * width, width);
        }
        return Nd4j.create(values, new long[] {count, width}, 'c');
    }

    /** Rows of length 1; zeros stay zeros and are near nothing. */
    private static float[][] units(float[][] rows) {
        float[][] units = new float[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            double square = 0;
            for (float value : rows[i]) {
                square += (double) value * value;
            }
            units[i] = rows[i].clone();
            for (int j = 0; j < units[i].length && square > 0; j++) {
                units[i][j] = (float) (units[i][j] / Math.sqrt(square));
            }
        }
        return units;
    }
}
