/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.factory.Nd4j;

class EarlyStoppingTest {

    private final TestModel model = TestModel.slope(Kind.WEIGHT, 0.1);
    private final List<Double> afterEpoch = new ArrayList<>();
    private final List<Boolean> best = new ArrayList<>();

    /** Trains one step an epoch; the evaluation gives the given values one after the other. */
    private TrainingResult train(TrainingPlan.Builder plan, boolean higherIsBetter, double... metrics) {
        Iterator<Double> values = DoubleStream.of(metrics).iterator();
        Validation evaluation = new Validation("metric", higherIsBetter, () -> {
            afterEpoch.add(model.values(0)[0]);
            return values.next();
        });
        return Trainer.builder(model)
                .plan(plan.epochs(metrics.length)
                        .optimizer(SgdOptimizer.of(0.3))
                        .build())
                .validation(evaluation)
                .listener(new RunListener() {
                    @Override
                    public void onEpochEnd(EpochReport report) {
                        best.add(report.best());
                    }
                })
                .build()
                .train(Batches.inOrder(List.of(Batch.of(Map.of("x", Nd4j.scalar(1.0)), 1))));
    }

    private static TrainingPlan.Builder patience(int patience) {
        return TrainingPlan.builder().earlyStopping(EarlyStopping.patience(patience));
    }

    @Test
    void train_whenTheMetricNoLongerRises_stopsAndRestoresTheBestBits() {
        TrainingResult result = train(patience(2), true, 0.5, 0.7, 0.6, 0.7, 0.9, 0.9);

        assertThat(result.stopReason()).isEqualTo(StopReason.EARLY_STOPPED);
        assertThat(result.epochs()).hasSize(4);
        assertThat(result.bestMetric()).hasValue(0.7);
        assertThat(result.bestEpoch()).hasValue(2);
        assertThat(result.bestRestored()).isTrue();
        assertThat(model.values(0)).containsExactly(afterEpoch.get(1));
        assertThat(best).containsExactly(true, true, false, false);
    }

    @Test
    void train_whenLowerIsBetter_keepsTheLowest() {
        TrainingResult result = train(patience(1), false, 0.5, 0.4, 0.45, 0.1);

        assertThat(result.epochs()).hasSize(3);
        assertThat(result.bestMetric()).hasValue(0.4);
        assertThat(model.values(0)).containsExactly(afterEpoch.get(1));
    }

    @Test
    void train_withMinDelta_doesNotCountSmallGainsButKeepsTheBest() {
        TrainingPlan.Builder plan =
                TrainingPlan.builder().earlyStopping(EarlyStopping.patience(2).withMinDelta(0.1));

        TrainingResult result = train(plan, true, 0.5, 0.55, 0.58, 0.9);

        assertThat(result.stopReason()).isEqualTo(StopReason.EARLY_STOPPED);
        assertThat(result.epochs()).hasSize(3);
        assertThat(result.bestMetric()).hasValue(0.58);
        assertThat(model.values(0)).containsExactly(afterEpoch.get(2));
    }

    @Test
    void train_withMinDelta_countsSmallGainsThatAddUp() {
        TrainingPlan.Builder plan =
                TrainingPlan.builder().earlyStopping(EarlyStopping.patience(2).withMinDelta(0.1));

        TrainingResult result = train(plan, true, 0.5, 0.58, 0.66, 0.74, 0.82);

        assertThat(result.stopReason()).isEqualTo(StopReason.COMPLETED);
        assertThat(result.epochs()).hasSize(5);
    }

    @Test
    void train_withKeepBest_runsToTheEndAndRestores() {
        TrainingResult result = train(TrainingPlan.builder().keepBest(true), true, 0.9, 0.1, 0.2);

        assertThat(result.stopReason()).isEqualTo(StopReason.COMPLETED);
        assertThat(result.epochs()).hasSize(3);
        assertThat(result.norms().get(0).end()).isEqualTo(Math.abs(afterEpoch.get(0)));
        assertThat(model.values(0)).containsExactly(afterEpoch.get(0));
    }

    @Test
    void train_withAnEvaluationOnly_leavesTheLastParameters() {
        TrainingResult result = train(TrainingPlan.builder(), true, 0.9, 0.1);

        assertThat(result.bestRestored()).isFalse();
        assertThat(result.bestEpoch()).hasValue(1);
        assertThat(model.values(0)).containsExactly(afterEpoch.get(1));
    }

    @Test
    void train_whenTheMetricIsNaN_failsNamingTheMetricAndKeepsTheBest() {
        assertThatThrownBy(() -> train(patience(3), true, 0.9, Double.NaN))
                .isInstanceOfSatisfying(TrainingFailedException.class, failure -> {
                    assertThat(failure.reason()).isEqualTo(TrainingFailedException.Reason.METRIC_NOT_A_NUMBER);
                    failure.best().orElseThrow().restore();
                })
                .hasMessageContaining("the evaluation \"metric\" returned NaN after this step; expected a number.")
                .hasMessageEndingWith("The best parameters, of epoch 1 (metric 0.9), are in best() of this exception.");
        assertThat(model.values(0)).containsExactly(afterEpoch.get(0));
    }

    @Test
    void snapshot_onceClosed_refusesToRestore() {
        ParameterSnapshot snapshot = ParameterSnapshot.of(model.parameters());
        snapshot.close();

        assertThatThrownBy(snapshot::restore)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("ParameterSnapshot: restore() after close(); expected an open one. Restore before closing");
    }

    @Test
    void earlyStopping_withBadNumbers_listsBoth() {
        assertThatThrownBy(() -> new EarlyStopping(0, -1))
                .hasMessage(
                        "EarlyStopping: 2 problems: patience = 0, expected 1 or more; minDelta = -1.0, expected a finite"
                                + " number, 0 or above");
    }
}
