/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.TrainableParameter.Kind;
import org.lora4j.train.TrainingFailedException.Reason;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A run whose steps are too large is measured by the loss before its first step, and called diverged. */
class DivergedRunTest {

    private static Batch one() {
        return Batch.of(Map.of("x", Nd4j.create(new double[] {1})), 1);
    }

    /** A factor B that has a gradient from the first step, and A that has one once B has moved; by the number of the pass. */
    private static TestModel scripted(
            IntToDoubleFunction loss, IntToDoubleFunction gradientOfB, IntToDoubleFunction ofA) {
        int[] pass = {0};
        return new TestModel(
                List.of(
                        TestModel.parameter("loraA", Kind.FACTOR, Nd4j.create(new double[] {1})),
                        TestModel.parameter("loraB", Kind.FACTOR, Nd4j.create(new double[] {0}))),
                (in, seed) -> {
                    pass[0]++;
                    return new LossAndGradients(
                            loss.applyAsDouble(pass[0]),
                            TestModel.gradients(
                                    "loraA", Nd4j.create(new double[] {ofA.applyAsDouble(pass[0])}),
                                    "loraB", Nd4j.create(new double[] {gradientOfB.applyAsDouble(pass[0])})));
                });
    }

    private static TrainingFailedException failure(TestModel model, int epochs) {
        return catchThrowableOfType(TrainingFailedException.class, () -> run(model, epochs));
    }

    private static TrainingResult run(TestModel model, int epochs) {
        return Trainer.builder(model)
                .plan(TrainingPlan.builder()
                        .epochs(epochs)
                        .optimizer(SgdOptimizer.of(0.25))
                        .build())
                .build()
                .train(Batches.inOrder(List.of(one())));
    }

    @ParameterizedTest
    @CsvSource({"100, 21", "24, 13", "10, 6", "4, 4"})
    void train_whenTheSecondLossIsFarAboveTheFirst_hasDiverged(int epochs, long step) {
        TestModel model = scripted(pass -> pass == 1 ? 0.9 : 1951, pass -> 1, pass -> 1);

        TrainingFailedException failure = failure(model, epochs);

        assertThat(failure.reason()).isEqualTo(Reason.LOSS_DIVERGED);
        assertThat(failure.step()).isEqualTo(step);
        assertThat(failure)
                .hasMessageContaining("times that of the start, 2.7")
                .hasMessageContaining("Before the first step the loss was 0.9")
                .hasMessageContaining("The learning rate is too high");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void train_whenTheFirstBatchIsEasierThanMost_goesOn(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        TestModel model = scripted(pass -> pass == 1 ? 0.05 : 0.2 + 0.6 * random.nextDouble(), pass -> 1, pass -> 1);

        assertThat(run(model, 200).stopReason()).isEqualTo(StopReason.COMPLETED);
    }

    @Test
    void train_whenAllGradientsVanishAfterAStepThatWasTooLarge_doesNotBlameTheGraph() {
        // A's gradient is 0 in the first step as B is 0, and in all later ones as the units are dead.
        TestModel model = scripted(pass -> pass == 1 ? 0.9 : 1951, pass -> pass == 1 ? 1 : 0, pass -> 0);

        TrainingFailedException failure = failure(model, 100);

        assertThat(failure.reason()).isEqualTo(Reason.LOSS_DIVERGED);
        assertThat(failure.step()).isEqualTo(3);
        assertThat(failure.parameters()).containsExactly("loraA");
        assertThat(failure)
                .hasMessageContaining("the loss was 0.9 before the first step and has risen")
                .hasMessageContaining("the run has diverged")
                .hasMessageContaining("The learning rate is too high");
    }

    @Test
    void train_whenSaturatedUnitsGiveNoGradient_doesNotBlameTheData() {
        // A mean squared error of saturated units: twice that of the start, and no more.
        TestModel model =
                scripted(pass -> pass <= 2 ? 0.25 : 0.5, pass -> pass <= 2 ? 1 : 0, pass -> pass == 2 ? 1 : 0);

        TrainingFailedException failure = failure(model, 100);

        assertThat(failure.reason()).isEqualTo(Reason.LOSS_DIVERGED);
        assertThat(failure.step()).isEqualTo(5);
        assertThat(failure.parameters()).containsExactly("loraA", "loraB");
    }

    @Test
    void train_whenAFactorIsCutOffWhileTheOthersLearn_stillSaysSo() {
        TestModel model = scripted(pass -> 1 + 0.1 * pass, pass -> 1, pass -> 0);

        assertThat(failure(model, 100).reason()).isEqualTo(Reason.NO_GRADIENT);
    }

    @Test
    void train_whenNaNFollowsADivergedRun_saysThatItHadDiverged() {
        TestModel model = scripted(pass -> pass == 1 ? 0.9 : pass < 5 ? 1951 : Double.NaN, pass -> 1, pass -> 1);

        TrainingFailedException failure = failure(model, 100);

        assertThat(failure.reason()).isEqualTo(Reason.LOSS_NOT_FINITE);
        assertThat(failure)
                .hasMessageContaining(
                        "The run had diverged before: the loss rose from 0.9 before the first step to 1951.0");
    }

    /** A small classifier with ReLU, and data that it can learn. */
    private static AdaptedSameDiff classifier(SplittableRandom random) {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 4);
        SDVariable labels = graph.placeHolder("labels", DataType.FLOAT, -1, 2);
        SDVariable up = graph.constant("up.weight", values(random, 4, 16));
        SDVariable head = graph.constant("head.weight", values(random, 16, 2));
        SDVariable logits = graph.nn().relu(x.mmul(up), 0).mmul("logits", head);
        graph.loss().softmaxCrossEntropy("loss", labels, logits, null);
        graph.setLossVariables("loss");
        return DefaultAdapter.fresh(
                AdaptedSameDiff.of(graph),
                LoraConfig.builder()
                        .rank(4)
                        .alpha(8)
                        .targetModules("up", "head")
                        .build(),
                3);
    }

