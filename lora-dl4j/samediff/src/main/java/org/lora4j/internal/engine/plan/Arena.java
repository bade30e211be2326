/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One piece of memory for all plans of an executor, of which one runs at a time. It is as large as the largest plan needs and
 * stays for the next run, so a run allocates nothing but its results, and those only where none like them were taken back.
 *
 * <p><b>Threads.</b> One at a time.
 *
 * @apiNote Status: internal
 */
public final class Arena {

    /** Of a cache line, and of the widest vector register. */
    static final long ALIGNMENT = 64;

    /** Results of a kind, such as gradients of weights of one shape, that may come back; older ones are freed then. */
    private static final int MOST_KNOWN = 1024;

    /** Kinds of results, such as outputs for batches of so many lengths; those that were not wanted for longest go first. */
    static final int MOST_KINDS = 512;

    private INDArray memory;
    private int generation;
    private final Map<Kind, Results> results = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Kind, Results> eldest) {
            boolean full = size() > MOST_KINDS;
            if (full) {
                eldest.getValue().close();
            }
            return full;
        }
    };

    private record Kind(DataType type, List<Long> shape) {
        static Kind of(DataType type, long... shape) {
            return new Kind(type, Arrays.stream(shape).boxed().toList());
        }
    }

    /** Arrays for results of a kind. */
    private static final class Results {
        private final Deque<INDArray> spare = new ArrayDeque<>();
        private final Deque<WeakReference<INDArray>> given = new ArrayDeque<>();

        INDArray give(Kind kind, long... shape) {
            INDArray array = spare.isEmpty() ? Nd4j.createUninitializedDetached(kind.type(), shape) : spare.pop();
            given.add(new WeakReference<>(array));
            // Those that their owners have dropped, such as outputs, are of no use here.
            while (given.size() > MOST_KNOWN || given.peek().get() == null) {
                given.remove();
            }
            return array;
        }

        void close() {
            spare.forEach(INDArray::close);
        }
    }

    /** A place in memory that belongs to someone else. */
    private static final class Address extends Pointer {
        Address(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }

    /** Memory of at least so many bytes; what it held may be lost. */
    void require(long bytes) {
        long needed = bytes / Long.BYTES + ALIGNMENT;
        if (memory == null || memory.length() < needed) {
            free();
            // Of the longest elements, since ND4J counts elements with an int in places.
            memory = Nd4j.createUninitializedDetached(DataType.INT64, needed);
            generation++;
        }
    }

    /** Another number whenever the memory is another one. */
    int generation() {
        return generation;
    }

    /** An array in 'c' order on part of the memory. It owns nothing, and must not be used once the memory is another one. */
    INDArray array(long offset, DataType type, long... shape) {
        long start = memory.data().pointer().address();
        long aligned = (start + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return onMemory(aligned + offset, type, shape);
    }

    /** An array in 'c' order for a result. It belongs to whom the result is for. */
    INDArray result(DataType type, long... shape) {
        Kind kind = Kind.of(type, shape);
        return results.computeIfAbsent(kind, k -> new Results()).give(kind, shape);
    }

    /** Keeps an array for a later result, or frees it if it is none that was given for one. */
    public void takeBack(INDArray array) {
        Results like = results.get(Kind.of(array.dataType(), array.shape()));
        if (like != null && like.given.removeIf(given -> given.get() == array)) {
            like.spare.push(array);
        } else {
            array.close();
        }
    }

    /** An array in 'c' order on memory of someone else, which it does not own. */
    static INDArray onMemory(long address, DataType type, long... shape) {
        long length = MemoryPlacement.length(shape);
        Pointer pointer = new Address(address).capacity(length);
        return Nd4j.create(Nd4j.createBuffer(pointer, length, type), shape, Nd4j.getStrides(shape, 'c'), 0, 'c');
    }

    /** Gives the memory back. The next run gets it anew. */
    public void close() {
        results.values().forEach(Results::close);
        results.clear();
        free();
    }

    private void free() {
        if (memory != null) {
            memory.close();
            memory = null;
        }
    }
}
