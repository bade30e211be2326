/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.Optional;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.quant.StoredWeight;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Rows of a matrix as floats, whatever they are stored as. */
interface TableRows {

    long rows();

    long columns();

    /** Reads some rows, one after the other. */
    void read(long first, int count, float[] into, Workspace space);

    static TableRows of(INDArray array, Optional<StoredWeight> stored) {
        return stored.isPresent() ? new OfStored(stored.get()) : new OfArray(array);
    }

    /** Rows of a stored weight. */
    record OfStored(StoredWeight weight) implements TableRows {
        @Override
        public long rows() {
            return weight.rows();
        }

        @Override
        public long columns() {
            return weight.columns();
        }

        @Override
        public void read(long first, int count, float[] into, Workspace space) {
            weight.read(first, count, into);
        }
    }

    /** Rows of a FLOAT, HALF or BFLOAT16 array in 'c' order. */
    final class OfArray implements TableRows {
        private static final int LOWER = 0xFFFF;
        private static final int BITS = 16;

        private final long rows;
        private final long columns;
        private final DataType type;
        private final Segments segments;
        private final short last;

        OfArray(INDArray array) {
            this.rows = array.size(0);
            this.columns = array.size(1);
            this.type = array.dataType();
            this.segments = new Segments(array);
            // Beyond the last whole word, where the number of values is odd.
            this.last = type == DataType.FLOAT || array.length() % 2 == 0
                    ? 0
                    : new org.bytedeco.javacpp.ShortPointer(array.data().pointer())
                            .get(array.offset() + array.length() - 1);
        }

        @Override
        public long rows() {
            return rows;
        }

        @Override
        public long columns() {
            return columns;
        }

        @Override
        public void read(long first, int count, float[] into, Workspace space) {
            long from = first * columns;
            long to = from + count * columns;
            int perWord = type == DataType.FLOAT ? 1 : 2;
            long words = rows * columns / perWord;
            int[] stored = space.stored;
            for (long word = from / perWord; word * perWord < to; word += stored.length) {
                int now = (int) Math.min(stored.length, (to + perWord - 1) / perWord - word);
                int whole = (int) Math.min(now, words - word);
                segments.read(word, stored, whole);
                if (whole < now) {
                    stored[whole] = last & LOWER;
                }
                for (long value = Math.max(from, word * perWord);
                        value < Math.min(to, (word + now) * perWord);
                        value++) {
                    int bits = stored[(int) (value / perWord - word)];
                    into[(int) (value - from)] = perWord == 1
                            ? Float.intBitsToFloat(bits)
                            : half(value % 2 == 0 ? bits & LOWER : bits >>> BITS);
                }
            }
        }

        private float half(int bits) {
            return type == DataType.BFLOAT16 ? Float.intBitsToFloat(bits << BITS) : HalfWeight.value(bits);
        }
    }

    /** How many rows are read at a time. */
    static int rowsAtOnce(long columns) {
        return (int) Math.max(1, 4L * DenseArray.BLOCK / columns);
    }
}
