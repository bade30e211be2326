/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

class LearningRateScheduleTest {

    private static final double EXACT = 1e-15;

    private static double[] factors(LearningRateSchedule schedule, int steps) {
        return LongStream.range(0, steps)
                .mapToDouble(step -> schedule.factor(step, 1, steps))
                .toArray();
    }

    @Test
    void constant_isOne() {
        assertThat(factors(LearningRateSchedule.constant(), 3)).containsExactly(1, 1, 1);
    }

    @Test
    void constant_withWarmup_risesWithoutAZeroStep() {
        assertThat(factors(LearningRateSchedule.constant(Warmup.steps(4)), 6))
                .containsExactly(0.25, 0.5, 0.75, 1, 1, 1);
    }

    @Test
    void linear_withWarmup_risesThenFallsToTheLastStep() {
        assertThat(factors(LearningRateSchedule.linear(Warmup.steps(2)), 6))
                .containsExactly(0.5, 1, 1, 0.75, 0.5, 0.25);
    }

    @Test
    void linear_withAFraction_roundsTheWarmupUp() {
        // 0.3 of 5 steps are 1.5, so 2.
        double[] factors = factors(LearningRateSchedule.linear(Warmup.fraction(0.3)), 5);

        assertThat(factors).containsExactly(new double[] {0.5, 1, 1, 2 / 3.0, 1 / 3.0}, within(EXACT));
    }

    @Test
    void linear_behindTheEnd_isZero() {
        assertThat(LearningRateSchedule.linear(Warmup.none()).factor(12, 2, 10)).isZero();
    }

    @Test
    void cosine_isHalfACosineDownToTheFloor() {
        double[] factors = factors(LearningRateSchedule.cosine(Warmup.none(), 0.2), 4);

        // 0.2 + 0.4 (1 + cos(k pi / 4))
        double quarter = Math.sqrt(0.5);
        assertThat(factors)
                .containsExactly(new double[] {1, 0.6 + 0.4 * quarter, 0.6, 0.6 - 0.4 * quarter}, within(EXACT));
    }

    @Test
    void stepDecay_multipliesEverySoManySteps() {
        assertThat(factors(LearningRateSchedule.stepDecay(2, 0.5), 5)).containsExactly(1, 1, 0.5, 0.5, 0.25);
    }

    @Test
    void ofNd4j_dividesItsRatesByTheOptimizers() {
        MapSchedule rates = new MapSchedule.Builder(ScheduleType.EPOCH)
                .add(0, 0.2)
                .add(1, 0.05)
                .build();
        LearningRateSchedule schedule = LearningRateSchedule.ofNd4j(rates, 0.2);

        assertThat(schedule.factor(0, 1, 0)).isEqualTo(1);
        assertThat(schedule.factor(9, 2, 0)).isEqualTo(0.25);
    }

    @Test
    void needsTotalSteps_onlyWhereTheyMatter() {
        assertThat(LearningRateSchedule.constant(Warmup.steps(3)).needsTotalSteps())
                .isFalse();
        assertThat(LearningRateSchedule.stepDecay(2, 0.5).needsTotalSteps()).isFalse();
        assertThat(LearningRateSchedule.constant(Warmup.fraction(0.1)).needsTotalSteps())
                .isTrue();
        assertThat(LearningRateSchedule.linear(Warmup.none()).needsTotalSteps()).isTrue();
        assertThat(LearningRateSchedule.cosine(Warmup.none()).needsTotalSteps()).isTrue();
    }

    @Test
    void warmup_withBadNumbers_listsAllOfThem() {
        assertThatThrownBy(() -> new Warmup(-1, 1))
                .hasMessageStartingWith(
                        "Warmup: 3 problems: steps = -1, expected 0 or more; fraction = 1.0, expected [0, 1);");
    }

    @Test
    void factories_withBadNumbers_refuseThem() {
        assertThatThrownBy(() -> LearningRateSchedule.stepDecay(0, 0))
                .hasMessage(
                        "step decay schedule: 2 problems: every = 0, expected 1 or more; gamma = 0.0, expected a finite"
                                + " number above 0");
        assertThatThrownBy(() -> LearningRateSchedule.cosine(Warmup.none(), 1))
                .hasMessage("cosine schedule: floor = 1.0, expected [0, 1)");
    }
}
