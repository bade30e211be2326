/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.util.Arrays;
import java.util.ConcurrentModificationException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.FrozenLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.transferlearning.TransferLearningHelper;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** DL4J's transfer learning applied to networks that are adapted already. */
class TransferLearningOnNetworksTest {

    private static LoraConfig targets(String... names) {
        return LoraConfig.builder().rank(2).targetModules(names).build();
    }

    private static MultiLayerNetwork adapted() {
        MultiLayerNetwork network = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc1", "fc2"), 1)
                .network();
        network.fit(batch());
        return network;
    }

    private static DataSet batch() {
        return new DataSet(normal(6, 4), classes(6, 3));
    }

    private static FineTuneConfiguration.Builder tuning() {
        return new FineTuneConfiguration.Builder().seed(3);
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

    static List<Named<FineTuneConfiguration>> tunings() {
        return List.of(
                Named.of("updater", tuning().updater(new Nesterovs(0.1, 0.9)).build()),
                Named.of("L2", tuning().updater(new Sgd(0.1)).l2(0.5).build()),
                Named.of(
                        "L1", tuning().updater(new Sgd(0.1)).l1(0.5).l1Bias(0.5).build()),
                Named.of(
                        "weight decay",
                        tuning().updater(new Adam(0.1)).weightDecay(0.5).build()));
    }

    @ParameterizedTest
    @MethodSource("tunings")
    void fineTuneConfiguration_movesFactorsOnly(FineTuneConfiguration tuning) {
        MultiLayerNetwork tuned = new TransferLearning.Builder(adapted())
                .fineTuneConfiguration(tuning)
                .build();
        Map<String, double[]> before = copies(tuned.paramTable());

        tuned.fit(batch());
        tuned.fit(batch());

        assertThat(moved(before, copies(tuned.paramTable())))
                .containsExactlyInAnyOrder("0_WA0", "0_WB0", "1_WA0", "1_WB0");
    }

    @ParameterizedTest
    @MethodSource("tunings")
    void fineTuneConfiguration_onAGraph_movesFactorsOnly(FineTuneConfiguration tuning) {
        ComputationGraph adapted = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.graph()), targets("enc.fc1"), 1)
                .network();
        adapted.fit(batch());
        ComputationGraph tuned = new TransferLearning.GraphBuilder(adapted)
                .fineTuneConfiguration(tuning)
                .build();
        Map<String, double[]> before = copies(tuned.paramTable());

        tuned.fit(batch());
        tuned.fit(batch());

