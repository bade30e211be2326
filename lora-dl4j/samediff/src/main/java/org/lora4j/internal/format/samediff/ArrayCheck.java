/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.samediff;

import java.util.Map;
import org.lora4j.error.ModelFormatException;

/**
 * An array in the file: {@code shape} is ND4J's shape information (rank, sizes, strides, options, element-wise stride, order),
 * {@code buffer} the elements. The stock reader copies as many elements as the shape has into new memory, and then hands the
 * strides to native code, which does not look whether they stay in it.
 */
final class ArrayCheck {

    private static final int SHAPE = 0;
    private static final int BUFFER = 1;
    private static final int TYPE = 2;

    private static final int MOST_DIMENSIONS = 32;
    private static final long EMPTY_BIT = 8;
    private static final int TEXTS = 50;

    // Bytes of an element by ND4J's number of the type: those that the stock reader knows.
    private static final Map<Integer, Integer> BYTES = Map.ofEntries(
            Map.entry(1, 1), // BOOL
            Map.entry(3, 2), // HALF
            Map.entry(5, 4), // FLOAT
            Map.entry(6, 8), // DOUBLE
            Map.entry(7, 1), // BYTE
            Map.entry(8, 2), // SHORT
            Map.entry(9, 4), // INT
            Map.entry(10, 8), // LONG
            Map.entry(11, 1), // UBYTE
            Map.entry(12, 2), // UINT16
            Map.entry(17, 2)); // BFLOAT16

    private ArrayCheck() {}

    static void check(TableView view) throws ModelFormatException {
        int type = view.byteOf(TYPE);
        Integer bytes = BYTES.get(type);
        if (bytes == null) {
            throw view.corrupt(
                    type == TEXTS
                            ? "an array of texts; expected numbers, which are all that lora4j reads from a file"
                            : "an array of type " + type + "; expected one of the numbers of ND4J's data types");
        }
        long rank = view.length(SHAPE) == 0 ? -1 : view.longAt(SHAPE, 0);
        if (rank < 0 || rank > MOST_DIMENSIONS || view.length(SHAPE) != 2 * rank + 4) {
            throw view.corrupt("an array of rank " + rank + " with " + view.length(SHAPE)
                    + " numbers of shape; expected a rank from 0 to " + MOST_DIMENSIONS + " and 2 x rank + 4 numbers");
        }
        long stored = view.length(BUFFER) / bytes;
        long elements = elements(view, (int) rank, stored);
        boolean empty = (view.longAt(SHAPE, 2 * (int) rank + 1) & EMPTY_BIT) != 0;
        if (empty && rank > 0 && elements != 0 || !empty && elements == 0) {
            throw view.corrupt(
                    "an array of " + elements + " elements that is marked as " + (empty ? "empty" : "not empty"));
        }
        if (!empty) {
            requireWithin(view, (int) rank, elements);
        }
    }

    private static long elements(TableView view, int rank, long stored) throws ModelFormatException {
        long elements = 1;
        for (int i = 1; i <= rank; i++) {
            long size = view.longAt(SHAPE, i);
            // Above what is stored it is wrong whatever follows, unless a size of 0 does.
            if (size < 0 || size > Integer.MAX_VALUE) {
                throw view.corrupt("an array with a dimension of size " + size);
            }
            elements = Math.min(elements, Integer.MAX_VALUE) * size;
        }
        boolean scalarLike = rank == 0 && stored == 0; // Nd4j.empty()
        if (elements > stored && !scalarLike) {
            throw view.corrupt("an array whose shape has " + elements + " elements, and " + stored + " are stored");
        }
        return scalarLike ? 0 : elements;
    }

    private static void requireWithin(TableView view, int rank, long elements) throws ModelFormatException {
        long last = 0;
        for (int i = 1; i <= rank; i++) {
            long size = view.longAt(SHAPE, i);
            long stride = view.longAt(SHAPE, rank + i);
            if (size > 1 && (stride < 0 || stride > elements)) {
                throw view.corrupt("an array of " + elements + " elements with a stride of " + stride);
            }
            last += size > 1 ? (size - 1) * stride : 0;
        }
        if (last >= elements) {
            throw view.corrupt("an array of " + elements + " elements whose strides reach element " + last);
        }
    }
}
