/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffLambdaLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.dl4j.PrefixNetworks.Way;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.train.cache.PrefixCache;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What a cache would make wrong or useless. */
class CachedNetworkRefusalTest {

    private static final PrefixCache CACHE = PrefixCache.inMemory(1L << 20);

    private static OutputLayer head() {
        return new OutputLayer.Builder(LossFunction.MSE).name("head").nOut(3).build();
    }

    private static DenseLayer.Builder dense(String name) {
        return new DenseLayer.Builder().name(name).nOut(5);
    }

    private static <L extends Layer> L named(String name, L layer) {
        layer.setLayerName(name);
        return layer;
    }

    private static AdaptedNetwork<MultiLayerNetwork> headOver(Layer... layers) {
        Layer[] all = Stream.concat(Stream.of(layers), Stream.of(head())).toArray(Layer[]::new);
        MultiLayerNetwork base = PrefixNetworks.layers(PrefixNetworks.conf(), InputType.feedForward(4), all);
        return DefaultAdapter.fresh(AdaptedNetwork.of(base), PrefixNetworks.targets("head"), 3);
    }

    private static AdaptedNetwork<MultiLayerNetwork> headOverSeries(BackpropType type, Layer... layers) {
        MultiLayerNetwork base = new MultiLayerNetwork(PrefixNetworks.conf()
                .list(Stream.concat(
                                Stream.of(layers),
                                Stream.of(new RnnOutputLayer.Builder(LossFunction.MSE)
                                        .name("head")
                                        .nOut(3)
                                        .build()))
                        .toArray(Layer[]::new))
                .setInputType(InputType.recurrent(4, 6))
                .backpropType(type)
                .build());
        base.init();
        return DefaultAdapter.fresh(AdaptedNetwork.of(base), PrefixNetworks.targets("head"), 3);
    }

    static Stream<Arguments> networks() {
        return Stream.of(
                Arguments.of(
                        "nothing lies below what trains",
                        DefaultAdapter.fresh(
                                AdaptedNetwork.of(PrefixNetworks.dense().base().get()),
                                PrefixNetworks.targets("fc1"),
                                3)),
                Arguments.of(
                        "no layer with products: \"table\", \"norm\"",
                        headOver(
                                new EmbeddingLayer.Builder()
                                        .name("table")
                                        .nOut(5)
                                        .build(),
                                new BatchNormalization.Builder().name("norm").build())),
                Arguments.of(
                        "\"fc\" has dropout (Dropout)",
                        headOver(dense("fc").dropOut(0.5).build())),
                Arguments.of(
                        "\"drop\" has dropout (Dropout)",
                        headOver(
                                dense("fc").build(),
                                new DropoutLayer.Builder(0.8).name("drop").build())),
                Arguments.of(
                        "\"fc\" has the activation RReLU",
                        headOver(dense("fc").activation(Activation.RRELU).build())),
                Arguments.of(
                        "\"act\" has the activation RReLU",
                        headOver(dense("fc").build(), named("act", new ActivationLayer(Activation.RRELU)))),
                Arguments.of(
                        "\"both\" has dropout (Dropout)",
                        headOverSeries(
                                BackpropType.Standard,
                                named(
                                        "both",
                                        new Bidirectional(new LSTM.Builder()
                                                .nOut(5)
                                                .dropOut(0.9)
                                                .build())))),
                Arguments.of(
                        "truncated backpropagation through time",
                        headOverSeries(
                                BackpropType.TruncatedBPTT,
                                new LSTM.Builder().name("lstm").nOut(5).build())));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("networks")
    void cacheFrozenPrefix_ofAPrefixThatIsNotLasting_isRefused(String reason, AdaptedNetwork<MultiLayerNetwork> model) {
        MultiLayerNetwork before = model.network();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.cacheFrozenPrefix(CACHE))
                .withMessageStartingWith("cacheFrozenPrefix: ")
                .withMessageContaining(reason)
                .withMessageContaining("Train without the cache.");
        assertThat(model.network()).isSameAs(before);
    }

