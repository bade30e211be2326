/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpectralNormTest {

    private static Matrix random(int rows, int columns) {
        SplittableRandom random = new SplittableRandom(rows * 31L + columns);
        double[][] values = new double[rows][columns];
        for (double[] row : values) {
            Arrays.setAll(row, i -> random.nextDouble(-1, 1));
        }
        return Matrix.ofRows(columns, values);
    }

    /** Jacobi's method decides: it finds the largest value to the last digits. Random matrices have close ones behind it. */
    @ParameterizedTest
    @CsvSource({"1, 1", "1, 9", "9, 1", "7, 7", "20, 130", "130, 20", "150, 150"})
    void of_aRandomMatrix_isItsLargestSingularValue(int rows, int columns) {
        Matrix matrix = random(rows, columns);
        double expected = SingularValues.of(matrix).values()[0];

        assertThat(SpectralNorm.of(matrix)).isCloseTo(expected, within(1e-7 * expected));
    }

    @Test
    void of_oneDirection_equalValuesAndExtremes_isExact() {
        Matrix line = Matrix.ofRows(3, new double[] {3, 0, 4}, new double[] {6, 0, 8});

        assertThat(SpectralNorm.of(line)).isCloseTo(5 * Math.sqrt(5), within(1e-12));
        assertThat(SpectralNorm.of(line.scaled(1e-300))).isCloseTo(5e-300 * Math.sqrt(5), within(1e-311));
        assertThat(SpectralNorm.of(line.scaled(1e300))).isCloseTo(5e300 * Math.sqrt(5), within(1e289));
        assertThat(SpectralNorm.of(Matrix.ofRows(2, new double[] {2, 0}, new double[] {0, 2})))
                .isCloseTo(2, within(1e-12));
        assertThat(SpectralNorm.of(Matrix.zeros(4, 3))).isZero();
    }
}
