/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format;

import java.util.Arrays;
import org.lora4j.error.MessageText;

/**
 * Where a tensor lies in a file and how its bytes are to be read.
 *
 * @param name key in the file
 * @param dtype element type
 * @param shape dimensions; empty for a scalar
 * @param position first byte, counted from the start of the file; {@link #NOT_IN_ONE_PIECE} if the file does not hold the
 *     bytes as they are read
 * @param byteCount number of bytes, which equals {@code dtype.byteCount(shape)}
 * @apiNote Status: experimental
 */
public record TensorEntry(String name, DType dtype, long[] shape, long position, long byteCount) {

    /** The position of a tensor that the reader has to put together, because it is compressed, strided or big endian. */
    public static final long NOT_IN_ONE_PIECE = -1;

    private static final int SHOWN_DIMENSIONS = 10;

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

    /**
     * Words a shape for a message.
     *
     * @param shape dimensions
     * @return {@code [2, 3]}, cut at ten dimensions: a hostile file may have millions
     */
    public static String worded(long... shape) {
        return shape.length <= SHOWN_DIMENSIONS
                ? Arrays.toString(shape)
                : Arrays.toString(Arrays.copyOf(shape, SHOWN_DIMENSIONS)).replace("]", ", and ")
                        + (shape.length - SHOWN_DIMENSIONS)
                        + " more]";
    }

    /**
     * Words a name for a message.
     *
     * @param name a name from a file that nobody vouches for
     * @return {@link MessageText#name}
     */
    public static String worded(String name) {
        return MessageText.name(name);
    }

    @Override
    public String toString() {
        String where = position == NOT_IN_ONE_PIECE ? "" : " at " + position;
        return MessageText.value(name) + " " + dtype + worded(shape) + where;
    }
}
