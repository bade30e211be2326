/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Arrays that stand for values which are not computed yet, for questions about shapes. They share memory that nobody reads or
 * writes, which costs addresses only: ND4J would fill it with zeros, which takes longer than all the questions.
 */
final class PlaceholderArrays implements AutoCloseable {

    private final List<Pointer> memory = new ArrayList<>();
    private final Map<Kind, INDArray> arrays = new HashMap<>();
    private long bytes;

    private record Kind(DataType type, List<Long> shape) {
        static Kind of(PlannedValue value) {
            return new Kind(value.type(), Arrays.stream(value.shape()).boxed().toList());
        }
    }

    /** The array of a value, or one that stands for it. */
    INDArray array(PlannedValue value) {
        return value.array() != null ? value.array() : arrays.computeIfAbsent(Kind.of(value), kind -> onMemory(value));
    }

    private INDArray onMemory(PlannedValue value) {
        if (memory.isEmpty() || bytes < value.bytes()) {
            // The old one stays: arrays on it are in use.
            bytes = 2 * value.bytes();
            Pointer more = Pointer.malloc(bytes);
            if (more == null || more.isNull()) {
                throw new OutOfMemoryError(
                        "planning: no " + bytes + " bytes of addresses for \"" + value.name() + "\"");
            }
            memory.add(more);
        }
        return Arena.onMemory(memory.get(memory.size() - 1).address(), value.type(), value.shape());
    }

    @Override
    public void close() {
        memory.forEach(Pointer::free);
    }
}
