/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import java.util.HashMap;
import java.util.Map;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.stream;
import org.lora4j.internal.array.Lasting;
import org.lora4j.internal.array.Region;

/**
 * Products of rows in F32 with a frozen matrix of BF16 or F16 in tiles of 64 outputs, {@code z = x W^T}: weights become F32 in
 * registers. The tiles are read where they lie, each once.
 *
 * <p>oneDNN's product of that kind goes over the inputs in steps of 512. For the second step it looks in a wrong place: it
 * counts inputs in 32s, as it does for two numbers of 16 bits in a word, while the layout that it asks for has blocks of 16
 * (3.11 to 3.14, {@code get_wei_k_blk} in {@code brgemm_matmul_utils.cpp}). So more inputs are products of their own here, and
 * the results added.
 *
 * <p><b>Threads.</b> One object for each, since compiled products have working memory of their own.
 *
 * @apiNote Status: internal
 */
public final class TileProduct implements AutoCloseable {

    private static final int OUTPUTS = 64;

    /** Inputs at most. */
    public static final int MOST_INPUTS = 512;

    private final NarrowType type;
    private final int rows;
    private final int inputs;
    private final int stepOfX;
    private final engine engine = DnnlLibrary.engine();
    private final stream stream = Lasting.of(new stream(engine));
    private final Map<Target, PlacedProduct> byTarget = new HashMap<>();

    /** How many outputs, how far apart those of two rows begin, and whether something is there to be added to. */
    private record Target(int outputs, int step, boolean adds) {}

    /** The kernel that this processor has for a type. */
    static String kernel(NarrowType type) {
        try (TileProduct probe = new TileProduct(type, 1, OUTPUTS, OUTPUTS)) {
            return probe.product(new Target(OUTPUTS, OUTPUTS, false)).kernel();
        }
    }

    /**
     * Products of some sizes.
     *
     * @param type BF16 or F16
     * @param inputs columns of x, at most {@value #MOST_INPUTS}
     */
    public TileProduct(NarrowType type, int rows, int inputs, int stepOfX) {
        this.type = type;
        this.rows = rows;
        this.inputs = inputs;
        this.stepOfX = stepOfX;
    }

    private PlacedProduct product(Target target) {
        return byTarget.computeIfAbsent(target, this::compiled);
    }

    private PlacedProduct compiled(Target target) {
        return new PlacedProduct(
                engine,
                PlacedProduct.rows(memory.data_type.f32, rows, inputs, stepOfX),
                new memory.desc(
                        new long[] {inputs, target.outputs()}, RowProduct.typeOf(type), memory.format_tag.BA16a64b),
                PlacedProduct.rows(memory.data_type.f32, rows, target.outputs(), target.step()),
                target.adds() ? PlacedProduct.Extra.SUM : PlacedProduct.Extra.NONE);
    }

    /**
     * Multiplies.
     *
     * @param x memory of {@code [rows, inputs]}
     * @param tiles memory from the tiles of the first output on
     * @param outputs a multiple of 64
     * @param into memory of {@code [rows, outputs]}
     * @param step from one row of them to the next
     * @param adds whether to add to what is there
     * @throws IndexOutOfBoundsException if a memory is smaller
     */
    public void multiply(Region x, Region tiles, int outputs, Region into, int step, boolean adds) {
        x.requireRows(rows, stepOfX, inputs, Float.BYTES);
        tiles.requireRows(outputs, inputs, inputs, type.bytes());
        into.requireRows(rows, step, outputs, Float.BYTES);
        product(new Target(outputs, step, adds)).run(stream, x, tiles, into);
    }

    @Override
    public void close() {
        byTarget.clear();
        stream.close();
        engine.close();
    }
}
