/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.ndarray.INDArray;

class PenaltyTest {

    private static final double ROUNDING = 1e-12;
    private static final Batch BATCH = TestModel.rows(new double[] {1, 2});

    /** {@code factor / 2 * sum p^2} of every parameter, with a gradient that is NaN if {@code broken}. */
    private record Shrinking(double factor, boolean broken) implements Penalty {

        @Override
        public List<String> misfits(List<TrainableParameter> parameters) {
            return parameters.size() > 1 ? List.of("too many parameters, expected 1") : List.of();
        }

        @Override
        public LossAndGradients at(List<TrainableParameter> parameters) {
            double value = 0;
            Map<String, INDArray> gradients = new LinkedHashMap<>();
            for (TrainableParameter parameter : parameters) {
                value += factor
                        / 2
                        * parameter.value().mul(parameter.value()).sumNumber().doubleValue();
                INDArray gradient = parameter.value().mul(factor);
                if (broken) {
                    gradient.putScalar(0, Double.NaN);
                }
                gradients.put(parameter.name(), gradient);
            }
            return new LossAndGradients(value, gradients);
        }
    }

    private static TrainingPlan.Builder plan(long steps) {
        return TrainingPlan.builder().steps(steps).optimizer(SgdOptimizer.of(0.1));
    }

    private static TrainingResult train(TestModel model, TrainingPlan plan, Batch... batches) {
        return Trainer.builder(model).plan(plan).build().train(Batches.inOrder(List.of(batches)));
    }

    @Test
    void step_followsTheGradientOfLossAndPenalty() {
        TestModel model = TestModel.slope(Kind.WEIGHT, 3, -1);

        TrainingResult result =
                train(model, plan(1).penalty(new Shrinking(2, false)).build(), BATCH);

        // p - 0.1 (1 + 2 p); loss 3 - 1 + (9 + 1).
        assertThat(model.values(0)).containsExactly(new double[] {2.3, -0.9}, within(ROUNDING));
        assertThat(result.losses()).containsExactly(12.0);
    }

    @Test
    void severalPenalties_addUp() {
        TestModel model = TestModel.slope(Kind.WEIGHT, 3);

        train(
                model,
                plan(1).penalty(new Shrinking(2, false))
                        .penalty(new Shrinking(4, false))
                        .build(),
                BATCH);

        assertThat(model.values(0)).containsExactly(new double[] {3 - 0.1 * (1 + 6 * 3)}, within(ROUNDING));
    }

    @Test
    void accumulation_addsThePenaltyOnce() {
        TestModel model = TestModel.slope(Kind.WEIGHT, 3);

        TrainingResult result = train(
                model,
                plan(1).accumulation(3).penalty(new Shrinking(2, false)).build(),
                BATCH.withWeight(1),
                BATCH.withWeight(5),
                BATCH.withWeight(2));

        assertThat(model.values(0)).containsExactly(new double[] {3 - 0.1 * (1 + 2 * 3)}, within(ROUNDING));
        assertThat(result.losses().get(0)).isCloseTo(3 + 9, within(ROUNDING));
    }

    @Test
    void clipping_seesTheSum() {
        TestModel model = TestModel.slope(Kind.WEIGHT, 3);

        train(
                model,
                plan(1).clipping(GradientClipping.byValue(2))
                        .penalty(new Shrinking(2, false))
                        .build(),
                BATCH);

        assertThat(model.values(0)).containsExactly(new double[] {3 - 0.1 * 2}, within(ROUNDING));
    }

    @Test
    void gradientThatIsTheParameterItself_isNotOverwritten() {
        TestModel shape = TestModel.slope(Kind.WEIGHT, 3);
        INDArray value = shape.parameters().get(0).value();
        TestModel aliasing = new TestModel(
                shape.parameters(), (in, seed) -> new LossAndGradients(0, TestModel.gradients("p", value)));

        train(aliasing, plan(1).penalty(new Shrinking(2, false)).build(), BATCH);

        assertThat(aliasing.values(0)).containsExactly(new double[] {3 - 0.1 * (3 + 6)}, within(ROUNDING));
    }

    @Test
    void misfit_endsTheRunBeforeItBegins() {
        TestModel model = TestModel.regression();
        TrainingPlan plan = plan(1).penalty(new Shrinking(2, false)).build();

        assertThatThrownBy(() -> train(model, plan, BATCH))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Trainer: too many parameters, expected 1");
        assertThat(model.values(0)).containsExactly(0, 0);
    }

