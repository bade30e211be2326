/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format.safetensors;

import java.util.Arrays;

/**
 * Where a tensor lies in a file and how its bytes are to be read.
 *
 * @param name key in the file
 * @param dtype element type
 * @param shape dimensions; empty for a scalar
 * @param position first byte, counted from the start of the file
 * @param byteCount number of bytes, which equals {@code dtype.byteCount(shape)}
 * @apiNote Status: experimental
 */
public record TensorEntry(String name, DType dtype, long[] shape, long position, long byteCount) {

    /**
     * Copies the shape.
     *
     * @param name key in the file
     * @param dtype element type
     * @param shape dimensions
     * @param position first byte
     * @param byteCount number of bytes
     */
    public TensorEntry {
        shape = shape.clone();
    }

    /**
     * The dimensions.
     *
     * @return a copy
     */
    @Override
    public long[] shape() {
        return shape.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TensorEntry entry
                && name.equals(entry.name)
                && dtype == entry.dtype
                && Arrays.equals(shape, entry.shape)
                && position == entry.position
                && byteCount == entry.byteCount;
    }

    @Override
    public int hashCode() {
        return name.hashCode() * 31 + Long.hashCode(position);
    }

    @Override
    public String toString() {
        return name + " " + dtype + Arrays.toString(shape) + " at " + position;
    }
}
