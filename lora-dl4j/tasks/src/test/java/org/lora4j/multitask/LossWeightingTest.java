/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;

class LossWeightingTest {

    private static final List<String> TASKS = List.of("a", "b");

    @Test
    void uniform_counts1() {
        Weigher weigher = LossWeighting.uniform().start(TASKS, DataType.DOUBLE);

        assertThat(weigher.factor(0)).isEqualTo(1);
        assertThat(weigher.factor(1)).isEqualTo(1);
    }

    @Test
    void given_countsWhatIsSaid() {
        Weigher weigher = LossWeighting.given(Map.of("a", 0.25, "b", 3.0)).start(TASKS, DataType.DOUBLE);

        assertThat(weigher.factor(0)).isEqualTo(0.25);
        assertThat(weigher.factor(1)).isEqualTo(3);
    }

    @Test
    void given_withWrongNumbers_namesAll() {
        assertThatThrownBy(() -> LossWeighting.given(Map.of("a", 0.0, "b", Double.NaN)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("weight of \"a\" = 0.0")
                .hasMessageContaining("weight of \"b\" = NaN");
    }

    @Test
    void uncertainty_startsAsUniform_andFollowsTheLogVariance() {
        Weigher weigher = LossWeighting.uncertainty().start(TASKS, DataType.DOUBLE);
        assertThat(weigher.factor(0)).isEqualTo(1);
        assertThat(weigher.offset(0)).isEqualTo(0);

        weigher.parameter(1).orElseThrow().value().assign(Math.log(4));

        // A variance of 4: L / 4 + log 2.
        assertThat(weigher.factor(1)).isCloseTo(0.25, within(1e-15));
        assertThat(weigher.offset(1)).isCloseTo(Math.log(2), within(1e-15));
    }

    @Test
    void uncertainty_gradientIsThatOfDifferences() {
        Weigher weigher = LossWeighting.uncertainty().start(TASKS, DataType.DOUBLE);
        double loss = 1.7;
        double s = 0.3;
        double step = 1e-5;
        weigher.parameter(0).orElseThrow().value().assign(s + step);
        double up = weigher.factor(0) * loss + weigher.offset(0);
        weigher.parameter(0).orElseThrow().value().assign(s - step);
        double down = weigher.factor(0) * loss + weigher.offset(0);
        weigher.parameter(0).orElseThrow().value().assign(s);

        assertThat(weigher.gradient(0, loss).getDouble(0)).isCloseTo((up - down) / (2 * step), within(1e-9));
    }

    @Test
    void dynamicAverage_countsMoreWhatFallsSlower() {
        Weigher weigher = LossWeighting.dynamicAverage(2).start(TASKS, DataType.DOUBLE);

        weigher.endEpoch(new double[] {2, 2});
        assertThat(weigher.factor(0)).isEqualTo(1);
        assertThat(weigher.factor(1)).isEqualTo(1);

        // Ratios 0.5 and 1: 2 exp(0.25) / (exp(0.25) + exp(0.5)) = 2 / (1 + exp(0.25)) = 0.875647.
        weigher.endEpoch(new double[] {1, 2});
        assertThat(weigher.factor(0)).isCloseTo(0.875647, within(1e-6));
        assertThat(weigher.factor(1)).isCloseTo(1.124353, within(1e-6));

        // Ratios 1 and 1.
        weigher.endEpoch(new double[] {1, 2});
        assertThat(weigher.factor(0)).isCloseTo(1, within(1e-12));
    }

    @Test
    void dynamicAverage_whenATaskHadNoBatch_keepsItsLastLoss() {
        Weigher weigher = LossWeighting.dynamicAverage(2).start(TASKS, DataType.DOUBLE);

        weigher.endEpoch(new double[] {2, 2});
        weigher.endEpoch(new double[] {Double.NaN, 2});
        assertThat(weigher.factor(0)).isCloseTo(1, within(1e-12));

        // 1 / 2, the loss before the gap, and 2 / 2.
        weigher.endEpoch(new double[] {1, 2});
        assertThat(weigher.factor(0)).isCloseTo(0.875647, within(1e-6));
    }

    @Test
    void dynamicAverage_temperatureZero_isRefused() {
        assertThatThrownBy(() -> LossWeighting.dynamicAverage(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("temperature = 0.0");
    }
}
