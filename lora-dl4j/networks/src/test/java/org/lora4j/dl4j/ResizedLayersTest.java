/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.dl4j.Networks.values;

import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.weights.WeightInit;
import org.junit.jupiter.api.Test;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;

/** Stock calls that give a layer another size, and fill it with new random values, where frozen weights would be lost. */
class ResizedLayersTest {

    private static LoraConfig targets(String... names) {
        return LoraConfig.builder().rank(2).targetModules(names).build();
    }

    private static void assertRefused(ThrowingCallable call, String... parts) {
        assertThatThrownBy(call)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll(parts)
                .hasMessageContaining(
                        "Unload the adapters, change the stock network, and attach a new adapter to the result.");
    }

    private static void assertNetworkRefuses(
            UnaryOperator<TransferLearning.Builder> change, String target, String... parts) {
        MultiLayerNetwork network = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), targets(target), 5)
                .network();
        double[] before = values(network.params());

        assertRefused(
                () -> change.apply(new TransferLearning.Builder(network)
                                .fineTuneConfiguration(new FineTuneConfiguration.Builder().build()))
                        .build(),
                parts);

        assertThat(values(network.params())).isEqualTo(before);
    }

    private static void assertGraphRefuses(
            UnaryOperator<TransferLearning.GraphBuilder> change, String target, String... parts) {
        ComputationGraph network = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.graph()), targets(target), 5)
                .network();
        double[] before = values(network.params());

        assertRefused(
                () -> change.apply(new TransferLearning.GraphBuilder(network)
                                .fineTuneConfiguration(new FineTuneConfiguration.Builder().build()))
                        .build(),
                parts);

        assertThat(values(network.params())).isEqualTo(before);
    }

    @Test
    void nOutReplace_ofAnAdaptedLayer() {
        assertNetworkRefuses(
                builder -> builder.nOutReplace(1, 9, WeightInit.XAVIER),
                "fc2",
                "layer \"fc2\": nOut = 9; expected 5, because the layer carries frozen weights");
    }

    @Test
    void nOutReplace_withTheSameSize_losesTheWeightsToo() {
        assertNetworkRefuses(
                builder -> builder.nOutReplace(1, 5, WeightInit.XAVIER),
                "fc2",
                "layer \"fc2\": nOut is set again, to 5; expected it left alone");
    }

    @Test
    void nInReplace_ofAnAdaptedLayer() {
        assertNetworkRefuses(
                builder -> builder.nInReplace(0, 7, WeightInit.XAVIER), "fc1", "layer \"fc1\": nIn = 7; expected 4");
    }

    @Test
    void nOutReplace_ofTheLayerBelowAnAdaptedOne() {
        // fc1 is frozen as well; whichever of the two comes first tells.
        assertNetworkRefuses(
                builder -> builder.nOutReplace(0, 9, WeightInit.XAVIER), "fc1", "layer \"fc1\": nOut = 9; expected 6");
    }

    @Test
    void nOutReplace_ofATrainedLayerBelowAFrozenOne() {
        LoraConfig config = targets("fc2").toBuilder().modulesToSave("fc1").build();
        MultiLayerNetwork network = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), config, 5)
                .network();

        assertRefused(
                () -> new TransferLearning.Builder(network)
                        .fineTuneConfiguration(new FineTuneConfiguration.Builder().build())
                        .nOutReplace(0, 9, WeightInit.XAVIER)
                        .build(),
                "layer \"fc2\": nIn = 9; expected 6");
    }

    @Test
    void nOutReplace_ofAnAdaptedLayerInAGraph() {
        assertGraphRefuses(
                builder -> builder.nOutReplace("enc.fc2", 9, WeightInit.XAVIER),
                "enc.fc1",
                "layer \"enc.fc2\": nOut = 9; expected 5");
    }

    @Test
    void nOutReplace_withTheSameSizeInAGraph() {
        assertGraphRefuses(
                builder -> builder.nOutReplace("head", 3, WeightInit.XAVIER),
                "enc.fc1",
                "layer \"head\": nOut is set again, to 3");
    }

    @Test
    void nInReplace_ofAnAdaptedLayerInAGraph() {
        assertGraphRefuses(
                builder -> builder.nInReplace("enc.fc1", 7, WeightInit.XAVIER),
                "enc.fc1",
                "layer \"enc.fc1\": nIn = 7; expected 4");
    }

    @Test
    void nOutReplace_ofATrainedLayerBelowAFrozenOneInAGraph() {
        ComputationGraph base = chain();
        LoraConfig config = targets("two").toBuilder().modulesToSave("one").build();
        ComputationGraph network =
                DefaultAdapter.fresh(AdaptedNetwork.of(base), config, 5).network();

        assertRefused(
                () -> new TransferLearning.GraphBuilder(network).nOutReplace("one", 9, WeightInit.XAVIER),
                "layer \"two\": nIn = 9; expected 5");
    }

    private static ComputationGraph chain() {
        ComputationGraph graph = new ComputationGraph(new org.deeplearning4j.nn.conf.NeuralNetConfiguration.Builder()
                .graphBuilder()
                .addInputs("in")
                .addLayer("one", dense(4, 5), "in")
                .addLayer("two", dense(5, 4), "one")
                .addLayer("three", dense(4, 3), "two")
                .setOutputs("three")
                .build());
        graph.init();
        return graph;
    }

    private static org.deeplearning4j.nn.conf.layers.DenseLayer dense(int in, int out) {
        return new org.deeplearning4j.nn.conf.layers.DenseLayer.Builder()
                .nIn(in)
                .nOut(out)
                .build();
    }

    @Test
    void nOutReplace_ofALayerThatLearnsAsAWhole_isAStockMatter() {
        LoraConfig config = targets("fc1").toBuilder().modulesToSave("head").build();
        MultiLayerNetwork network = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), config, 5)
                .network();

        MultiLayerNetwork wider = new TransferLearning.Builder(network)
                .fineTuneConfiguration(new FineTuneConfiguration.Builder().build())
                .nOutReplace(2, 4, WeightInit.XAVIER)
                .build();

        assertThat(wider.getParam("2_W").shape()).containsExactly(5, 4);
        assertThat(values(wider.getParam("0_W"))).isEqualTo(values(network.getParam("0_W")));
    }
}
