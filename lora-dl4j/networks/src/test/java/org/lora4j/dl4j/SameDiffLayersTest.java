/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.samediff.SDLayerParams;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffLambdaLayer;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Layers over SameDiff of kinds without adapters, between layers that have some. Stock gradients through them are doubled. */
class SameDiffLayersTest {

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
    public static final class Gain extends SameDiffLayer {

        private static final long serialVersionUID = 1;

        @Override
        public SDVariable defineLayer(
                SameDiff graph, SDVariable input, Map<String, SDVariable> parameters, SDVariable mask) {
            return input.mul(parameters.get("gain"));
        }

        @Override
        public void defineParameters(SDLayerParams parameters) {
            parameters.clear();
            parameters.addWeightParam("gain", 1, 5);
        }

        @Override
        public void initializeParameters(Map<String, INDArray> parameters) {
            parameters.get("gain").assign(Nd4j.createFromArray(0.5, 1.5, -1, 2, 0.7));
        }

        @Override
        public InputType getOutputType(int index, InputType input) {
            return input;
        }
    }

    /** A function without parameters. */
    public static final class Square extends SameDiffLambdaLayer {

        private static final long serialVersionUID = 1;

        @Override
        public SDVariable defineLayer(SameDiff graph, SDVariable input) {
            return input.mul(input);
        }

        @Override
        public InputType getOutputType(int index, InputType input) {
            return input;
        }
    }

    static List<Named<Layer>> kinds() {
        return List.of(Named.of("with parameters", new Gain()), Named.of("without", new Square()));
    }

    private static NeuralNetConfiguration.Builder builder() {
        return new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new NoOp())
                .activation(Activation.TANH);
    }

    private static DenseLayer below() {
        return new DenseLayer.Builder().name("below").nIn(4).nOut(5).build();
    }

    private static OutputLayer head() {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .name("head")
                .nIn(5)
                .nOut(3)
                .build();
    }

    private static MultiLayerNetwork network(Layer kind) {
        kind.setLayerName("between");
        MultiLayerNetwork network = new MultiLayerNetwork(
                builder().list().layer(below()).layer(kind).layer(head()).build());
        network.init();
        return network;
    }

    private static LoraConfig config(String... saved) {
        return LoraConfig.builder()
                .rank(2)
                .initialization(Initialization.RANDOM)
                .targetModules("below")
                .modulesToSave(saved)
                .build();
    }

    private static boolean gradientsHold(MultiLayerNetwork network, Set<String> learning) {
        Set<String> frozen = new HashSet<>(network.paramTable().keySet());
        frozen.removeAll(learning);
        return GradientCheckUtil.checkGradients(new GradientCheckUtil.MLNConfig()
                .net(network)
                .input(normal(4, 4))
                .labels(classes(4, 3))
                .excludeParams(frozen)
                .epsilon(1e-6)
                .maxRelError(1e-5)
                .minAbsoluteError(1e-8)
                .print(GradientCheckUtil.PrintMode.FAILURES_ONLY));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void gradients_throughAFrozenOne_areThoseOfDifferences(Layer kind) {
        MultiLayerNetwork network = DefaultAdapter.fresh(AdaptedNetwork.of(network(kind)), config(), 5)
                .network();

        assertThat(gradientsHold(network, Set.of("0_WA0", "0_WB0"))).isTrue();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void output_throughAFrozenOne_isThatOfTheBase(Layer kind) {
        MultiLayerNetwork base = network(kind);
        LoraConfig config = LoraConfig.builder().rank(2).targetModules("below").build();

        MultiLayerNetwork network =
                DefaultAdapter.fresh(AdaptedNetwork.of(base), config, 5).network();

        assertThat(values(network.output(normal(4, 4)))).isEqualTo(values(base.output(normal(4, 4))));
    }

    @Test
    void gradients_throughOneThatLearnsAsAWhole_areThoseOfDifferences() {
        MultiLayerNetwork network = DefaultAdapter.fresh(AdaptedNetwork.of(network(new Gain())), config("between"), 5)
                .network();

        assertThat(gradientsHold(network, Set.of("0_WA0", "0_WB0", "1_gain"))).isTrue();
    }

    @Test
    void gradients_inAGraph_areThoseOfDifferences() {
        ComputationGraph base = new ComputationGraph(builder()
                .graphBuilder()
                .addInputs("in")
                .addLayer("below", below(), "in")
                .addLayer("gain", new Gain(), "below")
                .addLayer("square", new Square(), "gain")
                .addLayer("head", head(), "square")
                .setOutputs("head")
                .build());
        base.init();
        ComputationGraph network =
                DefaultAdapter.fresh(AdaptedNetwork.of(base), config(), 5).network();
        Set<String> frozen = new HashSet<>(network.paramTable().keySet());
        frozen.removeAll(Set.of("below_WA0", "below_WB0"));

        boolean holds = GradientCheckUtil.checkGradients(new GradientCheckUtil.GraphConfig()
                .net(network)
                .inputs(new INDArray[] {normal(4, 4)})
                .labels(new INDArray[] {classes(4, 3)})
                .excludeParams(frozen)
                .epsilon(1e-6)
                .maxRelError(1e-5)
                .minAbsoluteError(1e-8)
                .print(GradientCheckUtil.PrintMode.FAILURES_ONLY));

        assertThat(holds).isTrue();
    }

    /** Should this fail with a new version of DL4J, the correction has to go. */
    @ParameterizedTest
    @MethodSource("kinds")
    void gradients_throughAStockOne_areNot(Layer kind) {
        assertThat(gradientsHold(network(kind), Set.of("0_W", "0_b"))).isFalse();
    }
}
