/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.HashMap;
import java.util.Map;
import org.lora4j.exec.onednn.FewRows;
import org.lora4j.exec.onednn.NarrowType;

/** What a thread needs to work on a product, and keeps for the next one. */
final class Workspace implements AutoCloseable {

    final Blas blas = new Blas();
    /** Weights in F32, or scores. */
    final Memory memory = new Memory();

    final int[] stored = new int[HalfWeight.PIECE];
    final int[] even = new int[HalfWeight.PIECE];
    final int[] odd = new int[HalfWeight.PIECE];
    private final Map<Sizes, FewRows> products = new HashMap<>();
    private int[] sums = new int[0];
    private float[][] floats = new float[2][0];

    /** An array of at least a length, holding anything. */
    float[] floats(int slot, int length) {
        if (floats[slot].length < length) {
            floats[slot] = new float[length];
        }
        return floats[slot];
    }

    /** What a compiled product depends on. */
    private record Sizes(NarrowType type, int inputs, int columns) {}

    FewRows product(NarrowType type, int inputs, int columns) {
        return products.computeIfAbsent(new Sizes(type, inputs, columns), sizes -> new FewRows(type, inputs, columns));
    }

    /** Multiplies some outputs of a weight with packed columns; the sums are in memory, and those of bytes in the result. */
    int[] multiply(NarrowType type, int inputs, int columns, long weights, int outputs, long packed) {
        int length = outputs * columns;
        product(type, inputs, columns)
                .multiply(weights, outputs, packed, memory.atLeast(length).address());
        if (type == NarrowType.INT8) {
            if (sums.length < length) {
                sums = new int[length];
            }
            memory.ints().get(0, sums, 0, length);
        }
        return sums;
    }

    @Override
    public void close() {
        products.values().forEach(FewRows::close);
        memory.close();
    }
}
