/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.lora4j.dl4j.Networks.values;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.TrainableTokens;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Rows of the tables of embedding layers that are trained in full. */
class TokenRowsInNetworksTest {

    private static final String ROWS = "token_adapter.trainable_tokens_delta";

    private static final int EXAMPLES = 3;

    /** Of sums of few numbers of order 1 in double precision. */
    private static final double ROUNDING = 1e-12;

    private static final LoraConfig CONFIG = rows(TrainableTokens.ofInputEmbedding(2, 4));

    /** The rows 2 and 4 become these. */
    private static final INDArray NEW = Nd4j.createFromArray(new double[][] {{1, -2, 3, 0.1}, {0.5, 0, -0.25, 2}});

    private static LoraConfig rows(TrainableTokens tokens) {
        return LoraConfig.builder().trainableTokens(tokens).build();
    }

    private static LoraConfig update(boolean dora) {
        return LoraConfig.builder()
                .rank(2)
                .targetModules("embed")
                .initialization(Initialization.RANDOM)
                .dora(dora)
                .build();
    }

    /** A lookup of one row, or of a series in either layout, below a head. */
    enum Kind {
        ONE(new EmbeddingLayer.Builder()
                .name("embed")
                .nIn(6)
                .nOut(4)
                .hasBias(true)
                .biasInit(0.1)
                .activation(Activation.TANH)
                .build()),
        CHANNELS_FIRST(series(RNNFormat.NCW)),
        CHANNELS_LAST(series(RNNFormat.NWC));

        private final Layer layer;

        Kind(Layer layer) {
            this.layer = layer;
        }

        private static Layer series(RNNFormat format) {
            return new EmbeddingSequenceLayer.Builder()
                    .name("embed")
                    .nIn(6)
                    .nOut(4)
                    .hasBias(true)
                    .biasInit(0.1)
                    .activation(Activation.TANH)
                    .outputDataFormat(format)
                    .build();
        }

        MultiLayerNetwork network() {
            NeuralNetConfiguration.ListBuilder list = new NeuralNetConfiguration.Builder()
                    .seed(3)
                    .dataType(DataType.DOUBLE)
                    .updater(new Adam(0.05))
                    .activation(Activation.TANH)
                    .list()
                    .layer(layer.clone());
            if (this != ONE) {
                list.layer(new GlobalPoolingLayer.Builder(PoolingType.AVG)
                        .poolingDimensions(this == CHANNELS_FIRST ? 2 : 1)
                        .build());
            }
            MultiLayerNetwork network = new MultiLayerNetwork(list.layer(new OutputLayer.Builder(LossFunction.MSE)
                            .name("head")
                            .nIn(4)
                            .nOut(3)
                            .build())
                    .build());
            network.init();
            return network;
        }

        /** Ids, of which 2 comes twice, in two examples and within one. */
        INDArray ids() {
            return this == ONE
                    ? Nd4j.createFromArray(new double[][] {{2}, {0}, {2}})
                    : Nd4j.createFromArray(new double[][] {{0, 2, 2, 5}, {4, 1, 3, 1}, {1, 2, 0, 5}});
        }

        double[] output(AdaptedNetwork<MultiLayerNetwork> model) {
            return Networks.values(model.network().output(ids()));
        }
    }

    static List<Arguments> kindsInBothModes() {
        return Stream.of(Kind.values())
                .flatMap(kind -> Stream.of(MemoryMode.values()).map(mode -> Arguments.of(kind, mode)))
                .toList();
    }

    private static AdaptedNetwork<MultiLayerNetwork> model(Kind kind, MemoryMode mode) {
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(kind.network(), mode);
        model.addAdapter("rows", CONFIG, 1);
        model.activate("rows");
        return model;
    }

    private static AdaptedNetwork<MultiLayerNetwork> changed(Kind kind, MemoryMode mode) {
        AdaptedNetwork<MultiLayerNetwork> model = model(kind, mode);
        model.network().getParam("0_WT0").assign(NEW);
        return model;
    }

