/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import org.lora4j.internal.array.Region;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A matrix of 16-bit floats, {@code [outputs, inputs]}. A word holds the values of an even input, in its lower half, and of the
 * odd one after it; shifted and masked as an int, each is the bits of a float. HotSpot makes vector code of that. So the even
 * inputs of some outputs make one matrix and the odd ones another, each multiplied with its half of the rows.
 *
 * <p>BFLOAT16 is the upper half of a float. HALF has five bits of exponent instead of eight: with its exponent in the lowest of
 * those it is a float of {@code 2^-112} of the value, subnormal numbers too, which the rows and the product make up for in
 * equal parts.
 */
final class HalfWeight extends LinearWeight {

    /** Words that are turned at a time: what is read, and twice as much that is written, stay in the first-level cache. */
    static final int PIECE = 896;

    /** What rows are multiplied with for HALF, and the product then. */
    static final float HALF_OF_EXPONENT = 0x1p56f;

    private static final int UPPER = 0xFFFF0000;
    private static final int SIGN = 0x80000000;
    private static final int MAGNITUDE = 0x0FFFE000;
    private static final int TO_EXPONENT = 3;
    private static final int LOWER_TO_EXPONENT = 13;
    private static final int BITS = 16;
    /** From so many inputs on, a tile is a wide one. */
    private static final int WIDE = 1024;

    /**
     * Values that a thread turns at a time for few rows: 8 KB, which stay in the first-level cache together with everything
     * else that is in use, or, where that would be less than two outputs, what the second-level cache holds.
     */
    private static final int TILE = 2 << 10;

    private static final int WIDE_TILE = 32 << 10;

    private final Segments segments;
    private final boolean brain;

    HalfWeight(INDArray array) {
        super(array.size(1), array.size(0), Short.BYTES);
        this.segments = new Segments(array);
        this.brain = array.dataType() == DataType.BFLOAT16;
    }

    /** Whether the words of a row are those of no other row. */
    static boolean fits(INDArray array) {
        return array.size(1) % 2 == 0;
    }

    @Override
    Staging.Form form(int rows) {
        return brain ? Staging.Form.PAIRS : Staging.Form.SCALED_PAIRS;
    }

    /** Outputs that are turned at a time. */
    private int step(int rows, int count) {
        int tile = inputs() < WIDE ? TILE : WIDE_TILE;
        return rows < Blas.MATRIX_ROWS ? Math.max(1, tile / inputs()) : count;
    }

    @Override
    long work(Staging.Form form, int rows) {
        return (long) step(rows, outputsOfPiece(form, rows)) * inputs();
    }

    @Override
    void multiply(Staging staging, int from, int rows, int first, int count, Workspace space) {
        int half = inputs() / 2;
        int step = step(rows, count);
        float factor = brain ? 1 : HALF_OF_EXPONENT;
        for (int done = 0; done < count; done += step) {
            int now = Math.min(step, count - done);
            int words = now * half;
            space.memory.atLeast(2L * words);
            turn((long) (first + done) * half, words, space);
            Region even = space.memory.region();
            Region odd = even.from(Blas.bytes(words, 1));
            Region x = staging.input(from);
            Region y = staging.output(from, first + done);
            space.blas.byRows(x, inputs(), rows, even, half, now, half, factor, 0, y, outputs());
            space.blas.byRows(
                    x.from(Blas.bytes(half, 1)), inputs(), rows, odd, half, now, half, factor, 1, y, outputs());
        }
    }

    private void turn(long from, int words, Workspace space) {
        int[] stored = space.stored;
        int[] even = space.even;
        int[] odd = space.odd;
        for (int done = 0; done < words; done += PIECE) {
            int now = Math.min(PIECE, words - done);
            segments.read(from + done, stored, now);
            if (brain) {
                brain(stored, even, odd, now);
            } else {
                half(stored, even, odd, now);
            }
            space.memory.ints().put(done, even, 0, now);
            space.memory.ints().put(words + done, odd, 0, now);
        }
    }

    /** The value of 16 bits of HALF. */
    static float value(int bits) {
        int lifted = bits << BITS & SIGN | bits << LOWER_TO_EXPONENT & MAGNITUDE;
        return Float.intBitsToFloat(lifted) * HALF_OF_EXPONENT * HALF_OF_EXPONENT;
    }

    private static void brain(int[] words, int[] even, int[] odd, int n) {
        for (int i = 0; i < n; i++) {
            int word = words[i];
            even[i] = word << BITS;
            odd[i] = word & UPPER;
        }
    }

    /** The same operations for both: where they differ, HotSpot of JDK 25 makes no vector code. */
    private static void half(int[] words, int[] even, int[] odd, int n) {
        for (int i = 0; i < n; i++) {
            int word = words[i];
            int lower = word << BITS;
            even[i] = lower & SIGN | lower >>> TO_EXPONENT & MAGNITUDE;
            odd[i] = word & SIGN | word >>> TO_EXPONENT & MAGNITUDE;
        }
    }
}
