/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.javacpp.IntPointer;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A matrix of BFLOAT16 or of 8 bits with a scale for each row, in the order in which instructions for dot products of such
 * numbers read it (AVX512-BF16, AVX512-VNNI). A word of 4 bytes holds 2 or 4 neighboring values of a row, and a tile of 4 KB
 * the 16 words of each of 64 rows: the first word of all 64, then the second of all. oneDNN knows this as {@code BA16a64b2a}
 * and {@code BA16a64b4a}. The values are those of {@link HalfPrecision} and {@link Int8}, and the memory too.
 *
 * <p>What it is for: a product with one row of numbers reads each value once, so putting values into that order on the way
 * costs more than the product. Reading values here is slower than where they lie row by row.
 *
 * @param values BFLOAT16 or INT8 {@code [rows / 64, columns / (16 n), 16, 64, n]} in 'c' order, n = 2 or 4, which nobody
 *     writes to
 * @param scales FLOAT {@code [rows, 1]} for INT8
 * @apiNote Status: experimental
 */
public record Tiled(INDArray values, Optional<INDArray> scales) implements StoredWeight {

    /** Rows of a tile. */
    public static final int ROWS = 64;

    private static final int STEPS = 16;
    /** From so many rows of a tile on, all of it is read at once. */
    private static final int MANY = 8;

    private static final int UPPER = 0xFFFF0000;
    private static final ThreadLocal<int[]> WORDS = ThreadLocal.withInitial(() -> new int[0]);

    /**
     * Checks that the arrays belong together.
     *
     * @param values BFLOAT16 or INT8 {@code [rows / 64, columns / (16 n), 16, 64, n]}
     * @param scales FLOAT {@code [rows, 1]} for INT8
     * @throws IllegalArgumentException if they do not
     */
    public Tiled {
        long[] shape = values.shape();
        boolean fits = (values.dataType() == DataType.BFLOAT16 || values.dataType() == DataType.INT8)
                && shape.length == 5
                && shape[2] == STEPS
                && shape[3] == ROWS
                && shape[4] == perWord(values.dataType())
                && DenseArray.isRowMajor(values)
                && scales.isPresent() == (values.dataType() == DataType.INT8)
                && scales.stream()
                        .allMatch(s -> s.dataType() == DataType.FLOAT
                                && Arrays.equals(s.shape(), new long[] {shape[0] * ROWS, 1}));
        if (!fits) {
            throw new IllegalArgumentException("Tiled: values " + values.dataType() + Arrays.toString(shape)
                    + " with scales "
                    + scales.map(s -> Arrays.toString(s.shape())).orElse("none")
                    + "; expected BFLOAT16[rows / 64, columns / 32, 16, 64, 2] without, or BYTE[rows / 64, columns / 64,"
                    + " 16, 64, 4] with FLOAT[rows, 1]. Make it of a HalfPrecision or an Int8.");
        }
    }

    private static int perWord(DataType type) {
        return Integer.BYTES / type.width();
    }

    /**
     * Whether a weight consists of whole tiles.
     *
     * @param weight a weight
     * @return true for BFLOAT16, and for 8 bits with scales for rows, of a multiple of 64 rows and 32 or 64 columns
     */
    public static boolean fits(StoredWeight weight) {
        DataType type = type(weight);
        return type != null && weight.rows() % ROWS == 0 && weight.columns() % (STEPS * perWord(type)) == 0;
    }

    private static DataType type(StoredWeight weight) {
        if (weight instanceof HalfPrecision half && half.values().dataType() == DataType.BFLOAT16) {
            return DataType.BFLOAT16;
        }
        return weight instanceof Int8 bytes && bytes.outputAxis() == 0 && DenseArray.isRowMajor(bytes.values())
                ? DataType.INT8
                : null;
    }

    /**
     * Lays the values of a weight out anew in the memory where they are, so that none is needed beside it. The weight that is
     * given, and its array of values, must not be used any more.
     *
     * @param weight a weight that {@link #fits}, whose array is no view and nobody else's
     * @return the weight in tiles
     * @throws IllegalArgumentException if it does not fit
     */
    public static Tiled overwriting(StoredWeight weight) {
        DataType type = type(weight);
        if (!fits(weight)) {
            throw new IllegalArgumentException(
                    "Tiled: " + weight + "; expected a weight of whole tiles. Ask fits() first.");
        }
        INDArray plain = weight instanceof Int8 bytes ? bytes.values() : ((HalfPrecision) weight).values();
        int width = Math.toIntExact(weight.columns() / perWord(type));
        reorder(plain, weight.rows(), width, true);
        long[] shape = {weight.rows() / ROWS, width / STEPS, STEPS, ROWS, perWord(type)};
        return new Tiled(
                plain.reshape('c', shape),
                weight instanceof Int8 bytes ? Optional.of(bytes.scales()) : Optional.empty());
    }

