/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.HashMap;
import java.util.Map;
import org.lora4j.internal.onednn.ByteProduct;
import org.lora4j.internal.onednn.ByteTiles;
import org.lora4j.internal.onednn.FrozenThinProduct;
import org.lora4j.internal.onednn.NarrowType;
import org.lora4j.internal.onednn.RowProduct;
import org.lora4j.internal.onednn.TileOrder;
import org.lora4j.internal.onednn.TileProduct;

/** What a thread needs to work on a product, and keeps for the next one. */
final class Workspace implements AutoCloseable {

    final Blas blas = new Blas();
    /** Weights in F32, or scores. */
    final Memory memory = new Memory();

    final int[] stored = new int[HalfWeight.PIECE];
    final int[] even = new int[HalfWeight.PIECE];
    final int[] odd = new int[HalfWeight.PIECE];
    final Int8Outputs int8 = new Int8Outputs();
    private final Map<Sizes, TileProduct> tiles = new HashMap<>();
    private final Map<Sizes, RowProduct> rows = new HashMap<>();
    private final Map<Sizes, ByteProduct> bytes = new HashMap<>();
    private final Map<Sizes, TileOrder> orders = new HashMap<>();
    private final Map<Sizes, FrozenThinProduct> columns = new HashMap<>();
    private float[][] floats = new float[2][0];

    /** An array of at least a length, holding anything. */
    float[] floats(int slot, int length) {
        if (floats[slot].length < length) {
            floats[slot] = new float[length];
        }
        return floats[slot];
    }

    /** What a compiled product depends on. */
    private record Sizes(NarrowType type, int inputs, int others, int step) {}

    TileProduct tiles(NarrowType type, int rows, int inputs, int step) {
        return tiles.computeIfAbsent(
                new Sizes(type, inputs, rows, step), sizes -> new TileProduct(type, rows, inputs, step));
    }

    RowProduct rows(NarrowType type, int rows, int inputs, int step) {
        return this.rows.computeIfAbsent(
                new Sizes(type, inputs, rows, step), sizes -> new RowProduct(type, rows, inputs, step));
    }

    ByteProduct bytes(ByteTiles way, int rows, int inputs) {
        return bytes.computeIfAbsent(
                new Sizes(NarrowType.INT8, inputs, rows, inputs), sizes -> new ByteProduct(way, rows, inputs));
    }

    TileOrder order(ByteTiles way, int inputs) {
        return orders.computeIfAbsent(
                new Sizes(NarrowType.INT8, inputs, 0, inputs), sizes -> new TileOrder(way.outputs(), inputs));
    }

    FrozenThinProduct columns(int inputs, int columns) {
        return this.columns.computeIfAbsent(
                new Sizes(NarrowType.F32, inputs, columns, inputs), sizes -> new FrozenThinProduct(inputs, columns));
    }

    @Override
    public void close() {
        // Loops, not method references: those load a class of oneDNN's that is not there, though nothing was compiled.
        for (TileProduct product : tiles.values()) {
            product.close();
        }
        for (RowProduct product : rows.values()) {
            product.close();
        }
        for (ByteProduct product : bytes.values()) {
            product.close();
        }
        for (TileOrder order : orders.values()) {
            order.close();
        }
        for (FrozenThinProduct product : columns.values()) {
            product.close();
        }
        memory.close();
    }
}
