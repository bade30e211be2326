/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import java.util.Arrays;
import org.lora4j.internal.array.Blocks;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.ThreadArrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The values of a matrix to be stored, some rows at a time. */
final class Weights {

    private Weights() {}

    /** Takes the values of some rows, row by row from index 0 on. */
    interface Piece {
        void take(long first, int count, float[] values);
    }

    /** An F32 matrix in memory. */
    record Matrix(DenseArray values, long rows, long columns) implements RowSource, AutoCloseable {

        static Matrix of(String where, INDArray weight) {
            if (weight.rank() != 2 || weight.dataType() != DataType.FLOAT || weight.isEmpty()) {
                throw new IllegalArgumentException(where + ": a weight is " + weight.dataType()
                        + Arrays.toString(weight.shape()) + "; expected a FLOAT matrix. Cast or reshape it first.");
            }
            return new Matrix(DenseArray.rowMajor(weight), weight.size(0), weight.size(1));
        }

        @Override
        public void read(long first, int count, float[] into) {
            values.read(first * columns, into, Math.toIntExact(count * columns));
        }

        @Override
        public void close() {
            values.close();
        }
    }

    /**
     * Goes through a matrix in pieces that fit the cache.
     *
     * @param multiple each piece has a multiple of so many rows, but for the last one
     * @param limit what the magnitude of each value must be below
     */
    static void forEach(String where, RowSource weight, int multiple, float limit, Piece piece) {
        int step = step(weight, multiple);
        float[] values = new float[longest(weight, multiple)];
        for (long row = 0; row < weight.rows(); row += step) {
            int count = (int) Math.min(step, weight.rows() - row);
            weight.read(row, count, values);
            require(where, values, row, count * weight.columns(), weight.columns(), limit);
            piece.take(row, count, values);
        }
    }

    /** Values of the longest piece. */
    static int longest(RowSource weight, int multiple) {
        return Math.toIntExact(step(weight, multiple) * weight.columns());
    }

    /** Writes the values of some rows to an array, so many rows, or a multiple of them, at a time. */
    static void read(StoredWeight weight, long first, long count, int together, INDArray into) {
        int columns = Math.toIntExact(weight.columns());
        DenseArray out = DenseArray.toBeWritten(into);
        Blocks.run(count * columns, columns * together, (block, from, length) -> {
            float[] values = ThreadArrays.array(0, length);
            weight.read(first + from / columns, length / columns, values);
            out.write(from, values, length);
        });
        out.flush();
        out.close();
    }

    private static int step(RowSource weight, int multiple) {
        long rows = Math.max(1, DenseArray.BLOCK / weight.columns() / multiple) * multiple;
        return (int) Math.min(rows, weight.rows());
    }

    static void require(String where, INDArray weight, float limit) {
        try (Matrix matrix = Matrix.of(where, weight)) {
            forEach(where, matrix, 1, limit, (first, count, values) -> {});
        }
    }

    private static void require(String where, float[] values, long row, long length, long columns, float limit) {
        for (int i = 0; i < length; i++) {
            // NaN is below nothing.
            if (!(Math.abs(values[i]) < limit)) {
                throw new IllegalArgumentException(where + ": the value at [" + (row + i / columns) + ", " + i % columns
                        + "] is " + values[i] + "; expected finite ones"
                        + (limit == Float.POSITIVE_INFINITY ? "" : " below " + limit)
                        + ". Load or initialize the weight again.");
            }
        }
    }
}
