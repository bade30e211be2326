/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.kernel;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.autodiff.samediff.internal.memory.AbstractMemoryMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The arrays of a session, used again and again: of the same length, whatever the shape, and the one released last first.
 * The stock manager hands out the one released first, of exactly the same shape: its memory is never in the cache any
 * more, and there is more of it. It also frees, and gets anew at the next step, whatever ND4J still counts a use of, and
 * the contexts of ops that ran count as uses: each step pays for that memory once more, page by page.
 */
final class ArrayPool extends AbstractMemoryMgr {

    /** As the stock manager has it. */
    private static final double SHARE_OF_MEMORY = 0.25;

    private final long capacity = (long) (SHARE_OF_MEMORY * Pointer.maxBytes());
    private final Map<Kind, Deque<INDArray>> free = new HashMap<>();
    private final Map<Long, INDArray> oldestFirst = new LinkedHashMap<>();
    private long bytes;

    private record Kind(DataType type, long length) {
        static Kind of(INDArray array) {
            return new Kind(array.dataType(), array.length());
        }

        long bytes() {
            return length * type.width();
        }
    }

    @Override
    public INDArray allocate(boolean detached, LongShapeDescriptor descriptor) {
        if (descriptor.isEmpty()) {
            INDArray empty = Nd4j.create(descriptor);
            return detached ? empty.detach() : empty;
        }
        return allocate(detached, descriptor.dataType(), descriptor.getShape());
    }

    @Override
    public INDArray allocate(boolean detached, DataType type, long... shape) {
        long length = 1;
        for (long size : shape) {
            length *= size;
        }
        Deque<INDArray> candidates = free.get(new Kind(type, length));
        INDArray array = candidates == null ? null : candidates.pollLast();
        if (array == null) {
            return Nd4j.createUninitializedDetached(type, shape);
        }
        oldestFirst.remove(array.getId());
        bytes -= Kind.of(array).bytes();
        // A new object: the session tells arrays apart by their ids, and keeps those of released ones.
        return Nd4j.create(array.data(), shape, Nd4j.getStrides(shape, 'c'), 0, 'c');
    }

    @Override
    public void release(INDArray array) {
        if (!isOurs(array)) {
            return;
        }
        if (oldestFirst.put(array.getId(), array) != null) {
            throw new IllegalStateException("session memory: an array of shape " + Arrays.toString(array.shape())
                    + " was released twice; expected once.");
        }
        Kind kind = Kind.of(array);
        free.computeIfAbsent(kind, k -> new ArrayDeque<>()).addLast(array);
        bytes += kind.bytes();
        Iterator<INDArray> oldest = oldestFirst.values().iterator();
        while (bytes > capacity) {
            INDArray dropped = oldest.next();
            oldest.remove();
            bytes -= Kind.of(dropped).bytes();
            // Within a kind the oldest is the first.
            free.get(Kind.of(dropped)).removeFirst();
            dropped.close();
        }
    }

    // Not scalars, text, leaves, or a look into another array.
    private static boolean isOurs(INDArray array) {
        return !array.wasClosed()
                && array.rank() > 0
                && array.dataType() != DataType.UTF8
                && array.data() != null
                && array.data().length() == array.length()
                && array.offset() == 0
                && array.ordering() == 'c'
                && array.closeable();
    }

    @Override
    public void close() {
        oldestFirst.values().forEach(INDArray::close);
        oldestFirst.clear();
        free.clear();
        bytes = 0;
    }
}
