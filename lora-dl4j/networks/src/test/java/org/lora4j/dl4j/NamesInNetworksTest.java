/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A path means one thing: names that stand for two are refused before anything is attached. */
class NamesInNetworksTest {

    private static NeuralNetConfiguration.Builder builder() {
        return new NeuralNetConfiguration.Builder().seed(3).dataType(DataType.DOUBLE);
    }

    private static Layer named(String name, Layer layer) {
        layer.setLayerName(name);
        return layer;
    }

    private static Layer dense(String name) {
        return named(name, new DenseLayer.Builder().nOut(4).build());
    }

    private static Layer head(String name) {
        return named(
                name,
                new OutputLayer.Builder(LossFunction.MCXENT)
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build());
    }

    private static MultiLayerNetwork network(InputType type, Layer... layers) {
        NeuralNetConfiguration.ListBuilder list = builder().list();
        for (Layer layer : layers) {
            list.layer(layer);
        }
        MultiLayerNetwork network =
                new MultiLayerNetwork(list.setInputType(type).build());
        network.init();
        return network;
    }

    private static MultiLayerNetwork network(Layer... layers) {
        return network(InputType.feedForward(4), layers);
    }

    @Test
    void twoLayersOfTheSameName_areRefusedByName() {
        MultiLayerNetwork base = network(dense("fc"), dense("fc"), head("head"));

        assertThatThrownBy(() -> NetworkModules.find(base))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("network: \"fc\" stands for DenseLayer 0 and for DenseLayer 1, expected different names."
                        + " Layers without a name go by their index. Rename one before adapters are attached: in a"
                        + " MultiLayerNetwork with network.getLayerWiseConfigurations().getConf(index).getLayer()"
                        + ".setLayerName(name), in a ComputationGraph where it is built.");
    }

    @ParameterizedTest
    @EnumSource(MemoryMode.class)
    void nameThatIsTheIndexOfAnotherLayer_isRefused_andCanBeChangedInPlace(MemoryMode mode) {
        MultiLayerNetwork base = network(dense("1"), dense(null), head("head"));
        LoraConfig config = LoraConfig.builder().rank(2).targetModules("1").build();

        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedNetwork.of(base, mode), config, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"1\" stands for DenseLayer 0 and for DenseLayer 1");
        base.getLayerWiseConfigurations().getConf(0).getLayer().setLayerName("first");

        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(base, mode), config, 3);
        assertThat(model.networkModules().modules())
                .extracting(NetworkModule::path)
                .containsExactly("first", "1", "head");
        double[] before = values(base.output(normal(5, 4)));
        assertThat(values(model.mergeAndUnload().output(normal(5, 4)))).containsExactly(before, offset(1e-12));
    }

    @Test
    void severalOfThem_areListedAtOnce_whateverTheKindOfLayer() {
        MultiLayerNetwork base = network(
                dense("a"),
                named("bn", new BatchNormalization()),
                dense("a"),
                named("bn", new BatchNormalization()),
                head("bn"));

        assertThatThrownBy(() -> AdaptedNetwork.of(base))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("network: 3 problems")
                .hasMessageContaining("\"a\" stands for DenseLayer 0 and for DenseLayer 2")
                .hasMessageContaining("\"bn\" stands for BatchNormalization 1 and for BatchNormalization 3")
                .hasMessageContaining("\"bn\" stands for BatchNormalization 1 and for OutputLayer 4");
    }

    @Test
    void layersInsideOfWrappers_countByTheNameThatTheNetworkSees() {
        MultiLayerNetwork base = network(
                InputType.recurrent(4, 5),
                named("lstm", new LSTM.Builder().nOut(4).build()),
                new LastTimeStep(named("lstm", new LSTM.Builder().nOut(4).build())),
                head("head"));

        assertThatThrownBy(() -> NetworkModules.find(base))
                .hasMessageContaining("\"lstm\" stands for LSTM 0 and for LastTimeStep 1");
    }

    @Test
    void vertexThatIsCalledLikeAWeightOfAnother_isRefused() {
        ComputationGraph base = new ComputationGraph(builder()
                .graphBuilder()
                .addInputs("in")
                .addLayer("lstm", new LSTM.Builder().nIn(3).nOut(4).build(), "in")
                .addLayer("lstm.W", new DenseLayer.Builder().nIn(4).nOut(4).build(), "lstm")
                .addLayer(
                        "head",
                        new RnnOutputLayer.Builder(LossFunction.MCXENT)
                                .nIn(4)
                                .nOut(3)
                                .activation(Activation.SOFTMAX)
                                .build(),
                        "lstm.W")
                .setOutputs("head")
                .setInputTypes(InputType.recurrent(3, 5))
                .build());
        base.init();

        assertThatThrownBy(() -> NetworkModules.find(base))
                .hasMessageContaining("\"lstm.W\" stands for LSTM lstm and for DenseLayer lstm.W");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {".a", "a.", "a..b", "base_layer", "a.base_layer.b", "a.modules_to_save", "lora_A", "a.lora_B"})
    void nameThatFilesOfAdaptersCannotHold_isRefused(String name) {
        assertThatThrownBy(() -> NetworkModules.find(network(dense(name), head("head"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("DenseLayer 0 is called \"" + name + "\", which files of adapters cannot hold");
    }

    @Test
    void layersWithoutParameters_mayShareANameAsNothingAddressesThem() {
        MultiLayerNetwork base = network(
                dense("a"),
                named("relu", new ActivationLayer(Activation.RELU)),
                dense("b"),
                named("relu", new ActivationLayer(Activation.RELU)),
                head("a b/c_d"));

        assertThat(NetworkModules.find(base).modules())
                .extracting(NetworkModule::path)
                .containsExactly("a", "b", "a b/c_d");
    }
}
