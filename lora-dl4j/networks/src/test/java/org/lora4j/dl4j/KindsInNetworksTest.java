/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1D;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Layers of every family over time, adapted within a whole network. */
@SuppressWarnings("deprecation") // GravesLSTM is, and saved networks have it.
class KindsInNetworksTest {

    private static final double BY_HAND = 1e-12;

    static List<Named<Layer>> kinds() {
        return List.of(
                Named.of("LSTM", new LSTM.Builder().name("kind").nOut(4).build()),
                Named.of(
                        "GravesLSTM",
                        new GravesLSTM.Builder().name("kind").nOut(4).build()),
                Named.of(
                        "SimpleRnn",
                        new SimpleRnn.Builder()
                                .name("kind")
                                .nOut(4)
                                .activation(Activation.TANH)
                                .build()),
                Named.of(
                        "Bidirectional",
                        named(new Bidirectional(new LSTM.Builder().nOut(4).build()))),
                Named.of(
                        "SelfAttention",
                        new SelfAttentionLayer.Builder()
                                .name("kind")
                                .nOut(4)
                                .nHeads(2)
                                .projectInput(true)
                                .build()),
                Named.of(
                        "Convolution1D",
                        new Convolution1D.Builder(3)
                                .name("kind")
                                .nOut(4)
                                .convolutionMode(ConvolutionMode.Same)
                                .build()));
    }

    private static Layer named(Layer layer) {
        layer.setLayerName("kind");
        return layer;
    }

    private static MultiLayerNetwork network(Layer kind) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new Adam(0.05))
                .list()
                .layer(kind)
                .layer(new RnnOutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.recurrent(3, 5))
                .build());
        network.init();
        return network;
    }

    static Stream<Arguments> kindsInBothModes() {
        return kinds().stream().flatMap(kind -> Stream.of(MemoryMode.values()).map(mode -> Arguments.of(kind, mode)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("kindsInBothModes")
    void kind_adaptsLearnsMergesAndUnloads(Layer kind, MemoryMode mode) {
        MultiLayerNetwork base = network(kind);
        INDArray x = Networks.normal(2, 3, 5);
        INDArray y = Networks.classes(10, 3).reshape(2, 5, 3).permute(0, 2, 1).dup('c');
        double[] before = values(base.output(x));
        double[] weights = values(base.params());
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .targetModules(ModuleSelector.regex("kind\\b.*"))
                .build();

        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(base, mode), config, 5);

        assertThat(values(model.network().output(x))).containsExactly(before, offset(BY_HAND));
        double first = model.network().score(new DataSet(x, y));
        for (int i = 0; i < 20; i++) {
            model.network().fit(x, y);
        }
        assertThat(model.network().score(new DataSet(x, y))).isLessThan(first);
        double[] adapted = values(model.network().output(x));
        Adapter adapter = model.adapter("default");
        AdaptedNetwork<MultiLayerNetwork> again = AdaptedNetwork.of(base, mode);
        again.addAdapter("copy", adapter);
        again.activate("copy");
        assertThat(values(again.network().output(x))).isEqualTo(adapted);
        assertThat(values(model.mergeAndUnload().output(x))).containsExactly(adapted, offset(1e-6));
        assertThat(values(base.params())).isEqualTo(weights);
        assertThat(values(model.unload().output(x))).isEqualTo(before);
    }

    private static double[] values(INDArray array) {
        return array.dup('c').data().asDouble();
    }
}
