/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Arrays that stand for values which are not computed yet, for questions about shapes. They share memory that nobody reads or
 * writes, which costs addresses only.
 */
final class PlaceholderArrays implements AutoCloseable {

    private final List<Arena> arenas = new ArrayList<>();
    private final Map<Value, INDArray> arrays = new HashMap<>();
    private long bytes;

    /** The array of a value, or one that stands for it. */
    INDArray array(Value value) {
        return value.array() != null ? value.array() : arrays.computeIfAbsent(value, this::onMemory);
    }

    private INDArray onMemory(Value value) {
        if (arenas.isEmpty() || bytes < value.bytes()) {
            // The old one stays: arrays on it are in use.
            bytes = 2 * value.bytes();
            Arena arena = new Arena();
            arena.require(bytes);
            arenas.add(arena);
        }
        return arenas.get(arenas.size() - 1).array(0, value.type(), value.shape());
    }

    @Override
    public void close() {
        arenas.forEach(Arena::close);
    }
}
