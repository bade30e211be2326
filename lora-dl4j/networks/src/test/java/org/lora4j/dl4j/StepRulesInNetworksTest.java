/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdaLoraConfig;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.KasaOptions;
import org.lora4j.config.LohaConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.method.StepRule;
import org.lora4j.train.AdamOptimizer;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Methods with a word beside gradients, and updates that are left out, in the training loop over networks. */
class StepRulesInNetworksTest {

    private static final DataSetPlaceholders NAMES = DataSetPlaceholders.of("x", "y");
    private static final int STEPS = 40;

    private static Batches batches(int rows) {
        return Batches.inOrder(
                List.of(Batch.of(Map.of("x", Networks.normal(rows, 4), "y", Networks.classes(rows, 3)), rows)));
    }

    private static TrainingPlan plan(int steps) {
        return TrainingPlan.builder()
                .optimizer(AdamOptimizer.of(0.02).withWeightDecay(0.1))
                .steps(steps)
                .build();
    }

    private static TrainingResult train(AdaptedNetwork<?> model, int steps) {
        return Trainer.builder(model.trainable(NAMES)).plan(plan(steps)).build().train(batches(6));
    }

    private static AdaptedNetwork<MultiLayerNetwork> layers(AdapterConfig config, MemoryMode mode) {
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(Networks.mlp(), mode);
        model.addAdapter("a", config, 1);
        model.activate("a");
        return model;
    }

    private static AdaLoraConfig budget() {
        return AdaLoraConfig.builder()
                .initialRank(3)
                .targetRank(1)
                .schedule(5, 5, 2)
                .totalSteps(STEPS)
                .targetModules("fc1", "fc2")
                .build();
    }

    @ParameterizedTest
    @EnumSource(MemoryMode.class)
    void adaLora_reachesItsBudget(MemoryMode mode) {
        AdaptedNetwork<MultiLayerNetwork> model = layers(budget(), mode);

        TrainingResult result = train(model, STEPS);

        assertThat(result.losses().get(STEPS - 1)).isLessThan(result.losses().get(0));
        Adapter adapter = model.adapter("a");
        Map<String, List<Boolean>> kept = ((AdaLoraConfig) adapter.config()).keptTriplets();
        assertThat(kept).hasSize(2);
        long triplets = kept.values().stream()
                .flatMap(List::stream)
                .filter(Boolean::booleanValue)
                .count();
        assertThat(triplets).isEqualTo(2);
        double[] output = Networks.values(model.network().output(Networks.normal(5, 4)));
        AdaptedNetwork<MultiLayerNetwork> again = AdaptedNetwork.of(Networks.mlp(), mode);
        again.addAdapter("again", adapter);
        again.activate("again");
        assertThat(Networks.values(again.network().output(Networks.normal(5, 4))))
                .isEqualTo(output);
    }

    @Test
    void adaLora_learnsInGraphsToo() {
        AdaptedNetwork<ComputationGraph> model = AdaptedNetwork.of(Networks.graph());
        String[] targets =
                model.modules().stream().map(NetworkModule::path).limit(2).toArray(String[]::new);
        model.addAdapter("a", budget().toBuilder().targetModules(targets).build(), 1);
        model.activate("a");

        TrainingResult result = train(model, STEPS);

        assertThat(result.losses().get(STEPS - 1)).isLessThan(result.losses().get(0));
        assertThat(((AdaLoraConfig) model.adapter("a").config()).keptTriplets()).hasSize(2);
    }

    @Test
    void kasa_learnsWithItsPenalties() {
        AdaptedNetwork<MultiLayerNetwork> model = layers(
                LoraConfig.builder()
                        .rank(2)
                        .kasa(new KasaOptions())
                        .targetModules("fc1", "fc2")
                        .build(),
                MemoryMode.IN_VIEW);
        assertThat(model.stepRules()).isNotEmpty();

        TrainingResult result = train(model, STEPS);

        assertThat(result.losses().get(STEPS - 1)).isLessThan(result.losses().get(0));
    }

    static Stream<AdapterConfig> configs() {
        return Stream.of(
                budget(),
                LoraConfig.builder()
                        .rank(2)
                        .kasa(new KasaOptions())
                        .targetModules("fc1", "fc2")
                        .build());
    }

    @ParameterizedTest
    @MethodSource("configs")
    void parameters_haveOneName(AdapterConfig config) {
        AdaptedNetwork<MultiLayerNetwork> model = layers(config, MemoryMode.IN_VIEW);
        Map<String, INDArray> trained = model.trainable(NAMES).trainableParameters().stream()
                .collect(Collectors.toMap(TrainableParameter::name, TrainableParameter::value));

        StepRule.Term term = model.stepRules().get(0).penalty(trained);

        assertThat(term.gradients()).isNotEmpty();
        assertThat(trained.keySet()).containsAll(term.gradients().keySet());
    }

    private static LohaConfig leavingOut(double module, double outputs) {
        return LohaConfig.builder()
                .rank(2)
                .moduleDropout(module)
                .rankDropout(outputs)
                .targetModules("fc1")
                .build();
    }

    static Stream<AdapterConfig> droppingMuch() {
        return Stream.of(
                leavingOut(0.9, 0),
                leavingOut(0, 0.9),
                LoraConfig.builder().rank(2).dropout(0.97).targetModules("fc1").build());
    }

    @ParameterizedTest
    @MethodSource("droppingMuch")
    void updatesThatAreLeftOutInMostSteps_doNotEndATraining(AdapterConfig config) {
        for (int seed = 1; seed <= 3; seed++) {
            AdaptedNetwork<MultiLayerNetwork> model = layers(config, MemoryMode.IN_VIEW);

            TrainingResult result = Trainer.builder(model.trainable(NAMES))
                    .plan(plan(100).toBuilder().seed(seed).build())
                    .build()
                    .train(batches(1));

            assertThat(result.losses()).hasSize(100);
        }
    }

    @Test
    void updateThatIsLeftOutInAStep_staysAsItIs() {
        AdaptedNetwork<MultiLayerNetwork> model = layers(leavingOut(1 - 1e-15, 0), MemoryMode.IN_VIEW);
        Trainable trainable = model.trainable(NAMES);
        List<INDArray> before = trainable.trainableParameters().stream()
                .map(parameter -> parameter.value().dup())
                .toList();

        train(model, 10);

        assertThat(trainable.trainableParameters().stream()
                        .map(TrainableParameter::value)
                        .toList())
                .isEqualTo(before);
    }
}
