/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.lora4j.internal.array.Lasting;
import org.lora4j.internal.array.Region;

/**
 * Products of rows of bytes without a sign with a frozen matrix of signed bytes in tiles, {@code z = x W^T}, summed in whole
 * numbers. The tiles are read where they lie, each once. Sums beyond 2^24 may be rounded as floats are.
 *
 * <p><b>Threads.</b> One object for each, since compiled products have working memory of their own.
 *
 * @apiNote Status: internal
 */
public final class ByteProduct implements AutoCloseable {

    private static final int INPUTS_OF_PROBE = 128;
    private static final int OUTPUTS_OF_PROBE = 64;
    private static final int ROWS_OF_PROBE = 4;
    private static final int LARGEST_WEIGHT = 127;

    private final ByteTiles tiles;
    private final int rows;
    private final int inputs;
    private final engine engine = DnnlLibrary.engine();
    private final stream stream = Lasting.of(new stream(engine));
    private final Map<Integer, PlacedProduct> byOutputs = new HashMap<>();

    /**
     * Products of some sizes.
     *
     * @param tiles the way of this processor
     * @param inputs columns of x, a multiple of 64
     */
    public ByteProduct(ByteTiles tiles, int rows, int inputs) {
        this.tiles = tiles;
        this.rows = rows;
        this.inputs = inputs;
    }

    private PlacedProduct product(int outputs) {
        return byOutputs.computeIfAbsent(outputs, this::compiled);
    }

    private PlacedProduct compiled(int outputs) {
        return switch (tiles) {
            case DOT_PRODUCTS, PAIRS_OF_512_BITS ->
                new PlacedProduct(
                        engine,
                        PlacedProduct.rows(memory.data_type.u8, rows, inputs),
                        new memory.desc(
                                new long[] {inputs, outputs}, memory.data_type.s8, memory.format_tag.BA16a64b4a),
                        PlacedProduct.rows(memory.data_type.s32, rows, outputs));
            case PAIRS_OF_256_BITS -> new PlacedProduct(engine, rows, inputs, outputs, memory.format_tag.ABcd2b8a4b);
            case PAIRS_OF_128_BITS -> new PlacedProduct(engine, rows, inputs, outputs, memory.format_tag.ABcd4a4b);
        };
    }

    /** Whether this processor multiplies in a way: the largest numbers too, which are one too many where sums are too short. */
    static boolean isFast(ByteTiles tiles) {
        try (ByteProduct probe = new ByteProduct(tiles, ROWS_OF_PROBE, INPUTS_OF_PROBE)) {
            String kernel = probe.product(OUTPUTS_OF_PROBE).kernel();
            return FastKernels.contain(kernel) && probe.isRight();
        } catch (RuntimeException e) {
            // oneDNN has no such product here, and says so by an exception of no class of its own.
            return false;
        }
    }

    private boolean isRight() {
        int most = tiles.numbers() - 1;
        byte[] x = new byte[rows * inputs];
        byte[] w = new byte[inputs * OUTPUTS_OF_PROBE];
        int[] expected = new int[rows * OUTPUTS_OF_PROBE];
        for (int input = 0; input < inputs; input++) {
            for (int output = 0; output < OUTPUTS_OF_PROBE; output++) {
                int weight = output % 2 == 0 ? LARGEST_WEIGHT : (input * 5 + output * 3) % 255 - LARGEST_WEIGHT;
                w[placeOf(output, input)] = (byte) weight;
                for (int row = 0; row < rows; row++) {
                    int value = row == 0 ? most : (row + input * 11) % tiles.numbers();
                    x[row * inputs + input] = (byte) value;
                    expected[row * OUTPUTS_OF_PROBE + output] += value * weight;
                }
            }
        }
        int[] found = new int[expected.length];
        try (BytePointer rowsOfX = new BytePointer(x);
                BytePointer tilesOfW = new BytePointer(w);
                IntPointer z = new IntPointer(found)) {
            multiply(Region.of(rowsOfX), Region.of(tilesOfW), OUTPUTS_OF_PROBE, Region.of(z));
            z.get(found);
        }
        return Arrays.equals(found, expected);
    }

    private int placeOf(int output, int input) {
        int wide = tiles.outputs();
        int word = (output / wide * inputs / Integer.BYTES + input / Integer.BYTES) * wide + output % wide;
        return word * Integer.BYTES + input % Integer.BYTES;
    }

    /**
     * Multiplies.
     *
     * @param x memory of {@code [rows, inputs]}
     * @param w memory from the tiles of the first output on
     * @param outputs a multiple of 64
     * @param into memory of {@code [rows, outputs]}: ints
     * @throws IndexOutOfBoundsException if a memory is smaller
     */
    public void multiply(Region x, Region w, int outputs, Region into) {
        x.requireRows(rows, inputs, inputs, Byte.BYTES);
        w.requireRows(outputs, inputs, inputs, Byte.BYTES);
        into.requireRows(rows, outputs, outputs, Integer.BYTES);
        product(outputs).run(stream, x, w, into);
    }

    @Override
    public void close() {
        byOutputs.clear();
        stream.close();
        engine.close();
    }
}
