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
 * Products of rows in F32 with a matrix of fewer bits that lies row by row, either way round: oneDNN makes blocks of it F32 in
 * the cache and multiplies them there. With one row that takes longer than {@link TileProduct} and {@link ByteProduct}.
 *
 * <p><b>Threads.</b> One object for each, since compiled products have working memory of their own.
 *
 * @apiNote Status: internal
 */
public final class RowProduct implements AutoCloseable {

    private static final int SIZE_OF_PROBE = 64;

    private final NarrowType type;
    private final int rows;
    private final int inputs;
    private final int stepOfX;
    private final engine engine = DnnlLibrary.engine();
    private final stream stream = Lasting.of(new stream(engine));
    private final Map<Target, PlacedProduct> byTarget = new HashMap<>();

    /** What a compiled product depends on. */
    private record Target(int outputs, boolean inputsFirst, int stepOfW, int stepOfZ, boolean adds) {}

    /** The kernel that this processor has for a type, in the layout for which it has the slower one. */
    static String kernel(NarrowType type) {
        try (RowProduct probe = new RowProduct(type, 1, SIZE_OF_PROBE, SIZE_OF_PROBE)) {
            return probe.product(new Target(SIZE_OF_PROBE, false, SIZE_OF_PROBE, SIZE_OF_PROBE, false))
                    .kernel();
        }
    }

    /** What oneDNN calls a type. */
    static memory.data_type typeOf(NarrowType type) {
        return switch (type) {
            case BF16 -> memory.data_type.bf16;
            case F16 -> memory.data_type.f16;
            case INT8 -> memory.data_type.s8;
            case F32 -> memory.data_type.f32;
        };
    }

    /**
     * Products of some sizes.
     *
     * @param inputs columns of x
     */
    public RowProduct(NarrowType type, int rows, int inputs, int stepOfX) {
        this.type = type;
        this.rows = rows;
        this.inputs = inputs;
        this.stepOfX = stepOfX;
    }

    private PlacedProduct product(Target target) {
        return byTarget.computeIfAbsent(target, this::compiled);
    }

    private PlacedProduct compiled(Target target) {
        long[] steps = target.inputsFirst() ? new long[] {target.stepOfW(), 1} : new long[] {1, target.stepOfW()};
        return new PlacedProduct(
                engine,
                PlacedProduct.rows(memory.data_type.f32, rows, inputs, stepOfX),
                new memory.desc(new long[] {inputs, target.outputs()}, typeOf(type), steps),
                PlacedProduct.rows(memory.data_type.f32, rows, target.outputs(), target.stepOfZ()),
                type == NarrowType.INT8
                        ? PlacedProduct.Extra.SCALES
                        : target.adds() ? PlacedProduct.Extra.SUM : PlacedProduct.Extra.NONE);
    }

    /**
     * Multiplies.
     *
     * @param x memory of {@code [rows, inputs]}
     * @param w memory of the matrix
     * @param inputsFirst whether it is {@code [inputs, outputs]}; else {@code [outputs, inputs]}
     * @param stepOfW from one row of it to the next
     * @param scales memory of a scale for each output, if it is of INT8; else null
     * @param outputs how many
     * @param into memory of {@code [rows, outputs]}
     * @param stepOfZ from one row of them to the next
     * @param adds whether to add to what is there; not for INT8
     * @throws IndexOutOfBoundsException if a memory is smaller
     */
    public void multiply(
            Region x,
            Region w,
            boolean inputsFirst,
            int stepOfW,
            Region scales,
            int outputs,
            Region into,
            int stepOfZ,
            boolean adds) {
        x.requireRows(rows, stepOfX, inputs, Float.BYTES);
        w.requireRows(inputsFirst ? inputs : outputs, stepOfW, inputsFirst ? outputs : inputs, type.bytes());
        into.requireRows(rows, stepOfZ, outputs, Float.BYTES);
        PlacedProduct product = product(new Target(outputs, inputsFirst, stepOfW, stepOfZ, adds));
        if (type == NarrowType.INT8) {
            scales.requireRows(1, outputs, outputs, Float.BYTES);
            product.run(stream, x, w, scales, into);
        } else {
            product.run(stream, x, w, into);
        }
    }

    @Override
    public void close() {
        byTarget.clear();
        stream.close();
        engine.close();
    }
}
