/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.gguf;

import java.nio.ByteBuffer;
import org.lora4j.internal.array.io.HalfFloats;

/**
 * The ways in which the numbers of a row are stored.
 *
 * @apiNote Status: internal
 */
public enum GgufElement {
    /** Single precision. */
    F32(0, 1, Float.BYTES) {
        @Override
        double encode(float[] row, int from, ByteBuffer out) {
            out.putFloat(row[from]);
            return Float.isFinite(row[from]) ? 0 : Double.POSITIVE_INFINITY;
        }

        @Override
        void decode(ByteBuffer in, float[] row, int from) {
            row[from] = in.getFloat();
        }
    },
    /** Half precision. */
    F16(1, 1, Short.BYTES) {
        @Override
        double encode(float[] row, int from, ByteBuffer out) {
            short half = HalfFloats.toF16(row[from]);
            out.putShort(half);
            return Math.abs((double) HalfFloats.fromF16(half) - row[from]);
        }

        @Override
        void decode(ByteBuffer in, float[] row, int from) {
            row[from] = HalfFloats.fromF16(in.getShort());
        }
    },
    /** Blocks of 32 small integers with a factor in half precision, 1/127 of the largest magnitude. */
    Q8_0(8, 32, Short.BYTES + 32) {
        @Override
        double encode(float[] row, int from, ByteBuffer out) {
            float largest = 0;
            for (int i = from; i < from + block(); i++) {
                largest = Math.max(largest, Math.abs(row[i]));
            }
            float factor = largest / Byte.MAX_VALUE;
            short half = HalfFloats.toF16(factor);
            out.putShort(half);
            // As ggml has it, the integers are of the factor before it is rounded, with halves away from zero.
            float inverse = factor == 0 ? 0 : 1 / factor;
            double error = 0;
            for (int i = from; i < from + block(); i++) {
                float scaled = row[i] * inverse;
                int whole = (int) Math.copySign(Math.floor(Math.abs(scaled) + 0.5f), scaled);
                out.put((byte) whole);
                error = Math.max(error, Math.abs((double) HalfFloats.fromF16(half) * whole - row[i]));
            }
            return error;
        }

        @Override
        void decode(ByteBuffer in, float[] row, int from) {
            float factor = HalfFloats.fromF16(in.getShort());
            for (int i = from; i < from + block(); i++) {
                row[i] = factor * in.get();
            }
        }
    };

    private final int code;
    private final int block;
    private final int blockBytes;

    GgufElement(int code, int block, int blockBytes) {
        this.code = code;
        this.block = block;
        this.blockBytes = blockBytes;
    }

    /** The number of the type in the file. */
    int code() {
        return code;
    }

    /**
     * How many numbers are stored together; a row has a multiple of them.
     *
     * @return 1, or the length of a block
     */
    public int block() {
        return block;
    }

    /** Bytes of so many numbers. */
    long byteCount(long numbers) {
        return Math.multiplyExact(numbers / block, (long) blockBytes);
    }

    /** Writes a block. Returns the largest difference to what will be read, not finite if a number is beyond the range. */
    abstract double encode(float[] row, int from, ByteBuffer out);

    /** Reads a block. */
    abstract void decode(ByteBuffer in, float[] row, int from);
}
