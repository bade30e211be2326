/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.dl4j.Networks.classes;
import static org.lora4j.dl4j.Networks.normal;
import static org.lora4j.dl4j.Networks.values;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.GravesBidirectionalLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

@SuppressWarnings("deprecation") // GravesBidirectionalLSTM is a kind that has no adapters.
class LowMemoryTest {

    private static final long SEED = 42;
    private static final int STEPS = 10;

    private static LoraConfig targets(String... names) {
        return LoraConfig.builder().rank(2).alpha(3).targetModules(names).build();
    }

    private static LoraConfig matching(String expression) {
        return LoraConfig.builder()
                .rank(2)
                .alpha(3)
                .targetModules(ModuleSelector.regex(expression))
                .build();
    }

    /** A network, what to adapt in it, and a batch. */
    private record Case(MultiLayerNetwork base, LoraConfig config, INDArray x, INDArray y) {

        double[] fit(MultiLayerNetwork network, int steps) {
            double[] losses = new double[steps];
            for (int i = 0; i < steps; i++) {
                network.fit(x, y);
                losses[i] = network.score();
            }
            return losses;
        }
    }

    private static MultiLayerNetwork series(Layer... layers) {
        var builder = new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new Adam(0.05))
                .l2(0.01)
                .list();
        for (Layer layer : layers) {
            builder.layer(layer);
        }
        MultiLayerNetwork network = new MultiLayerNetwork(builder.layer(new RnnOutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.recurrent(3, 5))
                .build());
        network.init();
        return network;
    }

    private static LSTM lstm(String name) {
        return new LSTM.Builder().name(name).nOut(4).build();
    }

    private static Layer both(String name) {
        Bidirectional layer = new Bidirectional(new LSTM.Builder().nOut(4).build());
        layer.setLayerName(name);
        return layer;
    }

    private static Layer attention(String name) {
        return new SelfAttentionLayer.Builder()
                .name(name)
                .nOut(4)
                .nHeads(2)
                .projectInput(true)
                .build();
    }

    private static Layer local(String name) {
        return new LocallyConnected1D.Builder()
                .name(name)
                .nOut(4)
                .kernelSize(1)
                .setInputSize(5)
                .activation(Activation.TANH)
                .build();
    }

    private static Case overTime(LoraConfig config, Layer... layers) {
        INDArray y = classes(10, 3).reshape(2, 5, 3).permute(0, 2, 1).dup('c');
        return new Case(series(layers), config, normal(2, 3, 5), y);
    }

    private static Case plain(MultiLayerNetwork base, LoraConfig config, long... input) {
        return new Case(base, config, normal(input), classes((int) input[0], 3));
    }

    private static Named<Supplier<Case>> of(String name, Supplier<Case> made) {
        return Named.of(name, made);
    }

    static List<Named<Supplier<Case>>> cases() {
        return List.of(
                of("all layers adapted", () -> plain(Networks.mlp(), matching("fc1|fc2|head"), 6, 4)),
                of("a stopped layer below", () -> plain(Networks.mlp(), targets("fc2"), 6, 4)),
                of("frozen layers above", () -> plain(Networks.mlp(), targets("fc1"), 6, 4)),
                of(
                        "the head trained",
                        () -> plain(
                                Networks.mlp(),
                                targets("fc1").toBuilder().modulesToSave("head").build(),
                                6,
                                4)),
                of(
                        "biases trained",
                        () -> plain(
                                Networks.mlp(),
                                targets("fc1").toBuilder()
                                        .bias(BiasTraining.ALL)
                                        .loraBias(true)
                                        .build(),
                                6,
                                4)),
                of("convolutions", () -> plain(Networks.cnn(), targets("0", "3"), 5, 1, 8, 8)),
                of("convolutions, upper", () -> plain(Networks.cnn(), targets("2"), 5, 1, 8, 8)),
                of("batch normalization", () -> plain(Networks.normalized(), targets("conv"), 6, 2, 5, 5)),
                of(
                        "batch normalization, shifts trained",
                        () -> plain(
                                Networks.normalized(),
                                targets("conv").toBuilder()
                                        .bias(BiasTraining.ALL)
                                        .build(),
                                6,
                                2,
                                5,
                                5)),
                of("another kind below", () -> plain(Networks.coder(), targets("head"), 6, 3)),
                of(
                        "recurrent",
                        () -> new Case(
                                Networks.recurrent(),
                                targets("below", "lstm.W", "lstm.RW"),
                                normal(2, 3, 5),
                                overTime(targets("head")).y())),
                of("frozen LSTM above", () -> overTime(targets("low.W"), lstm("low"), lstm("high"))),
                of("frozen LSTM below", () -> overTime(targets("high.W"), lstm("low"), lstm("high"))),
                of("both directions", () -> overTime(matching("two\\..*"), both("two"))),
                of("both directions, frozen", () -> overTime(targets("low.W"), lstm("low"), both("two"))),
                of(
                        "both directions, biases trained",
                        () -> overTime(
                                targets("low.W").toBuilder()
                                        .bias(BiasTraining.ALL)
                                        .build(),
                                lstm("low"),
                                both("two"))),
                of(
                        "recurrent kind without adapters above",
                        () -> overTime(
                                targets("low.W"),
                                lstm("low"),
                                new GravesBidirectionalLSTM.Builder()
                                        .name("g")
                                        .nOut(4)
                                        .build())),
                of(
                        "SimpleRnn",
                        () -> overTime(
                                targets("rnn.RW"),
                                new SimpleRnn.Builder().name("rnn").nOut(4).build())),
                of("attention", () -> overTime(matching("att\\..*"), attention("att"))),
                of("attention frozen above", () -> overTime(targets("low.W"), lstm("low"), attention("att"))),
                of("attention frozen below", () -> overTime(targets("high.W"), attention("att"), lstm("high"))),
                of("locally connected", () -> overTime(targets("local"), local("local"))),
                of("locally connected, frozen", () -> overTime(targets("low.W"), lstm("low"), local("local"))));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void training_givesTheLossesAndFactorsOfTheOtherMode_overTheBasesOwnArrays(Supplier<Case> supplier) {
        Case low = supplier.get();
        Case view = supplier.get();
        double[] before = values(low.base().params());
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(low.base(), MemoryMode.LOW_MEMORY), low.config(), SEED);
        AdaptedNetwork<MultiLayerNetwork> other =
                DefaultAdapter.fresh(AdaptedNetwork.of(view.base()), view.config(), SEED);

        assertThat(low.fit(model.network(), STEPS)).isEqualTo(view.fit(other.network(), STEPS));

        model.network()
                .paramTable()
                .forEach((name, value) -> assertThat(values(value))
                        .as(name)
                        .isEqualTo(values(other.network().getParam(name))));
        assertThat(model.parameterSummary()).isEqualTo(other.parameterSummary());
        assertThat(values(low.base().params())).isEqualTo(before);
        assertThat(values(model.network().output(low.x())))
                .isEqualTo(values(other.network().output(low.x())));
    }

    private static final Set<String> SAVED =
            Set.of("the head trained", "convolutions", "batch normalization, shifts trained", "recurrent", "attention");

    static Stream<Named<Supplier<Case>>> casesThatAreSaved() {
        return cases().stream().filter(one -> SAVED.contains(one.getName()));
    }

    @Tag("thorough")
    @ParameterizedTest
    @MethodSource("cases")
    void savedNetworkOfAnyCase_resumesAsIfItHadNotStopped(Supplier<Case> supplier) throws IOException {
        savedNetwork_resumesAsIfItHadNotStopped(supplier);
    }

    @ParameterizedTest
    @MethodSource("casesThatAreSaved")
    void savedNetwork_resumesAsIfItHadNotStopped(Supplier<Case> supplier) throws IOException {
        Case low = supplier.get();
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(low.base(), MemoryMode.LOW_MEMORY), low.config(), SEED);
        low.fit(model.network(), 2);
        byte[] file = saved(model.network());
        MultiLayerNetwork restored = ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(file), true);

        assertThat(low.fit(restored, 3)).isEqualTo(low.fit(model.network(), 3));

        assertThat(values(restored.params())).isEqualTo(values(model.network().params()));
        model.adopt(restored);
        assertThat(model.network()).isSameAs(restored);
    }

    private static byte[] saved(org.deeplearning4j.nn.api.Model network) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ModelSerializer.writeModel(network, bytes, true);
        return bytes.toByteArray();
    }

    private static boolean share(INDArray a, INDArray b) {
        return a.data().pointer().address() + a.offset() * a.data().getElementSize()
                == b.data().pointer().address() + b.offset() * b.data().getElementSize();
    }

    @Test
    void network_hasWhatLearnsAsParameters_andReadsTheBasesArrays() {
        MultiLayerNetwork base = Networks.mlp();

        MultiLayerNetwork network = DefaultAdapter.fresh(
                        AdaptedNetwork.of(base, MemoryMode.LOW_MEMORY), targets("fc1", "fc2"), SEED)
                .network();

        // Rank 2: fc1 is 4 to 6, fc2 is 6 to 5.
        assertThat(network.numParams()).isEqualTo(2 * (4 + 6) + 2 * (6 + 5));
        assertThat(network.params().length()).isEqualTo(network.numParams());
        assertThat(network.paramTable().keySet()).containsExactly("0_WA0", "0_WB0", "1_WA0", "1_WB0");
        base.paramTable().forEach((name, value) -> {
            assertThat(share(network.getParam(name), value)).as(name).isTrue();
            assertThat(network.getParam(name).shape()).as(name).isEqualTo(value.shape());
            assertThat(network.getParam(name).stride()).as(name).isEqualTo(value.stride());
        });
    }

    @Test
    void graph_hasWhatLearnsAsParameters_andTrainsAsInTheOtherMode() {
        ComputationGraph base = Networks.graph();
        double[] before = values(base.params());
        LoraConfig config =
                targets("fc2").toBuilder().bias(BiasTraining.ADAPTED_ONLY).build();
        AdaptedNetwork<ComputationGraph> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(base, MemoryMode.LOW_MEMORY), config, SEED);
        AdaptedNetwork<ComputationGraph> other =
                DefaultAdapter.fresh(AdaptedNetwork.of(Networks.graph()), config, SEED);

        assertThat(fit(model.network())).isEqualTo(fit(other.network()));

        assertThat(model.adapter("default")).isEqualTo(other.adapter("default"));
        assertThat(model.network().params().length()).isEqualTo(2 * (5 + 5) + 5);
        assertThat(model.network().numParams()).isEqualTo(2 * (5 + 5) + 5);
        assertThat(values(base.params())).isEqualTo(before);
        assertThat(share(
                        model.network().getLayer("enc.fc2").getParam("W"),
                        base.getLayer("enc.fc2").getParam("W")))
                .isTrue();
    }

    private static List<Double> fit(ComputationGraph graph) {
        List<Double> losses = new ArrayList<>();
        for (int i = 0; i < STEPS; i++) {
            graph.fit(new INDArray[] {normal(6, 4)}, new INDArray[] {classes(6, 3)});
            losses.add(graph.score());
        }
        return losses;
    }

    @Test
    void graph_clonedAndSaved_goesOnOverTheSameBase() throws IOException {
        ComputationGraph base = Networks.graph();
        ComputationGraph graph = DefaultAdapter.fresh(
                        AdaptedNetwork.of(base, MemoryMode.LOW_MEMORY), targets("fc2"), SEED)
                .network();
        fit(graph);
        ComputationGraph restored =
                ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(saved(graph)), true);
        ComputationGraph clone = graph.clone();
        // Stock clones of graphs start counting at 0, which Adam notices.
        clone.getConfiguration().setIterationCount(graph.getConfiguration().getIterationCount());

        List<Double> losses = fit(graph);

        assertThat(fit(restored)).isEqualTo(losses);
        assertThat(fit(clone)).isEqualTo(losses);
        assertThat(share(
                        clone.getLayer("head").getParam("W"),
                        base.getLayer("head").getParam("W")))
                .isTrue();
    }

    @Test
    void configuration_asText_makesAReplicaOverTheSameBase() {
        LoraConfig config = targets("fc1").toBuilder().bias(BiasTraining.ALL).build();
        Case low = plain(Networks.mlp(), config, 6, 4);
        MultiLayerNetwork network = DefaultAdapter.fresh(
                        AdaptedNetwork.of(low.base(), MemoryMode.LOW_MEMORY), low.config(), SEED)
                .network();
        low.fit(network, 2);
        String json = network.getLayerWiseConfigurations().toJson();
        String yaml = network.getLayerWiseConfigurations().toYaml();

        // As ParallelWrapper makes its replicas.
        MultiLayerNetwork replica = new MultiLayerNetwork(MultiLayerConfiguration.fromJson(json));
        replica.init();

        assertThat(values(replica.getParam("1_b"))).isEqualTo(values(low.base().getParam("1_b")));
        replica.setParams(network.params());
        assertThat(values(replica.output(low.x()))).isEqualTo(values(network.output(low.x())));
        assertThat(MultiLayerConfiguration.fromYaml(yaml).toJson())
                .isEqualTo(MultiLayerConfiguration.fromJson(json).toJson());
    }

    @Test
    void savedNetwork_isSmall_andIsReadOverAnEqualBaseThatIsRegistered() throws Exception {
        byte[] file = orphan();
        awaitCollection(file);

        MultiLayerNetwork base = large();
        MultiLayerNetwork restored;
        try (RegisteredBase registered = RegisteredBase.of(base)) {
            restored = ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(file), true);
            assertThat(registered.isOpen()).isTrue();
        }

        assertThat(file.length).isLessThan(20_000);
        assertThat(base.numParams() * Double.BYTES).isGreaterThan(200_000);
        assertThat(share(restored.getParam("1_RW"), base.getParam("1_RW"))).isTrue();
    }

    private static MultiLayerNetwork large() {
        return series(lstm("low"), new LSTM.Builder().name("wide").nOut(80).build());
    }

    /** A file whose base is in use nowhere. */
    private static byte[] orphan() throws IOException {
        return saved(DefaultAdapter.fresh(AdaptedNetwork.of(large(), MemoryMode.LOW_MEMORY), targets("low.W"), SEED)
                .network());
    }

    private static void awaitCollection(byte[] file) throws Exception {
        for (int i = 0; i < 100; i++) {
            System.gc();
            try {
                ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(file), true);
            } catch (IllegalStateException expected) {
                assertThat(expected)
                        .hasMessageContaining("layer \"low\"")
                        .hasMessageContaining("SHA-256")
                        .hasMessageContaining("RegisteredBase.of(base)");
                return;
            }
            Thread.sleep(20);
        }
        throw new AssertionError("the base is still in use");
    }

    @Test
    void base_thatWasChanged_isNoticed() {
        MultiLayerNetwork base = Networks.mlp();
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(base, MemoryMode.LOW_MEMORY), targets("fc1"), SEED);

        base.fit(normal(6, 4), classes(6, 3));

        assertThatThrownBy(model::network)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("layer \"fc1\": the base that holds its frozen values has changed")
                .hasMessageContaining("clone()");
    }

    @Test
    void frozenParameter_cannotBeSet() {
        MultiLayerNetwork base =
                plain(Networks.normalized(), targets("conv"), 1).base();
        double[] before = values(base.params());
        MultiLayerNetwork network = DefaultAdapter.fresh(
                        AdaptedNetwork.of(base, MemoryMode.LOW_MEMORY), targets("conv"), SEED)
                .network();

        for (String name : List.of("0_W", "1_gamma", "2_b")) {
            INDArray other = network.getParam(name).add(1);
            assertThatThrownBy(() -> network.setParam(name, other))
                    .as(name)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("is the base's own")
                    .hasMessageContaining("MemoryMode.IN_VIEW");
        }
        assertThat(values(base.params())).isEqualTo(before);
    }

    @Test
    void mergedState_hasWeightsOfItsOwn_andTheRestOfTheBase() throws IOException {
        MultiLayerNetwork base = Networks.mlp();
        double[] before = values(base.params());
        LoraConfig config =
                targets("fc1").toBuilder().initialization(Initialization.RANDOM).build();
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(base, MemoryMode.LOW_MEMORY), config, SEED);
        AdaptedNetwork<MultiLayerNetwork> other = DefaultAdapter.fresh(AdaptedNetwork.of(Networks.mlp()), config, SEED);

        model.merge();
        other.merge();

        MultiLayerNetwork merged = model.network();
        assertThat(values(merged.output(normal(5, 4))))
                .isEqualTo(values(other.network().output(normal(5, 4))));
        assertThat(values(merged.getParam("0_W")))
                .isEqualTo(values(other.network().getParam("0_W")))
                .isNotEqualTo(values(base.getParam("0_W")));
        assertThat(share(merged.getParam("1_W"), base.getParam("1_W"))).isTrue();
        assertThat(merged.numParams()).isZero();
        MultiLayerNetwork restored =
                ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(saved(merged)), true);
        assertThat(values(restored.output(normal(5, 4)))).isEqualTo(values(merged.output(normal(5, 4))));
        model.unmerge();
        assertThat(share(model.network().getParam("0_W"), base.getParam("0_W"))).isTrue();
        assertThat(values(base.params())).isEqualTo(before);
    }

    @Test
    void savedModuleThatDoesNotLearn_hasItsValues() {
        LoraConfig config = targets("fc1").toBuilder().modulesToSave("head").build();
        Case low = plain(Networks.mlp(), config, 6, 4);
        AdaptedNetwork<MultiLayerNetwork> model =
                DefaultAdapter.fresh(AdaptedNetwork.of(low.base(), MemoryMode.LOW_MEMORY), config, SEED);
        low.fit(model.network(), 3);
        double[] trained = values(model.network().output(low.x()));
        Adapter adapter = model.adapter("default");

        model.setTrainable("default", false);

        assertThat(model.network().numParams()).isEqualTo(2 * (4 + 6));
        assertThat(values(model.network().output(low.x()))).isEqualTo(trained);
        assertThat(model.adapter("default")).isEqualTo(adapter);
        model.setTrainable("default", true);
        assertThat(model.network().numParams()).isEqualTo(2 * (4 + 6) + 5 * 3 + 3);
    }

    @Test
    void stateWithoutParameters_runsIsClonedAndSaved() throws IOException {
        for (MultiLayerNetwork base : List.of(Networks.mlp(), Networks.normalized())) {
            INDArray x = base.getLayer(0).getParam("W").rank() == 2 ? normal(5, 4) : normal(5, 2, 5, 5);
            MultiLayerNetwork network =
                    AdaptedNetwork.of(base, MemoryMode.LOW_MEMORY).network();

            assertThat(network).isNotSameAs(base);
            assertThat(values(network.output(x))).isEqualTo(values(base.output(x)));
            assertThat(values(network.clone().output(x))).isEqualTo(values(base.output(x)));
            MultiLayerNetwork restored =
                    ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(saved(network)), true);
            assertThat(values(restored.output(x))).isEqualTo(values(base.output(x)));
        }
        ComputationGraph graph = Networks.graph();
        ComputationGraph network =
                AdaptedNetwork.of(graph, MemoryMode.LOW_MEMORY).network();
        assertThat(values(network.output(normal(5, 4))[0])).isEqualTo(values(graph.output(normal(5, 4))[0]));
        assertThat(values(network.clone().output(normal(5, 4))[0])).isEqualTo(values(graph.output(normal(5, 4))[0]));
        ComputationGraph restored =
                ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(saved(network)), true);
        assertThat(values(restored.output(normal(5, 4))[0])).isEqualTo(values(graph.output(normal(5, 4))[0]));
    }

    @Test
    void network_ofAnotherType_isRefused() {
        MultiLayerNetwork network = DefaultAdapter.fresh(
                        AdaptedNetwork.of(Networks.mlp(), MemoryMode.LOW_MEMORY), targets("fc1"), SEED)
                .network();

        assertThatThrownBy(() -> network.convertDataType(DataType.FLOAT))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("layer \"fc1\": parameters of type FLOAT over frozen values of type DOUBLE");
    }

    @Test
    void truncatedBackpropagation_givesTheOtherModesResult() {
        List<double[]> outputs = new ArrayList<>();
        for (MemoryMode mode : MemoryMode.values()) {
            Case over = overTime(targets("low.W"), lstm("low"), lstm("high"));
            MultiLayerNetwork network = DefaultAdapter.fresh(AdaptedNetwork.of(over.base(), mode), over.config(), SEED)
                    .network();
            network.getLayerWiseConfigurations().setBackpropType(BackpropType.TruncatedBPTT);
            network.getLayerWiseConfigurations().setTbpttFwdLength(3);
            network.getLayerWiseConfigurations().setTbpttBackLength(3);
            over.fit(network, 3);
            outputs.add(values(network.output(over.x())));
        }
        assertThat(outputs.get(1)).isEqualTo(outputs.get(0));
    }

    @Test
    void configurationWithDamagedPlaces_isRefused() {
        MultiLayerNetwork network = DefaultAdapter.fresh(
                        AdaptedNetwork.of(Networks.mlp(), MemoryMode.LOW_MEMORY), targets("fc1"), SEED)
                .network();
        String json = network.getLayerWiseConfigurations().toJson();

        assertThatThrownBy(() -> init(json.replace("\"from\" : 0", "\"from\" : 70")))
                .hasMessageContaining("layer \"fc1\": 30 frozen values from 70 on of 83")
                .hasMessageContaining("damaged");
        assertThatThrownBy(() -> init(json.replace("\"length\" : 30", "\"length\" : 29")))
                .hasMessageContaining("layer \"fc1\": 29 frozen values outside of the network; expected 30");
        assertThatThrownBy(() -> init(json.replace("\"from\" : 0", "\"from\" : -1")))
                .hasStackTraceContaining("from = -1, expected 0 or more");
    }

    private static void init(String json) {
        new MultiLayerNetwork(MultiLayerConfiguration.fromJson(json)).init();
    }

    @Test
    void registration_ofANetworkWithoutInit_isRefused() {
        ComputationGraph raw = new ComputationGraph(ComputationGraphConfiguration.fromJson(
                Networks.graph().getConfiguration().toJson()));

        assertThatThrownBy(() -> RegisteredBase.of(raw))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("init() was not called");
    }

    @Test
    void registration_namesTheContent() {
        MultiLayerNetwork base = Networks.mlp();
        try (RegisteredBase one = RegisteredBase.of(base);
                RegisteredBase two = RegisteredBase.of(Networks.mlp())) {
            assertThat(one.id()).isEqualTo(two.id()).matches("[0-9a-f]{64}");
        }
        RegisteredBase before = RegisteredBase.of(base);
        base.params().putScalar(82, Math.nextUp(base.params().getDouble(82)));
        assertThat(RegisteredBase.of(base).id()).isNotEqualTo(before.id());
        before.close();
        assertThat(before.isOpen()).isFalse();
    }

    @Test
    void score_ofABatch_isThatOfTheOtherMode() {
        Case low = plain(Networks.coder(), targets("head"), 6, 3);

        double inView = DefaultAdapter.fresh(AdaptedNetwork.of(low.base()), low.config(), SEED)
                .network()
                .score(new DataSet(low.x(), low.y()));

        assertThat(DefaultAdapter.fresh(AdaptedNetwork.of(low.base(), MemoryMode.LOW_MEMORY), low.config(), SEED)
                        .network()
                        .score(new DataSet(low.x(), low.y())))
                .isEqualTo(inView);
    }
}
