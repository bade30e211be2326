/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import org.lora4j.exec.onednn.NarrowType;
import org.lora4j.exec.onednn.TileProduct;
import org.lora4j.quant.Tiled;
import org.nd4j.linalg.api.buffer.DataType;

/** A matrix of BFLOAT16 or HALF in tiles, multiplied with rows in F32. */
final class TiledHalves extends LinearWeight {

    /** Rows at most that are multiplied at a time, so that few products have to be compiled. */
    private static final int MOST_ROWS = 64;
    /** Rows at least: oneDNN takes longer for fewer. */
    private static final int LEAST_ROWS = 4;
    /** Bytes that a call reads at least: with fewer, calls take too much of the time. */
    private static final int CALL_BYTES = 256 << 10;

    private final Tiled weight;
    private final NarrowType type;
    private final long address;
    /** Inputs that are multiplied at a time. */
    private final int width;

    TiledHalves(Tiled weight) {
        super(weight.columns(), weight.rows(), Short.BYTES);
        this.weight = weight;
        this.type = weight.values().dataType() == DataType.BFLOAT16 ? NarrowType.BF16 : NarrowType.F16;
        this.address = TableRows.address(weight.values());
        this.width = Math.toIntExact(weight.values().size(2));
    }

    @Override
    int outputsOfPiece(Staging.Form form, int rows) {
        if (rows >= Blas.MATRIX_ROWS) {
            return evenly(Tiled.ROWS);
        }
        int share = outputs() / WorkTeam.ofProcess().size();
        int least = Math.min(share, CALL_BYTES / (Short.BYTES * width));
        return wholeTiles(Math.max(least, super.outputsOfPiece(form, rows)));
    }

    /** Rows that are computed for so many. */
    private static int computed(int rows) {
        return Math.max(LEAST_ROWS, RowParts.computed(Math.min(rows, MOST_ROWS)));
    }

    @Override
    long work(Staging.Form form, int rows) {
        return (long) computed(rows) * outputsOfPiece(form, rows);
    }

    @Override
    void multiply(Staging staging, int from, int rows, int first, int count, Workspace space) {
        for (int done = 0; done < rows; done += MOST_ROWS) {
            multiplyFew(staging, from + done, Math.min(MOST_ROWS, rows - done), first, count, space);
        }
    }

    private void multiplyFew(Staging staging, int from, int rows, int first, int count, Workspace space) {
        int computed = computed(rows);
        // Rows beyond are others' or hold anything, so their outputs must not come among those of others.
        boolean inPlace = computed == rows;
        int step = inPlace ? outputs() : count;
        long into = inPlace
                ? staging.output(from, first)
                : space.memory.atLeast((long) computed * count).address();
        TileProduct product = space.tiles(type, computed, width, inputs());
        for (int input = 0; input < inputs(); input += width) {
            long tiles = address + Short.BYTES * ((long) input * outputs() + (long) first * width);
            product.multiply(staging.input(from) + Blas.bytes(input, 1), tiles, count, into, step, input > 0);
        }
        if (!inPlace) {
            float[] y = space.floats(0, count);
            for (int row = 0; row < rows; row++) {
                space.memory.floats().get(row * count, y, 0, count);
                staging.write(from + row, first, y, count);
            }
        }
    }

    @Override
    public String toString() {
        return "TiledHalves[" + weight + "]";
    }
}
