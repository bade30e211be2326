/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.nio.ByteOrder;
import java.nio.IntBuffer;
import org.bytedeco.javacpp.BytePointer;
import org.lora4j.internal.array.Region;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The memory of an array as words of four bytes, of any length: a buffer of Java holds 2 GB. */
final class Segments {

    private static final int SHIFT = 28;
    private static final long WORDS = 1L << SHIFT;

    // Keeps the memory.
    private final INDArray array;
    private final IntBuffer[] segments;

    Segments(INDArray array) {
        this.array = array;
        long bytes = Region.of(array).bytes() / Integer.BYTES * Integer.BYTES;
        BytePointer memory = new BytePointer(array.data().pointer());
        long start = array.offset() * array.dataType().width();
        segments = new IntBuffer[(int) ((bytes + WORDS * Integer.BYTES - 1) / (WORDS * Integer.BYTES))];
        for (int i = 0; i < segments.length; i++) {
            long from = i * WORDS * Integer.BYTES;
            long length = Math.min(bytes - from, WORDS * Integer.BYTES);
            segments[i] = memory.getPointer(BytePointer.class, start + from)
                    .capacity(length)
                    .asByteBuffer()
                    .order(ByteOrder.nativeOrder())
                    .asIntBuffer();
        }
    }

    void read(long word, int[] into, int count) {
        int segment = (int) (word >>> SHIFT);
        int index = (int) (word & WORDS - 1);
        int now = (int) Math.min(count, WORDS - index);
        segments[segment].get(index, into, 0, now);
        if (now < count) {
            segments[segment + 1].get(0, into, now, count - now);
        }
    }

    @Override
    public String toString() {
        return "Segments" + array.shapeInfoToString();
    }
}
