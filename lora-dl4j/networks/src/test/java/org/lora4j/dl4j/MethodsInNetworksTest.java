/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.method.DoraMethod;
import org.nd4j.linalg.api.ndarray.INDArray;

/** DoRA, and starts that move the base, in whole networks. */
class MethodsInNetworksTest {

    private static final long SEED = 3;

    /** Sums of few numbers of order 1 in double precision, in another order. */
    private static final double ROUNDING = 1e-12;

    private static final INDArray X = Networks.normal(6, 4);

    private static final INDArray LABELS = Networks.classes(6, 3);

    private static LoraConfig config(Initialization start) {
        return LoraConfig.builder()
                .rank(2)
                .alpha(3)
                .targetModules("fc1", "fc2")
                .initialization(start)
                .build();
    }

    private static LoraConfig dora() {
        return config(Initialization.KAIMING_UNIFORM).toBuilder().dora(true).build();
    }

    private static double[] output(AdaptedNetwork<MultiLayerNetwork> model) {
        return Networks.values(model.network().output(X));
    }

    private static void train(AdaptedNetwork<MultiLayerNetwork> model) {
        for (int i = 0; i < 3; i++) {
            model.network().fit(X, LABELS);
        }
    }

    @Test
    void dora_trained_movesMagnitudesAndLeavesTheBase() {
        MultiLayerNetwork base = Networks.mlp();
        double[] before = Networks.values(base.params());
        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(base), dora(), SEED);
        INDArray start = model.adapter("default").modules().get("fc1").get(DoraMethod.MAGNITUDE);
        double[] fresh = output(model);

        train(model);