    private static INDArray tableWith(MultiLayerNetwork base) {
        INDArray table = base.getParam("0_W").dup();
        table.putRow(2, NEW.getRow(0));
        table.putRow(4, NEW.getRow(1));
        return table;
    }

    @ParameterizedTest
    @MethodSource("kindsInBothModes")
    void addAdapter_leavesTheOutputEqualInEveryValue_andOnlyTheRowsLearn(Kind kind, MemoryMode mode) {
        AdaptedNetwork<MultiLayerNetwork> model = model(kind, mode);
        double[] base = values(model.base().output(kind.ids()));
        INDArray parameters = model.base().params().dup();

        assertThat(kind.output(model)).isEqualTo(base);
        model.network().fit(kind.ids(), Networks.normal(EXAMPLES, 3));

        assertThat(model.network().gradient().gradientForVariable()).containsOnlyKeys("0_WT0");
        Adapter adapter = model.adapter("rows");
        assertThat(adapter.modules()).containsOnlyKeys("embed");
        INDArray table = model.base().getParam("0_W");
        INDArray fresh = adapter.modules().get("embed").get(ROWS);
        assertThat(fresh.getRow(0)).isNotEqualTo(table.getRow(2));
        // Nobody looked row 4 up, if there is one lookup for each example.
        assertThat(fresh.getRow(1).equals(table.getRow(4))).isEqualTo(kind == Kind.ONE);
        assertThat(model.base().params()).isEqualTo(parameters);
        model.disable();
        assertThat(kind.output(model)).isEqualTo(base);
        assertThat(model.parameterSummary().trainable()).isZero();
        model.enable();
        assertThat(model.parameterSummary().trainable()).isEqualTo(8);
        assertThat(kind.output(model)).isNotEqualTo(base);
    }

    @ParameterizedTest
    @MethodSource("kindsInBothModes")
    void newRows_areWhatTheLookupFinds(Kind kind, MemoryMode mode) {
        MultiLayerNetwork expected = kind.network();
        expected.setParam("0_W", tableWith(expected));

        AdaptedNetwork<MultiLayerNetwork> model = changed(kind, mode);
        double[] learning = kind.output(model);
        model.setTrainable("rows", false);

        assertThat(learning).isEqualTo(values(expected.output(kind.ids())));
        assertThat(kind.output(model)).isEqualTo(learning);
        assertThat(model.status().get(0).active()).containsExactly("rows");
    }

    /** The loss as a sum, of which gradients are taken. */
    private static double loss(AdaptedNetwork<MultiLayerNetwork> model, Kind kind) {
        MultiLayerNetwork network = model.network();
        network.setInput(kind.ids());
        network.setLabels(Networks.normal(EXAMPLES, 3));
        network.computeGradientAndScore();
        return network.score() * EXAMPLES;
    }

    private static void assertGradients(AdaptedNetwork<MultiLayerNetwork> model, Kind kind, String... names) {
        loss(model, kind);
        Map<String, INDArray> gradients = model.network().gradient().gradientForVariable();
        assertThat(gradients.keySet()).contains(names);
        gradients.replaceAll((name, gradient) -> gradient.dup());
        DataSet batch = new DataSet(kind.ids(), Networks.normal(EXAMPLES, 3));
        gradients.forEach((name, gradient) -> {
            INDArray value = model.network().getParam(name);
            assertThat(gradient.shape()).isEqualTo(value.shape());
            for (int i = 0; i < value.rows(); i++) {
                for (int j = 0; j < value.columns(); j++) {
                    double before = value.getDouble(i, j);
                    double step = 1e-5;
                    value.putScalar(i, j, before + step);
                    double more = model.network().score(batch, true) * EXAMPLES;
                    value.putScalar(i, j, before - step);
                    double less = model.network().score(batch, true) * EXAMPLES;
                    value.putScalar(i, j, before);
                    assertThat(gradient.getDouble(i, j))
                            .as(name + " " + i + " " + j)
                            .isCloseTo((more - less) / (2 * step), offset(1e-8));
                }
            }
        });
    }

