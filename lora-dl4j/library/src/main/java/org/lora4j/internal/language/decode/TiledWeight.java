/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.lora4j.exec.onednn.NarrowType;
import org.lora4j.exec.onednn.TileProduct;
import org.lora4j.quant.HalfPrecision;
import org.lora4j.quant.Int8;
import org.lora4j.quant.StoredWeight;
import org.lora4j.quant.Tiled;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A matrix in tiles. Rows in F32 are multiplied with BF16 and F16, a part of them after the other, so that few products have to
 * be compiled. INT8 has {@link RowParts} of few rows, by instructions for bytes; more of them make it worth to turn the weight
 * into floats.
 */
final class TiledWeight extends LinearWeight {

    /** Rows at most that are multiplied at a time. */
    private static final int MOST_ROWS = 64;
    /** Rows of F32 at least: oneDNN takes longer for fewer. */
    private static final int LEAST_ROWS = 4;
    /** Bytes of 16 bits that a call reads at least: with fewer, calls take too much of the time. */
    private static final int CALL_BYTES = 256 << 10;
    /** Bytes without a sign times bytes with one: so many of them stay within 32 bits. */
    private static final int MOST_INPUTS = 1 << 16;

    private final Tiled weight;
    private final NarrowType type;
    private final long address;
    /** The inputs of 16 bits that are multiplied at a time. */
    private final int width;

    private final float[] scales;
    private final int[] sums;
    private final ConvertedWeight converted;

    TiledWeight(Tiled weight) {
        super(weight.columns(), weight.rows(), weight.values().dataType().width());
        this.weight = weight;
        this.type = type(weight);
        this.address = TableRows.address(weight.values());
        this.width = type == NarrowType.INT8
                ? inputs()
                : Math.toIntExact(weight.values().size(2));
        this.scales = weight.scales().map(s -> DecodeModel.values("scales", s)).orElse(null);
        this.sums = type == NarrowType.INT8 ? sums() : null;
        this.converted = new ConvertedWeight(new TableRows.OfStored(weight), false);
    }

    /** The type of a weight that is in tiles or fits them. */
    static NarrowType type(StoredWeight weight) {
        INDArray values = weight instanceof Tiled tiled
                ? tiled.values()
                : weight instanceof HalfPrecision half ? half.values() : ((Int8) weight).values();
        return switch (values.dataType()) {
            case BFLOAT16 -> NarrowType.BF16;
            case HALF -> NarrowType.F16;
            default -> NarrowType.INT8;
        };
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
        try (TileProduct product = new TileProduct(type, 1, inputs(), inputs());
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
        return address + (long) firstOutput * width * weight.values().dataType().width();
    }

    @Override
    Staging.Form form(int rows) {
        return type == NarrowType.INT8 && rows <= MOST_ROWS ? Staging.Form.BYTES : Staging.Form.PLAIN;
    }

    @Override
    int outputsOfPiece(Staging.Form form, int rows) {
        if (rows >= Blas.MATRIX_ROWS) {
            return evenly(Tiled.ROWS);
        }
        int outputs = super.outputsOfPiece(form, rows);
        if (type != NarrowType.INT8) {
            int share = outputs() / WorkTeam.ofProcess().size();
            outputs = Math.max(outputs, Math.min(share, CALL_BYTES / (Short.BYTES * width)));
        }
        return (outputs + Tiled.ROWS - 1) / Tiled.ROWS * Tiled.ROWS;
    }

    /** Rows of F32 that are computed for so many. */
    private static int computedFloats(int rows) {
        return Math.max(LEAST_ROWS, RowParts.computed(Math.min(rows, MOST_ROWS)));
    }

    @Override
    long work(Staging.Form form, int rows) {
        if (type != NarrowType.INT8) {
            return (long) computedFloats(rows) * outputsOfPiece(form, rows);
        }
        return form == Staging.Form.PLAIN
                ? converted.work(form, rows)
                : (long) RowParts.INT8_PARTS * RowParts.computed(rows) * outputsOfPiece(form, rows);
    }

    @Override
    void multiply(Staging staging, int from, int rows, int first, int count, Workspace space) {
        if (type != NarrowType.INT8) {
            for (int done = 0; done < rows; done += MOST_ROWS) {
                multiplyFloats(staging, from + done, Math.min(MOST_ROWS, rows - done), first, count, space);
            }
        } else if (staging.form() == Staging.Form.PLAIN) {
            converted.multiply(staging, from, rows, first, count, space);
        } else {
            multiplyBytes(staging, from, rows, first, count, space);
        }
    }

    private void multiplyFloats(Staging staging, int from, int rows, int first, int count, Workspace space) {
        int computed = computedFloats(rows);
        // Rows beyond are others' or hold anything, so their outputs must not come among those of others.
        boolean inPlace = computed == rows;
        int step = inPlace ? outputs() : count;
        long into = inPlace
                ? staging.output(from, first)
                : space.memory.atLeast((long) computed * count).address();
        TileProduct product = space.tiles(type, computed, width, inputs());
        for (int input = 0; input < inputs(); input += width) {
            product.multiply(
                    staging.input(from) + Blas.bytes(input, 1),
                    tiles(first) + (long) input * outputs() * Short.BYTES,
                    count,
                    into,
                    step,
                    input > 0);
        }
        if (!inPlace) {
            float[] y = space.floats(0, count);
            for (int row = 0; row < rows; row++) {
                space.memory.floats().get(row * count, y, 0, count);
                staging.write(from + row, first, y, count);
            }
        }
    }

    private void multiplyBytes(Staging staging, int from, int rows, int first, int count, Workspace space) {
        int parts = RowParts.INT8_PARTS;
        int computed = parts * RowParts.computed(rows);
        long result = space.memory.atLeast((long) computed * count).address();
        space.tiles(type, computed, inputs(), inputs())
                .multiply(staging.parts().row(from), tiles(first), count, result, count, false);
        float[] y = space.floats(0, count);
        for (int row = 0; row < rows; row++) {
            double unit = staging.parts().unitOf(from + row);
            space.int8.add(space.memory.ints(), row * parts * count, sums, scales, first, unit, y, count);
            staging.write(from + row, first, y, count);
        }
    }

    @Override
    public String toString() {
        return "TiledWeight[" + weight + "]";
    }
}