        assertThat(fresh).containsExactly(Networks.values(base.output(X)), offset(ROUNDING));
        assertThat(Networks.values(base.params())).isEqualTo(before);
        assertThat(Networks.values(model.adapter("default").modules().get("fc1").get(DoraMethod.MAGNITUDE)))
                .isNotEqualTo(Networks.values(start));
    }

    @Test
    void dora_merged_givesItsOutput() {
        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), dora(), SEED);
        train(model);
        double[] adapted = output(model);

        model.merge();

        assertThat(output(model)).containsExactly(adapted, offset(ROUNDING));
        assertThat(Networks.values(model.mergeAndUnload().output(X))).containsExactly(adapted, offset(ROUNDING));
    }

    @Test
    void dora_acrossAChangeOfState_keepsItsValuesAndItsUpdaterMemory() {
        AdaptedNetwork<MultiLayerNetwork> one = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), dora(), SEED);
        AdaptedNetwork<MultiLayerNetwork> two = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), dora(), SEED);
        train(one);
        train(two);

        two.disable();
        two.network();
        two.enable();
        two.addAdapter("other", config(Initialization.GAUSSIAN), SEED);
        two.activate("other");
        two.network();
        two.activate("default");
        train(one);
        train(two);

        assertThat(output(two)).isEqualTo(output(one));
    }

    @Test
    void dora_ofALayerWithoutIt_isRefusedWithTheModuleAndTheKinds() {
        LoraConfig config =
                LoraConfig.builder().targetModules("lstm.W").dora(true).build();

        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedNetwork.of(Networks.recurrent()), config, SEED))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("dora = true with modules \"lstm.W (LSTM)\"")
                .hasMessageContaining("DenseLayer");
    }

    @ParameterizedTest
    @EnumSource(
            value = Initialization.class,
            names = {"PISSA", "OLORA"})
    void startThatMovesTheBase_untrained_givesTheBasesOutput(Initialization start) {
        MultiLayerNetwork base = Networks.mlp();
        double[] before = Networks.values(base.params());
        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(base), config(start), SEED);

        double[] fresh = output(model);

        assertThat(fresh).containsExactly(Networks.values(base.output(X)), offset(ROUNDING));
        assertThat(Networks.values(model.network().getParam("0_W")))
                .isNotEqualTo(Networks.values(base.getParam("0_W")));
        assertThat(Networks.values(base.params())).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource(
            value = Initialization.class,
            names = {"PISSA", "OLORA"})
    void startThatMovesTheBase_trainedAndMerged_givesItsOutput(Initialization start) {
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), config(start), SEED);
        train(model);
        double[] adapted = output(model);

        model.merge();
        double[] merged = output(model);
        model.unmerge();

        assertThat(merged).containsExactly(adapted, offset(ROUNDING));
        assertThat(output(model)).isEqualTo(adapted);
    }

    @ParameterizedTest
    @EnumSource(
            value = Initialization.class,
            names = {"PISSA", "OLORA"})
    void startThatMovesTheBase_addedToAnotherModel_givesItsOutput(Initialization start) {
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), config(start), SEED);
        train(model);
        AdaptedNetwork<MultiLayerNetwork> other = AdaptedNetwork.of(Networks.mlp());

        other.addAdapter("copy", model.adapter("default"));
        other.activate("copy");

        assertThat(output(other)).containsExactly(output(model), offset(ROUNDING));
    }

    @Test
    void plainAdapter_ofAStartThatMovesTheBase_doublesTheRankAndGivesItsOutput() {
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), config(Initialization.PISSA), SEED);
        train(model);

        Adapter plain = model.plainAdapter("default");
        AdaptedNetwork<MultiLayerNetwork> other = AdaptedNetwork.of(Networks.mlp());
        other.addAdapter("plain", plain);
        other.activate("plain");

        assertThat(plain.loraConfig().rank()).isEqualTo(4);
        assertThat(plain.config().initialization().movesBase()).isFalse();
        assertThat(output(other)).containsExactly(output(model), offset(ROUNDING));
    }

    @Test
    void plainAdapter_ofAPlainOne_isTheAdapter() {
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), config(Initialization.GAUSSIAN), SEED);

        assertThat(model.plainAdapter("default")).isEqualTo(model.adapter("default"));
    }

    @Test
    void startThatMovesTheBase_besideAnAdapterThatHoldsTheWeight_leavesThatOnesValue() {
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), config(Initialization.PISSA), SEED);
        LoraConfig whole =
                LoraConfig.builder().targetModules("fc2").modulesToSave("fc1").build();
        model.addAdapter("whole", whole, SEED);
        INDArray before = model.adapter("whole").savedParameters().get("fc1.weight");

        model.setTrainable("whole", false);
        model.activate("default", "whole");
        double[] weight = Networks.values(model.network().getParam("0_W"));
        train(model);
        Map<String, INDArray> after = model.adapter("whole").savedParameters();

        assertThat(Networks.values(after.get("fc1.weight"))).containsExactly(Networks.values(before), offset(ROUNDING));
    }

    @Test
    void startThatMovesTheBase_inAGraph_untrained_givesTheBasesOutput() {
        ComputationGraph base = Networks.graph();
        LoraConfig config = config(Initialization.PISSA);

        AdaptedNetwork<ComputationGraph> model = DefaultAdapter.fresh(AdaptedNetwork.of(base), config, SEED);

        assertThat(Networks.values(model.network().output(X)[0]))
                .containsExactly(Networks.values(base.output(X)[0]), offset(ROUNDING));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void startThatMovesTheBase_ofRecurrentWeights_untrained_givesTheBasesOutput(boolean withPeepholes) {
        MultiLayerNetwork base = withPeepholes ? Networks.graves() : Networks.recurrent();
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .targetModules("lstm.W", "lstm.RW")
                .initialization(Initialization.OLORA)
                .build();
        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(base), config, SEED);
        INDArray series = Networks.normal(2, 3, 5);

        double[] fresh = Networks.values(model.network().output(series));

        assertThat(fresh).containsExactly(Networks.values(base.output(series)), offset(ROUNDING));
        assertThat(Networks.values(model.network().getParam("1_RW")))
                .isNotEqualTo(Networks.values(base.getParam("1_RW")));
    }

    @Test
    void startThatMovesTheBase_ofAConvolution_isRefused() {
        LoraConfig config = LoraConfig.builder()
                .targetModules("0")
                .initialization(Initialization.PISSA)
                .build();

        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedNetwork.of(Networks.cnn()), config, SEED))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("this start value needs a linear module");
    }
}
