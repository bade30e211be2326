/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bytedeco.javacpp.ShortPointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class HalfPrecisionTest {

    private static HalfPrecision bits(DataType type, int columns, int... bits) {
        short[] values = new short[bits.length];
        for (int i = 0; i < bits.length; i++) {
            values[i] = (short) bits[i];
        }
        INDArray array = Nd4j.createUninitialized(type, new long[] {bits.length / columns, columns}, 'c');
        new ShortPointer(array.data().pointer()).put(values, 0, values.length);
        return new HalfPrecision(array);
    }

    private static HalfPrecision allPatterns(DataType type, int columns) {
        int[] bits = new int[1 << 16];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = i;
        }
        return bits(type, columns, bits);
    }

    /** What IEEE 754 says of a pattern of a sign, an exponent and a fraction, in double precision. */
    private static double meant(int bits, int exponentBits) {
        int fractionBits = 15 - exponentBits;
        int bias = (1 << exponentBits - 1) - 1;
        int exponent = bits >> fractionBits & (1 << exponentBits) - 1;
        int fraction = bits & (1 << fractionBits) - 1;
        double sign = bits >> 15 == 0 ? 1 : -1;
        if (exponent == (1 << exponentBits) - 1) {
            return fraction == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN;
        }
        double digits = exponent == 0 ? fraction : fraction + (1 << fractionBits);
        return sign * digits * Math.pow(2, Math.max(exponent, 1) - bias - fractionBits);
    }

    @Test
    void read_ofBfloat16_givesTheFirst16BitsOfAFloat() {
        HalfPrecision stored =
                bits(DataType.BFLOAT16, 4, 0x3F80, 0xC020, 0x0001, 0x8000, 0x7F7F, 0x7F80, 0xFF80, 0x7FC0);

        assertThat(stored.dequantized().data().asFloat())
                .containsExactly(
                        1,
                        -2.5f,
                        0x1p-133f,
                        -0f,
                        0x1.FEp127f,
                        Float.POSITIVE_INFINITY,
                        Float.NEGATIVE_INFINITY,
                        Float.NaN);
        assertThat(stored.rows()).isEqualTo(2);
        assertThat(stored.columns()).isEqualTo(4);
        assertThat(stored.bytes()).isEqualTo(16);
    }

    @Test
    void read_ofHalves_givesTheirValues() {
        HalfPrecision stored =
                bits(DataType.FLOAT16, 3, 0x3C00, 0xC100, 0x0001, 0x03FF, 0x0400, 0x7BFF, 0x3555, 0x8000, 0x7C00);

        assertThat(stored.dequantized().data().asFloat())
                .containsExactly(
                        1,
                        -2.5f,
                        0x1p-24f,
                        1023 * 0x1p-24f,
                        0x1p-14f,
                        65504,
                        0.333251953125f,
                        -0f,
                        Float.POSITIVE_INFINITY);
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"BFLOAT16", "HALF"})
    void read_ofAllPatterns_isExactInEachWay(DataType type) {
        int exponentBits = type == DataType.BFLOAT16 ? 8 : 5;
        HalfPrecision stored = allPatterns(type, 64);
        float[] byArray = new float[1 << 16];

        stored.read(0, 1024, byArray);
        float[] byNd4j = stored.dequantized().data().asFloat();
        float[] byStockCast = stored.values().castTo(DataType.FLOAT).data().asFloat();

        for (int i = 0; i < 1 << 16; i++) {
            int expected = Float.floatToIntBits((float) meant(i, exponentBits));
            assertThat(Float.floatToIntBits(byArray[i])).as("%04x", i).isEqualTo(expected);
            assertThat(Float.floatToIntBits(byNd4j[i])).as("%04x", i).isEqualTo(expected);
            assertThat(Float.floatToIntBits(byStockCast[i])).as("%04x", i).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"BFLOAT16", "HALF"})
    void read_ofSomeRowsIntoAView_writesThoseAndNoMore(DataType type) {
        INDArray all = Int8Test.random(1, 30, 5).castTo(type);
        // Rows of a larger matrix, as a tensor of a file may lie.
        HalfPrecision stored = new HalfPrecision(all.get(NDArrayIndex.interval(10, 20), NDArrayIndex.all()));
        INDArray expected = all.castTo(DataType.FLOAT);
        INDArray into = Nd4j.zeros(DataType.FLOAT, 6, 5);
        float[] rows = new float[10];

        stored.read(7, 2, rows);
        stored.read(3, 4L, into.get(NDArrayIndex.interval(1, 5), NDArrayIndex.all()));

        assertThat(rows)
                .isEqualTo(expected.get(NDArrayIndex.interval(17, 19), NDArrayIndex.all())
                        .dup('c')
                        .data()
                        .asFloat());
        assertThat(into.get(NDArrayIndex.interval(1, 5), NDArrayIndex.all()))
                .isEqualTo(expected.get(NDArrayIndex.interval(13, 17), NDArrayIndex.all()));
        assertThat(into.getRow(0).sumNumber().doubleValue()).isZero();
        assertThat(into.getRow(5).sumNumber().doubleValue()).isZero();
    }

    @Test
    void of_roundsToTheNearest_tiesToTheEvenOne() {
        // Steps above 1: 2^-7 of bfloat16, 2^-10 of a half. Halves below 2^-14 have steps of 2^-24.
        INDArray brain = Nd4j.createFromArray(new float[][] {{1 + 0x1p-8f, 1 + 3 * 0x1p-8f, 1 + 0x1.8p-8f, -0f}});
        INDArray half = Nd4j.createFromArray(
                new float[][] {{1 + 0x1p-11f, 1 + 3 * 0x1p-11f, 65519, 0x1p-25f, 0x1.8p-24f, 0x1.2p-24f}});

        assertThat(HalfPrecision.of(brain, DataType.BFLOAT16)
                        .dequantized()
                        .data()
                        .asFloat())
                .containsExactly(1, 1 + 0x1p-6f, 1 + 0x1p-7f, -0f);
        assertThat(HalfPrecision.of(half, DataType.FLOAT16).dequantized().data().asFloat())
                .containsExactly(1, 1 + 0x1p-9f, 65504, 0, 0x1p-23f, 0x1p-24f);
    }

    @Test
    void of_valuesThatTheTypeHas_isExact() {
        INDArray weight = Int8Test.random(2, 130, 100).castTo(DataType.BFLOAT16).castTo(DataType.FLOAT);

        assertThat(HalfPrecision.of(weight, DataType.BFLOAT16).dequantized()).isEqualTo(weight);
        assertThat(HalfPrecision.of(weight.transpose(), DataType.BFLOAT16).dequantized())
                .isEqualTo(weight.transpose());
    }

    @Test
    void of_whatHasNoPlaceInTheType_isRefused() {
        INDArray weight = Int8Test.random(8, 2, 3).putScalar(1, 2, 65520);
        INDArray large = Int8Test.random(8, 2, 3).putScalar(0, 1, -Float.MAX_VALUE);

        assertThatThrownBy(() -> HalfPrecision.of(weight, DataType.FLOAT16))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("HalfPrecision: the value at [1, 2] is 65520.0; expected finite ones below 65520.0. Load or"
                        + " initialize the weight again.");
        assertThat(HalfPrecision.of(weight, DataType.BFLOAT16).dequantized().getFloat(1, 2))
                .isEqualTo(65536);
        assertThatThrownBy(() -> HalfPrecision.of(large, DataType.BFLOAT16))
                .hasMessageContaining("the value at [0, 1] is -3.4028235E38; expected finite ones below 3.3961775E38");
        assertThatThrownBy(() -> HalfPrecision.of(weight.putScalar(0, 0, Float.NaN), DataType.BFLOAT16))
                .hasMessageContaining("the value at [0, 0] is NaN");
        assertThatThrownBy(() -> new HalfPrecision(Nd4j.ones(DataType.FLOAT, 2, 3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("HalfPrecision: values FLOAT[2, 3] with strides [3, 1]; expected a matrix of BFLOAT16 or"
                        + " FLOAT16 in 'c' order. Copy it first: dup('c').");
        assertThatThrownBy(() ->
                        new HalfPrecision(Nd4j.ones(DataType.BFLOAT16, 2, 3).transpose()))
                .hasMessageContaining("BFLOAT16[3, 2] with strides [1, 3]");
    }
}