    @ParameterizedTest
    @MethodSource("kindsInBothModes")
    void gradients_areThoseOfDifferences_aloneAndBesideOthers(Kind kind, MemoryMode mode) {
        assertGradients(changed(kind, mode), kind, "0_WT0");

        AdaptedNetwork<MultiLayerNetwork> beside = changed(kind, mode);
        beside.addAdapter("update", update(false), 2);
        beside.addAdapter(
                "biases",
                CONFIG.toBuilder()
                        .trainableTokens(TrainableTokens.of(Map.of("embed", List.of(5, 0))))
                        .bias(BiasTraining.ALL)
                        .build(),
                3);
        beside.activate("update", "biases", "rows");
        assertGradients(beside, kind, "0_WT0", "0_WA1", "0_WB1", "0_WT2", "0_b", (kind == Kind.ONE ? 1 : 2) + "_b");
    }

    @ParameterizedTest
    @MethodSource("kindsInBothModes")
    void rowsOverATableThatLearnsInFull_takeTheirGradientFromIt(Kind kind, MemoryMode mode) {
        AdaptedNetwork<MultiLayerNetwork> model = changed(kind, mode);
        model.addAdapter("table", LoraConfig.builder().modulesToSave("embed").build(), 2);
        model.activate("table", "rows");

        assertGradients(model, kind, "0_WT0", "0_W", "0_b");
    }

    /** With DoRA the length of the direction counts as a constant, so that only the rows agree with differences. */
    @ParameterizedTest
    @EnumSource(Kind.class)
    void rowsBelowDora_areMergedAsTheyAct(Kind kind) {
        AdaptedNetwork<MultiLayerNetwork> model = changed(kind, MemoryMode.IN_VIEW);
        model.addAdapter("dora", update(true), 2);
        model.activate("dora", "rows");
        double[] attached = kind.output(model);
        loss(model, kind);
        INDArray gradient = model.network().gradient().getGradientFor("0_WT0").dup();

        model.merge();

        assertThat(kind.output(model)).containsExactly(attached, offset(ROUNDING));
        assertThat(gradient.getRow(0).norm2Number().doubleValue()).isPositive();
        assertThat(gradient.getRow(1).norm2Number().doubleValue() > 0).isEqualTo(kind != Kind.ONE);
    }

    @ParameterizedTest
    @MethodSource("kindsInBothModes")
    void merge_putsTheRowsIntoTheTable_andUnmergeIsExact(Kind kind, MemoryMode mode) {
        AdaptedNetwork<MultiLayerNetwork> model = changed(kind, mode);
        double[] attached = kind.output(model);

        model.merge();
        double[] merged = kind.output(model);
        MultiLayerNetwork plain = model.mergeAndUnload();
        model.unmerge();

        assertThat(merged).isEqualTo(attached);
        assertThat(plain.getParam("0_W")).isEqualTo(tableWith(model.base()));
        assertThat(values(plain.output(kind.ids()))).isEqualTo(attached);
        assertThat(kind.output(model)).isEqualTo(attached);
        assertThat(model.adapter("rows").modules().get("embed").get(ROWS)).isEqualTo(NEW);
        model.activate();
        assertThat(kind.output(model)).isEqualTo(values(model.base().output(kind.ids())));
    }

