/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

/**
 * A matrix of F32 values that is read some rows at a time: a stored weight, or the rows of a file that no memory holds as a
 * whole.
 *
 * @apiNote Status: experimental
 */
public interface RowSource {

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
     * Computes the values of some rows.
     *
     * @param first the first row, from 0
     * @param count how many
     * @param into receives {@code count * columns()} values, row by row, from index 0 on
     */
    void read(long first, int count, float[] into);
}
