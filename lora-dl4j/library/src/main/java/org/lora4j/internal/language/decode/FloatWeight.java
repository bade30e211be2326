/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import org.nd4j.linalg.api.ndarray.INDArray;

/** A FLOAT matrix, in either layout. */
final class FloatWeight extends LinearWeight {

    // Keeps the memory.
    private final INDArray array;
    private final boolean inputsFirst;
    private final long address;

    FloatWeight(INDArray array, boolean inputsFirst) {
        super(array.size(inputsFirst ? 0 : 1), array.size(inputsFirst ? 1 : 0), Float.BYTES);
        this.array = array;
        this.inputsFirst = inputsFirst;
        this.address = TableRows.address(array);
    }

    @Override
    void multiply(Staging staging, int from, int rows, int first, int count, Workspace space) {
        long x = staging.input(from);
        long y = staging.output(from, first);
        if (inputsFirst) {
            space.blas.byColumns(
                    x, inputs(), rows, address + Blas.bytes(first, 1), outputs(), inputs(), count, 0, y, outputs());
        } else {
            space.blas.byRows(
                    x,
                    inputs(),
                    rows,
                    address + Blas.bytes(first, inputs()),
                    inputs(),
                    count,
                    inputs(),
                    1,
                    0,
                    y,
                    outputs());
        }
    }

    @Override
    public String toString() {
        return "FloatWeight" + array.shapeInfoToString();
    }
}
