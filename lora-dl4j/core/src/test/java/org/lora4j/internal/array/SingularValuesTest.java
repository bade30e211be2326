/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.random.RandomStreams;

class SingularValuesTest {

    /** A few hundred roundings of doubles of size 1. */
    private static final Offset<Double> ROUNDING = Offset.offset(1e-12);

    private static Matrix random(long seed, int rows, int columns) {
        SplittableRandom random = RandomStreams.of(seed, "matrix");
        double[] values = new double[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextGaussian();
        }
        return Matrix.ofFlat(values, columns);
    }

    private static Matrix product(SingularValues svd) {
        return svd.left().transposed().times(svd.right().scaledRows(svd.values()));
    }

    private static void assertOrthonormal(Matrix rows) {
        Matrix products = rows.times(rows.transposed());
        for (int i = 0; i < rows.rows(); i++) {
            for (int j = 0; j < rows.rows(); j++) {
                assertThat(products.get(i, j)).isCloseTo(i == j ? 1 : 0, ROUNDING);
            }
        }
    }

    @Test
    void of_aMatrixByHand_givesItsValuesAndVectors() {
        // M M^T = [[9, 12], [12, 41]] has the eigenvalues 45 and 5, with the vectors (1, 3) and (3, -1).
        SingularValues svd = SingularValues.of(Matrix.ofRows(2, new double[] {3, 0}, new double[] {4, 5}));

        assertThat(svd.values()).containsExactly(new double[] {Math.sqrt(45), Math.sqrt(5)}, ROUNDING);
        assertThat(svd.left().row(0)).containsExactly(new double[] {1 / Math.sqrt(10), 3 / Math.sqrt(10)}, ROUNDING);
        assertThat(svd.left().row(1)).containsExactly(new double[] {3 / Math.sqrt(10), -1 / Math.sqrt(10)}, ROUNDING);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "4, 4", "3, 9", "9, 3", "1, 7", "60, 45"})
    void of_aRandomMatrix_decomposesIt(int rows, int columns) {
        Matrix matrix = random(rows, rows, columns);

        SingularValues svd = SingularValues.of(matrix);

        assertThat(product(svd).plus(-1, matrix).norm()).isLessThan(1e-13 * matrix.norm());
        assertThat(svd.values()).hasSize(Math.min(rows, columns)).isSortedAccordingTo((a, b) -> Double.compare(b, a));
        assertOrthonormal(svd.left());
        assertOrthonormal(svd.right());
    }

    @Test
    void of_aMatrixOfLowRank_hasThatRankAndNoNoiseInTheWay() {
        Matrix matrix = random(1, 12, 3).times(random(2, 3, 20));

        SingularValues svd = SingularValues.of(matrix);

        assertThat(svd.rank()).isEqualTo(3);
        assertThat(product(svd.truncated(3)).plus(-1, matrix).norm()).isLessThan(1e-13 * matrix.norm());
    }

    @Test
    void of_zero_hasTheRankZero() {
        SingularValues svd = SingularValues.of(Matrix.zeros(3, 2));

        assertThat(svd.values()).containsExactly(0, 0);
        assertThat(svd.rank()).isZero();
        assertThat(svd.norm(0)).isZero();
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e-200, 1e200})
    void of_extremeSizes_neitherOverflowsNorVanishes(double scale) {
        SingularValues svd =
                SingularValues.of(Matrix.ofRows(2, new double[] {3 * scale, 0}, new double[] {4 * scale, 5 * scale}));

        assertThat(svd.values()[0] / scale).isCloseTo(Math.sqrt(45), ROUNDING);
        assertThat(svd.norm(0) / scale).isCloseTo(Math.sqrt(50), ROUNDING);
    }

    @Test
    void of_valuesFarApart_givesTheSmallOnesTheirDigits() {
        // Rows orthogonal by hand: (1, 1) and (1e-10, -1e-10).
        SingularValues svd = SingularValues.of(Matrix.ofRows(2, new double[] {1, 1}, new double[] {1e-10, -1e-10}));

        assertThat(svd.values()[1]).isCloseTo(Math.sqrt(2) * 1e-10, Offset.offset(1e-22));
    }

    @Test
    void ofProduct_agreesWithTheProduct() {
        Matrix left = random(3, 30, 4);
        Matrix right = random(4, 4, 25);

        SingularValues svd = SingularValues.ofProduct(left, right);

        assertThat(svd.values()).hasSize(4);
        assertThat(product(svd).plus(-1, left.times(right)).norm()).isLessThan(1e-12);
        assertOrthonormal(svd.left());
        assertOrthonormal(svd.right());
    }

    @Test
    void ofProduct_ofMoreColumnsThanTheResultHasRows_isTheProductToo() {
        Matrix left = random(3, 3, 8);
        Matrix right = random(4, 8, 2);

        SingularValues svd = SingularValues.ofProduct(left, right);

        assertThat(svd.values()).hasSize(2);
        assertThat(product(svd).plus(-1, left.times(right)).norm()).isLessThan(1e-12);
    }

    @Test
    void ofProduct_withAZeroFactor_hasNoValues() {
        assertThat(SingularValues.ofProduct(Matrix.zeros(5, 2), random(1, 2, 6)).rank())
                .isZero();
    }

    @ParameterizedTest
    @CsvSource({"200, 170, 5", "170, 200, 5", "165, 165, 40"})
    void leading_ofALargeMatrix_agreesWithTheCompleteDecomposition(int rows, int columns, int count) {
        Matrix matrix = random(9, rows, columns);
        SingularValues complete = SingularValues.of(matrix).truncated(count);

        SingularValues leading = SingularValues.leading(matrix, count);

        assertThat(leading.values()).containsExactly(complete.values(), Offset.offset(1e-10));
        assertThat(product(leading).plus(-1, product(complete)).norm()).isLessThan(1e-8);
        assertOrthonormal(leading.left());
        assertOrthonormal(leading.right());
    }

    @Test
    void leading_ofALargeMatrixOfLowRank_isTheMatrix() {
        Matrix matrix = random(1, 180, 3).times(random(2, 3, 190));

        SingularValues leading = SingularValues.leading(matrix, 6);

        assertThat(leading.values()).hasSize(6);
        assertThat(product(leading).plus(-1, matrix).norm()).isLessThan(1e-12 * matrix.norm());
    }

    @Test
    void leading_ofValuesThatFallFast_givesThoseThatFloatsCanHold() {
        Matrix left = OrthonormalBasis.of(random(5, 180, 180)).basis();
        Matrix right = OrthonormalBasis.of(random(6, 180, 180)).basis();
        double[] values = new double[180];
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.pow(0.5, i);
        }
        Matrix matrix = left.transposed().times(right.scaledRows(values));

        SingularValues leading = SingularValues.leading(matrix, 24);

        assertThat(leading.values()).containsExactly(Arrays.copyOf(values, 24), Offset.offset(1e-11));
        assertThat(product(leading).plus(-1, matrix).norm()).isLessThan(1.2 * Math.pow(0.5, 24));
    }

    @Test
    void leading_ofEqualValues_findsAWholeSpace() {
        // Twice the identity: every direction is as good, and the part kept must have the values 2.
        double[][] rows = new double[170][170];
        for (int i = 0; i < rows.length; i++) {
            rows[i][i] = 2;
        }

        SingularValues leading = SingularValues.leading(Matrix.ofRows(170, rows), 4);

        assertThat(leading.values()).containsExactly(new double[] {2, 2, 2, 2}, ROUNDING);
        assertOrthonormal(leading.left());
    }

    @Test
    void signs_areThoseOfTheLargestElementOnTheLeft() {
        SingularValues svd = SingularValues.of(Matrix.ofRows(1, new double[] {1}, new double[] {-2}));

        assertThat(svd.left().row(0)[1]).isPositive();
        assertThat(svd.right().row(0)[0]).isNegative();
    }

    @Test
    void norm_countsWhatTruncationLeavesOut() {
        SingularValues svd = SingularValues.of(
                Matrix.ofRows(3, new double[] {5, 0, 0}, new double[] {0, 4, 0}, new double[] {0, 0, 3}));

        assertThat(svd.norm(1)).isCloseTo(5, ROUNDING);
        assertThat(svd.norm(3)).isZero();
    }
}
