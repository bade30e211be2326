/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.lora4j.internal.array.Region;

/** Floats outside the heap, where OpenBLAS reads and writes, copied from and to Java arrays. Grows, and must be closed. */
final class Memory implements AutoCloseable {

    private FloatPointer pointer = new FloatPointer(0);
    private FloatBuffer floats = FloatBuffer.allocate(0);
    private IntBuffer ints = IntBuffer.allocate(0);

    /** Makes room; what was there is lost if there was too little. */
    Memory atLeast(long length) {
        if (pointer.capacity() < length) {
            pointer.close();
            // Buffers of Java end at 2^31 - 1 elements.
            pointer = new FloatPointer((long) Math.toIntExact(length));
            // Rows that nobody wrote are read beside others, and the numbers by chance may be slow ones.
            Pointer.memset(pointer, 0, Float.BYTES * length);
            floats = pointer.asBuffer();
            ints = new IntPointer(pointer).asBuffer();
        }
        return this;
    }

    Region region() {
        return Region.of(pointer);
    }

    FloatBuffer floats() {
        return floats;
    }

    /** The same memory. */
    IntBuffer ints() {
        return ints;
    }

    long bytes() {
        return Float.BYTES * pointer.capacity();
    }

    @Override
    public void close() {
        pointer.close();
    }
}