    @Test
    void cacheFrozenPrefix_inAStateWithoutUseForIt_isRefused() {
        AdaptedNetwork<MultiLayerNetwork> model = PrefixNetworks.dense().model(MemoryMode.IN_VIEW);

        model.disable();
        assertRefused(model, "cacheFrozenPrefix: adapters are disabled");
        model.enable();
        model.setTrainable("default", false);
        assertRefused(model, "cacheFrozenPrefix: nothing learns");
        model.setTrainable("default", true);
        try (CachedNetwork<MultiLayerNetwork> open = model.cacheFrozenPrefix(CACHE)) {
            assertRefused(model, "cacheFrozenPrefix: the network has a cache");
            assertThat(open.network()).isSameAs(model.network());
        }
    }

    private static void assertRefused(AdaptedNetwork<MultiLayerNetwork> model, String message) {
        assertThatIllegalStateException()
                .isThrownBy(() -> model.cacheFrozenPrefix(CACHE))
                .withMessageStartingWith(message);
    }

    private static void assertEnds(
            Way<MultiLayerNetwork> way, MultiLayerNetwork network, List<MultiDataSet> sets, String... words) {
        INDArray before = network.params().dup();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> way.fit(network, sets, 1))
                .satisfies(e -> assertThat(e.getMessage()).contains(words));
        assertThat(network.params()).isEqualTo(before);
    }

    @Test
    void fit_onOtherInputsInALaterEpoch_endsBeforeItsStep() {
        Way<MultiLayerNetwork> way = PrefixNetworks.dense();
        try (CachedNetwork<MultiLayerNetwork> cached =
                way.model(MemoryMode.IN_VIEW).cacheFrozenPrefix(CACHE)) {
            way.fit(cached.network(), way.batches(), 1);
            List<MultiDataSet> augmented = way.batches().stream()
                    .map(set -> new MultiDataSet(set.getFeatures(0).add(0.01), set.getLabels(0)))
                    .toList();

            assertEnds(
                    way,
                    cached.network(),
                    augmented,
                    "epoch 2 has a batch of 6 examples of which none came before",
                    "augmentation");
        }
    }

    @Test
    void fit_afterAFrozenParameterWasChanged_endsBeforeItsStep() {
        Way<MultiLayerNetwork> way = PrefixNetworks.dense();
        try (CachedNetwork<MultiLayerNetwork> cached =
                way.model(MemoryMode.IN_VIEW).cacheFrozenPrefix(CACHE)) {
            way.fit(cached.network(), way.batches(), 1);
            cached.network().getParam("0_W").muli(2);

            assertEnds(
                    way, cached.network(), way.batches(), "activation \"fc2\" of a batch that came again changed by");
        }
    }

    /** Takes the mean over the batch off. */
    public static final class Centered extends SameDiffLambdaLayer {

        private static final long serialVersionUID = 1;

        @Override
        public SDVariable defineLayer(SameDiff graph, SDVariable input) {
            return input.sub(input.mean(true, 0));
        }

        @Override
        public InputType getOutputType(int index, InputType input) {
            return input;
        }
    }

    @Test
    void fit_onExamplesThatMoveBelowALayerThatMixesThem_endsBeforeItsStep() {
        Way<MultiLayerNetwork> way = PrefixNetworks.dense();
        AdaptedNetwork<MultiLayerNetwork> model = headOver(dense("fc").build(), named("centered", new Centered()));
        try (CachedNetwork<MultiLayerNetwork> cached = model.cacheFrozenPrefix(CACHE)) {
            // Batches that stay may be mixed.
            way.fit(cached.network(), way.batches(), 2);
            assertThat(cached.report().reused()).isEqualTo(2);

            assertEnds(
                    way,
                    cached.network(),
                    PrefixNetworks.moved(way.batches(), 1),
                    "activation \"centered\" of an example changes by",
                    "depends on the other examples");
        }
    }
}
