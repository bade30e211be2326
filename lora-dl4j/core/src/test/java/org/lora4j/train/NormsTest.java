/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.internal.array.DenseArray;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class NormsTest {

    private static final double RELATIVE = 1e-14;

    @Test
    void norm_ofThreeAndFour_isFive() {
        assertThat(Norms.norm(Nd4j.create(new double[] {3, -4}))).isEqualTo(5);
        assertThat(Norms.norm(Nd4j.create(new float[] {3, -4}))).isEqualTo(5);
    }

    @Test
    void norm_overSeveralBlocks_countsEveryElementOnce() {
        float[] ones = new float[3 * DenseArray.BLOCK + 13];
        Arrays.fill(ones, 2);

        assertThat(Norms.norm(Nd4j.create(ones))).isCloseTo(2 * Math.sqrt(ones.length), within(1e-9));
    }

    @Test
    void norm_ofNumbersWhoseSquaresAreLost_isRight() {
        assertThat(Norms.norm(Nd4j.create(new double[] {3e-200, 4e-200}))).isCloseTo(5e-200, within(5e-200 * RELATIVE));
        assertThat(Norms.norm(Nd4j.create(new double[] {3e200, 4e200}))).isCloseTo(5e200, within(5e200 * RELATIVE));
        assertThat(Norms.norm(Nd4j.create(new float[] {Float.MAX_VALUE, Float.MAX_VALUE})))
                .isCloseTo(Math.sqrt(2) * Float.MAX_VALUE, within(1e26));
        assertThat(Norms.norm(Nd4j.create(new float[] {Float.MIN_VALUE, 0}))).isEqualTo(Float.MIN_VALUE);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e-30, 1e-18, 1, 1e18, 1e30})
    void norm_ofManyFloats_isRightInEveryRange(double size) {
        SplittableRandom random = new SplittableRandom(1);
        double[] values = random.doubles(DenseArray.BLOCK + 777, -size, size).toArray();
        double sum = 0;
        for (double value : values) {
            sum += value / size * value / size;
        }

        double norm = Norms.norm(Nd4j.createFromArray(values).castTo(DataType.FLOAT));

        assertThat(norm / size).isCloseTo(Math.sqrt(sum), within(1e-6 * Math.sqrt(sum)));
    }

    @Test
    void norm_ofZerosAndOneTinyValue_isThatValue() {
        float[] values = new float[2 * DenseArray.BLOCK];
        assertThat(Norms.norm(Nd4j.createFromArray(values))).isZero();

        values[DenseArray.BLOCK + 7] = -Float.MIN_VALUE;
        assertThat(Norms.norm(Nd4j.createFromArray(values))).isEqualTo(Float.MIN_VALUE);
    }

    @Test
    void norm_withNaNOrInfinity_isNotFinite() {
        assertThat(Norms.norm(Nd4j.create(new double[] {1, Double.NaN, 1}))).isNaN();
        assertThat(Norms.norm(Nd4j.create(new float[] {1, Float.NaN}))).isNaN();
        assertThat(Norms.norm(Nd4j.create(new double[] {1, Double.NEGATIVE_INFINITY})))
                .isInfinite();
        assertThat(Norms.norm(Nd4j.create(new float[] {1, Float.NEGATIVE_INFINITY})))
                .isInfinite();
    }

    @Test
    void norm_ofAScalar_isItsAbsoluteValue() {
        assertThat(Norms.norm(Nd4j.scalar(-2.5))).isEqualTo(2.5);
    }

    @Test
    void norm_ofAnotherType_isRefused() {
        assertThatThrownBy(() -> Norms.norm(Nd4j.ones(DataType.INT32, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("elements of an array: type INT; expected FLOAT or DOUBLE. Cast the array first");
    }

    @Test
    void clamp_limitsBothSides() {
        INDArray array = Nd4j.create(new float[] {-3, -1, 0.5f, 2});

        Norms.clamp(array, 1);

        assertThat(array.data().asFloat()).containsExactly(-1, -1, 0.5f, 1);
    }
}
