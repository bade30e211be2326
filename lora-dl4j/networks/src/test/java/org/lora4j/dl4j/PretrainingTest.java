/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Unsupervised pretraining trains single layers beside the network's own steps, and would move what is frozen. */
class PretrainingTest {

    private static final LoraConfig HEAD =
            LoraConfig.builder().rank(2).targetModules("head").build();

    static Stream<Arguments> kindsAndModes() {
        return Stream.of(
                        new AutoEncoder.Builder().nIn(4).nOut(3).build(),
                        new VariationalAutoencoder.Builder()
                                .nIn(4)
                                .nOut(3)
                                .encoderLayerSizes(5)
                                .decoderLayerSizes(5)
                                .build())
                .flatMap(layer -> Stream.of(MemoryMode.values()).map(mode -> Arguments.of(layer, mode)));
    }

    /** Kinds that can be adapted have running layers of their own. */
    static Stream<Arguments> frozenKindsAndModes() {
        return kindsAndModes().filter(one -> !LayerKinds.isAdaptable((Layer) one.get()[0]));
    }

    private static NeuralNetConfiguration.Builder builder() {
        return new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new Adam(0.1))
                .activation(Activation.TANH);
    }

    private static Layer below() {
        return new DenseLayer.Builder().name("below").nIn(4).nOut(4).build();
    }

    private static Layer head() {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .name("head")
                .nIn(3)
                .nOut(2)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static MultiLayerNetwork network(Layer coder) {
        Layer named = coder.clone();
        named.setLayerName("coder");
        MultiLayerNetwork network = new MultiLayerNetwork(
                builder().list().layer(below()).layer(named).layer(head()).build());
        network.init();
        return network;
    }

    private static ComputationGraph graph(Layer coder) {
        ComputationGraph network = new ComputationGraph(builder()
                .graphBuilder()
                .addInputs("in")
                .addLayer("below", below(), "in")
                .addLayer("coder", coder.clone(), "below")
                .addLayer("head", head(), "coder")
                .setOutputs("head")
                .build());
        network.init();
        return network;
    }

    private static DataSetIterator data() {
        return new ListDataSetIterator<>(List.of(new DataSet(normal(6, 4), classes(6, 2))), 6);
    }

    @ParameterizedTest
    @MethodSource("frozenKindsAndModes")
    void pretrain_ofAFrozenLayer_isRefusedByName(Layer coder, MemoryMode mode) {
        MultiLayerNetwork base = network(coder);
        double[] before = values(base.params());
        MultiLayerNetwork network =
                DefaultAdapter.fresh(AdaptedNetwork.of(base, mode), HEAD, 3).network();
        double[] own = values(network.params());

        assertThatThrownBy(() -> network.pretrain(data()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("layer \"coder\" (" + coder.getClass().getSimpleName() + "): pretraining would train its"
                        + " parameters, which are frozen; expected a layer of which all parameters are trained. Pretrain"
                        + " the base before adapters are attached to it, or name the layer in modulesToSave.");
        assertThatThrownBy(() -> network.pretrainLayer(1, data())).isInstanceOf(IllegalStateException.class);
        assertThat(values(network.params())).isEqualTo(own);
        assertThat(values(base.params())).isEqualTo(before);
    }

    @ParameterizedTest
    @MethodSource("frozenKindsAndModes")
    void pretrain_ofAFrozenVertex_isRefusedByName(Layer coder, MemoryMode mode) {
        ComputationGraph base = graph(coder);
        double[] before = values(base.params());
        ComputationGraph network =
                DefaultAdapter.fresh(AdaptedNetwork.of(base, mode), HEAD, 3).network();

        assertThatThrownBy(() -> network.pretrain(data()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("layer \"coder\" (" + coder.getClass().getSimpleName() + "): pretraining would");
        assertThatThrownBy(() -> network.pretrainLayer("coder", data())).isInstanceOf(IllegalStateException.class);
        assertThat(values(base.params())).isEqualTo(before);
    }

    @ParameterizedTest
    @MethodSource("kindsAndModes")
    void pretrain_ofALayerThatIsTrainedInFull_trainsThatLayerAlone(Layer coder, MemoryMode mode) {
        MultiLayerNetwork base = network(coder);
        LoraConfig config = HEAD.toBuilder().modulesToSave("coder").build();
        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(base, mode), config, 3);
        double[] before = values(base.params());
        double[] factor = values(model.network().getParam("2_WA0"));

        model.network().pretrain(data(), 2);

        String first = base.getLayer(1).paramTable().keySet().iterator().next();
        assertThat(values(model.network().getParam("1_" + first))).isNotEqualTo(values(base.getParam("1_" + first)));
        assertThat(values(model.network().getParam("2_WA0"))).isEqualTo(factor);
        assertThat(values(base.params())).isEqualTo(before);
    }
}
