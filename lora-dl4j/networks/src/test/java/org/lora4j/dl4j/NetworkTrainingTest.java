/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.SgdOptimizer;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.TrainableParameter.Kind;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class NetworkTrainingTest {

    private static final double TOLERANCE = 1e-6;
    private static final DataSetPlaceholders NAMES = DataSetPlaceholders.of("x", "y");
    private static final INDArray X = Nd4j.create(new double[][] {{1, 0, -1, 2}, {0.5, 1, 1, -1}, {-1, 2, 0, 0}});
    private static final INDArray Y = Nd4j.create(new double[][] {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}});
    private static final Map<String, INDArray> BATCH = Map.of("x", X, "y", Y);

    private static LoraConfig config(String... targets) {
        return LoraConfig.builder()
                .rank(2)
                .targetModules(targets)
                .bias(BiasTraining.ADAPTED_ONLY)
                .modulesToSave("head")
                .build();
    }

    private static <N extends Model> AdaptedNetwork<N> adapted(AdaptedNetwork<N> model, String... targets) {
        model.addAdapter("a", config(targets), 1);
        model.activate("a");
        return model;
    }

    private static void checkGradients(Trainable training) {
        GraphExecutor executor = training.executor();
        for (TrainableParameter parameter : training.trainableParameters()) {
            INDArray value = parameter.value();
            // B starts at 0, which would hide the gradient of A.
            value.addi(0.1);
        }
        LossAndGradients found = executor.gradients(BATCH, 0);
        for (TrainableParameter parameter : training.trainableParameters()) {
            INDArray value = parameter.value();
            for (long i = 0; i < value.length(); i++) {
                double before = value.getDouble(i);
                value.putScalar(i, before + 1e-5);
                double up = executor.gradients(BATCH, 0).loss();
                value.putScalar(i, before - 1e-5);
                double down = executor.gradients(BATCH, 0).loss();
                value.putScalar(i, before);
                assertThat(found.gradients().get(parameter.name()).getDouble(i))
                        .as(parameter.name())
                        .isCloseTo((up - down) / 2e-5, within(TOLERANCE));
            }
        }
    }

    @Test
    void gradients_agreeWithDifferencesOfTheLoss() {
        checkGradients(adapted(AdaptedNetwork.of(Networks.mlp()), "fc1", "fc2").trainable(NAMES));
        checkGradients(adapted(AdaptedNetwork.of(Networks.mlp(), MemoryMode.LOW_MEMORY), "fc1")
                .trainable(NAMES));
        checkGradients(adapted(AdaptedNetwork.of(Networks.graph()), "enc.fc1", "enc.fc2")
                .trainable(NAMES));
    }

    @Test
    void parameters_haveNamesModulesAndKindsAsInAGraphOfSameDiff() {
        Trainable training = adapted(AdaptedNetwork.of(Networks.mlp()), "fc1").trainable(NAMES);

        assertThat(training.trainableParameters())
                .extracting(parameter -> parameter.name() + " " + parameter.module() + " " + parameter.kind())
                .containsExactlyInAnyOrder(
                        "fc1.lora_A.a fc1 " + Kind.FACTOR,
                        "fc1.lora_B.a fc1 " + Kind.FACTOR,
                        "fc1.bias.a fc1 " + Kind.BIAS_OR_NORM,
                        "head.a head " + Kind.WEIGHT,
                        "head.bias.a head " + Kind.BIAS_OR_NORM);
    }

    @Test
    void gradients_leaveCountsAndValuesAsTheyWere() {
        AdaptedNetwork<MultiLayerNetwork> model = adapted(AdaptedNetwork.of(Networks.mlp()), "fc1");
        model.network().fit(X, Y);
        INDArray params = model.network().params().dup();

        model.trainable(NAMES).executor().gradients(BATCH, 123456789L);

        assertThat(model.network().getIterationCount()).isEqualTo(1);
        assertThat(model.network().params()).isEqualTo(params);
    }

    @Test
    void trainer_changesTheNetworkAndNotTheBase() {
        AdaptedNetwork<MultiLayerNetwork> model = adapted(AdaptedNetwork.of(Networks.mlp()), "fc1", "fc2");
        INDArray base = model.base().params().dup();
        TrainingPlan plan =
                TrainingPlan.builder().steps(30).optimizer(SgdOptimizer.of(0.5)).build();

        List<Double> losses = Trainer.builder(model.trainable(NAMES))
                .plan(plan)
                .build()
                .train(Batches.inOrder(List.of(Batch.of(BATCH, 3))))
                .losses();

        assertThat(losses.get(29)).isLessThan(0.5 * losses.get(0));
        assertThat(model.network().score(new org.nd4j.linalg.dataset.DataSet(X, Y)))
                .isLessThan(losses.get(29));
        assertThat(model.base().params()).isEqualTo(base);
        assertThat(model.adapter("a")
                        .modules()
                        .get("fc2")
                        .get("lora_B.weight")
                        .norm2Number()
                        .doubleValue())
                .isGreaterThan(0);
    }

    @Test
    void view_followsTheStateOfTheModel() {
        AdaptedNetwork<ComputationGraph> model = adapted(AdaptedNetwork.of(Networks.graph()), "enc.fc1");
        Trainable training = model.trainable(NAMES);
        model.addAdapter(
                "b", LoraConfig.builder().rank(1).targetModules("enc.fc2").build(), 2);

        model.activate("b");

        assertThat(training.trainableParameters())
                .extracting(TrainableParameter::name)
                .containsExactly("enc.fc2.lora_A.b", "enc.fc2.lora_B.b");
        model.activate();
        assertThatThrownBy(training::trainableParameters)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("nothing learns");
    }

    @Test
    void trainable_withNamesThatDoNotFit_tellsAll() {
        AdaptedNetwork<MultiLayerNetwork> model = adapted(AdaptedNetwork.of(Networks.mlp()), "fc1");

        assertThatThrownBy(() ->
                        model.trainable(new DataSetPlaceholders(List.of("x", "z"), List.of(), List.of(), List.of())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected a name for each of 1 inputs")
                .hasMessageContaining("expected a name for each of 1 outputs");
        assertThatThrownBy(() -> model.trainable(NAMES).executor().gradients(Map.of("x", X), 0))
                .hasMessageContaining("no array for \"y\"");
        assertThatThrownBy(() -> model.trainable(NAMES).executor().output(BATCH, List.of("nothing")))
                .hasMessageContaining("no output \"nothing\"");
    }

    @Test
    void masks_hideLabels() {
        AdaptedNetwork<MultiLayerNetwork> model = adapted(AdaptedNetwork.of(Networks.mlp()), "fc1");
        Trainable masked = model.trainable(NAMES.withLabelMasks("mask"));
        INDArray mask = Nd4j.create(new double[][] {{1}, {0}, {0}}).castTo(DataType.DOUBLE);
        INDArray otherLabels = Nd4j.create(new double[][] {{1, 0, 0}, {0, 0, 1}, {1, 0, 0}});

        double loss = masked.executor()
                .gradients(Map.of("x", X, "y", Y, "mask", mask), 0)
                .loss();

        assertThat(masked.executor()
                        .gradients(Map.of("x", X, "y", otherLabels, "mask", mask), 0)
                        .loss())
                .isEqualTo(loss);
        assertThat(model.trainable(NAMES).executor().gradients(BATCH, 0).loss()).isNotEqualTo(loss);
    }

    @Test
    void network_whenANameGoesToAnotherAdapter_runsTheOther() {
        AdaptedNetwork<MultiLayerNetwork> model = adapted(AdaptedNetwork.of(Networks.mlp()), "fc1");
        INDArray fresh = model.network().output(X);
        model.network().fit(X, Y);
        model.activate();
        model.removeAdapter("a");

        model.addAdapter("a", config("fc1"), 1);
        model.activate("a");

        assertThat(model.network().output(X)).isEqualTo(fresh);
    }
}
