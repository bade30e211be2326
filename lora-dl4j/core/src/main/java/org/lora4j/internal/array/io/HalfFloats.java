/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array.io;

/**
 * Conversions between single precision and the two 16-bit types, rounding to nearest, ties to even. Java 17 has none of
 * its own.
 *
 * @apiNote Status: internal
 */
public final class HalfFloats {

    private HalfFloats() {}

    /**
     * The value of an IEEE 754 half.
     *
     * @return the same value in single precision
     */
    public static float fromF16(short half) {
        int sign = (half & 0x8000) << 16;
        int exponent = (half >> 10) & 0x1F;
        int fraction = half & 0x3FF;
        if (exponent == 0) {
            // Zero or subnormal: the fraction counts steps of 2^-24.
            return Float.intBitsToFloat(sign | Float.floatToRawIntBits(fraction * 0x1p-24f));
        }
        int wide = exponent == 0x1F ? 0xFF : exponent - 15 + 127;
        return Float.intBitsToFloat(sign | (wide << 23) | (fraction << 13));
    }

    /**
     * The half nearest to a value; infinite from 65520 on.
     *
     * @return the bits of the half; NaN stays NaN
     */
    public static short toF16(float value) {
        int bits = Float.floatToIntBits(value);
        int sign = (bits >>> 16) & 0x8000;
        float magnitude = Math.abs(value);
        if (Float.isNaN(value)) {
            return (short) (sign | 0x7E00);
        }
        if (magnitude >= 65520f) {
            return (short) (sign | 0x7C00);
        }
        if (magnitude < 0x1p-14f) {
            // Adding 1 aligns steps of 2^-23 with the subnormal steps of 2^-24 after doubling, and rounds in hardware.
            return (short) (sign | (Float.floatToRawIntBits(magnitude * 2 + 1f) - Float.floatToRawIntBits(1f)));
        }
        int rebased = (bits & 0x7FFFFFFF) - ((127 - 15) << 23);
        int roundedUp = rebased + 0xFFF + ((rebased >> 13) & 1);
        return (short) (sign | (roundedUp >> 13));
    }

    /**
     * The value of a bfloat16.
     *
     * @return the same value in single precision
     */
    public static float fromBf16(short brain) {
        return Float.intBitsToFloat(brain << 16);
    }

    /**
     * The bfloat16 nearest to a value.
     *
     * @return the bits of the bfloat16; NaN stays NaN
     */
    public static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }
}
