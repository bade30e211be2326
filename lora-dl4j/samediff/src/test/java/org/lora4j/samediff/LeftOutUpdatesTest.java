/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.LohaConfig;
import org.lora4j.config.LokrConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.random.RandomStreams;
import org.lora4j.train.AdamOptimizer;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingFailedException;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Updates that dropout leaves out of a step: they have no part in it, and it says nothing about them. */
class LeftOutUpdatesTest {

    /** A probability below 1 that no draw reaches. */
    private static final double ALWAYS = 1 - 1e-15;

    private static INDArray uniform(int seed, long... shape) {
        return RandomStreams.uniform(new SplittableRandom(seed), 1, DataType.FLOAT, shape);
    }

    /** Two modules that count, and one whose result is multiplied by 0. */
    private static SameDiff graph() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 4);
        SDVariable hidden = graph.math().tanh(x.mmul(graph.var("one.weight", uniform(1, 4, 4))));
        SDVariable dead =
                hidden.mmul(graph.var("dead.weight", uniform(2, 4, 4))).mul(0);
        SDVariable y = hidden.add(dead).mmul(graph.var("two.weight", uniform(3, 4, 4)));
        y.sub(1).mul(y.sub(1)).mean().rename("loss");
        graph.setLossVariables("loss");
        return graph;
    }

    private static AdaptedSameDiff model(AdapterConfig config) {
        AdaptedSameDiff model = AdaptedSameDiff.of(graph());
        model.addAdapter("a", config, 1);
        model.activate("a");
        return model;
    }

    private static TrainingResult train(Trainable model, int seed, int rows, int steps) {
        TrainingPlan plan = TrainingPlan.builder()
                .optimizer(AdamOptimizer.of(0.02).withWeightDecay(0.1))
                .steps(steps)
                .seed(seed)
                .build();
        return Trainer.builder(model)
                .plan(plan)
                .build()
                .train(Batches.inOrder(List.of(Batch.of(Map.of("x", uniform(seed, rows, 4)), rows))));
    }

    static Stream<AdapterConfig> droppingMuch() {
        return Stream.of(
                LohaConfig.builder()
                        .rank(2)
                        .moduleDropout(0.9)
                        .targetModules("one")
                        .build(),
                LohaConfig.builder()
                        .rank(2)
                        .moduleDropout(0.9)
                        .targetModules("one", "two")
                        .build(),
                LohaConfig.builder()
                        .rank(2)
                        .rankDropout(0.9)
                        .targetModules("one")
                        .build(),
                LokrConfig.builder()
                        .rank(1)
                        .moduleDropout(0.9)
                        .targetModules("one")
                        .build(),
                LoraConfig.builder().rank(2).dropout(0.97).targetModules("one").build(),
                LoraConfig.builder()
                        .rank(2)
                        .dropout(0.97)
                        .loraBias(true)
                        .targetModules("one")
                        .build());
    }

    @ParameterizedTest
    @MethodSource("droppingMuch")
    void updatesThatAreLeftOutInMostSteps_doNotEndATraining(AdapterConfig config) {
        for (int seed = 1; seed <= 5; seed++) {
            assertThat(train(model(config), seed, 1, 150).losses()).hasSize(150);
        }
    }

    @Test
    void updatesThatAreLeftOut_doNotEndATrainingInParts() {
        LohaConfig config = LohaConfig.builder()
                .rank(2)
                .moduleDropout(0.9)
                .targetModules("one")
                .build();

        assertThat(train(model(config).inParallel(2), 1, 4, 150).losses()).hasSize(150);
    }

    @Test
    void updateThatIsLeftOutInAStep_staysAsItIs() {
        AdaptedSameDiff model = model(LohaConfig.builder()
                .rank(2)
                .moduleDropout(ALWAYS)
                .targetModules("one")
                .build());
        List<INDArray> before = model.trainableParameters().stream()
                .map(parameter -> parameter.value().dup())
                .toList();

        TrainingResult result = train(model, 1, 3, 10);

        assertThat(model.trainableParameters().stream()
                        .map(TrainableParameter::value)
                        .toList())
                .isEqualTo(before);
        assertThat(result.withoutGradient())
                .containsExactlyElementsOf(model.trainableParameters().stream()
                        .map(TrainableParameter::name)
                        .toList());
    }

    @Test
    void factorThatIsCutOff_isFoundOnceItTookPartInThreeSteps() {
        AdaptedSameDiff model = model(LohaConfig.builder()
                .rank(2)
                .moduleDropout(0.5)
                .targetModules("one", "dead")
                .build());

        assertThatThrownBy(() -> train(model, 2, 3, 200))
                .isInstanceOf(TrainingFailedException.class)
                .hasMessageContaining("no gradient reaches")
                .hasMessageContaining("dead")
                .hasMessageNotContaining("\"one.");
    }

    @Test
    void gradients_nameWhatWasLeftOut_andNothingElse() {
        AdaptedSameDiff model = model(LohaConfig.builder()
                .rank(2)
                .moduleDropout(0.5)
                .targetModules("one", "two")
                .build());
        Map<String, INDArray> inputs = Map.of("x", uniform(9, 3, 4));
        List<String> one = names(model, "one");
        List<String> two = names(model, "two");

        List<LossAndGradients> passes = IntStream.range(0, 40)
                .mapToObj(seed -> model.executor().gradients(inputs, seed))
                .toList();

        assertThat(passes).anySatisfy(pass -> assertThat(pass.unreached()).containsExactlyInAnyOrderElementsOf(one));
        assertThat(passes).anySatisfy(pass -> assertThat(pass.unreached()).containsExactlyInAnyOrderElementsOf(two));
        assertThat(passes).anySatisfy(pass -> assertThat(pass.unreached()).isEmpty());
        assertThat(passes).anySatisfy(pass -> assertThat(pass.unreached()).hasSize(one.size() + two.size()));
    }

    private static List<String> names(AdaptedSameDiff model, String module) {
        return model.trainableParameters().stream()
                .filter(parameter -> parameter.module().equals(module))
                .map(TrainableParameter::name)
                .toList();
    }
}
