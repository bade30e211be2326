/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import java.util.HashMap;
import java.util.Map;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.stream;

/**
 * Products of rows with a frozen matrix in tiles of 64 outputs, {@code z = x W^T}: rows in F32 with BF16 or F16, which become
 * F32 in registers, or bytes without a sign with INT8, summed in whole numbers. The tiles are read where they lie, each once.
 *
 * <p>oneDNN's product of F32 with 16 bits goes over the inputs in steps of 512. For the second step it looks in a wrong place: it
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

    /** Inputs of 16 bits at most. */
    public static final int MOST_INPUTS = 512;

    private final NarrowType type;
    private final int rows;
    private final int inputs;
    private final int stepOfX;
    private final engine engine = new engine(org.bytedeco.dnnl.engine.kind.cpu, 0);
    private final stream stream = new stream(engine);
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
     * @param type BF16, F16 or INT8
     * @param rows rows of x
     * @param inputs columns of x, at most {@value #MOST_INPUTS} for 16 bits
     * @param stepOfX from one row of x to the next
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
        boolean bytes = type == NarrowType.INT8;
        memory.data_type ofTiles =
                bytes ? memory.data_type.s8 : type == NarrowType.BF16 ? memory.data_type.bf16 : memory.data_type.f16;
        memory.format_tag order = bytes ? memory.format_tag.BA16a64b4a : memory.format_tag.BA16a64b;
        memory.data_type ofX = bytes ? memory.data_type.u8 : memory.data_type.f32;
        memory.data_type ofZ = bytes ? memory.data_type.s32 : memory.data_type.f32;
        return new PlacedProduct(
                engine,
                PlacedProduct.rows(ofX, rows, inputs, stepOfX),
                new memory.desc(new long[] {inputs, target.outputs()}, ofTiles, order),
                PlacedProduct.rows(ofZ, rows, target.outputs(), target.step()),
                target.adds());
    }

    /**
     * Multiplies.
     *
     * @param x address of {@code [rows, inputs]}
     * @param tiles address of the tiles of the first output
     * @param outputs a multiple of 64
     * @param into address of {@code [rows, outputs]}: ints for INT8, floats for others
     * @param step from one row of them to the next
     * @param adds whether to add to what is there
     */
    public void multiply(long x, long tiles, int outputs, long into, int step, boolean adds) {
        product(new Target(outputs, step, adds)).run(stream, x, tiles, into);
    }

    @Override
    public void close() {
        byTarget.clear();
        stream.close();
        engine.close();
    }
}
