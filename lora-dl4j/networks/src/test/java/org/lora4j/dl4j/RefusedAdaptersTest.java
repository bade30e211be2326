/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LearnedSelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdaLoraConfig;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Adapters that no network could be built for, or that no weight could take up, and layers that stock cannot run. */
class RefusedAdaptersTest {

    private static MultiLayerNetwork network(InputType type, Layer... layers) {
        NeuralNetConfiguration.ListBuilder list = new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new Adam(0.02))
                .activation(Activation.TANH)
                .list();
        for (Layer layer : layers) {
            list.layer(layer);
        }
        MultiLayerNetwork network =
                new MultiLayerNetwork(list.setInputType(type).build());
        network.init();
        return network;
    }

    private static Layer named(String name, Layer layer) {
        layer.setLayerName(name);
        return layer;
    }

    private static INDArray tags() {
        return Networks.classes(8, 3).reshape(2, 4, 3).permute(0, 2, 1).dup('c');
    }

    private static Layer tagger() {
        return named(
                "head", new RnnOutputLayer.Builder(LossFunction.MCXENT).nOut(3).build());
    }

    private static Layer both(String name) {
        return named(name, new Bidirectional(new LSTM.Builder().nOut(3).build()));
    }

    private static MultiLayerNetwork directions() {
        Layer last = named(
                "last",
                new LastTimeStep(new Bidirectional(new LSTM.Builder().nOut(3).build())));
        Layer head = named(
                "head", new OutputLayer.Builder(LossFunction.MCXENT).nOut(3).build());
        return network(InputType.recurrent(2, 4), both("low"), both("high"), last, head);
    }

    private static LoraConfig.Builder config(String... targets) {
        return LoraConfig.builder()
                .rank(2)
                .initialization(Initialization.RANDOM)
                .targetModules(targets);
    }

    @Test
    void targetsInOneDirection_areRefusedAtOnce_withEveryLayer() {
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(directions());
        LoraConfig config =
                config("low.fW", "high.bRW", "high.fW", "high.bW", "last.fW").build();

        assertThatThrownBy(() -> model.addAdapter("one", config, 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("adapter \"one\" on a network of Deeplearning4j: 3 problems")
                .hasMessageContaining("layer \"low\" (Bidirectional): updates of the forward direction"
                        + " [W of adapter 0, rank 2] and of the backward direction []")
                .hasMessageContaining("layer \"high\" (Bidirectional)")
                .hasMessageContaining("layer \"last\" (Bidirectional)");
        assertThat(model.adapterNames()).isEmpty();
    }

    @Test
    void ranksThatDifferBetweenDirections_areRefusedAtOnce() {
        LoraConfig config = config("fW", "bW").rankPattern(Map.of("low.bW", 3)).build();

        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedNetwork.of(directions()), config, 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("layer \"low\" (Bidirectional): updates of the forward direction"
                        + " [W of adapter 0, rank 2] and of the backward direction [W of adapter 0, rank 3]");
    }

    @Test
    void fullyTrainedParametersInOneDirection_areRefusedAtOnce() {
        LoraConfig config = config("head").modulesToSave("high.fRW").build();

        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedNetwork.of(directions()), config, 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("layer \"high\" (Bidirectional): trained parameters of the forward direction [RW]"
                        + " and of the backward direction []");
    }

    @Test
    void loadedAdapterOfOneDirection_isRefusedAtOnce() {
        Adapter whole = DefaultAdapter.fresh(
                        AdaptedNetwork.of(directions()),
                        config("low.fW", "low.bW").build(),
                        5)
                .adapter("default");
        Map<String, INDArray> forward = whole.modules().get("low.fW");
        Adapter half = Adapter.of(whole.config(), Map.of("low.fW", forward), Map.of());
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(directions());

        assertThatThrownBy(() -> model.addAdapter("half", half)).isInstanceOf(IllegalArgumentException.class);
        assertThat(model.adapterNames()).isEmpty();
    }

    @Test
    void bothDirections_areAdaptedAlike() {
        MultiLayerNetwork base = directions();
        LoraConfig config = config("fW", "bW", "low.fRW", "low.bRW").build();

        MultiLayerNetwork network =
                DefaultAdapter.fresh(AdaptedNetwork.of(base), config, 5).network();

        assertThat(network.paramTable()).containsKeys("0_fWA0", "0_bWA0", "0_fRWA0", "1_bWB0", "2_fWB0");
        assertThat(network.paramTable()).doesNotContainKey("1_fRWA0");
    }

    private static void assertTrainsButCannotMerge(
            MultiLayerNetwork base, INDArray x, INDArray y, List<String> targets, String... without) {
        LoraConfig config =
                config(targets.toArray(new String[0])).loraBias(true).build();
        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(base), config, 5);
        model.network().fit(x, y);
        double[] before = values(model.network().output(x));

        for (ThrowingCallable call : List.<ThrowingCallable>of(model::merge, model::mergeAndUnload)) {
            assertThatThrownBy(call)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("merge, modules \"" + String.join("\", \"", without) + "\": ")
                    .hasMessageContaining("the update has a bias (loraBias) and the module none");
        }

        assertThat(model.mergedAdapters()).isEmpty();
        assertThat(values(model.network().output(x))).isEqualTo(before);
    }

    @Test
    void biasOnB_whereTheModuleHasNone_trainsAndCannotBeMerged() {
        Layer separable =
                named("sep", new SeparableConvolution2D.Builder(2, 2).nOut(4).build());
        Layer classes = named(
                "head", new OutputLayer.Builder(LossFunction.MCXENT).nOut(3).build());
        assertTrainsButCannotMerge(
                network(InputType.convolutional(4, 4, 2), separable, classes),
                normal(3, 2, 4, 4),
                Networks.classes(3, 3),
                List.of("sep.W", "sep.pW"),
                "sep.W");
    }

    @Test
    void biasOnB_withinANormalizedSum_orAProjection_trainsAndCannotBeMerged() {
        Layer dense =
                named("fc", new DenseLayer.Builder().nOut(4).hasLayerNorm(true).build());
        Layer attention = named(
                "attention",
                new SelfAttentionLayer.Builder()
                        .nIn(4)
                        .nOut(4)
                        .nHeads(2)
                        .projectInput(true)
                        .build());
        assertTrainsButCannotMerge(
                network(InputType.recurrent(2, 4), dense, attention, tagger()),
                normal(2, 2, 4),
                tags(),
                List.of("fc", "Wv", "head"),
                "fc",
                "attention.Wv");
    }

    @Test
    void biasOnB_withinANormalizedRecurrentSum_isRefusedAtOnce() {
        Layer recurrent =
                named("rnn", new SimpleRnn.Builder().nOut(4).hasLayerNorm(true).build());
        Layer wrapped = named(
                "last",
                new LastTimeStep(
                        new SimpleRnn.Builder().nOut(4).hasLayerNorm(true).build()));
        Layer head = named(
                "head", new OutputLayer.Builder(LossFunction.MCXENT).nOut(3).build());
        MultiLayerNetwork base = network(InputType.recurrent(2, 4), recurrent, wrapped, head);
        LoraConfig config = config("rnn.W", "last.W", "head").loraBias(true).build();

        assertThatThrownBy(() -> DefaultAdapter.fresh(AdaptedNetwork.of(base), config, 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("layer \"rnn\": a bias of B inside layer normalization, expected none")
                .hasMessageContaining("layer \"last\": a bias of B inside layer normalization, expected none");
    }

    private static Layer learnedAttention() {
        return new LearnedSelfAttentionLayer.Builder()
                .nIn(3)
                .nOut(4)
                .nHeads(2)
                .headSize(2)
                .nQueries(2)
                .projectInput(true)
                .build();
    }

    /** Should this fail with a new version of DL4J, the layer need no longer be refused. */
    @Test
    void learnedSelfAttention_doesNotRunInStock() {
        MultiLayerNetwork base = network(InputType.recurrent(3, 4), learnedAttention(), tagger());

        assertThatThrownBy(() -> base.output(normal(2, 3, 4))).isInstanceOf(RuntimeException.class);
    }

    @Test
    void learnedSelfAttention_isRefused_whereverItStands() {
        MultiLayerNetwork base = network(
                InputType.recurrent(3, 4),
                named("first", learnedAttention()),
                named("over zeros", new MaskZeroLayer(learnedAttention(), 0)),
                tagger());

        assertThatThrownBy(() -> DefaultAdapter.fresh(
                        AdaptedNetwork.of(base), config("2").build(), 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 problems: layer \"first\": Deeplearning4j 1.0.0-M2.1 cannot run")
                .hasMessageContaining("layer \"over zeros\": Deeplearning4j 1.0.0-M2.1 cannot run")
                .hasMessageContaining("use a SelfAttentionLayer");
    }

    @Test
    void adaLora_inAFitOfDeeplearning4j_isRefusedBeforeAnythingChanges() {
        AdaLoraConfig config = AdaLoraConfig.builder()
                .initialRank(2)
                .targetRank(1)
                .totalSteps(9)
                .targetModules("fc1")
                .build();
        AdaptedNetwork<MultiLayerNetwork> model = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), config, 3);
        double[] before = values(model.network().params());

        assertThatThrownBy(() -> model.network().fit(normal(6, 4), Networks.classes(6, 3)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("fit: the network trains an adapter of AdaLoRA")
                .hasMessageContaining("Trainer.builder(model.trainable(names))");
        assertThat(values(model.network().params())).isEqualTo(before);
        assertThat(model.network().score(new DataSet(normal(6, 4), Networks.classes(6, 3))))
                .isFinite();
    }
}
