/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.constraint.NonNegativeConstraint;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.conf.weightnoise.WeightNoise;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.AMSGrad;
import org.nd4j.linalg.learning.config.AdaBelief;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.AdaMax;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nadam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Whatever a network is trained with, parameters of the base that no adapter holds keep every bit, and factors move. */
class FrozenUnderAnySettingTest {

    /** A setting of the whole network. */
    interface Setting {
        NeuralNetConfiguration.Builder to(NeuralNetConfiguration.Builder network);
    }

    private static Arguments row(String name, Setting setting) {
        return Arguments.of(name, setting);
    }

    static List<Arguments> settings() {
        List<Arguments> rows = new ArrayList<>(List.of(
                row("AMSGrad", network -> network.updater(new AMSGrad(0.01))),
                row("AdaDelta", network -> network.updater(new AdaDelta())),
                row("AdaGrad", network -> network.updater(new AdaGrad(0.01))),
                row("AdaMax", network -> network.updater(new AdaMax(0.01))),
                row("Adam", network -> network.updater(new Adam(0.01))),
                row("Nadam", network -> network.updater(new Nadam(0.01))),
                row("Nesterovs", network -> network.updater(new Nesterovs(0.01, 0.9))),
                row("NoOp", network -> network.updater(new NoOp())),
                row("RmsProp", network -> network.updater(new RmsProp(0.01))),
                row("Sgd", network -> network.updater(new Sgd(0.1))),
                row("biases with an updater of their own", network -> network.biasUpdater(new Sgd(0.5))),
                row("L1", network -> network.l1(0.1).l1Bias(0.1)),
                row("L2", network -> network.l2(0.1).l2Bias(0.1)),
                row("weight decay", network -> network.weightDecay(0.1).weightDecayBias(0.1)),
                row("maximal norm", network -> network.constrainAllParameters(new MaxNormConstraint(0.01, 1))),
                row("no negative weight", network -> network.constrainWeights(new NonNegativeConstraint())),
                row("drop connect", network -> network.weightNoise(new DropConnect(0.5))),
                row(
                        "weight noise",
                        network -> network.weightNoise(new WeightNoise(new NormalDistribution(0, 0.1), true, true))),
                row("dropout", network -> network.dropOut(0.5))));
        for (GradientNormalization mode : GradientNormalization.values()) {
            rows.add(row(
                    mode.toString(),
                    network -> network.gradientNormalization(mode).gradientNormalizationThreshold(0.01)));
        }
        rows.add(row(
                "all at once",
                network -> network.updater(new Adam(0.01))
                        .l1(0.1)
                        .weightDecay(0.1)
                        .dropOut(0.9)
                        .weightNoise(new DropConnect(0.9))
                        .constrainAllParameters(new MaxNormConstraint(0.5, 1))
                        .gradientNormalization(GradientNormalization.ClipL2PerParamType)));
        return rows;
    }

    private static NeuralNetConfiguration.Builder network(Setting setting) {
        return setting.to(new NeuralNetConfiguration.Builder()
                .seed(11)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .activation(Activation.TANH));
    }

    private static final LoraConfig ADAPTED = LoraConfig.builder()
            .rank(2)
            .targetModules("fc", "lstm.W", "lstm.RW")
            .build();

    private static DataSet batch() {
        return new DataSet(normal(2, 3, 4), classes(8, 3).reshape(2, 4, 3).permute(0, 2, 1));
    }

    private static Map<String, double[]> copies(Map<String, INDArray> table) {
        Map<String, double[]> copies = new LinkedHashMap<>();
        table.forEach((name, value) -> copies.put(name, values(value)));
        return copies;
    }

    private static Set<String> moved(Map<String, double[]> before, Map<String, double[]> after) {
        return before.keySet().stream()
                .filter(name -> !Arrays.equals(before.get(name), after.get(name)))
                .collect(Collectors.toSet());
    }

