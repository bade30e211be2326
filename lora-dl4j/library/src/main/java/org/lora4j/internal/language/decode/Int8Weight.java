/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import org.lora4j.exec.onednn.FewRows;
import org.lora4j.exec.onednn.NarrowType;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.quant.Int8;

/**
 * A matrix in 8 bits with a scale for each output, {@code [outputs, inputs]}. A few rows are multiplied as {@link RowParts}, where
 * the processor can; more of them make it worth to turn the weight into floats.
 */
final class Int8Weight extends LinearWeight {

    private final Int8 weight;
    private final long address;
    private final float[] scales;
    private final ConvertedWeight converted;

    Int8Weight(Int8 weight) {
        super(weight.columns(), weight.rows(), 1);
        this.weight = weight;
        this.address = TableRows.address(weight.values());
        this.scales = DecodeModel.values("scales", weight.scales());
        this.converted = new ConvertedWeight(new TableRows.OfStored(weight), false);
    }

    /** Whether outputs are rows, that lie one after the other, and products with bytes are fast. */
    static boolean fits(Int8 weight) {
        return weight.outputAxis() == 0 && DenseArray.isRowMajor(weight.values()) && NarrowType.INT8.isFast();
    }

    @Override
    Staging.Form form(int rows) {
        return RowParts.columns(NarrowType.INT8, rows) <= FewRows.COLUMNS ? Staging.Form.BYTES : Staging.Form.PLAIN;
    }

    @Override
    int outputsOfPiece(int rows) {
        return form(rows) == Staging.Form.BYTES
                ? FewRows.OUTPUTS * RowParts.group(NarrowType.INT8, rows, inputs(), outputs())
                : converted.outputsOfPiece(rows);
    }

    @Override
    void multiply(Staging staging, int from, int rows, int first, int count, Workspace space) {
        if (staging.form() != Staging.Form.BYTES) {
            converted.multiply(staging, from, rows, first, count, space);
            return;
        }
        int columns = RowParts.columns(NarrowType.INT8, staging.rows());
        int group = staging.group();
        int start = group * FewRows.start(first / group, count / group);
        int[] sums = space.multiply(
                NarrowType.INT8,
                group * inputs(),
                group * columns,
                address + (long) start * inputs(),
                (first + count - start) / group,
                staging.parts().packed());
        float[] y = space.floats(0, count);
        for (int row = from; row < from + rows; row++) {
            int at = (first - start) * columns + row * RowParts.INT8_PARTS;
            for (int i = 0; i < count; i++) {
                y[i] = (float) (scales[first + i] * staging.parts().sum(sums, at + i * columns, row));
            }
            staging.write(row, first, y, count);
        }
    }

    @Override
    public String toString() {
        return "Int8Weight[" + weight + "]";
    }
}
