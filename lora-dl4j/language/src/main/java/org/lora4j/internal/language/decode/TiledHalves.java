/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import org.lora4j.internal.array.Region;
import org.lora4j.internal.onednn.NarrowType;
import org.lora4j.internal.onednn.RowProduct;
import org.lora4j.quant.Tiled;

/** A matrix of BFLOAT16 or HALF in tiles, multiplied with rows in F32. */
final class TiledHalves extends LinearWeight {

    /** Bytes that a call reads at least: with fewer, calls take too much of the time. */
    private static final int CALL_BYTES = 256 << 10;

    private final Tiled weight;
    private final NarrowType type;
    private final Region values;
    /** Inputs that are multiplied at a time. */
    private final int width;

    TiledHalves(Tiled weight) {
        super(weight.columns(), weight.rows(), Short.BYTES);
        this.weight = weight;
        this.type = NarrowWeight.type(weight.values().dataType());
        this.values = Region.of(weight.values());
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

    @Override
    long work(Staging.Form form, int rows) {
        return BlockedProducts.work(rows, type.leastRows(), outputsOfPiece(form, rows));
    }

    @Override
    void multiply(Staging staging, int from, int rows, int first, int count, Workspace space) {
        BlockedProducts.multiply(
                staging,
                from,
                rows,
                type.leastRows(),
                first,
                count,
                outputs(),
                0,
                space,
                (x, some, into, step) -> multiply(x, some, first, count, into, step, space));
    }

    private void multiply(Region x, int rows, int first, int count, Region into, int step, Workspace space) {
        boolean inRegisters = rows <= type.mostRowsOfTiles();
        for (int input = 0; input < inputs(); input += width) {
            Region from = x.from(Blas.bytes(input, 1));
            Region tiles = values.from(Short.BYTES * ((long) input * outputs() + (long) first * width));
            if (inRegisters) {
                space.tiles(type, rows, width, inputs()).multiply(from, tiles, count, into, step, input > 0);
            } else {
                RowProduct product = space.rows(type, rows, width, inputs());
                // A tile is a matrix that has its inputs first.
                for (int done = 0; done < count; done += Tiled.ROWS) {
                    product.multiply(
                            from,
                            tiles.from((long) Short.BYTES * done * width),
                            true,
                            Tiled.ROWS,
                            null,
                            Tiled.ROWS,
                            into.from(Blas.bytes(done, 1)),
                            step,
                            input > 0);
                }
            }
        }
    }

    @Override
    public String toString() {
        return "TiledHalves[" + weight + "]";
    }
}
