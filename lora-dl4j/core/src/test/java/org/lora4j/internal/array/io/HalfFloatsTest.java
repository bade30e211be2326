/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array.io;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HalfFloatsTest {

    @ParameterizedTest
    @CsvSource({
        "0x0000, 0.0",
        "0x3C00, 1.0",
        "0xC000, -2.0",
        "0x7BFF, 65504.0",
        "0x0400, 6.103515625E-5",
        "0x0001, 5.9604645E-8",
        "0x03FF, 6.097555E-5",
        "0x3555, 0.33325195",
        "0x7C00, Infinity",
        "0xFC00, -Infinity"
    })
    void fromF16_givesTheValueOfIeee754(String bits, float expected) {
        assertThat(HalfFloats.fromF16((short) (int) Integer.decode(bits))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"0x3F80, 1.0", "0xC000, -2.0", "0x7F80, Infinity", "0x4049, 3.140625", "0x0000, 0.0"})
    void fromBf16_givesTheUpperHalf(String bits, float expected) {
        assertThat(HalfFloats.fromBf16((short) (int) Integer.decode(bits))).isEqualTo(expected);
    }

    @Test
    void toF16_ofEveryHalf_givesItsBitsBack() {
        for (int bits = 0; bits < 0x10000; bits++) {
            float value = HalfFloats.fromF16((short) bits);
            if (!Float.isNaN(value)) {
                assertThat(HalfFloats.toF16(value)).isEqualTo((short) bits);
            }
        }
    }

    @Test
    void toBf16_ofEveryBfloat_givesItsBitsBack() {
        for (int bits = 0; bits < 0x10000; bits++) {
            float value = HalfFloats.fromBf16((short) bits);
            if (!Float.isNaN(value)) {
                assertThat(HalfFloats.toBf16(value)).isEqualTo((short) bits);
            }
        }
    }

    @Test
    void toF16_betweenTwoNeighbors_takesTheNearerAndTheEvenOneOfATie() {
        for (int bits = 0; bits < 0x7BFF; bits++) {
            // Halves have 11 bits, so the middle of two is exact in single precision.
            float middle = (HalfFloats.fromF16((short) bits) + HalfFloats.fromF16((short) (bits + 1))) / 2;

            assertThat(HalfFloats.toF16(middle)).isEqualTo((short) (bits % 2 == 0 ? bits : bits + 1));
            assertThat(HalfFloats.toF16(Math.nextDown(middle))).isEqualTo((short) bits);
            assertThat(HalfFloats.toF16(-Math.nextUp(middle))).isEqualTo((short) (0x8000 | (bits + 1)));
        }
    }

    @Test
    void toBf16_betweenTwoNeighbors_takesTheNearerAndTheEvenOneOfATie() {
        for (int bits = 0; bits < 0x7F7F; bits++) {
            float middle = Float.intBitsToFloat((bits << 16) | 0x8000);

            assertThat(HalfFloats.toBf16(middle)).isEqualTo((short) (bits % 2 == 0 ? bits : bits + 1));
            assertThat(HalfFloats.toBf16(Math.nextDown(middle))).isEqualTo((short) bits);
            assertThat(HalfFloats.toBf16(-Math.nextUp(middle))).isEqualTo((short) (0x8000 | (bits + 1)));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "65519.99, 0x7BFF",
        "65520, 0x7C00",
        "1e30, 0x7C00",
        "-Infinity, 0xFC00",
        "-0.0, 0x8000",
        "1e-10, 0x0000"
    })
    void toF16_atTheEdges_isIeee754(float value, String bits) {
        assertThat(HalfFloats.toF16(value)).isEqualTo((short) (int) Integer.decode(bits));
    }

    @Test
    void nan_staysNan() {
        assertThat(HalfFloats.fromF16(HalfFloats.toF16(Float.NaN))).isNaN();
        assertThat(HalfFloats.fromBf16(HalfFloats.toBf16(Float.intBitsToFloat(0x7F800001))))
                .isNaN();
    }
}
