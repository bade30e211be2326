/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.AdaLoraConfig;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.Initialization;
import org.lora4j.config.LnTuningConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.internal.dl4j.layer.VertexKinds;
import org.lora4j.model.AdapterMethodContract;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Adapted layers in configurations that a person wrote. */
class LayersFromScratchTest {

    private static LoraSettings rank(int rank) {
        return LoraSettings.of(
                LoraConfig.builder()
                        .rank(rank)
                        .alpha(2 * rank)
                        .targetModules("any")
                        .bias(BiasTraining.ADAPTED_ONLY)
                        .build(),
                9);
    }

    private static MultiLayerNetwork network() {
        MultiLayerConfiguration conf = new NeuralNetConfiguration.Builder()
                .seed(1)
                .updater(new Adam(0.05))
                .activation(Activation.RELU)
                .l2(0.01)
                .list()
                .layer(new LoraConvolution2D.Builder(rank(2))
                        .kernelSize(3, 3)
                        .nOut(4)
                        .build())
                .layer(new LoraDenseLayer.Builder(rank(3)).nOut(6).build())
                .layer(new LoraOutputLayer.Builder(rank(2))
                        .lossFunction(LossFunction.MCXENT)
                        .activation(Activation.SOFTMAX)
                        .nOut(3)
                        .build())
                .setInputType(InputType.convolutional(5, 5, 2))
                .build();
        MultiLayerNetwork network = new MultiLayerNetwork(conf);
        network.init();
        return network;
    }

    private static INDArray images() {
        return RandomStreams.normal(RandomStreams.of(2, "images"), 1, DataType.FLOAT, 6, 2, 5, 5);
    }

    @Test
    void configuration_infersSizesAndPreprocessors_andTakesDefaultsOfTheNetwork() {
        MultiLayerConfiguration conf = network().getLayerWiseConfigurations();

        LoraDenseLayer dense = (LoraDenseLayer) conf.getConf(1).getLayer();
        assertThat(dense.getNIn()).isEqualTo(3 * 3 * 4);
        assertThat(dense.getActivationFn()).isEqualTo(Activation.RELU.getActivationFunction());
        assertThat(dense.lora().slots()).extracting(LoraSlot::rank).containsExactly(3);
        assertThat(conf.getInputPreProcess(1)).isInstanceOf(CnnToFeedForwardPreProcessor.class);
    }

    @Test
    void training_movesFactorsAndBiases_andLowersTheScore() {
        MultiLayerNetwork network = network();
        INDArray labels = Nd4j.eye(3).castTo(DataType.FLOAT).repeat(0, 2);
        double[] weight = network.getParam("1_W").dup('c').data().asDouble();
        double[] bias = network.getParam("1_b").dup('c').data().asDouble();
        network.fit(images(), labels);
        double first = network.score();

        for (int i = 0; i < 60; i++) {
            network.fit(images(), labels);
        }

        assertThat(network.score()).isLessThan(first / 2);
        assertThat(network.getParam("1_W").dup('c').data().asDouble()).isEqualTo(weight);
        assertThat(network.getParam("1_b").dup('c').data().asDouble()).isNotEqualTo(bias);
    }

    static Stream<Map.Entry<String, Supplier<AdapterConfig.Builder<?>>>> methods() {
        return AdapterMethodContract.methods().entrySet().stream();
    }

    @ParameterizedTest
    @MethodSource("methods")
    void layer_takesEveryMethod(Map.Entry<String, Supplier<AdapterConfig.Builder<?>>> method) {
        AdapterConfig config = method.getValue().get().targetModules("any").build();
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(3)
                .updater(new Sgd(0.1))
                .list()
                .layer(new LoraDenseLayer.Builder(LoraSettings.of(config, 5))
                        .nIn(8)
                        .nOut(8)
                        .build())
                .layer(new OutputLayer.Builder().nIn(8).nOut(3).build())
                .build());
        network.init();
        INDArray inputs = RandomStreams.normal(RandomStreams.of(2, "rows"), 1, DataType.FLOAT, 6, 8);
        INDArray labels = Nd4j.eye(3).castTo(DataType.FLOAT).repeat(0, 2);
        INDArray frozen = network.getParam("0_W").dup();
        if (config instanceof AdaLoraConfig) {
            assertThatThrownBy(() -> network.fit(inputs, labels)).hasMessageContaining("AdaLoRA, whose budget");
            return;
        }
        Map<String, INDArray> before = new LinkedHashMap<>();
        network.paramTable().forEach((name, value) -> before.put(name, value.dup()));

        network.fit(inputs, labels);
        network.fit(inputs, labels);

