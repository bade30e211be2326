/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import java.util.HashMap;
import java.util.Map;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.stream;

/**
 * Products of a few rows with a frozen matrix in tiles of 64 outputs, {@code z = x W^T}: with BF16 in BF16, whose products are
 * exact in the F32 in which they are summed, or with INT8 in bytes without a sign, summed in whole numbers. The tiles are read
 * where they lie, each once.
 *
 * <p><b>Threads.</b> One object for each, since compiled products have working memory of their own.
 *
 * @apiNote Status: internal
 */
public final class TileProduct implements AutoCloseable {

    private static final int OUTPUTS = 64;

    private final NarrowType type;
    private final int rows;
    private final int inputs;
    private final engine engine = new engine(org.bytedeco.dnnl.engine.kind.cpu, 0);
    private final stream stream = new stream(engine);
    private final Map<Integer, PlacedProduct> byOutputs = new HashMap<>();

    /** The kernel that this processor has for a type. */
    static String kernel(NarrowType type) {
        try (TileProduct probe = new TileProduct(type, 1, OUTPUTS)) {
            return probe.product(OUTPUTS).kernel();
        }
    }

    /**
     * Products of some sizes.
     *
     * @param type BF16 or INT8
     * @param rows rows of x
     * @param inputs columns of x
     */
    public TileProduct(NarrowType type, int rows, int inputs) {
        this.type = type;
        this.rows = rows;
        this.inputs = inputs;
    }

    private PlacedProduct product(int outputs) {
        return byOutputs.computeIfAbsent(outputs, this::compiled);
    }

    private PlacedProduct compiled(int outputs) {
        boolean brain = type == NarrowType.BF16;
        memory.desc tiles = new memory.desc(
                new long[] {inputs, outputs},
                brain ? memory.data_type.bf16 : memory.data_type.s8,
                brain ? memory.format_tag.BA16a64b2a : memory.format_tag.BA16a64b4a);
        return new PlacedProduct(
                engine,
                PlacedProduct.rows(brain ? memory.data_type.bf16 : memory.data_type.u8, rows, inputs),
                tiles,
                PlacedProduct.rows(brain ? memory.data_type.f32 : memory.data_type.s32, rows, outputs));
    }

    /**
     * Multiplies.
     *
     * @param x address of {@code [rows, inputs]}, row by row
     * @param tiles address of the tiles of the first output
     * @param outputs a multiple of 64
     * @param into address of {@code [rows, outputs]}: floats for BF16, ints for INT8
     */
    public void multiply(long x, long tiles, int outputs, long into) {
        product(outputs).run(stream, x, tiles, into);
    }

    @Override
    public void close() {
        byOutputs.clear();
        stream.close();
        engine.close();
    }
}
