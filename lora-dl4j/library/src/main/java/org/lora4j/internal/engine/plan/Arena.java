/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One piece of memory for all plans of an executor, of which one runs at a time. It is as large as the largest plan needs and
 * stays for the next run, so a run allocates nothing but its results.
 *
 * <p><b>Threads.</b> One at a time.
 *
 * @apiNote Status: internal
 */
public final class Arena {

    /** Of a cache line, and of the widest vector register. */
    static final long ALIGNMENT = 64;

    private INDArray memory;
    private int generation;

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
            close();
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

    private static INDArray onMemory(long address, DataType type, long... shape) {
        long length = Layout.length(shape);
        Pointer pointer = new Address(address).capacity(length);
        return Nd4j.create(Nd4j.createBuffer(pointer, length, type), shape, Nd4j.getStrides(shape, 'c'), 0, 'c');
    }

    /** Gives the memory back. The next run gets it anew. */
    public void close() {
        if (memory != null) {
            memory.close();
            memory = null;
        }
    }
}
