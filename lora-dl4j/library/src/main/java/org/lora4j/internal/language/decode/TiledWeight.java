/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.lora4j.exec.onednn.NarrowType;
import org.lora4j.exec.onednn.TileProduct;
import org.lora4j.quant.Tiled;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * A matrix in tiles. Few rows are multiplied as {@link RowParts} by instructions for such numbers; more of them make it worth to
 * turn the weight into floats.
 */
final class TiledWeight extends LinearWeight {

    /** Rows at most whose parts are multiplied. */
    private static final int MOST_ROWS = 64;
    /** Bytes without a sign times bytes with one: so many of them stay within 32 bits. */
    private static final int MOST_INPUTS = 1 << 16;

    private final Tiled weight;
    private final NarrowType type;
    private final int parts;
    private final long address;
    private final float[] scales;
    private final int[] sums;
    private final Segments segments;
    private final ConvertedWeight converted;

    TiledWeight(Tiled weight) {
        super(weight.columns(), weight.rows(), weight.values().dataType().width());
        this.weight = weight;
        this.type = type(weight);
        this.parts = type == NarrowType.BF16 ? RowParts.BF16_PARTS : RowParts.INT8_PARTS;
        this.address = TableRows.address(weight.values());
        this.scales = weight.scales().map(s -> DecodeModel.values("scales", s)).orElse(null);
        this.sums = type == NarrowType.INT8 ? sums() : null;
        this.segments = new Segments(weight.values());
        this.converted = new ConvertedWeight(new TableRows.OfStored(weight), false);
    }

    private static NarrowType type(Tiled weight) {
        return weight.values().dataType() == DataType.BFLOAT16 ? NarrowType.BF16 : NarrowType.INT8;
    }

    /** Whether products of this type are fast here. */
    static boolean fits(Tiled weight) {
        return isFast(type(weight), weight.columns());
    }

    static boolean isFast(NarrowType type, long inputs) {
        return inputs < MOST_INPUTS && type.isFast();
    }

    /** What a row of ones gives. */
    private int[] sums() {
        int[] sums = new int[outputs()];
        int step = Tiled.ROWS;
        try (TileProduct product = new TileProduct(type, 1, inputs());
                BytePointer ones = new BytePointer((long) inputs());
                IntPointer found = new IntPointer((long) step)) {
            BytePointer.memset(ones, 1, inputs());
            for (int first = 0; first < outputs(); first += step) {
                product.multiply(ones.address(), tiles(first), step, found.address());
                found.get(sums, first, step);
            }
        }
        return sums;
    }

    private long tiles(int firstOutput) {
        return address
                + (long) firstOutput * inputs() * weight.values().dataType().width();
    }

    @Override
    Staging.Form form(int rows) {
        return rows > MOST_ROWS
                ? Staging.Form.PLAIN
                : type == NarrowType.BF16 ? Staging.Form.HALVES : Staging.Form.BYTES;
    }

    @Override
    int outputsOfPiece(Staging.Form form, int rows) {
        if (form == Staging.Form.PLAIN) {
            return evenly(Tiled.ROWS);
        }
        return (super.outputsOfPiece(form, rows) + Tiled.ROWS - 1) / Tiled.ROWS * Tiled.ROWS;
    }

    @Override
    long work(Staging.Form form, int rows) {
        if (form == Staging.Form.PLAIN) {
            return type == NarrowType.BF16 ? (long) inputs() * outputsOfPiece(form, rows) : converted.work(form, rows);
        }
        return (long) parts * RowParts.computed(rows) * outputsOfPiece(form, rows);
    }

    @Override
    void multiply(Staging staging, int from, int rows, int first, int count, Workspace space) {
        if (staging.form() == Staging.Form.PLAIN) {
            if (type == NarrowType.BF16) {
                multiplyTurned(staging, from, rows, first, count, space);
            } else {
                converted.multiply(staging, from, rows, first, count, space);
            }
            return;
        }
        int computed = parts * RowParts.computed(rows);
        int length = computed * count;
        space.tiles(type, computed, inputs())
                .multiply(
                        staging.parts().row(from),
                        tiles(first),
                        count,
                        space.memory.atLeast(length).address());
        float[] y = space.floats(0, count);
        if (type == NarrowType.BF16) {
            float[] second = space.floats(1, count);
            float[] third = space.floats(2, count);
            for (int row = 0; row < rows; row++) {
                int at = row * parts * count;
                space.memory.floats().get(at, y, 0, count);
                space.memory.floats().get(at + count, second, 0, count);
                space.memory.floats().get(at + 2 * count, third, 0, count);
                sum(y, second, third, count);
                staging.write(from + row, first, y, count);
            }
        } else {
            for (int row = 0; row < rows; row++) {
                double unit = staging.parts().unitOf(from + row);
                space.int8.add(space.memory.ints(), row * parts * count, sums, scales, first, unit, y, count);
                staging.write(from + row, first, y, count);
            }
        }
    }

    /**
     * The tiles of some outputs become {@code [inputs, outputs]} in F32: words of one step lie beside each other, so that
     * nothing is exchanged.
     */
    private void multiplyTurned(Staging staging, int from, int rows, int first, int count, Workspace space) {
        int width = inputs() / 2;
        int[] stored = space.ints(3 * count);
        space.memory.atLeast((long) inputs() * count);
        for (int step = 0; step < width; step++) {
            for (int block = 0; block < count; block += Tiled.ROWS) {
                long word = (long) (first + block) * width + (long) step * Tiled.ROWS;
                segments.read(word, stored, block, Tiled.ROWS);
            }
            split(stored, count);
            space.memory.ints().put(2 * step * count, stored, count, 2 * count);
        }
        space.blas.byColumns(
                staging.input(from),
                inputs(),
                rows,
                space.memory.address(),
                count,
                inputs(),
                count,
                0,
                staging.output(from, first),
                outputs());
    }

    /** Words, then the bits of their lower halves as floats, then those of the upper ones. */
    private static void split(int[] words, int n) {
        for (int i = 0; i < n; i++) {
            words[n + i] = words[i] << Short.SIZE;
        }
        for (int i = 0; i < n; i++) {
            words[2 * n + i] = words[i] & 0xFFFF0000;
        }
    }

    /** Adds the smallest parts first. HotSpot makes vector code of it, as all arrays are read at one index. */
    private static void sum(float[] y, float[] second, float[] third, int n) {
        for (int i = 0; i < n; i++) {
            y[i] += second[i] + third[i];
        }
    }

    @Override
    public String toString() {
        return "TiledWeight[" + weight + "]";
    }
}
