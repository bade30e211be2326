/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import org.lora4j.error.MessageText;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;

/**
 * A tensor to be written.
 *
 * @param name key in the file
 * @param dtype element type
 * @param shape dimensions, each 0 or more; empty for a scalar
 * @param content writes the elements
 * @apiNote Status: experimental
 */
public record TensorSource(String name, DType dtype, long[] shape, Content content) {

    /**
     * Copies the shape.
     *
     * @param name key in the file
     * @param dtype element type
     * @param shape dimensions
     * @param content writes the elements
     */
    public TensorSource {
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

    /**
     * Makes a tensor of bytes that are already in the format's layout.
     *
     * @param name key in the file
     * @param dtype element type
     * @param shape dimensions
     * @param bytes elements, little endian and row-major, from the buffer's position to its limit; not changed
     * @return the tensor
     */
    public static TensorSource of(String name, DType dtype, long[] shape, ByteBuffer bytes) {
        return new TensorSource(name, dtype, shape, channel -> {
            ByteBuffer view = bytes.duplicate();
            while (view.hasRemaining()) {
                channel.write(view);
            }
        });
    }

    /** Writes the elements of a tensor, so that none has to be held in memory as bytes. */
    @FunctionalInterface
    public interface Content {

        /**
         * Writes all elements, little endian and row-major.
         *
         * @param channel takes exactly the bytes of the tensor's type and shape
         * @throws IOException if the channel does
         */
        void writeTo(WritableByteChannel channel) throws IOException;
    }

    @Override
    public String toString() {
        return "TensorSource[" + MessageText.name(name) + " " + dtype + TensorEntry.worded(shape) + "]";
    }
}