    @Test
    void penaltyThatIsNotFinite_changesNothing_andIsNamed() {
        TestModel model = TestModel.slope(Kind.WEIGHT, 3);
        TrainingPlan plan = plan(1).penalty(new Shrinking(1, true)).build();

        assertThatThrownBy(() -> train(model, plan, BATCH))
                .isInstanceOfSatisfying(TrainingFailedException.class, e -> {
                    assertThat(e.reason()).isEqualTo(TrainingFailedException.Reason.GRADIENT_NOT_FINITE);
                    assertThat(e.parameters()).containsExactly("p");
                })
                .hasMessageContaining("the penalty Shrinking[factor=1.0, broken=true] is 4.5")
                .hasMessageContaining("This step was not applied");
        assertThat(model.values(0)).containsExactly(3);
    }

    @Test
    void penaltyOfUnknownParameters_isAnError() {
        Penalty wrong = new Penalty() {
            @Override
            public List<String> misfits(List<TrainableParameter> parameters) {
                return List.of();
            }

            @Override
            public LossAndGradients at(List<TrainableParameter> parameters) {
                return new LossAndGradients(
                        0, TestModel.gradients("q", parameters.get(0).value().dup()));
            }

            @Override
            public String toString() {
                return "wrong";
            }
        };
        TestModel model = TestModel.slope(Kind.WEIGHT, 3);
        TrainingPlan plan = plan(1).penalty(wrong).build();

        assertThatThrownBy(() -> train(model, plan, BATCH))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("Trainer, penalty wrong: a gradient of \"q\", which does not learn");
    }

    @Test
    void plan_tellsItsPenalties_andIsEqualOnlyWithThem() {
        TrainingPlan with = plan(1).penalty(new Shrinking(2, false)).build();

        assertThat(with.toString()).contains("penalties=[Shrinking[factor=2.0, broken=false]]");
        assertThat(plan(1).build().toString()).doesNotContain("penalties");
        assertThat(with.toBuilder().build()).isEqualTo(with);
        assertThat(with).isNotEqualTo(plan(1).build());
        assertThatThrownBy(() -> plan(1).penalty(null).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a penalty is null");
    }

    @Test
    void resume_endsWithTheBytesOfAnUninterruptedRun(@TempDir Path folder) {
        TrainingPlan plan = plan(6).penalty(new Shrinking(0.5, false)).build();
        TestModel whole = TestModel.slope(Kind.WEIGHT, 3, -1);
        train(whole, plan, BATCH);

        TestModel stopped = TestModel.slope(Kind.WEIGHT, 3, -1);
        Trainer.Builder trainer = Trainer.builder(stopped)
                .plan(plan)
                .checkpoints(Checkpoints.in(folder).withEverySteps(2));
        RunListener stop = new RunListener() {
            @Override
            public void onStep(StepReport report) {
                if (report.step() == 3) {
                    Thread.currentThread().interrupt();
                }
            }
        };
        trainer.listener(stop).build().train(Batches.inOrder(List.of(BATCH)));
        TestModel resumed = TestModel.slope(Kind.WEIGHT, 7, 7);
        Trainer.builder(resumed)
                .plan(plan)
                .checkpoints(Checkpoints.in(folder).withEverySteps(2))
                .build()
                .resume(Batches.inOrder(List.of(BATCH)));

        assertThat(resumed.values(0)).containsExactly(whole.values(0));
    }

    @Test
    void resume_withAnotherPenalty_isRefused(@TempDir Path folder) {
        TestModel model = TestModel.slope(Kind.WEIGHT, 3);
        Trainer.builder(model)
                .plan(plan(2).penalty(new Shrinking(0.5, false)).build())
                .checkpoints(Checkpoints.in(folder))
                .build()
                .train(Batches.inOrder(List.of(BATCH)));
        Trainer other = Trainer.builder(model)
                .plan(plan(2).penalty(new Shrinking(0.25, false)).build())
                .checkpoints(Checkpoints.in(folder))
                .build();

        assertThatThrownBy(() -> other.resume(Batches.inOrder(List.of(BATCH))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Shrinking[factor=0.25")
                .hasMessageContaining("Shrinking[factor=0.5");
    }
}
