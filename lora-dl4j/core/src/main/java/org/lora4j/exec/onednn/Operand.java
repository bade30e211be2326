/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.internal.array.Region;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A matrix in memory, or a batch of matrices.
 *
 * @param address of its first element
 * @param layout where the others lie
 * @param form how they are stored
 */
record Operand(long address, MemoryLayout layout, Form form) {

    static Operand of(INDArray array) {
        return new Operand(addressOf(array), MemoryLayout.of(array), formOf(array));
    }

    static Operand of(Factor factor) {
        Operand stored = of(factor.array());
        return factor.transposed() ? new Operand(stored.address, stored.layout.transposed(), stored.form) : stored;
    }

    /** A vector as a matrix of one row. */
    static Operand ofRow(INDArray vector) {
        return new Operand(addressOf(vector), MemoryLayout.ofRow(vector), Form.F32);
    }

    static long addressOf(INDArray array) {
        return array.data().pointer().address() + array.offset() * formOf(array).bytes();
    }

    /** The memory of an array whose elements lie one behind the other. */
    static Region regionOf(INDArray array) {
        return new Region(addressOf(array), array.length() * formOf(array).bytes());
    }

    static Form formOf(INDArray array) {
        return array.dataType() == DataType.BFLOAT16 ? Form.BF16 : Form.F32;
    }

    /** A part of the first axis. */
    Operand part(long from, long count) {
        return new Operand(address + from * layout.strides()[0] * form.bytes(), layout.first(count), form);
    }
}
