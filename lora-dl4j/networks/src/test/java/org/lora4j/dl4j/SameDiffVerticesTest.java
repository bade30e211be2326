/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.samediff.SDVertexParams;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffLambdaVertex;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Vertices over SameDiff of kinds without adapters, above layers that have some. Stock gradients through them are doubled. */
class SameDiffVerticesTest {

    private static final long SEED = 42;

    private final INDArray[] features = {normal(4, 3), normal(4, 2)};
    private final INDArray[] labels = {Networks.classes(4, 3)};

    private DataType typeBefore;

    @BeforeEach
    void computeInDouble() {
        typeBefore = Nd4j.dataType();
        Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    }

    @AfterEach
    void restoreType() {
        Nd4j.setDefaultDataTypes(typeBefore, typeBefore);
    }

    /** One gain for each value. */
    public static final class Gain extends SameDiffVertex {

        private static final long serialVersionUID = 1;

        @Override
        public SDVariable defineVertex(
                SameDiff graph,
                Map<String, SDVariable> inputs,
                Map<String, SDVariable> parameters,
                Map<String, SDVariable> masks) {
            return inputs.get("in").mul(parameters.get("gain"));
        }

        @Override
        public void defineParametersAndInputs(SDVertexParams parameters) {
            parameters.clear();
            parameters.defineInputs("in");
            parameters.addWeightParam("gain", 1, 4);
        }

        @Override
        public void initializeParameters(Map<String, INDArray> parameters) {
            parameters.get("gain").assign(Nd4j.createFromArray(0.5, 1.5, -1, 2));
        }

        @Override
        public GraphVertex clone() {
            return new Gain();
        }

        @Override
        public InputType getOutputType(int index, InputType... inputs) {
            return inputs[0];
        }
    }

    /** A function of two inputs. */
    public static final class Product extends SameDiffLambdaVertex {

        private static final long serialVersionUID = 1;

        @Override
        public SDVariable defineVertex(SameDiff graph, VertexInputs inputs) {
            return inputs.getInput(0).mul(inputs.getInput(1));
        }

        @Override
        public InputType getOutputType(int index, InputType... inputs) {
            return inputs[0];
        }
    }

    private static DenseLayer dense() {
        return new DenseLayer.Builder().nOut(4).activation(Activation.TANH).build();
    }

    private static ComputationGraph graph(IUpdater updater) {
        ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(updater)
                .graphBuilder()
                .addInputs("left", "right")
                .addLayer("one", dense(), "left")
                .addLayer("two", dense(), "right")
                .addVertex("gain", new Gain(), "one")
                .addVertex("product", new Product(), "gain", "two")
                .addLayer(
                        "head",
                        new OutputLayer.Builder(LossFunction.MCXENT).nOut(3).build(),
                        "product")
                .setOutputs("head")
                .setInputTypes(InputType.feedForward(3), InputType.feedForward(2))
                .build());
        graph.init();
        return graph;
    }

    private static LoraConfig.Builder config() {
        return LoraConfig.builder()
                .rank(2)
                .initialization(Initialization.RANDOM)
                .targetModules("one", "two");
    }

    private boolean gradientsHold(ComputationGraph graph, Set<String> learning) {
        Set<String> frozen = new HashSet<>(graph.paramTable().keySet());
        frozen.removeAll(learning);
        return GradientCheckUtil.checkGradients(new GradientCheckUtil.GraphConfig()
                .net(graph)
                .inputs(features)
                .labels(labels)
                .excludeParams(frozen)
                .epsilon(1e-6)
                .maxRelError(1e-5)
                .minAbsoluteError(1e-8)
                .print(GradientCheckUtil.PrintMode.FAILURES_ONLY));
    }

    @Test
    void gradients_throughThem_areThoseOfDifferences() {
        ComputationGraph network = DefaultAdapter.fresh(AdaptedNetwork.of(graph(new NoOp())), config().build(), SEED)
                .network();

        assertThat(gradientsHold(network, Set.of("one_WA0", "one_WB0", "two_WA0", "two_WB0")))
                .isTrue();
    }

    /** Should this fail with a new version of DL4J, the correction has to go. */
    @Test
    void gradients_throughStockOnes_areNot() {
        assertThat(gradientsHold(graph(new NoOp()), Set.of("two_W"))).isFalse();
    }

    @Test
    void parameters_areFrozen_alsoInARestoredNetwork() throws IOException {
        ComputationGraph base = graph(new Adam(0.05));
        LoraConfig plain =
                LoraConfig.builder().rank(2).targetModules("one", "two").build();
        AdaptedNetwork<ComputationGraph> model = DefaultAdapter.fresh(AdaptedNetwork.of(base), plain, SEED);
        ComputationGraph network = model.network();
        double[] gain = values(network.paramTable().get("gain_gain"));
        assertThat(values(network.output(features)[0])).isEqualTo(values(base.output(features)[0]));
        for (int i = 0; i < 3; i++) {
            network.fit(features, labels);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ModelSerializer.writeModel(network, bytes, true);
        ComputationGraph restored =
                ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(bytes.toByteArray()), true);

        network.fit(features, labels);
        restored.fit(features, labels);

        assertThat(values(network.paramTable().get("gain_gain"))).isEqualTo(gain);
        assertThat(values(restored.params())).isEqualTo(values(network.params()));
        ComputationGraph merged = model.mergeAndUnload();
        assertThat(merged.getConfiguration().toJson()).doesNotContain("FrozenBaseVertex");
        merged.fit(features, labels);
        assertThat(values(merged.paramTable().get("gain_gain"))).isNotEqualTo(gain);
    }

    @Test
    void parameters_cannotBeTrained() {
        LoraConfig saved = config().modulesToSave("gain").build();

        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedNetwork.of(graph(new NoOp())), saved, SEED))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        "vertex \"gain\" (Gain): trained parameters [gain], expected none, because vertices of this kind"
                                + " can only be frozen");
    }
}
