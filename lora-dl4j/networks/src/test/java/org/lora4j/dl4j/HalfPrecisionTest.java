/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.AMSGrad;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.AdaMax;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nadam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Networks in 16 bits: an updater's epsilon of 1e-8 is 0 there, and A, whose first gradient is 0, would become NaN. */
class HalfPrecisionTest {

    private static final LoraConfig CONFIG =
            LoraConfig.builder().rank(2).targetModules("fc", "head").build();

    private static NeuralNetConfiguration.Builder builder(DataType type, IUpdater updater) {
        return new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(type)
                .updater(updater)
                .activation(Activation.RELU);
    }

    private static DenseLayer dense() {
        return new DenseLayer.Builder().name("fc").nIn(4).nOut(8).build();
    }

    private static OutputLayer head() {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .name("head")
                .nIn(8)
                .nOut(3)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static MultiLayerNetwork network(DataType type, IUpdater updater) {
        MultiLayerNetwork network = new MultiLayerNetwork(
                builder(type, updater).list().layer(dense()).layer(head()).build());
        network.init();
        return network;
    }

    static Stream<IUpdater> withoutEpsilonInHalf() {
        return Stream.of(new Adam(0.01), new AdaMax(0.01), new Nadam(0.01), new AMSGrad(0.01), new RmsProp(0.01));
    }

    static Stream<IUpdater> withEpsilonInHalf() {
        return Stream.of(
                new Adam(0.01, 0.9, 0.999, 1e-4), new Sgd(0.1), new Nesterovs(0.1), new AdaGrad(0.01), new AdaDelta());
    }

    @ParameterizedTest
    @MethodSource("withoutEpsilonInHalf")
    void updaterWhoseEpsilonIsZero_isRefusedAtInjectWithTheReason(IUpdater updater) {
        String name = updater.getClass().getSimpleName();

        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedNetwork.of(network(DataType.FLOAT16, updater)), CONFIG, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "adapter \"default\" on a network of Deeplearning4j: the updater of \"fc\", \"head\" is " + name
                                + " with epsilon = 1.0E-8, which is 0 in HALF, so that the first step divides 0 by 0; expected"
                                + " 1e-4 or so, as in new Adam(1e-3, 0.9, 0.999, 1e-4) by a FineTuneConfiguration, or a network"
                                + " in FLOAT (convertDataType). Nothing was attached: change what is targeted, or the base.");
    }

    @ParameterizedTest
    @MethodSource("withEpsilonInHalf")
    void otherUpdaters_trainInBothModes(IUpdater updater) {
        for (MemoryMode mode : MemoryMode.values()) {
            AdaptedNetwork<MultiLayerNetwork> model =
                    DefaultAdapter.fresh(AdaptedNetwork.of(network(DataType.FLOAT16, updater), mode), CONFIG, 3);
            for (int i = 0; i < 12; i++) {
                model.network().fit(normal(16, 4), classes(16, 3));
            }

            // ln 3 = 1.0986 is what a network knows that knows nothing.
            assertThat(model.network().score()).isLessThan(1.08);
        }
    }

    @Test
    void adapterThatOnlyActs_isWelcome_andRefusedOnceItShallLearn() {
        MultiLayerNetwork wide = network(DataType.FLOAT, new Adam(0.01));
        AdaptedNetwork<MultiLayerNetwork> trained = DefaultAdapter.fresh(AdaptedNetwork.of(wide), CONFIG, 3);
        trained.network().fit(normal(16, 4), classes(16, 3));
        Adapter adapter = trained.adapter("default");
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(wide.convertDataType(DataType.FLOAT16));

        model.addAdapter("imported", adapter);
        model.activate("imported");

        assertThat(values(model.network().output(normal(2, 4)).castTo(DataType.FLOAT)))
                .containsExactly(values(trained.network().output(normal(2, 4))), within(0.01));
        model.setTrainable("imported", true);
        assertThatThrownBy(model::network)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("Adam with epsilon = 1.0E-8, which is 0 in HALF")
                .hasMessageContaining("setTrainable(name, false)");
    }

    @Test
    void graph_isRefusedAsWell_andTrainsInFloat() {
        ComputationGraph base = new ComputationGraph(builder(DataType.FLOAT16, new Adam(0.01))
                .graphBuilder()
                .addInputs("in")
                .addLayer("fc", dense(), "in")
                .addLayer("head", head(), "fc")
                .setOutputs("head")
                .build());
        base.init();

        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedNetwork.of(base), CONFIG, 3))
                .hasMessageContaining("which is 0 in HALF");

        ComputationGraph network = DefaultAdapter.fresh(
                        AdaptedNetwork.of(base.convertDataType(DataType.FLOAT)), CONFIG, 3)
                .network();
        network.fit(new org.nd4j.linalg.dataset.DataSet(normal(16, 4), classes(16, 3)));
        assertThat(network.score()).isCloseTo(Math.log(3), within(0.5));
    }
}
