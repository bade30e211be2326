/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.lora4j.exec.onednn.NarrowType;
import org.lora4j.exec.onednn.TileProduct;
import org.lora4j.quant.Tiled;

/**
 * A matrix of INT8 in tiles. Few rows are multiplied as {@link RowParts} by instructions for bytes; more of them make it worth
 * to turn the weight into floats.
 */
final class TiledBytes extends LinearWeight {

    /** Rows at most whose parts are multiplied. */
    private static final int MOST_ROWS = 64;

    private static final int PARTS = RowParts.INT8_PARTS;

    private final Tiled weight;
    private final long address;
    private final float[] scales;
    private final int[] sums;
    private final ConvertedWeight converted;

    TiledBytes(Tiled weight) {
        super(weight.columns(), weight.rows(), Byte.BYTES);
        this.weight = weight;
        this.address = TableRows.address(weight.values());
        this.scales = DecodeModel.values("scales", weight.scales().orElseThrow());
        this.sums = sums();
        this.converted = new ConvertedWeight(new TableRows.OfStored(weight), false);
    }

    /** What a row of ones gives. */
    private int[] sums() {
        int[] sums = new int[outputs()];
        int step = Tiled.ROWS;
        try (TileProduct product = new TileProduct(NarrowType.INT8, 1, inputs(), inputs());
                BytePointer ones = new BytePointer((long) inputs());
                IntPointer found = new IntPointer((long) step)) {
            BytePointer.memset(ones, 1, inputs());
            for (int first = 0; first < outputs(); first += step) {
                product.multiply(ones.address(), tiles(first), step, found.address(), step, false);
                found.get(sums, first, step);
            }
        }
        return sums;
    }

    private long tiles(int firstOutput) {
        return address + (long) firstOutput * inputs();
    }

    @Override
    Staging.Form form(int rows) {
        return rows <= MOST_ROWS ? Staging.Form.BYTES : Staging.Form.PLAIN;
    }

    @Override
    int outputsOfPiece(Staging.Form form, int rows) {
        return rows >= Blas.MATRIX_ROWS ? evenly(Tiled.ROWS) : wholeTiles(super.outputsOfPiece(form, rows));
    }

    @Override
    long work(Staging.Form form, int rows) {
        return form == Staging.Form.PLAIN
                ? converted.work(form, rows)
                : (long) PARTS * RowParts.computed(rows) * outputsOfPiece(form, rows);
    }

    @Override
    void multiply(Staging staging, int from, int rows, int first, int count, Workspace space) {
        if (staging.form() == Staging.Form.PLAIN) {
            converted.multiply(staging, from, rows, first, count, space);
            return;
        }
        int computed = PARTS * RowParts.computed(rows);
        long result = space.memory.atLeast((long) computed * count).address();
        space.tiles(NarrowType.INT8, computed, inputs(), inputs())
                .multiply(staging.parts().row(from), tiles(first), count, result, count, false);
        float[] y = space.floats(0, count);
        for (int row = 0; row < rows; row++) {
            double unit = staging.parts().unitOf(from + row);
            space.int8.add(space.memory.ints(), row * PARTS * count, sums, scales, first, unit, y, count);
            staging.write(from + row, first, y, count);
        }
    }

    @Override
    public String toString() {
        return "TiledBytes[" + weight + "]";
    }
}
