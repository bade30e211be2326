/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LeftVectorsTest {

    /** Sides above and below the one from which eigenproblems are solved: each matrix by Jacobi's method as well. */
    @ParameterizedTest
    @CsvSource({"30, 20", "20, 30", "200, 170", "170, 200", "165, 165"})
    void largestCosine_ofAVector_isThatOfTheDecomposition(int rows, int columns) {
        SplittableRandom random = new SplittableRandom(7);
        double[][] values = new double[rows][columns];
        for (double[] row : values) {
            Arrays.setAll(row, i -> random.nextDouble(-1, 1));
        }
        Matrix matrix = Matrix.ofRows(columns, values);
        Matrix left = SingularValues.of(matrix).left();
        double[] vector = new double[rows];
        Arrays.setAll(vector, i -> random.nextDouble(-1, 1));
        VectorLoops.scale(1 / Math.sqrt(VectorLoops.dot(vector, vector)), vector);
        double expected = 0;
        for (int i = 0; i < left.rows(); i++) {
            expected = Math.max(expected, Math.abs(VectorLoops.dot(left.row(i), vector)));
        }

        LeftVectors axes = LeftVectors.of(matrix);

        assertThat(axes.largestCosine(vector)).isCloseTo(expected, within(1e-7));
        assertThat(axes.largestCosine(left.row(3))).isCloseTo(1, within(1e-7));
    }
}
