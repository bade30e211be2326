/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.internal.array.Region;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A matrix in memory, or a batch of matrices. There is none that reaches beyond its memory: an array whose shape, strides or
 * offset say so is refused here, before oneDNN is told an address.
 *
 * @param memory from its first element on
 * @param layout where the others lie; if it is packed, what is packed
 * @param form how they are stored
 * @apiNote Status: internal
 */
public record MatrixOperand(Region memory, MemoryLayout layout, Form form) {

    public MatrixOperand {
        // How much packed values take is known to oneDNN; DnnlProduct asks it.
        if (form != Form.PACKED) {
            memory.require(Math.multiplyExact(layout.length(), form.bytes()));
        }
    }

    public static MatrixOperand of(INDArray array) {
        return new MatrixOperand(Region.toEndOfBuffer(array), MemoryLayout.of(array), formOf(array));
    }

    public static MatrixOperand of(Factor factor) {
        MatrixOperand stored = of(factor.array());
        return factor.transposed() ? new MatrixOperand(stored.memory, stored.layout.transposed(), stored.form) : stored;
    }

    /** A vector as a matrix of one row. */
    public static MatrixOperand ofRow(INDArray vector) {
        return new MatrixOperand(Region.toEndOfBuffer(vector), MemoryLayout.ofRow(vector), Form.F32);
    }

    public long address() {
        return memory.address();
    }

    static Form formOf(INDArray array) {
        return array.dataType() == DataType.BFLOAT16 ? Form.BF16 : Form.F32;
    }

    /** A part of the first axis. */
    public MatrixOperand part(long from, long count) {
        return new MatrixOperand(memory.from(from * layout.strides()[0] * form.bytes()), layout.first(count), form);
    }
}
