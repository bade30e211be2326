/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.gguf;

import java.io.IOException;
import java.util.Arrays;

/**
 * A tensor to be written.
 *
 * @param element how its numbers are stored
 * @param shape sizes, slowest first; a row is the last of them
 * @param content gives the rows
 * @apiNote Status: internal
 */
public record GgufTensor(String name, GgufElement element, long[] shape, Content content) {

    /** Takes rows, one after the other. */
    @FunctionalInterface
    public interface RowSink {

        /**
         * Takes the next row.
         *
         * @param row its numbers; read before this returns
         */
        void accept(float[] row) throws IOException;
    }

    /** Gives the rows of a tensor, so that not all have to be in memory. */
    @FunctionalInterface
    public interface Content {

        /**
         * Gives all rows in their order.
         *
         * @throws IOException if one cannot be read or written
         */
        void writeTo(RowSink sink) throws IOException;
    }

    /**
     * A tensor.
     *
     * @param element how its numbers are stored
     * @param shape sizes, slowest first
     * @param content gives the rows
     */
    public GgufTensor {
        shape = shape.clone();
        if (shape.length == 0 || shape[shape.length - 1] % element.block() != 0) {
            throw new IllegalArgumentException("GgufTensor: " + name + " " + Arrays.toString(shape) + " as " + element
                    + "; expected rows of a multiple of " + element.block() + " numbers.");
        }
    }

    /** The sizes. */
    @Override
    public long[] shape() {
        return shape.clone();
    }

    int rowLength() {
        return Math.toIntExact(shape[shape.length - 1]);
    }

    long byteCount() {
        return element.byteCount(Arrays.stream(shape).reduce(1, Math::multiplyExact));
    }

    @Override
    public String toString() {
        return "GgufTensor[" + name + " " + element + Arrays.toString(shape) + "]";
    }
}
