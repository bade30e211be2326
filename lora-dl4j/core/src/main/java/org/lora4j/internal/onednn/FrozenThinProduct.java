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
 * Products of a frozen F32 matrix, {@code [outputs, inputs]}, with a few columns, computed from the matrix where it lies:
 * {@code z = W x}.
 *
 * <p><b>Threads.</b> One object for each, since compiled products have working memory of their own. What {@link #pack} wrote
 * may be read by the objects of other threads of the same sizes.
 *
 * @apiNote Status: internal
 */
public final class FrozenThinProduct implements AutoCloseable {

    /** Outputs that are computed at a time. */
    public static final int OUTPUTS = 64;

    /** Columns of which their number is best a multiple: as many as a register holds. */
    public static final int COLUMNS = 16;

    private final int inputs;
    private final int columns;
    private final engine engine = DnnlLibrary.engine();
    private final stream stream = Lasting.of(new stream(engine));
    private final Map<Integer, PlacedProduct> byOutputs = new HashMap<>();
    private long packedBytes;
    private DnnlCall packing;

    /** The kernel that this processor has. */
    static String kernel() {
        try (FrozenThinProduct probe = new FrozenThinProduct(OUTPUTS, COLUMNS)) {
            return probe.product(OUTPUTS).kernel();
        }
    }

    /**
     * Products of some sizes.
     *
     * @param inputs columns of the matrix
     * @param columns how many
     */
    public FrozenThinProduct(int inputs, int columns) {
        this.inputs = inputs;
        this.columns = columns;
    }

    private PlacedProduct product(int outputs) {
        PlacedProduct known = byOutputs.get(outputs);
        if (known == null) {
            memory.desc layout = outputs == OUTPUTS
                    ? new memory.desc(new long[] {inputs, columns}, memory.data_type.f32, memory.format_tag.any)
                    : packed();
            known = new PlacedProduct(
                    engine,
                    PlacedProduct.rows(memory.data_type.f32, outputs, inputs),
                    layout,
                    PlacedProduct.rows(memory.data_type.f32, outputs, columns));
            byOutputs.put(outputs, known);
        }
        return known;
    }

    /** How columns lie for every number of outputs. */
    private memory.desc packed() {
        return product(OUTPUTS).weights();
    }

    /**
     * Memory of packed columns.
     *
     * @return bytes
     */
    public long packedBytes() {
        if (packedBytes == 0) {
            packedBytes = packed().get_size();
        }
        return packedBytes;
    }

    /**
     * Puts columns into the order in which they are multiplied.
     *
     * @param plain memory of {@code [inputs, columns]}, row by row
     * @param packed memory of as many bytes as {@link #packedBytes()} says
     * @throws IndexOutOfBoundsException if a memory is smaller
     */
    public void pack(Region plain, Region packed) {
        plain.requireRows(inputs, columns, columns, Float.BYTES);
        packed.require(packedBytes());
        if (packing == null) {
            packing = DnnlCall.reorder(
                    engine, PlacedProduct.rows(memory.data_type.f32, inputs, columns), 0, packed(), packedBytes());
        }
        packing.run(stream, plain, packed);
    }

    /**
     * Where to begin for some outputs: the last ones of a matrix together with some before them, since a product of fewer
     * would be another one, and perhaps slow.
     *
     * @param first the first output
     * @param count how many, all up to the end of the matrix if they are fewer than {@value #OUTPUTS}
     * @return the first output to compute
     */
    public static int start(int first, int count) {
        return count < OUTPUTS && first + count >= OUTPUTS ? first + count - OUTPUTS : first;
    }

    /**
     * Multiplies.
     *
     * @param weights memory of {@code [outputs, inputs]}
     * @param outputs at most {@value #OUTPUTS}
     * @param packed memory of packed columns
     * @param into memory of {@code [outputs, columns]}: floats
     * @throws IndexOutOfBoundsException if a memory is smaller
     */
    public void multiply(Region weights, int outputs, Region packed, Region into) {
        weights.requireRows(outputs, inputs, inputs, Float.BYTES);
        packed.require(packedBytes());
        into.requireRows(outputs, columns, columns, Float.BYTES);
        product(outputs).run(stream, weights, packed, into);
    }

    @Override
    public void close() {
        byOutputs.clear();
        stream.close();
        engine.close();
    }
}
