/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.train.FittingSign.Kind;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A run whose loss ends above its start, or above guessing, does not pass as completed. */
class DivergedRunTest {

    /** A factor of norm 5 that grows by 17 in each step, to ten times its norm in the third, over losses that are given. */
    private static TestModel model(double... losses) {
        INDArray p = Nd4j.create(new double[] {3, 4});
        Iterator<Double> next = DoubleStream.of(losses).boxed().iterator();
        return new TestModel(
                List.of(TestModel.parameter("p", TrainableParameter.Kind.FACTOR, p)),
                (in, seed) -> new LossAndGradients(
                        next.next(), TestModel.gradients("p", Nd4j.create(new double[] {-10.2, -13.6}))));
    }

    private static Batches batches(int count) {
        return Batches.inOrder(Collections.nCopies(count, Batch.of(Map.of("x", Nd4j.scalar(1.0)), 1)));
    }

    /** Epochs of some batches. */
    private static Trainer.Builder trainer(int batches, double... losses) {
        return Trainer.builder(model(losses))
                .plan(TrainingPlan.builder()
                        .epochs(losses.length / batches)
                        .optimizer(SgdOptimizer.of(1))
                        .build());
    }

    @Test
    void lossAboveItsStart_isDivergence_andNotOverfitting() {
        TrainingResult result = trainer(1, 4.4, 8.8, 8.8).build().train(batches(1));

        assertThat(result.stopReason()).isEqualTo(StopReason.DIVERGED);
        assertThat(result.signs()).extracting(FittingSign::kind).doesNotContain(Kind.NORM_GROWTH);
        FittingSign sign = result.signs().get(result.signs().size() - 1);
        assertThat(sign)
                .hasToString(
                        "sign of divergence: The mean training loss of epoch 3 is 8.800, above the 4.400 before the first"
                                + " step. The learning rate is too high: lower it, a tenth is a good second try, or warm up"
                                + " longer.");
        assertThat(sign.kind().isOverfitting()).isFalse();
        assertThat(sign.evidence()).containsEntry("firstLoss", 4.4).containsEntry("meanLoss", 8.8);
    }

    @Test
    void runThatComesBack_completes_andKeepsTheSign() {
        TrainingResult result = trainer(1, 4.4, 8.8, 8.8, 4.0).build().train(batches(1));

        assertThat(result.stopReason()).isEqualTo(StopReason.COMPLETED);
        assertThat(result.signs()).extracting(FittingSign::kind).contains(Kind.DIVERGENCE);
    }

    /** Two epochs of three steps; standard deviations of 0, 1 and 0.1 in the second. */
    @ParameterizedTest
    @CsvSource({
        "1 1 1 1.04 1.04 1.04, false",
        "1 1 1 1.06 1.06 1.06, true",
        "1 1 1 1.9 2.9 0.9, false",
        "1 1 1 1.25 1.35 1.15, false",
        "1 1 1 1.35 1.45 1.25, true",
        "0 1 1 5 5 5, false",
    })
    void start_isLeftBehind_byMoreThanBatchesDiffer(String losses, boolean diverged) {
        double[] numbers = Arrays.stream(losses.split(" "))
                .mapToDouble(Double::parseDouble)
                .toArray();

        TrainingResult result = trainer(3, numbers).build().train(batches(3));

        assertThat(result.stopReason() == StopReason.DIVERGED).isEqualTo(diverged);
    }

    /** Guessing among four is ln 4 = 1.386; the first batch says 1.3, or 1.5. */
    @ParameterizedTest
    @CsvSource({"1.3 1.36 1.36, false", "1.35 1.39 1.39, true", "1.5 1.45 1.45, false"})
    void lossThatRisesAboveGuessing_isDivergence(String losses, boolean diverged) {
        double[] numbers = Arrays.stream(losses.split(" "))
                .mapToDouble(Double::parseDouble)
                .toArray();

        TrainingResult result =
                trainer(1, numbers).guessingLoss(Math.log(4)).build().train(batches(1));

        assertThat(result.stopReason() == StopReason.DIVERGED).isEqualTo(diverged);
        if (diverged) {
            assertThat(result.signs().get(result.signs().size() - 1).finding())
                    .isEqualTo(
                            "The mean training loss of epoch 3 is 1.390, above the 1.386 of a model that only guesses.");
        }
    }

    @Test
    void rule_isSwitchedOffByThePlan_andGuessingIsAbove0() {
        TrainingResult result = Trainer.builder(model(4.4, 8.8, 8.8))
                .plan(TrainingPlan.builder()
                        .epochs(3)
                        .optimizer(SgdOptimizer.of(1))
                        .divergence(Divergence.never())
                        .build())
                .build()
                .train(batches(1));

        assertThat(result.stopReason()).isEqualTo(StopReason.COMPLETED);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> trainer(1, 1).guessingLoss(0).build())
                .withMessageContaining("guessingLoss = 0.0");
    }
}