        assertThat(moved(before, copies(tuned.paramTable()))).containsExactlyInAnyOrder("enc.fc1_WA0", "enc.fc1_WB0");
    }

    @Test
    void appendedLayer_isTrained_overTheAdaptedOnes() {
        MultiLayerNetwork adapted = adapted();
        double[] below = values(adapted.feedForward(normal(6, 4)).get(2));

        MultiLayerNetwork longer = new TransferLearning.Builder(adapted)
                .fineTuneConfiguration(tuning().updater(new Sgd(0.1)).build())
                .removeOutputLayer()
                .addLayer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(5)
                        .nOut(4)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build();

        assertThat(values(longer.feedForward(normal(6, 4)).get(2))).isEqualTo(below);
        Map<String, double[]> before = copies(longer.paramTable());
        longer.fit(normal(6, 4), classes(6, 4));
        longer.fit(normal(6, 4), classes(6, 4));
        assertThat(moved(before, copies(longer.paramTable())))
                .containsExactlyInAnyOrder("0_WA0", "0_WB0", "1_WA0", "1_WB0", "2_W", "2_b");
    }

    @Test
    void featureExtractor_freezesFactorsToo_andComputesTheSame() {
        MultiLayerNetwork adapted = adapted();
        double[] output = values(adapted.output(normal(6, 4)));

        MultiLayerNetwork extractor = new TransferLearning.Builder(adapted)
                .fineTuneConfiguration(tuning().updater(new Sgd(0.1)).l2(0.1).build())
                .setFeatureExtractor(0)
                .build();

        assertThat(extractor.getLayer(0)).isInstanceOf(FrozenLayer.class);
        assertThat(values(extractor.output(normal(6, 4)))).isEqualTo(output);
        Map<String, double[]> before = copies(extractor.paramTable());
        extractor.fit(batch());
        assertThat(moved(before, copies(extractor.paramTable()))).containsExactlyInAnyOrder("1_WA0", "1_WB0");
    }

    @Test
    void featurizedPrefix_trainsAsTheWholeNetwork() {
        MultiLayerNetwork whole = new TransferLearning.Builder(adapted())
                .fineTuneConfiguration(tuning().updater(new Adam(0.1)).build())
                .setFeatureExtractor(0)
                .build();
        MultiLayerNetwork featurized = whole.clone();
        TransferLearningHelper helper = new TransferLearningHelper(featurized);
        DataSet features = helper.featurize(batch());

        for (int i = 0; i < 3; i++) {
            whole.fit(batch());
            helper.fitFeaturized(features);
        }

        assertThat(values(features.getFeatures()))
                .isEqualTo(values(whole.feedForward(normal(6, 4)).get(1)));
        assertThat(values(featurized.params())).isEqualTo(values(whole.params()));
        assertThat(values(helper.outputFromFeaturized(features.getFeatures())))
                .isEqualTo(values(whole.output(normal(6, 4))));
    }

    @Test
    void helper_onTheNetworkOfAModel_startsBelowTheLowestAdapter_andTheModelAdoptsIt() {
        AdaptedNetwork<MultiLayerNetwork> whole =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc2"), 1);
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets("fc2"), 1);
        // The layer below the lowest adapter is a FrozenLayer already.
        TransferLearningHelper helper = new TransferLearningHelper(model.network());
        DataSet features = helper.featurize(batch());

        for (int i = 0; i < 3; i++) {
            whole.network().fit(batch());
            helper.fitFeaturized(features);
        }

        assertThat(features.getFeatures().shape()).containsExactly(6, 6);
        assertThat(values(model.network().params()))
                .isEqualTo(values(whole.network().params()));
        assertThat(model.adapter("default")).isEqualTo(whole.adapter("default"));
    }

    /** Of M2.1, on any network; if this fails, the trap in docs/dl4j.md is gone. */
    @Test
    void stockTuning_withWeightDecayOfBiases_failsOnStockNetworksToo() {
        TransferLearning.Builder tuning = new TransferLearning.Builder(Networks.mlp())
                .fineTuneConfiguration(tuning().weightDecayBias(0.5).build());

        assertThatThrownBy(tuning::build).isInstanceOf(ConcurrentModificationException.class);
    }

    private static MultiDataSet floats() {
        return new MultiDataSet(
                batch().getFeatures().castTo(DataType.FLOAT),
                batch().getLabels().castTo(DataType.FLOAT));
    }

    @Test
    void featurizedPrefixOfAGraph_trainsAsTheWholeGraph() {
        ComputationGraph whole = DefaultAdapter.fresh(
                        AdaptedNetwork.of(Networks.chain(DataType.FLOAT)), targets("fc2"), 1)
                .network();
        ComputationGraph featurized = DefaultAdapter.fresh(
                        AdaptedNetwork.of(Networks.chain(DataType.FLOAT)), targets("fc2"), 1)
                .network();
        TransferLearningHelper helper = new TransferLearningHelper(featurized);
        MultiDataSet features = helper.featurize(floats());

        for (int i = 0; i < 3; i++) {
            whole.fit(floats());
            helper.fitFeaturized(features);
        }

        assertThat(values(featurized.params())).isEqualTo(values(whole.params()));
    }

    /** Of M2.1, on any graph; if this fails, the trap in docs/dl4j.md is gone. */
    @Test
    void stockHelper_onADoubleGraph_roundsItsWeights() {
        ComputationGraph stock = new TransferLearning.GraphBuilder(Networks.chain(DataType.DOUBLE))
                .fineTuneConfiguration(tuning().build())
                .setFeatureExtractor("fc1")
                .build();

        assertThat(new TransferLearningHelper(stock).unfrozenGraph().params().dataType())
                .isEqualTo(DataType.FLOAT);
    }
}
