/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

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
public sealed interface StoredWeight extends RowSource permits HalfPrecision, Int8, Nf4, Tiled {

    /**
     * The name of the form, as servers and logs say it.
     *
     * @return {@code BF16}, {@code F16}, {@code INT8} or {@code NF4}; with a remark where the order of the numbers is one of this processor
     */
    String form();

    /**
     * Memory of the values, their scales included.
     *
     * @return bytes
     */
    long bytes();

    /**
     * Writes the values of some rows to an array, in pieces that fit the cache.
     *
     * @param first the first row, from 0
     * @param count how many
     * @param into a FLOAT array in 'c' order of {@code count * columns()} values or more
     */
    default void read(long first, long count, INDArray into) {
        Weights.read(this, first, count, 1, into);
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
