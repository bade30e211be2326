/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.AMSGrad;
import org.nd4j.linalg.learning.config.AdaBelief;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.AdaMax;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nadam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

class Nd4jOptimizerTest {

    private static final double EXACT = 1e-12;

    private static ParameterUpdater updater(Optimizer optimizer, INDArray p) {
        return optimizer.updaterFor(TestModel.parameter("p", Kind.WEIGHT, p));
    }

    static Stream<IUpdater> all() {
        return Stream.of(
                new Sgd(0.1),
                new org.nd4j.linalg.learning.config.Adam(0.1),
                new AdaMax(0.1),
                new AMSGrad(0.1),
                new Nadam(0.1),
                new AdaBelief(0.1),
                new Nesterovs(0.1, 0.9),
                new RmsProp(0.1),
                new AdaGrad(0.1),
                new AdaDelta());
    }

    @ParameterizedTest
    @MethodSource("all")
    void update_ofEveryShape_movesAgainstTheGradient(IUpdater config) {
        long[][] shapes = {{}, {1}, {3}, {1, 1}, {2, 3}, {2, 1, 3}};
        for (long[] shape : shapes) {
            INDArray p = Nd4j.zeros(DataType.DOUBLE, shape);
            ParameterUpdater updater = updater(Nd4jOptimizer.of(config), p);

            updater.update(Nd4j.ones(DataType.DOUBLE, shape), new UpdateStep(0.1, 0, 1, 0, 1));

            assertThat(p.maxNumber().doubleValue()).isNegative();
            assertThat(p.shape()).isEqualTo(shape);
        }
    }

    @Test
    void update_withSgd_isRateTimesScaledGradientAfterDecay() {
        INDArray p = Nd4j.create(new double[][] {{1, 2}, {3, 4}});
        ParameterUpdater updater = updater(Nd4jOptimizer.of(new Sgd(99)), p);

        updater.update(Nd4j.create(new double[][] {{10, 20}, {30, 40}}).dup('f'), new UpdateStep(0.1, 0.5, 0.25, 0, 1));

        // p (1 - 0.1 0.5) - 0.1 0.25 g
        assertThat(p.data().asDouble()).containsExactly(new double[] {0.7, 1.4, 2.1, 2.8}, within(EXACT));
    }

    @Test
    void train_withAnUpdaterOfNd4j_usesItsOwnSchedule() {
        MapSchedule rates = new MapSchedule.Builder(ScheduleType.EPOCH)
                .add(0, 0.5)
                .add(1, 0.25)
                .build();
        TestModel model = TestModel.slope(Kind.WEIGHT, 0);
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(2)
                .optimizer(Nd4jOptimizer.of(new Sgd(rates)))
                .group(ParameterGroup.ofKind(Kind.WEIGHT).withLearningRateFactor(2))
                .build();

        Trainer.builder(model).plan(plan).build().train(oneBatch());

        assertThat(model.values(0)).containsExactly(new double[] {-2 * 0.5 - 2 * 0.25}, within(EXACT));
    }

    private static Batches oneBatch() {
        return Batches.inOrder(List.of(Batch.of(Map.of("x", Nd4j.scalar(1.0)), 1)));
    }

    @Test
    void of_copiesTheUpdater() {
        Sgd config = new Sgd(0.5);
        Nd4jOptimizer optimizer = Nd4jOptimizer.of(config);

        updater(optimizer, Nd4j.zeros(DataType.DOUBLE, 2))
                .update(Nd4j.ones(DataType.DOUBLE, 2), new UpdateStep(0.125, 0, 1, 0, 1));

        assertThat(config.getLearningRate()).isEqualTo(0.5);
        assertThat(optimizer.learningRate(0, 1)).isEqualTo(0.5);
    }

    @Test
    void restore_ofAState_continuesBitForBit() {
        Nd4jOptimizer optimizer = Nd4jOptimizer.of(new org.nd4j.linalg.learning.config.Adam(0.1));
        INDArray p = Nd4j.zeros(DataType.DOUBLE, 2, 2);
        INDArray gradient = Nd4j.create(new double[][] {{1, -2}, {3, 0.5}});
        ParameterUpdater original = updater(optimizer, p);
        original.update(gradient, new UpdateStep(0.1, 0, 1, 0, 1));
        INDArray copy = p.dup();
        ParameterUpdater restored = updater(optimizer, copy);

        restored.restore(original.state());
        original.update(gradient, new UpdateStep(0.1, 0, 1, 1, 1));
        restored.update(gradient, new UpdateStep(0.1, 0, 1, 1, 1));

        assertThat(copy.data().asDouble()).containsExactly(p.data().asDouble());
    }

    @Test
    void restore_ofAnotherOptimizersState_isRefused() {
        ParameterUpdater updater =
                updater(Nd4jOptimizer.of(new Nesterovs(0.1, 0.9)), Nd4j.zeros(DataType.DOUBLE, 2, 2));

        assertThatThrownBy(() -> updater.restore(new OptimizerState(1, Map.of("m", Nd4j.zeros(2, 2)))))
                .hasMessage(
                        "optimizer state of parameter \"p\": found the arrays [m], expected \"state\" of shape [1, 4]."
                                + " The state was saved from another optimizer: use that one");
    }

    @Test
    void of_aNoOp_isRefused() {
        assertThatThrownBy(() -> Nd4jOptimizer.of(new NoOp()))
                .hasMessage("Nd4jOptimizer: the updater is NoOp, which changes nothing; expected one that learns");
    }

    @Test
    void of_aRateThatStaysZero_isRefused() {
        assertThatThrownBy(() -> Nd4jOptimizer.of(new Sgd(0)))
                .hasMessage("Nd4jOptimizer: the learning rate is 0 at the iterations and epochs [0, 1, 10, 100, 1000],"
                        + " expected one above 0");
    }

    @Test
    void train_withAScheduleButNoRate_isRefused() {
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(1)
                .optimizer(Nd4jOptimizer.of(new AdaDelta()))
                .schedule(LearningRateSchedule.stepDecay(1, 0.5))
                .build();
        Trainer trainer =
                Trainer.builder(TestModel.slope(Kind.WEIGHT, 0)).plan(plan).build();

        assertThatThrownBy(() -> trainer.train(oneBatch()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has no learning rate; expected a constant schedule and groups without a rate");
    }
}
