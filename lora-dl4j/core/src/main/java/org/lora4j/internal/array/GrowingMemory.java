/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import org.bytedeco.javacpp.BytePointer;

/**
 * Memory outside the heap that is used again and again, and becomes larger when more is needed.
 *
 * <p><b>State.</b> If there is no more memory, there is none afterwards: what was freed before is never given again.
 * <b>Threads.</b> One at a time.
 *
 * @apiNote Status: internal
 */
public final class GrowingMemory implements AutoCloseable {

    private BytePointer memory;

    /**
     * Memory of at least a size; what it held is lost if there was less. Regions of it that were given before must not be used
     * any more then.
     *
     * @param bytes how much, 0 or more
     * @return all that there is
     * @throws OutOfMemoryError if there is not so much
     */
    public Region atLeast(long bytes) {
        if (bytes() < bytes) {
            // First, as both may be more than there is.
            close();
            memory = Lasting.of(new BytePointer(bytes));
        }
        return memory == null ? new Region(0, 0) : Region.of(memory);
    }

    /**
     * How much there is.
     *
     * @return 0 before it was asked for
     */
    public long bytes() {
        return memory == null ? 0 : memory.capacity();
    }

    /** Frees it; it may grow again. */
    @Override
    public void close() {
        BytePointer old = memory;
        memory = null;
        if (old != null) {
            old.close();
        }
    }
}
