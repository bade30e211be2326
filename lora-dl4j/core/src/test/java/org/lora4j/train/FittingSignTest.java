/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.train.FittingSign.Kind;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class FittingSignTest {

    private static final double EXACT = 1e-9;

    @TempDir
    private Path folder;

    /** One factor, (3, 4) at first, whose norm is 5, that moves by the same (3, 4) times {@code speed} in every step of rate 1. */
    private static TestModel moving(double speed, double... losses) {
        INDArray p = Nd4j.create(new double[] {3, 4});
        Iterator<Double> next = DoubleStream.of(losses).boxed().iterator();
        return new TestModel(
                List.of(TestModel.parameter("p", TrainableParameter.Kind.FACTOR, p)),
                (in, seed) -> new LossAndGradients(next.next(), TestModel.gradients("p", Nd4j.create(new double[] {
                    -3 * speed, -4 * speed
                }))));
    }

    private static double[] ten(double... ends) {
        double[] losses = new double[10];
        for (int i = 0; i < 10; i++) {
            losses[i] = ends[0] + (ends[1] - ends[0]) * i / 9;
        }
        return losses;
    }

    private static DoubleSupplier inTurn(double... values) {
        Iterator<Double> next = DoubleStream.of(values).boxed().iterator();
        return next::next;
    }

    /** An epoch for each loss. */
    private static Trainer.Builder trainer(TestModel model, int epochs) {
        return Trainer.builder(model)
                .plan(TrainingPlan.builder()
                        .epochs(epochs)
                        .optimizer(SgdOptimizer.of(1))
                        .divergence(Divergence.never())
                        .build());
    }

    private static Batches oneBatch() {
        return Batches.inOrder(List.of(Batch.of(Map.of("x", Nd4j.scalar(1.0)), 1)));
    }

    private static List<Kind> kinds(TrainingResult result) {
        return result.signs().stream().map(FittingSign::kind).toList();
    }

    @Test
    void aValidationThatWorsens_whileTheLossFalls_isToldOnceWithItsNumbers() {
        List<String> lines = new ArrayList<>();

        TrainingResult result = trainer(moving(0.02, 1, 0.8, 0.6, 0.5, 0.4), 5)
                .validation(Validation.higherIsBetter("accuracy", inTurn(0.80, 0.82, 0.80, 0.79, 0.78)))
                .listener(ProgressListener.to(lines::add))
                .build()
                .train(oneBatch());

        assertThat(result.signs()).hasSize(1);
        FittingSign sign = result.signs().get(0);
        assertThat(sign.kind()).isEqualTo(Kind.VALIDATION_WORSENS);
        assertThat(sign.kind().isOverfitting()).isTrue();
        assertThat(sign.epoch()).isEqualTo(4);
        assertThat(sign.evidence())
                .containsEntry("best", 0.82)
                .containsEntry("bestEpoch", 2.0)
                .containsEntry("now", 0.79)
                .containsEntry("trainingLossAtBest", 0.8)
                .containsEntry("trainingLoss", 0.5);
        assertThat(lines.stream().filter(line -> line.contains("sign of")))
                .containsExactly(
                        "epoch 4/5  sign of overfitting: \"accuracy\" on held-out examples is 0.7900, after 0.8200 in"
                                + " epoch 2, while the training loss fell from 0.8000 to 0.5000. Stop early (earlyStopping, keepBest),"
                                + " or try more examples, a lower rank, dropout or weight decay.");
    }

    /** A twentieth of the error 0.3 is 0.015; a share of 0.9 must lose 0.01 at least; a loss of 2 must grow by 0.1. */
    @ParameterizedTest
    @CsvSource({
        "true, 0.7 0.684 0.684, 1 0.9 0.9, true",
        "true, 0.7 0.684 0.686, 1 0.9 0.9, false",
        "true, 0.7 0.686 0.684, 1 0.9 0.9, false",
        "true, 0.9 0.889 0.889, 1 0.9 0.9, true",
        "true, 0.9 0.891 0.891, 1 0.9 0.9, false",
        "false, 2 2.11 2.11, 1 0.9 0.9, true",
        "false, 2 2.09 2.09, 1 0.9 0.9, false",
        "false, 2 2.11 2.11, 1 0.9 0.91, false",
        "false, 2 2.11, 1 0.5, false",
        "true, -2 -2.11 -2.11, 1 0.9 0.9, true",
    })
    void aValidationThatWorsens_isTold_fromItsLimitsOn(boolean higher, String metrics, String losses, boolean told) {
        double[] metric = numbers(metrics);

        TrainingResult result = trainer(moving(0.02, numbers(losses)), metric.length)
                .validation(new Validation("m", higher, inTurn(metric)))
                .build()
                .train(oneBatch());

        assertThat(kinds(result)).isEqualTo(told ? List.of(Kind.VALIDATION_WORSENS) : List.of());
    }

    private static double[] numbers(String text) {
        return DoubleStream.of(List.of(text.split(" ")).stream()
                        .mapToDouble(Double::valueOf)
                        .toArray())
                .toArray();
    }

    @Test
    void aGapThatOpens_isToldWhenTheValidationRests() {
        TrainingResult result = trainer(moving(0.02, 1, 0.8, 0.6, 0.5), 4)
                .validation(Validation.higherIsBetter("accuracy", inTurn(0.70, 0.75, 0.75, 0.75)))
                .trainingMetric(inTurn(0.72, 0.80, 0.84, 0.88))
                .build()
                .train(oneBatch());

        assertThat(kinds(result)).containsExactly(Kind.GAP);
        assertThat(result.signs().get(0).epoch()).isEqualTo(4);
        assertThat(result.signs().get(0).evidence().get("gap")).isCloseTo(0.13, within(EXACT));
        assertThat(result.signs().get(0).evidence().get("firstGap")).isCloseTo(0.02, within(EXACT));
    }

    /** Below 0.1; the validation still gains; as large from the first epoch on; losses, of which a tenth counts. */
    @ParameterizedTest
    @CsvSource({
        "true, 0.75 0.75 0.75, 0.76 0.84 0.84, false",
        "true, 0.70 0.72 0.75, 0.80 0.90 0.99, false",
        "true, 0.75 0.75 0.75, 0.95 0.95 0.95, false",
        "false, 2 2 2, 2 1.9 1.79, true",
        "false, 2 2 2, 2 1.9 1.81, false",
    })
    void aGap_isTold_fromItsLimitsOn(boolean higher, String heldOut, String training, boolean told) {
        TrainingResult result = trainer(moving(0.02, 1, 0.8, 0.6), 3)
                .validation(new Validation("m", higher, inTurn(numbers(heldOut))))
                .trainingMetric(inTurn(numbers(training)))
                .build()
                .train(oneBatch());

        assertThat(kinds(result)).isEqualTo(told ? List.of(Kind.GAP) : List.of());
    }

    @Test
    void aTrainingMetric_withoutEvaluation_isRefused() {
        assertThatThrownBy(
                        () -> trainer(moving(1, 1), 1).trainingMetric(() -> 1).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a training metric without evaluation");
    }

    @Test
    void factorsThatGrowOn_afterTheBestValidation_areTold() {
        // Norms after the epochs: 10, 15, 20; best in the first.
        TrainingResult result = trainer(moving(1, 1, 0.99, 0.98), 3)
                .validation(Validation.lowerIsBetter("loss", inTurn(2, 2, 2)))
                .build()
                .train(oneBatch());

        assertThat(kinds(result)).containsExactly(Kind.NORM_GROWTH);
        FittingSign sign = result.signs().get(0);
        assertThat(sign.epoch()).isEqualTo(3);
        assertThat(sign.evidence().get("start")).isCloseTo(5, within(EXACT));
        assertThat(sign.evidence().get("atBest")).isCloseTo(10, within(EXACT));
        assertThat(sign.evidence().get("now")).isCloseTo(20, within(EXACT));
    }

    @Test
    void factorsOfTenTimesTheirNorm_areTold() {
        // 5 at first, 10 after an epoch, 50 after nine.
        TrainingResult result =
                trainer(moving(1, 9, 8, 7, 6, 5, 4, 3, 2, 1), 9).build().train(oneBatch());

        assertThat(kinds(result)).containsExactly(Kind.NORM_GROWTH);
        assertThat(result.signs().get(0).epoch()).isEqualTo(9);
    }

    @Test
    void factorsThatHardlyMove_areToldAtTheEnd_withWhatToTry() {
        // 10 steps of 0.0009 of their norm: 0.9 %.
        TrainingResult result = trainer(moving(0.0009, ten(1, 0.5)), 10).build().train(oneBatch());

        assertThat(kinds(result)).containsExactly(Kind.FACTORS_HARDLY_MOVED);
        FittingSign sign = result.signs().get(0);
        assertThat(sign.kind().isOverfitting()).isFalse();
        assertThat(sign.evidence().get("moved")).isCloseTo(0.009, within(EXACT));
        assertThat(sign)
                .hasToString(
                        "sign of underfitting: The factors have moved by 0.90 % of their norm in 10 steps; the loss went"
                                + " from 1.000 to 0.5000. Try a learning rate ten times as high, or more steps.");
    }

    @Test
    void factorsThatHardlyMove_areToldInTheMiddleOfALongerRun() {
        double[] losses = new double[20];
        Arrays.fill(losses, 1);
        List<Long> steps = new ArrayList<>();
        long[] step = new long[1];

        trainer(moving(0.0009, losses), 20)
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        step[0] = report.step();
                    }

                    @Override
                    public void onFittingSign(FittingSign sign) {
                        steps.add(step[0]);
                    }
                })
                .build()
                .train(oneBatch());

        // The second half has moved by 1.8 %, but the loss did not fall.
        assertThat(steps).containsExactly(10L, 20L);
    }

    @ParameterizedTest
    @CsvSource({"0.96, true", "0.94, false"})
    void aLossThatFallsByLessThanATwentieth_isTold(double last, boolean told) {
        TrainingResult result = trainer(moving(0.01, ten(1, last)), 10).build().train(oneBatch());

        assertThat(kinds(result)).isEqualTo(told ? List.of(Kind.LOSS_HARDLY_FALLS) : List.of());
    }

    @Test
    void runsOfFewSteps_sayNothingOfUnderfitting() {
        assertThat(kinds(trainer(moving(0.0001, 1, 1, 1), 3).build().train(oneBatch())))
                .isEmpty();
    }

    @Test
    void aModelWithoutFactors_hasNoSignOfThem() {
        TestModel model = TestModel.regression();

        TrainingResult result = Trainer.builder(model)
                .plan(TrainingPlan.builder()
                        .epochs(40)
                        .optimizer(SgdOptimizer.of(0.1))
                        .build())
                .build()
                .train(Batches.inOrder(List.of(TestModel.rows(new double[][] {{1, 0}, {0, 1}, {1, 1}}))));

        assertThat(result.signs()).isEmpty();
    }

    @Test
    void movement_ofALargeFactor_isEstimatedFromSomeOfItsValues() {
        INDArray p = Nd4j.ones(300, 300);
        TestModel model = new TestModel(
                List.of(TestModel.parameter("p", TrainableParameter.Kind.FACTOR, p)),
                (in, seed) -> new LossAndGradients(
                        1, TestModel.gradients("p", Nd4j.ones(300, 300).muli(-0.0005f))));

        TrainingResult result = trainer(model, 10).build().train(oneBatch());

        assertThat(result.signs().get(0).evidence().get("moved")).isCloseTo(0.005, within(1e-5));
    }

    @Test
    void resume_afterAStopAtAnyStep_givesTheSignsOfAnUninterruptedRun() {
        double[] losses = {1, 0.8, 0.6, 0.5, 0.4, 0.39, 0.38, 0.37, 0.36, 0.35, 0.34};
        double[] metrics = {0.80, 0.82, 0.80, 0.79, 0.78, 0.77, 0.76, 0.75, 0.74, 0.73, 0.72};
        double[] training = {0.80, 0.82, 0.90, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98};
        List<FittingSign> expected = trainer(moving(1, losses), losses.length)
                .validation(Validation.higherIsBetter("accuracy", inTurn(metrics)))
                .trainingMetric(inTurn(training))
                .build()
                .train(oneBatch())
                .signs();
        assertThat(expected)
                .extracting(FittingSign::kind)
                .containsExactlyInAnyOrder(Kind.VALIDATION_WORSENS, Kind.GAP, Kind.NORM_GROWTH);

        for (int stop = 1; stop < losses.length; stop++) {
            int last = stop;
            Checkpoints checkpoints = Checkpoints.in(folder.resolve("stop" + stop));
            trainer(moving(1, losses), losses.length)
                    .validation(Validation.higherIsBetter("accuracy", inTurn(metrics)))
                    .trainingMetric(inTurn(training))
                    .checkpoints(checkpoints)
                    .listener(new RunListener() {
                        @Override
                        public void onStep(StepReport report) {
                            if (report.step() == last) {
                                Thread.currentThread().interrupt();
                            }
                        }
                    })
                    .build()
                    .train(oneBatch());
            // The interrupted epoch is evaluated when the run goes on.
            int from = stop - 1;
            List<FittingSign> signs = trainer(moving(1, Arrays.copyOfRange(losses, stop, losses.length)), losses.length)
                    .validation(Validation.higherIsBetter(
                            "accuracy", inTurn(Arrays.copyOfRange(metrics, from, losses.length))))
                    .trainingMetric(inTurn(Arrays.copyOfRange(training, from, losses.length)))
                    .checkpoints(checkpoints)
                    .build()
                    .resume(oneBatch())
                    .signs();

            assertThat(signs).as("stopped after step %s", stop).isEqualTo(expected);
        }
    }
}
