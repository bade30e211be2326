/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.lora4j.internal.array.GrowingMemory;
import org.lora4j.internal.array.Region;

/** Floats outside the heap, where OpenBLAS reads and writes, copied from and to Java arrays. Grows, and must be closed. */
final class Memory implements AutoCloseable {

    private final GrowingMemory memory = new GrowingMemory();
    private FloatBuffer floats = FloatBuffer.allocate(0);
    private IntBuffer ints = IntBuffer.allocate(0);

    /** Makes room; what was there is lost if there was too little. */
    Memory atLeast(long length) {
        // Buffers of Java end at 2^31 - 1 elements.
        long bytes = (long) Float.BYTES * Math.toIntExact(length);
        if (memory.bytes() < bytes) {
            // They keep an address, and nothing behind it.
            floats = FloatBuffer.allocate(0);
            ints = IntBuffer.allocate(0);
            FloatPointer pointer =
                    new FloatPointer((Pointer) memory.atLeast(bytes).owner()).capacity(length);
            // Rows that nobody wrote are read beside others, and the numbers by chance may be slow ones.
            Pointer.memset(pointer, 0, bytes);
            floats = pointer.asBuffer();
            ints = new IntPointer(pointer).asBuffer();
        }
        return this;
    }

    Region region() {
        return memory.atLeast(0);
    }

    FloatBuffer floats() {
        return floats;
    }

    /** The same memory. */
    IntBuffer ints() {
        return ints;
    }

    long bytes() {
        return memory.bytes();
    }

    @Override
    public void close() {
        floats = FloatBuffer.allocate(0);
        ints = IntBuffer.allocate(0);
        memory.close();
    }
}