    /**
     * The values row by row, in the type in which they are stored.
     *
     * @return a new array {@code [rows, columns]}; to be multiplied by the scales, if there are any
     */
    public INDArray rowByRow() {
        INDArray copy = values.dup('c').reshape('c', rows(), columns());
        reorder(copy, rows(), wordsOfRow(), false);
        return copy;
    }

    /** Exchanges words of each 64 rows; {@code width} are the words of a row. */
    private static void reorder(INDArray array, long rows, int width, boolean intoTiles) {
        int[] before = new int[ROWS * width];
        int[] after = new int[before.length];
        IntPointer memory = words(array);
        for (long first = 0; first < rows; first += ROWS) {
            memory.position(first * width).get(before, 0, before.length);
            for (int row = 0; row < ROWS; row++) {
                for (int step = 0; step < width; step++) {
                    int plain = row * width + step;
                    int tiled = step * ROWS + row;
                    after[intoTiles ? tiled : plain] = before[intoTiles ? plain : tiled];
                }
            }
            memory.put(after, 0, after.length);
        }
    }

    private static IntPointer words(INDArray array) {
        long start = array.offset() * array.dataType().width() / Integer.BYTES;
        return new IntPointer(array.data().pointer()).getPointer(IntPointer.class, start);
    }

    private int wordsOfRow() {
        return Math.toIntExact(values.size(1) * STEPS);
    }

    @Override
    public long rows() {
        return values.size(0) * ROWS;
    }

    @Override
    public long columns() {
        return wordsOfRow() * values.size(4);
    }

    @Override
    public long bytes() {
        return values.length() * values.dataType().width()
                + scales.map(s -> s.length() * Float.BYTES).orElse(0L);
    }

    @Override
    public void read(long first, int count, float[] into) {
        int width = wordsOfRow();
        int columns = (int) columns();
        IntPointer memory = words(values);
        int[] words = WORDS.get();
        if (words.length < ROWS * width) {
            words = new int[ROWS * width];
            WORDS.set(words);
        }
        float[] scale = new float[count];
        if (scales.isPresent()) {
            DenseArray.rowMajor(scales.get()).read(first, scale, count);
        }
        for (int done = 0; done < count; ) {
            int from = (int) ((first + done) % ROWS);
            int now = Math.min(count - done, ROWS - from);
            long block = (first + done) / ROWS * ROWS * width;
            if (now >= MANY) {
                memory.position(block).get(words, 0, ROWS * width);
            } else {
                for (int row = from; row < from + now; row++) {
                    for (int step = 0; step < width; step++) {
                        words[step * ROWS + row] = memory.position(block).get(step * ROWS + row);
                    }
                }
            }
            for (int row = from; row < from + now; row++) {
                int at = (done + row - from) * columns;
                if (scales.isPresent()) {
                    bytes(words, row, width, into, at, scale[done + row - from]);
                } else {
                    halves(words, row, width, into, at);
                }
            }
            done += now;
        }
    }

    private static void halves(int[] words, int row, int width, float[] into, int at) {
        for (int step = 0; step < width; step++) {
            int word = words[step * ROWS + row];
            into[at + 2 * step] = Float.intBitsToFloat(word << Short.SIZE);
            into[at + 2 * step + 1] = Float.intBitsToFloat(word & UPPER);
        }
    }

    private static void bytes(int[] words, int row, int width, float[] into, int at, float scale) {
        for (int step = 0; step < width; step++) {
            int word = words[step * ROWS + row];
            for (int i = 0; i < Integer.BYTES; i++) {
                into[at + Integer.BYTES * step + i] = (byte) (word >> Byte.SIZE * i) * scale;
            }
        }
    }

    @Override
    public String toString() {
        return "Tiled" + values.dataType() + "[" + rows() + ", " + columns() + "]";
    }
}
