/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RunCountersTest {

    private static StepReport step(double loss) {
        return new StepReport(1, 1, loss, 1e-3, 0.5, 8, 100, 0.1, 0.1, OptionalLong.empty(), OptionalDouble.empty());
    }

    @Test
    void whatARunDoes_isCounted() {
        RunCounters counters = new RunCounters();
        assertThat(counters.lastLoss()).isNaN();
        assertThat(counters.lastMetric()).isNaN();

        counters.onStep(step(2));
        counters.onStep(step(1.5));
        counters.onEvaluation(new EvaluationReport(2, 1, 0.6, 0.1, true));
        counters.onEpochEnd(new EpochReport(1, 2, 1.75, 16, 1, OptionalDouble.of(0.7), 0.1, true));
        counters.onEpochEnd(new EpochReport(2, 2, 1.75, 16, 1, OptionalDouble.empty(), 0, false));

        assertThat(counters.steps()).isEqualTo(2);
        assertThat(counters.examples()).isEqualTo(16);
        assertThat(counters.epochs()).isEqualTo(2);
        assertThat(counters.evaluations()).isEqualTo(2);
        assertThat(counters.runs()).isZero();
        assertThat(counters.lastLoss()).isEqualTo(1.5);
        assertThat(counters.lastMetric()).isEqualTo(0.7);
        assertThat(counters.lastLearningRate()).isEqualTo(1e-3);
        assertThat(counters.examplesPerSecond()).isEqualTo(100);
    }
}