    private static INDArray values(SplittableRandom random, long... shape) {
        INDArray values = Nd4j.create(DataType.FLOAT, shape);
        for (long i = 0; i < values.length(); i++) {
            values.putScalar(i, random.nextDouble() - 0.5);
        }
        return values;
    }

    private static List<Batch> batches(SplittableRandom random) {
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            INDArray x = values(random, 16, 4);
            INDArray labels = Nd4j.zeros(DataType.FLOAT, 16, 2);
            for (int row = 0; row < 16; row++) {
                labels.putScalar(row, x.getDouble(row, 0) * x.getDouble(row, 1) > 0 ? 1 : 0, 1);
            }
            batches.add(Batch.of(Map.of("x", x, "labels", labels), 16));
        }
        return batches;
    }

    @ParameterizedTest
    @CsvSource({"AdamW, 1", "AdamW, 5", "Sgd, 1", "Sgd, 5"})
    void train_withALearningRateOf10_isCalledDiverged(String optimizer, int epochs) {
        SplittableRandom random = new SplittableRandom(1);
        Trainer trainer = Trainer.builder(classifier(random))
                .plan(TrainingPlan.builder()
                        .epochs(epochs)
                        .optimizer(optimizer.equals("Sgd") ? SgdOptimizer.of(100) : AdamW.of(10))
                        .build())
                .build();
        Batches batches = Batches.inOrder(batches(random));

        TrainingFailedException failure =
                catchThrowableOfType(TrainingFailedException.class, () -> trainer.train(batches));

        assertThat(failure).as("the run is not completed").isNotNull();
        assertThat(failure.reason()).isIn(Reason.LOSS_DIVERGED, Reason.LOSS_NOT_FINITE);
        assertThat(failure.getMessage()).contains("learning rate").contains("too high");
    }

    @Test
    void train_withAUsualLearningRate_completes() {
        SplittableRandom random = new SplittableRandom(1);
        TrainingResult result = Trainer.builder(classifier(random))
                .plan(TrainingPlan.builder().epochs(5).optimizer(AdamW.of(1e-2)).build())
                .build()
                .train(Batches.inOrder(batches(random)));

        assertThat(result.stopReason()).isEqualTo(StopReason.COMPLETED);
    }
}
