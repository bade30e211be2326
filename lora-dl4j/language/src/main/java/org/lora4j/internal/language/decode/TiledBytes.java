/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.Region;
import org.lora4j.internal.onednn.ByteProduct;
import org.lora4j.internal.onednn.ByteTiles;
import org.lora4j.internal.onednn.NarrowType;
import org.lora4j.quant.Tiled;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A matrix of INT8 in tiles. Few rows are multiplied as {@link RowDigits} by instructions for bytes; more of them make it worth
 * to put a piece of the weight row by row, where rows in F32 are multiplied with it.
 */
final class TiledBytes extends LinearWeight {

    private static final int PARTS = RowDigits.INT8_PARTS;

    private final Tiled weight;
    private final ByteTiles way;
    private final Region values;
    private final INDArray scalesOfOutputs;
    private final float[] scales;
    private final int[] sums;
    private final ConvertedWeight converted;

    TiledBytes(Tiled weight, ByteTiles way) {
        super(weight.columns(), weight.rows(), Byte.BYTES);
        this.weight = weight;
        this.way = way;
        this.values = Region.of(weight.values());
        this.scalesOfOutputs = weight.scales().orElseThrow();
        this.scales = DecodeModel.values("scales", scalesOfOutputs);
        this.sums = sums();
        this.converted = new ConvertedWeight(new TableRows.OfStored(weight), false);
    }

    /** What a row of ones gives. */
    private int[] sums() {
        int[] sums = new int[outputs()];
        int step = Tiled.ROWS;
        try (ByteProduct product = new ByteProduct(way, 1, inputs());
                BytePointer ones = new BytePointer((long) inputs());
                IntPointer found = new IntPointer((long) step)) {
            BytePointer.memset(ones, 1, inputs());
            for (int first = 0; first < outputs(); first += step) {
                product.multiply(Region.of(ones), tiles(first), step, Region.of(found));
                found.get(sums, first, step);
            }
        }
        return sums;
    }

    private Region tiles(int firstOutput) {
        return values.from((long) firstOutput * inputs());
    }

    @Override
    Staging.Form form(int rows) {
        return rows <= way.mostRows() ? Staging.Form.BYTES : Staging.Form.PLAIN;
    }

    private boolean isInRows() {
        return NarrowType.INT8.isFast() && DenseArray.isRowMajor(scalesOfOutputs);
    }

    @Override
    int outputsOfPiece(Staging.Form form, int rows) {
        return rows >= Blas.MATRIX_ROWS ? evenly(Tiled.ROWS) : wholeTiles(super.outputsOfPiece(form, rows));
    }

    @Override
    long work(Staging.Form form, int rows) {
        int outputs = outputsOfPiece(form, rows);
        if (form == Staging.Form.BYTES) {
            return (long) PARTS * RowDigits.computed(rows) * outputs;
        }
        return isInRows() ? floatsOf(outputs) + BlockedProducts.work(rows, 1, outputs) : converted.work(form, rows);
    }

    /** Room for the bytes of outputs. */
    private int floatsOf(int outputs) {
        return Math.multiplyExact(outputs, inputs()) / Float.BYTES;
    }

    @Override
    void multiply(Staging staging, int from, int rows, int first, int count, Workspace space) {
        if (staging.form() == Staging.Form.BYTES) {
            multiplyParts(staging, from, rows, first, count, space);
        } else if (isInRows()) {
            multiplyInRows(staging, from, rows, first, count, space);
        } else {
            converted.multiply(staging, from, rows, first, count, space);
        }
    }

    private void multiplyParts(Staging staging, int from, int rows, int first, int count, Workspace space) {
        int computed = PARTS * RowDigits.computed(rows);
        Region result = space.memory.atLeast((long) computed * count).region();
        space.bytes(way, computed, inputs()).multiply(staging.parts().row(from), tiles(first), count, result);
        float[] y = space.floats(0, count);
        for (int row = 0; row < rows; row++) {
            double unit = staging.parts().unitOf(from + row);
            space.int8.add(
                    space.memory.ints(), row * PARTS * count, sums, scales, first, unit, way.numbers(), y, count);
            staging.write(from + row, first, y, count);
        }
    }

    private void multiplyInRows(Staging staging, int from, int rows, int first, int count, Workspace space) {
        int behind = floatsOf(count);
        Region bytes = space.memory
                .atLeast(behind + BlockedProducts.work(rows, 1, count))
                .region();
        space.order(way, inputs()).toRows(tiles(first), count, bytes);
        Region scale = Region.of(scalesOfOutputs).from(Blas.bytes(first, 1));
        BlockedProducts.multiply(
                staging,
                from,
                rows,
                1,
                first,
                count,
                outputs(),
                behind,
                space,
                (x, some, into, step) -> space.rows(NarrowType.INT8, some, inputs(), inputs())
                        .multiply(x, bytes, false, inputs(), scale, count, into, step, false));
    }

    @Override
    public String toString() {
        return "TiledBytes[" + weight + "]";
    }
}
