/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class RandomStreamsTest {

    @Test
    void of_dependsOnSeedAndNameAlone() {
        assertThat(RandomStreams.of(1, "a").nextLong())
                .isEqualTo(RandomStreams.of(1, "a").nextLong());
        assertThat(List.of(
                        RandomStreams.of(1, "a").nextLong(),
                        RandomStreams.of(2, "a").nextLong(),
                        RandomStreams.of(1, "b").nextLong()))
                .doesNotHaveDuplicates();
    }

    @Test
    void uniform_fillsTheRangeEvenly() {
        INDArray array = RandomStreams.uniform(new SplittableRandom(1), 3, DataType.DOUBLE, 100, 100);

        assertThat(array.amaxNumber().doubleValue()).isBetween(2.99, 3.0);
        assertThat(array.meanNumber().doubleValue()).isCloseTo(0, within(0.1));
        // A uniform distribution of width 6 deviates by 6 / sqrt 12.
        assertThat(array.stdNumber().doubleValue()).isCloseTo(6 / Math.sqrt(12), within(0.05));
    }

    @Test
    void normal_hasMeanZeroAndTheDeviation() {
        INDArray array = RandomStreams.normal(new SplittableRandom(1), 3, DataType.DOUBLE, 100, 100);

        assertThat(array.meanNumber().doubleValue()).isCloseTo(0, within(0.1));
        assertThat(array.stdNumber().doubleValue()).isCloseTo(3, within(0.1));
    }

    @ParameterizedTest
    @EnumSource(names = {"HALF", "FLOAT", "DOUBLE"})
    void uniform_hasTypeShapeAndOrder(DataType type) {
        INDArray array = RandomStreams.uniform(new SplittableRandom(1), 1, type, 2, 3);

        assertThat(array.dataType()).isEqualTo(type);
        assertThat(array.shape()).containsExactly(2, 3);
        assertThat(array.ordering()).isEqualTo('c');
    }

    // SameDiff would make copies of its own of a view.
    @ParameterizedTest
    @EnumSource(names = {"HALF", "FLOAT", "DOUBLE"})
    void uniform_isNoView(DataType type) {
        assertThat(RandomStreams.uniform(new SplittableRandom(1), 1, type, 2, 3).isView())
                .isFalse();
    }

    @Test
    void uniform_drawsRowByRow() {
        INDArray array = RandomStreams.uniform(new SplittableRandom(7), 2, DataType.DOUBLE, 2, 2);

        SplittableRandom same = new SplittableRandom(7);
        same.nextDouble();
        assertThat(array.getDouble(0, 1)).isEqualTo((2 * same.nextDouble() - 1) * 2);
    }

    @Test
    void uniform_ofTooManyElements_isRefusedBeforeAnythingIsAllocated() {
        assertThatThrownBy(() -> RandomStreams.uniform(new SplittableRandom(1), 1, DataType.FLOAT, 1L << 40, 1L << 40))
                .isInstanceOf(ArithmeticException.class);
    }
}
