/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A frozen matrix of F32 values in fewer bits. An immutable view of arrays that nobody writes to.
 *
 * <p><b>Threads.</b> Any.
 *
 * @apiNote Status: experimental
 */
public sealed interface StoredWeight permits Int8, Nf4 {

    /**
     * Size of the first axis.
     *
     * @return the number
     */
    long rows();

    /**
     * Size of the second axis.
     *
     * @return the number
     */
    long columns();

    /**
     * Memory of the values, their scales included.
     *
     * @return bytes
     */
    long bytes();

    /**
     * Computes the values of some rows.
     *
     * @param first the first row, from 0
     * @param count how many
     * @param into receives {@code count * columns()} values, row by row, from index 0 on
     */
    void read(long first, int count, float[] into);

    /**
     * Writes the values of some rows to an array, in pieces that fit the cache.
     *
     * @param first the first row, from 0
     * @param count how many
     * @param into a FLOAT array in 'c' order of {@code count * columns()} values or more
     */
    default void read(long first, long count, INDArray into) {
        int step = (int) Math.max(1, DenseArray.BLOCK / columns());
        float[] block = new float[Math.toIntExact(step * columns())];
        DenseArray out = DenseArray.toBeWritten(into);
        for (long row = 0; row < count; row += step) {
            int now = (int) Math.min(step, count - row);
            read(first + row, now, block);
            out.write(row * columns(), block, Math.toIntExact(now * columns()));
        }
        out.flush();
        out.close();
    }

    /**
     * The values.
     *
     * @return a new FLOAT array {@code [rows, columns]}
     */
    default INDArray dequantized() {
        INDArray values = Nd4j.createUninitialized(DataType.FLOAT, new long[] {rows(), columns()}, 'c');
        read(0, rows(), values);
        return values;
    }
}