        assertThat(network.getParam("0_W")).isEqualTo(frozen);
        assertThat(before.keySet())
                .filteredOn(
                        name -> name.startsWith("0_") && !network.getParam(name).equals(before.get(name)))
                .as("what learns in the layer")
                .isNotEmpty();
    }

    @Test
    void settings_ofAMethodThatTrainsItsTargetsThemselves_areRefused() {
        AdapterConfig config =
                LnTuningConfig.builder().targetModules("LayerNorm").build();

        assertThatThrownBy(() -> LoraSettings.of(config, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("LN_TUNING trains its targets themselves");
    }

    @Test
    void startValues_dependOnTheSeedOfTheLayer() {
        double[] one = network().getParam("1_WA0").dup('c').data().asDouble();
        double[] two = network().getParam("1_WA0").dup('c').data().asDouble();

        assertThat(two).isEqualTo(one);
        // Uniform between -1 and 1 over the root of the fan-in, as in PEFT.
        assertThat(Arrays.stream(one).map(Math::abs).max().orElseThrow()).isBetween(1 / 12.0, 1 / 6.0 + 1e-7);
        assertThat(network().getParam("1_WB0").dup('c').data().asDouble()).containsOnly(0);
    }

    @Test
    void builders_withoutSettings_giveRank8() {
        List<Layer> layers = List.of(
                new LoraDenseLayer.Builder().nIn(3).nOut(2).build(),
                new LoraOutputLayer.Builder().nIn(3).nOut(2).build(),
                new LoraRnnOutputLayer.Builder().nIn(3).nOut(2).build(),
                new LoraEmbeddingLayer.Builder().nIn(3).nOut(2).build(),
                new LoraEmbeddingSequenceLayer.Builder().nIn(3).nOut(2).build(),
                new LoraConvolution2D.Builder().nIn(3).nOut(2).build());

        assertThat(layers)
                .allSatisfy(layer -> assertThat(((LoraLayer) layer).lora()).isEqualTo(LoraSettings.standard()));
        assertThat(LoraSettings.standard().slots()).extracting(LoraSlot::rank).containsExactly(8);
        assertThat(LoraSettings.standard().slots())
                .extracting(LoraSlot::scaling)
                .containsExactly(1.0);
    }

    @Test
    void adapt_ofAKindWithoutAdapters_namesItAndThoseThatHaveSome() {
        Layer pooling = new SubsamplingLayer.Builder().name("memory").build();

        assertThatThrownBy(() -> LayerKinds.adapt(pooling, LoraSettings.standard()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("layer \"memory\" of kind SubsamplingLayer cannot be adapted")
                .hasMessageContaining("DenseLayer")
                .hasMessageContaining("EmbeddingSequenceLayer");
    }

    @Test
    void init_withDoraOfAKindWithoutIt_namesTheKindsThatHaveIt() {
        LoraConfig config = LoraConfig.builder().targetModules("any").dora(true).build();
        LoraSettings settings = LoraSettings.of(config, 1, "W", "RW");
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .list()
                .layer(new LoraLSTM.Builder(settings)
                        .name("memory")
                        .nIn(3)
                        .nOut(2)
                        .build())
                .layer(new RnnOutputLayer.Builder(LossFunction.MSE)
                        .nIn(2)
                        .nOut(2)
                        .build())
                .build());

        assertThatThrownBy(network::init)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("layer \"memory\" (LoraLSTM): this kind has no DORA")
                .hasMessageContaining("DenseLayer")
                .hasMessageContaining("EmbeddingSequenceLayer");
    }

    @Test
    void parametersOfAVertex_withDora_namesTheKindsThatHaveIt() {
        LoraSlot slot = new LoraSlot(0, "Wq", 2, 1, 0, true, false, Initialization.GAUSSIAN, 0, "DORA");
        AttentionVertex stock = new AttentionVertex.Builder()
                .nInQueries(3)
                .nInKeys(3)
                .nInValues(3)
                .nOut(4)
                .nHeads(2)
                .headSize(2)
                .projectInput(true)
                .build();
        GraphVertex vertex = VertexKinds.adapt(stock, new LoraSettings(List.of(slot), List.of(), false));

        assertThatThrownBy(() -> vertex.numParams(false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("vertex of kind LoraAttentionVertex: this kind has no DORA")
                .hasMessageContaining("DenseLayer");
    }

    @Test
    void init_withDora_startsAtTheLengthsOfTheWeight() {
        LoraConfig config = LoraConfig.builder().targetModules("any").dora(true).build();
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .dataType(DataType.DOUBLE)
                .list()
                .layer(new LoraDenseLayer.Builder(LoraSettings.of(config, 1))
                        .nIn(2)
                        .nOut(3)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MSE).nIn(3).nOut(2).build())
                .build());

        network.init();

        double x = network.getParam("0_W").getDouble(0, 1);
        double y = network.getParam("0_W").getDouble(1, 1);
        assertThat(network.getParam("0_WM0").getDouble(1)).isCloseTo(Math.hypot(x, y), offset(1e-12));
    }

    @Test
    void slot_ofDoraWithABiasOnB_isRefused() {
        assertThatThrownBy(() -> new LoraSlot(0, "W", 1, 1, 0, true, true, Initialization.GAUSSIAN, 0, "DORA"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("method = DORA with a bias on B");
    }

    @Test
    void slot_writtenBeforeThereWereMethods_isOneOfLora() throws IOException {
        LoraSlot slot = NeuralNetConfiguration.mapper()
                .readValue(
                        "{\"index\":0,\"weight\":\"W\",\"rank\":1,\"scaling\":1.0,\"dropout\":0.0,\"learns\":true,"
                                + "\"bias\":false,\"initialization\":\"GAUSSIAN\",\"seed\":0}",
                        LoraSlot.class);

        assertThat(slot.method()).isEqualTo("LORA");
    }

    @Test
    void slot_outOfRange_listsEveryProblem() {
        assertThatThrownBy(() -> new LoraSlot(-1, "", 0, Double.NaN, 1, true, false, null, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("6 problems")
                .hasMessageContaining("rank = 0, expected 1 or more")
                .hasMessageContaining("dropout = 1.0, expected [0, 1)");
    }

    @Test
    void input_ofTheWrongWidth_isRefusedWithBothNumbers() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .list()
                .layer(new LoraDenseLayer.Builder().nIn(3).nOut(2).build())
                .layer(new LoraOutputLayer.Builder().nIn(2).nOut(2).build())
                .build());
        network.init();

        assertThatThrownBy(() -> network.output(Nd4j.ones(DataType.FLOAT, 4, 5)))
                .hasMessageContaining("shape [4, 5]; expected [batch, 3]");
    }
}
