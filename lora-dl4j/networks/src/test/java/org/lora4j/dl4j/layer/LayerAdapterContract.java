/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Map;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.constraint.NonNegativeConstraint;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.config.Initialization;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * What every adapted kind of layer must keep. A kind is done when a line for it in one of the tables of {@link LayerCase}
 * passes.
 */
abstract class LayerAdapterContract extends LayerCoreContract {

    LayerAdapterContract(LayerCase one) {
        super(one);
    }

    /** {@link LayerCoreContract} looks at some of the values. */
    @Tag("thorough")
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyGradient_isThatOfDifferences(boolean withBase) {
        assertGradientsHold(withBase ? learningBase() : updates(Initialization.RANDOM, 0), Integer.MAX_VALUE);
    }

    /** Norms of layers are taken over frozen and learning parameters alike. */
    @Test
    void frozenParameters_whateverTouchesParameters_keepTheirBytes() {
        frozenParameters_underAnyClipping_keepTheirBytes(GradientNormalization.ClipL2PerLayer);
    }

    @Tag("thorough")
    @ParameterizedTest
    @EnumSource(GradientNormalization.class)
    void frozenParameters_underAnyClipping_keepTheirBytes(GradientNormalization clipping) {
        NeuralNetConfiguration.Builder hostile = new NeuralNetConfiguration.Builder()
                .seed(3)
                .updater(new Adam(0.05))
                .biasUpdater(new Adam(0.03))
                .l1(0.02)
                .l2(0.1)
                .l2Bias(0.1)
                .weightNoise(new DropConnect(0.7))
                .constrainWeights(new MaxNormConstraint(0.3, 1))
                .constrainBias(new NonNegativeConstraint())
                .gradientNormalization(clipping)
                .gradientNormalizationThreshold(0.2);
        assertOnlyFactorsMove(hostile);
    }

    @Test
    void frozenParameters_underWeightDecay_keepTheirBytes() {
        // DL4J takes either L2 or weight decay.
        assertOnlyFactorsMove(new NeuralNetConfiguration.Builder()
                .seed(3)
                .updater(new Adam(0.05))
                .weightDecay(0.1)
                .weightDecayBias(0.1));
    }

    void assertOnlyFactorsMove(NeuralNetConfiguration.Builder hostile) {
        MultiLayerNetwork network = adapted(network(stock(), hostile), updates(Initialization.KAIMING_UNIFORM, 0));
        Map<String, double[]> before = parameters(network);

        fit(network, 3);

        Map<String, double[]> after = parameters(network);
        for (String name : stockNames()) {
            String full = position() + "_" + name;
            assertThat(after.get(full)).as(full).isEqualTo(before.get(full));
        }
        Layer layer = configuration(network);
        for (LoraSlot slot : LayerKinds.settings(layer).orElseThrow().slots()) {
            String a = position() + "_" + slot.a();
            String b = position() + "_" + slot.b();
            assertThat(after.get(a)).as(a).isNotEqualTo(before.get(a));
            assertThat(after.get(b)).as(b).isNotEqualTo(before.get(b));
        }
    }

    @Test
    void frozenParameters_haveNoUpdaterState() {
        MultiLayerNetwork network = adapted(built(stock(), new Adam(0.01)), updates(Initialization.KAIMING_UNIFORM, 0));
        long learning = 0;
        for (Map.Entry<String, INDArray> parameter : network.paramTable().entrySet()) {
            String[] name = parameter.getKey().split("_");
            boolean frozen =
                    Integer.parseInt(name[0]) == position() && stockNames().contains(name[1]);
            learning += frozen ? 0 : parameter.getValue().length();
        }

        assertThat(network.getUpdater().getStateViewArray().length()).isEqualTo(2 * learning);
    }

    @Test
    void configuration_throughJsonAndYaml_isTheSame() {
        MultiLayerConfiguration conf = adapted(
                        built(stock(), new Adam(0.01)), updates(Initialization.KAIMING_UNIFORM, 0.1))
                .getLayerWiseConfigurations();

        MultiLayerConfiguration json = MultiLayerConfiguration.fromJson(conf.toJson());
        MultiLayerConfiguration yaml = MultiLayerConfiguration.fromYaml(conf.toYaml());

        assertThat(json).isEqualTo(conf);
        assertThat(yaml).isEqualTo(conf);
        assertThat(LayerKinds.settings(json.getConf(position()).getLayer()))
                .isEqualTo(LayerKinds.settings(conf.getConf(position()).getLayer()));
    }

    @Test
    void training_savedAndResumed_equalsOneThatWasNotInterrupted() throws IOException {
        MultiLayerNetwork network =
                adapted(built(stock(), new Adam(0.02)), updates(Initialization.KAIMING_UNIFORM, 0.3));
        fit(network, 3);
        MultiLayerNetwork restored = throughZip(network);

        fit(network, 3);
        fit(restored, 3);

        assertThat(values(restored.params())).isEqualTo(values(network.params()));
        assertThat(values(restored.getUpdater().getStateViewArray()))
                .isEqualTo(values(network.getUpdater().getStateViewArray()));
    }

    @Test
    void clone_computesAndTrainsLikeTheNetwork() {
        MultiLayerNetwork network = adapted(built(stock(), new Adam(0.02)), updates(Initialization.KAIMING_UNIFORM, 0));
        fit(network, 2);

        MultiLayerNetwork clone = network.clone();
        assertThat(values(output(clone))).isEqualTo(values(output(network)));
        fit(network, 2);
        fit(clone, 2);

        assertThat(values(clone.params())).isEqualTo(values(network.params()));
    }

    @Test
    void training_withDropout_dependsOnTheSeedOnly() {
        MultiLayerNetwork one = adapted(built(stock(), new Adam(0.02)), updates(Initialization.RANDOM, 0.4));
        MultiLayerNetwork two = adapted(built(stock(), new Adam(0.02)), updates(Initialization.RANDOM, 0.4));
        fit(one, 2);
        Nd4j.getRandom().setSeed(99);
        fit(two, 2);

        assertThat(values(two.params())).isEqualTo(values(one.params()));
    }

    @Test
    void setNOut_ofAnAdaptedLayer_isRefused() {
        MultiLayerNetwork network = adapted(built(stock(), new NoOp()), updates(Initialization.KAIMING_UNIFORM, 0));
        Layer layer = configuration(network);

        assertThatThrownBy(() -> one.setNOut().accept(layer, 1234L))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("nOut = 1234; expected ")
                .hasMessageContaining("Unload the adapters");
    }

    @Test
    void stockSettings_areAllCarriedOver() {
        Layer stock = configuration(built(stock(), new Adam(0.01)));
        Layer adapted = LayerKinds.adapt(stock, LoraSettings.frozen());

        assertThat(withoutUpdates(adapted)).isEqualTo(withoutUpdates(stock));
    }

    static JsonNode withoutUpdates(Layer layer) {
        JsonNode json = NeuralNetConfiguration.mapper().valueToTree(layer);
        json.findParents("lora").forEach(parent -> ((ObjectNode) parent).remove("lora"));
        json.findParents("@class").stream()
                .filter(parent -> isLayer(parent.get("@class").asText()))
                .forEach(parent -> ((ObjectNode) parent).remove("@class"));
        return json;
    }

    static boolean isLayer(String name) {
        return name.startsWith("org.lora4j.") || name.startsWith("org.deeplearning4j.nn.conf.layers.");
    }
}
