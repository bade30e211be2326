/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class Nf4Test {

    /** The distribution function of the normal distribution, by a series that converges everywhere. */
    private static double normal(double x) {
        double term = x;
        double sum = x;
        for (int i = 1; i < 200; i++) {
            term *= x * x / (2 * i + 1);
            sum += term;
        }
        return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    private static double quantile(double p) {
        double low = -8;
        double high = 8;
        for (int i = 0; i < 80; i++) {
            double middle = (low + high) / 2;
            if (normal(middle) < p) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low;
    }

    @Test
    void codebook_hasTheQuantilesOfThePaper() {
        // QLoRA, section 3 and its code: 8 quantiles above 0 and 7 below between 1/2 and 0.9677083, over the largest
        // one.
        double offset = 0.9677083;
        double largest = quantile(offset);
        float[] expected = new float[16];
        for (int i = 0; i < 8; i++) {
            expected[15 - i] = (float) (quantile(offset + (0.5 - offset) * i / 8) / largest);
        }
        for (int i = 0; i < 7; i++) {
            expected[i] = (float) (-quantile(offset + (0.5 - offset) * i / 7) / largest);
        }

        assertThat(Nf4.codebook()).containsExactly(expected, within(1e-6f));
    }

    @Test
    void of_aBlockOfTheCodebook_isStoredExactly() {
        float[] values = new float[64];
        for (int i = 0; i < 64; i++) {
            values[i] = 3 * Nf4.codebook()[i % 16];
        }
        INDArray weight = Nd4j.create(values, new long[] {4, 16}, 'c');

        Nf4 stored = Nf4.of(weight, false);

        assertThat(stored.dequantized()).isEqualTo(weight);
        assertThat(stored.absmax().toFloatVector()).containsExactly(3);
        // Codes 0 and 1 in the first byte, 2 and 3 in the second.
        assertThat(stored.codes().getInt(0)).isEqualTo(0x01);
        assertThat(stored.codes().getInt(1)).isEqualTo(0x23);
        assertThat(stored.codes().getInt(7)).isEqualTo(0xEF);
        assertThat(stored.bytes()).isEqualTo(32 + 4);
    }

    @Test
    void of_valuesBetween_takesTheNearest() {
        float[] values = new float[64];
        values[0] = 2;
        // Halves: 0.0397 is the middle of 0 and 0.0796; -0.85 the middle of -1 and -0.696, about.
        values[1] = 2 * 0.0397f;
        values[2] = 2 * 0.0399f;
        values[3] = 2 * -0.86f;

        float[] found = Nf4.of(Nd4j.create(values, new long[] {8, 8}, 'c'), false)
                .dequantized()
                .data()
                .asFloat();

        assertThat(found).startsWith(2, 0, 2 * 0.07958029955625534f, -2);
    }

    @Test
    void of_randomWeights_isOffByHalfTheWidestGapAtMost() {
        INDArray weight = Int8Test.random(1, 48, 20);

        float[] error = weight.sub(Nf4.of(weight, false).dequantized()).data().asFloat();

        float[] values = weight.data().asFloat();
        for (int block = 0; block < values.length / 64; block++) {
            float largest = 0;
            float worst = 0;
            for (int i = 64 * block; i < 64 * block + 64; i++) {
                largest = Math.max(largest, Math.abs(values[i]));
                worst = Math.max(worst, Math.abs(error[i]));
            }
            // The widest gap is that between -1 and -0.6962.
            assertThat(worst).isLessThan(largest * (1 - 0.6961928f) / 2 * 1.0001f);
        }
    }

    @Test
    void of_withDoubleQuantization_costsHalfAScaleOfTheLargestValues() {
        INDArray weight = Int8Test.random(2, 64, 64);
        Nf4 plain = Nf4.of(weight, false);

        Nf4 stored = Nf4.of(weight, true);

        // Largest values of blocks lie between 0.8 and 1; their deviation from the mean is stored in 127 steps.
        double largest = weight.amaxNumber().doubleValue();
        double step = 0.2 / 127;
        INDArray error = weight.sub(stored.dequantized());
        assertThat(error.amaxNumber().doubleValue()).isLessThan((largest + step) * (1 - 0.6961928) / 2 + step);
        assertThat(stored.absmax().dataType()).isEqualTo(DataType.INT8);
        assertThat(stored.bytes()).isEqualTo(64 * 64 / 2 + 64 + 4 + 4);
        assertThat(plain.bytes()).isEqualTo(64 * 64 / 2 + 64 * 4);
    }

    @Test
    void read_ofRowsThatBeginWithinBytesAndBlocks_givesThoseOfTheWhole() {
        for (boolean twice : new boolean[] {false, true}) {
            Nf4 stored = Nf4.of(Int8Test.random(3, 64, 7), twice);
            float[][] whole = stored.dequantized().toFloatMatrix();

            for (int first = 0; first < 62; first++) {
                float[] rows = new float[14];
                stored.read(first, 2, rows);
                assertThat(rows).startsWith(whole[first]).endsWith(whole[first + 1]);
            }
        }
    }

    @Test
    void of_zeros_staysZero() {
        INDArray zeros = Nd4j.zeros(DataType.FLOAT, 16, 8);

        assertThat(Nf4.of(zeros, false).dequantized()).isEqualTo(zeros);
        assertThat(Nf4.of(zeros, true).dequantized()).isEqualTo(zeros);
    }

    @Test
    void of_whatIsNoMultipleOfABlock_isRefused() {
        assertThatThrownBy(() -> Nf4.of(Nd4j.ones(DataType.FLOAT, 5, 5), false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Nf4: a weight [5, 5] has 25 values; expected a multiple of 64. Store it in 8 bits, or leave it"
                                + " in F32.");
    }
}