    /** Apart from the rows, as M2.1 then takes batches for single examples between dense and recurrent layers. */
    @Test
    void gradientThatIsNotDividedByTheBatch_keepsEveryBitOfTheBase() {
        MultiLayerNetwork base = new MultiLayerNetwork(network(builder -> builder.miniBatch(false))
                .list()
                .layer(new DenseLayer.Builder().name("fc").nIn(4).nOut(3).build())
                .layer(new OutputLayer.Builder(LossFunction.MSE)
                        .name("head")
                        .nIn(3)
                        .nOut(3)
                        .build())
                .build());
        base.init();
        MultiLayerNetwork network = DefaultAdapter.fresh(
                        AdaptedNetwork.of(base),
                        LoraConfig.builder().rank(2).targetModules("fc").build(),
                        1)
                .network();
        Map<String, double[]> before = copies(network.paramTable());

        network.fit(normal(6, 4), classes(6, 3));
        network.fit(normal(6, 4), classes(6, 3));

        assertThat(moved(before, copies(network.paramTable()))).containsExactlyInAnyOrder("0_WA0", "0_WB0");
    }

    /** Of M2.1, which is why it is no row above; if this fails, the trap in docs/dl4j.md is gone. */
    @Test
    void stockAdaBelief_failsOnStockNetworksToo() {
        MultiLayerNetwork stock = new MultiLayerNetwork(network(builder -> builder.updater(new AdaBelief(0.01)))
                .list()
                .layer(new DenseLayer.Builder().nIn(4).nOut(3).build())
                .layer(new OutputLayer.Builder(LossFunction.MSE).nIn(3).nOut(3).build())
                .build());
        stock.init();

        assertThatThrownBy(() -> stock.fit(normal(6, 4), classes(6, 3)))
                .isInstanceOf(ArrayIndexOutOfBoundsException.class);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("settings")
    void layers_keepEveryBitOfTheBase(String name, Setting setting) {
        MultiLayerNetwork base = new MultiLayerNetwork(network(setting)
                .list()
                .layer(new DenseLayer.Builder().name("fc").nOut(4).build())
                .layer(new BatchNormalization.Builder().name("norm").build())
                .layer(new LSTM.Builder().name("lstm").nOut(4).build())
                .layer(new DenseLayer.Builder().name("other").nOut(4).build())
                .layer(new RnnOutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.recurrent(3, 4))
                .build());
        base.init();
        base.fit(batch());
        double[] untouched = values(base.params());
        MultiLayerNetwork network =
                DefaultAdapter.fresh(AdaptedNetwork.of(base), ADAPTED, 1).network();
        Map<String, double[]> before = copies(network.paramTable());

        for (int i = 0; i < 3; i++) {
            network.fit(batch());
        }

        assertThat(moved(before, copies(network.paramTable())))
                .containsExactlyInAnyOrder("0_WA0", "0_WB0", "2_WA0", "2_WB0", "2_RWA0", "2_RWB0");
        assertThat(values(base.params())).isEqualTo(untouched);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("settings")
    void graph_keepsEveryBitOfTheBase(String name, Setting setting) {
        ComputationGraph base = new ComputationGraph(network(setting)
                .graphBuilder()
                .addInputs("in")
                .addLayer("fc", new DenseLayer.Builder().nOut(4).build(), "in")
                .addLayer("lstm", new LSTM.Builder().nOut(4).build(), "fc")
                .addLayer("other", new LSTM.Builder().nOut(4).build(), "lstm")
                .addLayer(
                        "head",
                        new RnnOutputLayer.Builder(LossFunction.MCXENT)
                                .nOut(3)
                                .activation(Activation.SOFTMAX)
                                .build(),
                        "other")
                .setOutputs("head")
                .setInputTypes(InputType.recurrent(3, 4))
                .build());
        base.init();
        ComputationGraph network =
                DefaultAdapter.fresh(AdaptedNetwork.of(base), ADAPTED, 1).network();
        Map<String, double[]> before = copies(network.paramTable());

        for (int i = 0; i < 3; i++) {
            network.fit(batch());
        }

        assertThat(moved(before, copies(network.paramTable())))
                .containsExactlyInAnyOrder("fc_WA0", "fc_WB0", "lstm_WA0", "lstm_WB0", "lstm_RWA0", "lstm_RWB0");
    }
}