    @ParameterizedTest
    @MethodSource("kindsInBothModes")
    void merge_oneByOne_together_andByFiles_givesTheSameTable(Kind kind, MemoryMode mode) throws IOException {
        AdaptedNetwork<MultiLayerNetwork> model = changed(kind, mode);
        model.addAdapter("update", update(false), 2);
        model.activate("update", "rows");
        double[] attached = kind.output(model);
        INDArray byFiles = WeightMerge.merged(
                        ModelWeights.of(Map.of("embed.weight", model.base().getParam("0_W"))),
                        List.of(model.adapter("update"), model.adapter("rows")))
                .get("embed.weight");
        INDArray unloaded = model.mergeAndUnload().getParam("0_W");

        assertThatThrownBy(() -> model.merge("update"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("\"rows\" replaces rows of the table that \"update\" adds to");
        model.merge("rows");
        double[] half = kind.output(model);
        model.merge("update");
        INDArray oneByOne = model.mergeAndUnload().getParam("0_W");
        double[] whole = kind.output(model);
        model.unmerge();
        model.merge();

        assertThat(half).containsExactly(attached, offset(ROUNDING));
        assertThat(whole).containsExactly(attached, offset(ROUNDING));
        assertThat(kind.output(model)).isEqualTo(whole);
        assertThat(byFiles).isEqualTo(unloaded).isEqualTo(oneByOne);
    }

    @ParameterizedTest
    @EnumSource(MemoryMode.class)
    void adapterAndModel_savedAndReadAgain_computeAndLearnOnAsBefore(MemoryMode mode, @TempDir Path folder)
            throws IOException {
        Kind kind = Kind.CHANNELS_FIRST;
        AdaptedNetwork<MultiLayerNetwork> model = model(kind, mode);
        model.addAdapter(
                "update",
                update(false).toBuilder()
                        .trainableTokens(TrainableTokens.of(Map.of("embed", List.of(1))))
                        .build(),
                2);
        model.activate("rows", "update");
        INDArray labels = Networks.normal(EXAMPLES, 3);
        model.network().fit(kind.ids(), labels);

        model.save(folder.resolve("model.zip"));
        model.adapter("update").save(folder.resolve("update"));
        AdaptedNetwork<MultiLayerNetwork> read =
                NetworkFile.of(folder.resolve("model.zip")).in(mode).adaptedMultiLayerNetwork();
        AdaptedNetwork<MultiLayerNetwork> loaded = Lora.load(kind.network(), folder.resolve("update"));
        model.activate("update");
        double[] alone = kind.output(model);
        model.activate("rows", "update");

        assertThat(kind.output(loaded)).isEqualTo(alone);
        assertThat(Adapter.load(folder.resolve("update")).modules().get("embed"))
                .containsOnlyKeys("lora_embedding_A", "lora_embedding_B", ROWS);
        assertThat(kind.output(read)).isEqualTo(kind.output(model));
        model.network().fit(kind.ids(), labels);
        read.network().fit(kind.ids(), labels);
        assertThat(kind.output(read)).isEqualTo(kind.output(model));
    }

    @Test
    void network_savedByTheStockSerializer_computesTheSame(@TempDir Path folder) throws IOException {
        for (MemoryMode mode : MemoryMode.values()) {
            AdaptedNetwork<MultiLayerNetwork> model = changed(Kind.CHANNELS_LAST, mode);
            Path zip = folder.resolve(mode + ".zip");
            ModelSerializer.writeModel(model.network(), zip.toFile(), true);

            model.adopt(ModelSerializer.restoreMultiLayerNetwork(zip.toFile()));

            assertThat(Kind.CHANNELS_LAST.output(model))
                    .isEqualTo(Kind.CHANNELS_LAST.output(changed(Kind.CHANNELS_LAST, mode)));
        }
    }

    @Test
    void wrongNamesAndRows_areListedTogether() {
        LoraConfig config =
                rows(TrainableTokens.of(Map.of("embd", List.of(1), "embed", List.of(6), "head", List.of(0))));

        assertThatThrownBy(() -> Lora.inject(Kind.ONE.network(), config, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("trainableTokens \"embd\" matches no embedding; closest: \"embed\"")
                .hasMessageContaining("trainableTokens \"head\" matches no embedding")
                .hasMessageContaining("has the rows [6], expected below its size 6");
        assertThatThrownBy(() -> Lora.inject(Networks.mlp(), CONFIG, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the network has no embedding");
        assertThatThrownBy(() -> Lora.inject(
                        Kind.ONE.network(),
                        CONFIG.toBuilder().modulesToSave("embed").build(),
                        1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("and modulesToSave train the same rows, expected one of them");
    }

    @Test
    void twoAdaptersWithTheSameRow_areNotActiveTogether() {
        AdaptedNetwork<MultiLayerNetwork> model = model(Kind.ONE, MemoryMode.IN_VIEW);
        model.addAdapter("other", rows(TrainableTokens.of(Map.of("embed", List.of(1, 2)))), 1);
        model.addAdapter("apart", rows(TrainableTokens.ofInputEmbedding(0, 3)), 1);

        assertThatThrownBy(() -> model.activate("rows", "other"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("both replace row 2 of \"embed\"");
        assertThat(model.activeAdapters()).containsExactly("rows");
        model.activate("rows", "apart");
        assertThat(Kind.ONE.output(model)).isEqualTo(values(model.base().output(Kind.ONE.ids())));
    }

    @Test
    void load_ofRowsThatDoNotFit_isRefusedByName() {
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(Kind.ONE.network());
        Adapter wrong = Adapter.of(CONFIG, Map.of("embed", Map.of(ROWS, Nd4j.ones(DataType.FLOAT, 2, 3))), Map.of());
        Adapter foreign =
                Adapter.of(CONFIG, Map.of("embed_tokens", Map.of(ROWS, Nd4j.ones(DataType.FLOAT, 2, 4))), Map.of());

        assertThatThrownBy(() -> model.addAdapter("a", wrong))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(ROWS + " has shape [2, 3]; expected [2, 4]");
        assertThatThrownBy(() -> model.addAdapter("a", foreign))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("module \"embed_tokens\" of the adapter is not in the network");
        assertThat(model.adapterNames()).isEmpty();
    }

    private static LoraSlot slot(String method, List<Integer> rows) {
        return new LoraSlot(0, "W", 2, 1, 0, true, false, Initialization.RANDOM, 5, method, rows);
    }

    @Test
    void slots_withRowsThatCannotBe_areRefused() {
        Layer embedding =
                new EmbeddingLayer.Builder().name("embed").nIn(6).nOut(4).build();
        Layer dense = new DenseLayer.Builder().name("fc").nIn(6).nOut(4).build();

        for (List<Integer> rows : List.of(List.of(1), List.of(1, 1), List.of(-1, 2), List.<Integer>of())) {
            assertThatThrownBy(() -> slot("TOKEN_ROWS", rows))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("rows = " + rows);
        }
        assertThatThrownBy(() -> slot("LORA", List.of(1, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none with others");
        assertThatThrownBy(() -> built(embedding, slot("TOKEN_ROWS", List.of(1, 6))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected a table with all these rows");
        assertThatThrownBy(() -> built(dense, slot("TOKEN_ROWS", List.of(1, 2))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected an embedding");
    }

    private static void built(Layer layer, LoraSlot slot) {
        LoraSettings settings = new LoraSettings(List.of(slot), List.of(), false);
        new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                        .list()
                        .layer(LayerKinds.adapt(layer, settings))
                        .layer(new OutputLayer.Builder().nIn(4).nOut(3).build())
                        .build())
                .init();
    }

    @Test
    void outputAndGradients_areThoseOfTheSameGraphInSameDiff() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .activation(Activation.TANH)
                .list()
                .layer(new EmbeddingLayer.Builder()
                        .name("embed")
                        .nIn(6)
                        .nOut(4)
                        .activation(Activation.TANH)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MSE)
                        .name("head")
                        .nIn(4)
                        .nOut(3)
                        .hasBias(false)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
        network.init();
        SameDiff graph = SameDiff.create();
        SDVariable table = graph.var("embed.weight", network.getParam("0_W").dup('c'));
        SDVariable ids = graph.placeHolder("ids", DataType.INT32, -1);
        SDVariable head =
                graph.var("head.weight", network.getParam("1_W").transpose().dup('c'));
        SDVariable h = graph.math().tanh(graph.gather(table, ids, 0));
        SDVariable error =
                graph.mmul("y", h, head, false, true, false).sub(graph.placeHolder("labels", DataType.DOUBLE, -1, 3));
        error.mul(error).sum("loss");
        graph.setLossVariables("loss");
        LoraConfig config = update(false).toBuilder()
                .trainableTokens(CONFIG.trainableTokens())
                .build();
        INDArray labels = Networks.normal(EXAMPLES, 3);
        Map<String, INDArray> inputs = Map.of("ids", Nd4j.createFromArray(2, 0, 2), "labels", labels);

        AdaptedSameDiff inGraph = Lora.inject(graph, config, 7);
        AdaptedNetwork<MultiLayerNetwork> inNetwork = Lora.inject(network, config, 7);
        assertThat(inNetwork.adapter("default")).isEqualTo(inGraph.adapter("default"));
        inGraph.trainableParameters().stream()
                .filter(parameter -> parameter.name().contains("token_adapter"))
                .forEach(parameter -> parameter.value().assign(NEW));
        inNetwork.network().getParam("0_WT0").assign(NEW);
        String rows = "embed.token_adapter.trainable_tokens_delta.default";
        INDArray expected = SameDiffExecutor.forTraining(inGraph.graph(), List.of(rows))
                .gradients(inputs, 0)
                .gradients()
                .get(rows);

        assertThat(values(inNetwork.network().output(Kind.ONE.ids())))
                .containsExactly(values(inGraph.output(inputs, "y").get("y")), offset(ROUNDING));
        loss(inNetwork, Kind.ONE);
        // The loss of the layer is a mean over the three outputs.
        assertThat(values(inNetwork.network().gradient().getGradientFor("0_WT0").mul(3)))
                .containsExactly(values(expected), offset(ROUNDING));
    }

    /** PEFT's method TRAINABLE_TOKENS computes the same with the same rows. */
    @Test
    void output_gradientAndMergedTable_areThoseOfPeft() throws IOException {
        Path directory = Path.of("../core/src/test/resources/peft/trainable-tokens-plain");
        Map<String, INDArray> io = TensorFiles.read(directory.resolve("io.safetensors"));
        Map<String, INDArray> base = TensorFiles.read(directory.resolve("base.safetensors"));
        INDArray rows = TensorFiles.read(directory.resolve("adapter_model.safetensors"))
                .get("base_model.model.embed.trainable_tokens_delta");
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .dataType(DataType.FLOAT)
                .activation(Activation.IDENTITY)
                .list()
                .layer(new EmbeddingSequenceLayer.Builder()
                        .name("embed")
                        .nIn(12)
                        .nOut(6)
                        .build())
                .layer(new GlobalPoolingLayer.Builder(PoolingType.AVG).build())
                .layer(new OutputLayer.Builder(LossFunction.MSE)
                        .name("fc")
                        .nIn(6)
                        .nOut(3)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
        network.init();
        network.getParam("0_W").assign(base.get("embed.weight"));
        network.getParam("2_W").assign(base.get("fc.weight").transpose());
        network.getParam("2_b").assign(base.get("fc.bias").reshape(1, 3));
        INDArray ids = io.get("ids").castTo(DataType.FLOAT);
        LoraConfig config = rows(TrainableTokens.of(Map.of("embed", List.of(1, 4, 9))));

        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(network);
        model.addAdapter("peft", Adapter.of(config, Map.of("embed", Map.of(ROWS, rows)), Map.of()));
        model.activate("peft");
        model.setTrainable("peft", true);
        INDArray y = model.network().output(ids);
        // The case's loss is the sum of squares; that of the layer is their mean over the outputs.
        model.network().setInput(ids);
        model.network().setLabels(Nd4j.zeros(DataType.FLOAT, 3, 3));
        model.network().computeGradientAndScore();
        INDArray gradient = model.network().gradient().getGradientFor("0_WT0").mul(3);

        assertThat(y.distance2(io.get("y_adapter"))).isLessThan(1e-5);
        assertThat(y.distance2(io.get("y_base"))).isGreaterThan(1e-2);
        assertThat(gradient.distance2(io.get("grad.base_model.model.embed.trainable_tokens_delta")))
                .isLessThan(1e-4);
        assertThat(model.mergeAndUnload().getParam("0_W")).isEqualTo(io.get("merged.embed.weight"));
    }
}
