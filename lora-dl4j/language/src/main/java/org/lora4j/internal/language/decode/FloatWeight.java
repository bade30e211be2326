/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import org.lora4j.internal.array.Region;
import org.lora4j.internal.onednn.FrozenThinProduct;
import org.lora4j.internal.onednn.NarrowType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A FLOAT matrix, in either layout.
 *
 * <p>OpenBLAS lays the whole matrix out anew for each product of matrices, which for sixteen rows takes longer than the product.
 * Where oneDNN has 512 bits for it, some rows are multiplied as columns, {@code Y^T = W X^T}, from the matrix where it lies.
 */
final class FloatWeight extends LinearWeight {

    /** Beyond this, products are large enough to lay the matrix out anew. */
    private static final int MOST_COLUMNS = 128;

    /**
     * Outputs of so many inputs are computed one by one for few rows: a weight is read from its first value to the last then, at
     * the speed of a sum, where OpenBLAS's product of matrix and vector, which reads several outputs at a time, has 0.7 to 0.9
     * of it. More inputs gain nothing; fewer were not measured, and have more calls.
     */
    private static final int LEAST_INPUTS_OF_DOTS = 512;

    private static final int MOST_INPUTS_OF_DOTS = 2048;

    private final INDArray array;
    private final boolean inputsFirst;
    /** Null of sizes alone. */
    private final Region values;

    FloatWeight(INDArray array, boolean inputsFirst) {
        super(array.size(inputsFirst ? 0 : 1), array.size(inputsFirst ? 1 : 0), Float.BYTES);
        this.array = array;
        this.inputsFirst = inputsFirst;
        this.values = Region.of(array);
    }

    /** Sizes of a matrix, to make room for its products. */
    FloatWeight(int inputs, int outputs, boolean inputsFirst) {
        super(inputs, outputs, Float.BYTES);
        this.array = null;
        this.inputsFirst = inputsFirst;
        this.values = null;
    }

    /** Columns that so many rows make: a multiple of what a register holds, so that there are few products to compile. */
    static int columns(int rows) {
        return (rows + FrozenThinProduct.COLUMNS - 1) / FrozenThinProduct.COLUMNS * FrozenThinProduct.COLUMNS;
    }

    private boolean isInColumns(int rows) {
        return !inputsFirst && rows >= Blas.MATRIX_ROWS && rows <= MOST_COLUMNS && NarrowType.F32.isFast();
    }

    @Override
    Staging.Form form(int rows) {
        return isInColumns(rows) ? Staging.Form.COLUMNS : Staging.Form.PLAIN;
    }

    @Override
    int outputsOfPiece(Staging.Form form, int rows) {
        return form == Staging.Form.COLUMNS ? FrozenThinProduct.OUTPUTS : super.outputsOfPiece(form, rows);
    }

    @Override
    long work(Staging.Form form, int rows) {
        return form == Staging.Form.COLUMNS ? (long) FrozenThinProduct.OUTPUTS * columns(rows) : 0;
    }

    private void multiplyColumns(Staging staging, int from, int rows, int first, int count, Workspace space) {
        int columns = columns(staging.rows());
        int start = FrozenThinProduct.start(first, count);
        int computed = first + count - start;
        space.columns(inputs(), columns)
                .multiply(
                        values.from(Blas.bytes(start, inputs())),
                        computed,
                        staging.parts().packed(),
                        space.memory.atLeast((long) computed * columns).region());
        float[] turned = space.floats(1, computed * columns);
        space.memory.floats().get(0, turned, 0, computed * columns);
        float[] y = space.floats(0, count);
        for (int row = from; row < from + rows; row++) {
            int at = (first - start) * columns + row;
            for (int i = 0; i < count; i++) {
                y[i] = turned[at + i * columns];
            }
            staging.write(row, first, y, count);
        }
    }

    private boolean isByDots(int rows) {
        return !inputsFirst
                && rows < Blas.MATRIX_ROWS
                && inputs() >= LEAST_INPUTS_OF_DOTS
                && inputs() <= MOST_INPUTS_OF_DOTS;
    }

    private void multiplyByDots(Staging staging, int from, int rows, int first, int count, Workspace space) {
        float[] y = space.floats(0, count);
        for (int row = from; row < from + rows; row++) {
            Region x = staging.input(row);
            for (int i = 0; i < count; i++) {
                y[i] = space.blas.dot(x, values.from(Blas.bytes(first + i, inputs())), inputs());
            }
            staging.write(row, first, y, count);
        }
    }

    @Override
    void multiply(Staging staging, int from, int rows, int first, int count, Workspace space) {
        if (staging.form() == Staging.Form.COLUMNS) {
            multiplyColumns(staging, from, rows, first, count, space);
            return;
        }
        if (isByDots(rows)) {
            multiplyByDots(staging, from, rows, first, count, space);
            return;
        }
        Region x = staging.input(from);
        Region y = staging.output(from, first);
        if (inputsFirst) {
            space.blas.byColumns(
                    x, inputs(), rows, values.from(Blas.bytes(first, 1)), outputs(), inputs(), count, 0, y, outputs());
        } else {
            space.blas.byRows(
                    x,
                    inputs(),
                    rows,
                    values.from(Blas.bytes(first, inputs())),
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
