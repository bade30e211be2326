/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.javacpp.IntPointer;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.Region;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A matrix of BFLOAT16 or FLOAT16, or of 8 bits with a scale for each row, in the order in which instructions read it that
 * multiply it with a row of numbers. The values are those of {@link HalfPrecision} and {@link Int8}, and the memory too.
 *
 * <p>Of 16 bits, the values of a column in 64 rows lie beside each other, then those of the next column; oneDNN knows this as
 * {@code BA16a64b}. Columns beyond {@value #MOST_COLUMNS} are parted into equal parts, which lie one behind the other. Of 8
 * bits, it is 4 neighboring values of a row in 64 rows, as dot products (VNNI) take them: {@code BA16a64b4a}; in 8 rows for
 * AVX2 without VNNI, or in 4 for SSE 4.1.
 *
 * <p>What it is for: a product with one row of numbers reads each value once, so putting values into that order on the way
 * costs more than the product. Reading values here is slower than where they lie row by row.
 *
 * @param values BFLOAT16 or FLOAT16 {@code [parts, rows / 64, columns / parts, 64]}, or INT8 {@code [rows / r, columns / 64, 16,
 *     r, 4]} with 64, 8 or 4 for r, in 'c' order, which nobody writes to
 * @param scales FLOAT {@code [rows, 1]} for INT8
 * @apiNote Status: experimental
 */
public record Tiled(INDArray values, Optional<INDArray> scales) implements StoredWeight {

    /** Rows of a tile of 16 bits, and at most of one of 8 bits. */
    public static final int ROWS = 64;

    private static final Set<Integer> ROWS_OF_BYTES = Set.of(4, 8, ROWS);

    /** Columns of a part at most. */
    public static final int MOST_COLUMNS = 512;

    private static final int STEPS = 16;
    /** Columns that are read at a time, for one row after the other: a line of the cache is written at once. */
    private static final int LINE = 16;

    /** The axis of the rows of a tile. */
    private static final int TILE_AXIS = 3;
    /** From so many rows of a tile on, all of it is read at once. */
    private static final int MANY = 8;

    private static final int UPPER = 0xFFFF0000;
    private static final int LOWER = 0xFFFF;
    private static final ThreadLocal<int[]> WORDS = ThreadLocal.withInitial(() -> new int[0]);

    /**
     * Checks that the arrays belong together.
     *
     * @param values as {@link #values()} says
     * @param scales FLOAT {@code [rows, 1]} for INT8
     * @throws IllegalArgumentException if they do not
     */
    public Tiled {
        long[] shape = values.shape();
        boolean fits = switch (values.dataType()) {
            case BFLOAT16, HALF ->
                shape.length == 4
                        && shape[2] % STEPS == 0
                        && shape[2] <= MOST_COLUMNS
                        && shape[3] == ROWS
                        && scales.isEmpty();
            case BYTE ->
                shape.length == 5
                        && shape[2] == STEPS
                        && ROWS_OF_BYTES.contains((int) shape[3])
                        && shape[4] == Integer.BYTES
                        && scales.isPresent()
                        && scales.get().dataType() == DataType.FLOAT
                        && Arrays.equals(scales.get().shape(), new long[] {shape[0] * shape[3], 1});
            default -> false;
        };
        if (!fits || !DenseArray.isRowMajor(values)) {
            throw new IllegalArgumentException(
                    "Tiled: values " + values.dataType() + Arrays.toString(shape)
                            + " with scales "
                            + scales.map(s -> Arrays.toString(s.shape())).orElse("none")
                            + "; expected BFLOAT16 or HALF[parts, rows / 64, columns / parts, 64] without, or BYTE[rows / r,"
                            + " columns / 64, 16, r, 4], r being 64, 8 or 4, with FLOAT[rows, 1]. Make it of a HalfPrecision or an Int8.");
        }
    }

    /**
     * Whether a weight consists of whole tiles.
     *
     * @param weight a weight
     * @return true for 16 bits, and for 8 bits with scales for rows, of a multiple of 64 rows and 16 or 64 columns
     */
    public static boolean fits(StoredWeight weight) {
        boolean bytes = weight instanceof Int8 int8 && int8.outputAxis() == 0 && DenseArray.isRowMajor(int8.values());
        return (bytes || weight instanceof HalfPrecision)
                && weight.rows() % ROWS == 0
                && weight.columns() % (bytes ? STEPS * Integer.BYTES : STEPS) == 0;
    }

    /**
     * Lays the values of a weight out anew in the memory where they are, so that none is needed beside it. The weight that is
     * given, and its array of values, must not be used any more.
     *
     * @param weight a weight that {@link #fits}, whose array is no view and nobody else's
     * @param rowsOfTile 64, or, for 8 bits, 8 or 4
     * @return the weight in tiles
     * @throws IllegalArgumentException if it does not fit
     */
    public static Tiled overwriting(StoredWeight weight, int rowsOfTile) {
        boolean isRows = weight instanceof Int8 ? ROWS_OF_BYTES.contains(rowsOfTile) : rowsOfTile == ROWS;
        if (!fits(weight) || !isRows) {
            throw new IllegalArgumentException(
                    "Tiled: " + weight + " in tiles of " + rowsOfTile
                            + " rows; expected a weight of whole tiles of 64 rows, or, for 8 bits, of 8 or 4. Ask fits() first.");
        }
        long blocks = weight.rows() / rowsOfTile;
        long columns = weight.columns();
        if (weight instanceof Int8 int8) {
            int width = Math.toIntExact(columns / Integer.BYTES);
            reorder(int8.values(), blocks, rowsOfTile * width, (before, after) -> {
                exchangeWords(before, after, rowsOfTile, width);
            });
            long[] shape = {blocks, columns / (STEPS * Integer.BYTES), STEPS, rowsOfTile, Integer.BYTES};
            return new Tiled(int8.values().reshape('c', shape), Optional.of(int8.scales()));
        }
        INDArray values = ((HalfPrecision) weight).values();
        int width = Math.toIntExact(columns / 2);
        reorder(values, blocks, ROWS * width, (before, after) -> exchangeHalves(before, after, width));
        int parts = parts(columns);
        int wordsOfPart = Math.toIntExact(columns / parts * ROWS / 2);
        turn(values, blocks, parts, wordsOfPart);
        return new Tiled(values.reshape('c', parts, blocks, columns / parts, ROWS), Optional.empty());
    }

    /** The fewest equal parts. */
    private static int parts(long columns) {
        int parts = Math.toIntExact((columns + MOST_COLUMNS - 1) / MOST_COLUMNS);
        while (columns % ((long) STEPS * parts) != 0) {
            parts++;
        }
        return parts;
    }

    /** Puts the words of some rows in another order. */
    private interface Exchange {
        void apply(int[] before, int[] after);
    }

    private static void reorder(INDArray array, long blocks, int words, Exchange exchange) {
        int[] before = new int[words];
        int[] after = new int[words];
        IntPointer memory = words(array);
        for (long block = 0; block < blocks; block++) {
            at(memory, block * before.length, words).get(before, 0, words);
            exchange.apply(before, after);
            memory.put(after, 0, words);
        }
    }

    private static void exchangeWords(int[] before, int[] after, int rows, int width) {
        for (int row = 0; row < rows; row++) {
            for (int step = 0; step < width; step++) {
                after[step * rows + row] = before[row * width + step];
            }
        }
    }

    /** Two columns of two rows at a time, which are two words in either order. */
    private static void exchangeHalves(int[] before, int[] after, int width) {
        for (int row = 0; row < ROWS; row += 2) {
            for (int step = 0; step < width; step++) {
                int first = before[row * width + step];
                int second = before[(row + 1) * width + step];
                int at = step * ROWS + row / 2;
                after[at] = first & LOWER | second << Short.SIZE;
                after[at + ROWS / 2] = first >>> Short.SIZE | second & UPPER;
            }
        }
    }

    /** From the parts of each block to the blocks of each part, where they lie: whatever is in a place goes to its own first. */
    private static void turn(INDArray array, long blocks, int parts, int words) {
        int count = Math.toIntExact(blocks * parts);
        BitSet done = new BitSet(count);
        int[] moved = new int[words];
        int[] met = new int[words];
        IntPointer memory = words(array);
        for (int start = done.nextClearBit(0); start < count; start = done.nextClearBit(start)) {
            at(memory, (long) start * words, words).get(moved, 0, words);
            int place = start;
            do {
                place = Math.toIntExact(place % parts * blocks + place / parts);
                at(memory, (long) place * words, words).get(met, 0, words);
                memory.put(moved, 0, words);
                int[] next = met;
                met = moved;
                moved = next;
                done.set(place);
            } while (place != start);
        }
    }

    /** The memory of an array, with its end as the limit. */
    private static IntPointer words(INDArray array) {
        long start = array.offset() * array.dataType().width() / Integer.BYTES;
        long words = Region.of(array).bytes() / Integer.BYTES;
        return new IntPointer(array.data().pointer())
                .getPointer(IntPointer.class, start)
                .limit(words);
    }

    /** Some words of a memory, which native code would not look for the end of. */
    private static IntPointer at(IntPointer memory, long from, int words) {
        Objects.checkFromIndexSize(from, words, memory.limit());
        return memory.position(from);
    }

    /**
     * Rows of a tile.
     *
     * @return 64, 8 or 4
     */
    public int rowsOfTile() {
        return (int) values.size(TILE_AXIS);
    }

    @Override
    public long rows() {
        return values.size(scales.isPresent() ? 0 : 1) * rowsOfTile();
    }

    @Override
    public long columns() {
        return scales.isPresent() ? values.size(1) * STEPS * Integer.BYTES : values.size(0) * values.size(2);
    }

    @Override
    public String form() {
        String type = scales.isPresent() ? "INT8" : HalfPrecision.nameOf(values.dataType());
        return type + " (in tiles for this processor)";
    }

    @Override
    public long bytes() {
        return values.length() * values.dataType().width()
                + scales.map(s -> s.length() * Float.BYTES).orElse(0L);
    }

    @Override
    public void read(long first, int count, float[] into) {
        int rows = rowsOfTile();
        for (int done = 0; done < count; ) {
            int from = (int) ((first + done) % rows);
            int now = Math.min(count - done, rows - from);
            long block = (first + done) / rows;
            if (scales.isPresent()) {
                readBytes(block, from, now, into, done);
            } else {
                readHalves(block, from, now, into, done);
            }
            done += now;
        }
    }

    @Override
    public void read(long first, long count, INDArray into) {
        // Part of a tile takes as long as all of it.
        Weights.read(this, first, count, rowsOfTile(), into);
    }

    /** Words of a block, or those that some rows of it have values in; a word has values of so many rows. */
    private static int[] fetch(IntPointer memory, int words, int from, int now, int every, int perWord) {
        int[] fetched = WORDS.get();
        if (fetched.length < words) {
            fetched = new int[words];
            WORDS.set(fetched);
        }
        if (now >= Math.min(MANY, every * perWord)) {
            memory.get(fetched, 0, words);
            return fetched;
        }
        for (int row = from; row < from + now; row++) {
            for (int at = row / perWord; at < words; at += every) {
                fetched[at] = memory.get(at);
            }
        }
        return fetched;
    }

    private void readBytes(long block, int from, int now, float[] into, int done) {
        int columns = (int) columns();
        int width = columns / Integer.BYTES;
        int rows = rowsOfTile();
        int[] words = fetch(at(words(values), block * rows * width, rows * width), rows * width, from, now, rows, 1);
        float[] scale = new float[now];
        DenseArray.rowMajor(scales.orElseThrow()).read(block * rows + from, scale, now);
        for (int step = 0; step < width; step += LINE / Integer.BYTES) {
            for (int row = 0; row < now; row++) {
                int at = (done + row) * columns + step * Integer.BYTES;
                bytes(words, step * rows + from + row, rows, scale[row], into, at);
            }
        }
    }

    private static void bytes(int[] words, int first, int every, float scale, float[] into, int at) {
        for (int step = 0; step < LINE / Integer.BYTES; step++) {
            int word = words[first + step * every];
            int to = at + Integer.BYTES * step;
            into[to] = (byte) word * scale;
            into[to + 1] = (byte) (word >> Byte.SIZE) * scale;
            into[to + 2] = (byte) (word >> 2 * Byte.SIZE) * scale;
            into[to + 3] = (word >> 3 * Byte.SIZE) * scale;
        }
    }

    private void readHalves(long block, int from, int now, float[] into, int done) {
        int columns = (int) columns();
        int width = (int) values.size(2);
        int words = width * ROWS / 2;
        for (int part = 0; part < values.size(0); part++) {
            long start = (part * values.size(1) + block) * words;
            int[] fetched = fetch(at(words(values), start, words), words, from, now, ROWS / 2, 2);
            for (int column = 0; column < width; column += LINE) {
                readLines(fetched, column * ROWS / 2, from, now, into, done * columns + part * width + column);
            }
        }
    }

    /** So many columns of some rows. */
    private void readLines(int[] words, int first, int from, int now, float[] into, int at) {
        boolean brain = values.dataType() == DataType.BFLOAT16;
        int columns = (int) columns();
        int row = 0;
        while (row < now) {
            int word = first + (from + row) / 2;
            int to = at + row * columns;
            boolean upper = (from + row) % 2 == 1;
            if (!upper && row + 1 < now) {
                if (brain) {
                    brains(words, word, into, to, to + columns);
                } else {
                    halves(words, word, into, to, to + columns);
                }
                row += 2;
            } else {
                single(words, word, upper ? Short.SIZE : 0, brain, into, to);
                row++;
            }
        }
    }

    private static void brains(int[] words, int word, float[] into, int first, int second) {
        for (int i = 0; i < LINE; i++) {
            int both = words[word + i * (ROWS / 2)];
            into[first + i] = Float.intBitsToFloat(both << Short.SIZE);
            into[second + i] = Float.intBitsToFloat(both & UPPER);
        }
    }

    private static void halves(int[] words, int word, float[] into, int first, int second) {
        for (int i = 0; i < LINE; i++) {
            int both = words[word + i * (ROWS / 2)];
            into[first + i] = HalfPrecision.half(both);
            into[second + i] = HalfPrecision.half(both >>> Short.SIZE);
        }
    }

    private static void single(int[] words, int word, int shift, boolean brain, float[] into, int at) {
        for (int i = 0; i < LINE; i++) {
            int bits = words[word + i * (ROWS / 2)] >>> shift;
            into[at + i] = brain ? Float.intBitsToFloat(bits << Short.SIZE) : HalfPrecision.half(bits);
        }
    }

    @Override
    public String toString() {
        return "Tiled" + values.dataType() + "[" + rows() + ", " + columns() + "]";
    }
}
