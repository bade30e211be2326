/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.Initialization;
import org.lora4j.config.LohaConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.RowNetwork;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class AdapterServerOnNetworksTest {

    private final SplittableRandom random = new SplittableRandom(5);

    @TempDir
    Path folder;

    static Stream<Arguments> cases() {
        return cases(1, 4);
    }

    static Stream<Arguments> moreCases() {
        return cases(5, 20);
    }

    private static Stream<Arguments> cases(int first, int last) {
        return Stream.of(ServedNetwork.values())
                .flatMap(host -> IntStream.rangeClosed(first, last).mapToObj(seed -> Arguments.of(host, seed)));
    }

    private static void assertClose(Map<String, INDArray> found, Map<String, INDArray> expected) {
        assertThat(found).containsOnlyKeys(expected.keySet());
        found.forEach((name, array) -> assertThat(ServedHost.isClose(array, expected.get(name)))
                .as("%s: %s, expected %s", name, array, expected.get(name))
                .isTrue());
    }

    private static LoraConfig.Builder config(String target) {
        return LoraConfig.builder().rank(2).alpha(4).targetModules(target);
    }

    @ParameterizedTest(name = "{0}, seed {1}")
    @MethodSource("cases")
    void output_ofRandomMixedBatches_isThatOfEachAdapterAlone(ServedNetwork host, int seed) throws IOException {
        SplittableRandom draws = new SplittableRandom(seed);
        AdapterServer server = host.server().build();
        Map<String, Adapter> adapters = new LinkedHashMap<>();
        for (int i = 0; i < 1 + draws.nextInt(5); i++) {
            adapters.put("a" + i, host.random(draws));
            server.register("a" + i, adapters.get("a" + i));
        }
        List<String> names = new ArrayList<>(adapters.keySet());
        names.add(AdapterServer.BASE);
        List<String> rows = new ArrayList<>();
        for (int row = 0; row < 1 + draws.nextInt(7); row++) {
            rows.add(names.get(draws.nextInt(names.size())));
        }
        Map<String, INDArray> inputs = host.inputs(draws, rows.size());

        Map<String, INDArray> found = server.output(inputs, rows);

        for (int row = 0; row < rows.size(); row++) {
            assertClose(
                    RowCheck.rows(found, row, row + 1),
                    host.expected(adapters.get(rows.get(row)), RowCheck.rows(inputs, row, row + 1)));
        }
    }

    @Tag("thorough")
    @ParameterizedTest(name = "{0}, seed {1}")
    @MethodSource("moreCases")
    void output_ofMoreMixedBatches_isThatOfEachAdapterAlone(ServedNetwork host, int seed) throws IOException {
        output_ofRandomMixedBatches_isThatOfEachAdapterAlone(host, seed);
    }

    @ParameterizedTest
    @EnumSource
    void output_ofTheBase_isTheNetworks_bitForBit_whateverIsRegistered(ServedNetwork host) throws IOException {
        AdapterServer server = host.server().build();
        server.register("a", host.random(random));
        Map<String, INDArray> inputs = host.inputs(random, 2);

        Map<String, INDArray> found = server.output(inputs, List.of(AdapterServer.BASE, AdapterServer.BASE));

        Map<String, INDArray> expected = host.expected(null, inputs);
        found.forEach((name, array) -> assertThat(array.dup('c').data().asFloat())
                .isEqualTo(expected.get(name).dup('c').data().asFloat()));
    }

    @ParameterizedTest
    @EnumSource
    void theBase_isNotChanged(ServedNetwork host) throws IOException {
        Model base = host.network();
        float[] before = base.params().dup().data().asFloat();
        AdapterServer server =
                ServedNetwork.server(base).example(host.inputs(random, 3)).build();

        for (int i = 0; i < 3; i++) {
            server.register("a" + i, host.random(random));
        }
        server.output(host.inputs(random, 3), List.of("a0", "a1", "a2"));

        assertThat(base.params().dup().data().asFloat()).isEqualTo(before);
    }

    @Test
    void predict_withAnUnknownAdapterOrWrongInputs_failsThoseRequestsAlone() {
        AdapterServer server = ServedNetwork.LAYERS.server().build();
        Adapter adapter = ServedNetwork.LAYERS.random(random);
        server.register("billing", adapter);
        Map<String, INDArray> row = ServedNetwork.LAYERS.inputs(random, 1);

        List<ServingResult> results = server.predict(List.of(
                new ServingRequest("biling", row),
                new ServingRequest("billing", Map.of("x", row.get(RowNetwork.INPUT))),
                new ServingRequest("billing", Map.of(RowNetwork.INPUT, Nd4j.zeros(DataType.FLOAT, 1, 9))),
                new ServingRequest("billing", row)));

        assertThat(((ServingResult.Failure) results.get(0)).reason())
                .contains("\"biling\" is not registered", "\"billing\"");
        assertThat(((ServingResult.Failure) results.get(1)).reason())
                .contains("\"input\" is missing", "\"x\" is no input");
        assertThat(((ServingResult.Failure) results.get(2)).reason()).contains("[1, 9]");
        assertClose(results.get(3).outputs(), ServedNetwork.LAYERS.expected(adapter, row));
    }

    @Test
    void replace_servesTheNewAdapter_alsoOfAnotherRankAndOtherModules() throws IOException {
        ServedNetwork host = ServedNetwork.GRAPH;
        AdapterServer server = host.server().build();
        Map<String, INDArray> inputs = host.inputs(random, 2);
        server.register("a", host.random(random));
        for (int i = 0; i < 6; i++) {
            Adapter next = host.random(random);

            server.replace("a", next);

            assertClose(server.output(inputs, List.of("a", "a")), host.expected(next, inputs));
        }
    }

    @Test
    void register_ofAnAdapterForAnotherBase_namesWhatDiffers_andServesOn() {
        AdapterServer server = ServedNetwork.LAYERS.server().build();
        server.register("good", ServedNetwork.LAYERS.random(random));
        Adapter shapes = Adapter.of(
                config("fc1").build(),
                Map.of("fc1", ServedNetwork.factors(random, new long[] {9, 6}, 2, false)),
                Map.of());
        Adapter names = Adapter.of(
                config("fc3").build(),
                Map.of("fc3", ServedNetwork.factors(random, new long[] {4, 6}, 2, false)),
                Map.of());

        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.register("shapes", shapes))
                .withMessageContaining("[2, 9]")
                .withMessageContaining("\"fc1\"");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.register("names", names))
                .withMessageContaining("fc3");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.register("good", names))
                .withMessageContaining("\"good\" is registered already");

        assertThat(server.status()).extracting(ServedStatus::name).containsExactly("good");
        assertThat(server.predict(List.of(new ServingRequest("good", ServedNetwork.LAYERS.inputs(random, 1)))))
                .hasOnlyElementsOfType(ServingResult.Answer.class);
    }

    @Test
    void register_ofAStartThatMovedTheBase_servesItsPlainForm() throws IOException {
        ServedNetwork host = ServedNetwork.LAYERS;
        AdapterServer server = host.server().build();
        Adapter adapter = DefaultAdapter.fresh(
                        AdaptedNetwork.of((MultiLayerNetwork) host.network()),
                        config("fc1").initialization(Initialization.PISSA).build(),
                        1)
                .adapter("default");
        Map<String, INDArray> inputs = host.inputs(random, 2);

        server.register("pissa", adapter);

        assertClose(server.output(inputs, List.of("pissa", "pissa")), host.expected(adapter, inputs));
    }

    @Test
    void register_ofTrainedBiases_servesThem() throws IOException {
        ServedNetwork host = ServedNetwork.LAYERS;
        AdapterServer server = host.server().build();
        Adapter started = DefaultAdapter.fresh(
                        AdaptedNetwork.of((MultiLayerNetwork) host.network()),
                        config("fc1").bias(BiasTraining.ALL).build(),
                        1)
                .adapter("default");
        Map<String, INDArray> biases = new LinkedHashMap<>();
        started.savedParameters()
                .forEach((path, bias) -> biases.put(path, ServedGraph.values(random, 1, bias.shape())));
        Adapter adapter = Adapter.of(started.config(), started.modules(), biases);
        Map<String, INDArray> inputs = host.inputs(random, 1);

        server.register("a", adapter);

        assertThat(biases).containsOnlyKeys("fc1.bias", "head.bias");
        assertClose(server.output(inputs, List.of("a")), host.expected(adapter, inputs));
    }

    private static AdapterServer server(MultiLayerNetwork base, INDArray example) {
        return AdapterServer.builder(base)
                .example(Map.of(RowNetwork.INPUT, example))
                .build();
    }

    private static Adapter started(MultiLayerNetwork base, String target) {
        return DefaultAdapter.fresh(AdaptedNetwork.of(base), config(target).build(), 1)
                .adapter("default");
    }

    @Test
    void register_ofOtherKindsOfLayers_namesTheModuleAndTheReason() {
        MultiLayerNetwork times = (MultiLayerNetwork) ServedNetwork.TIMES.network();
        MultiLayerNetwork images = ServedNetwork.layers(
                InputType.convolutional(4, 4, 1),
                new ConvolutionLayer.Builder(3, 3).name("conv").nOut(2).build(),
                new OutputLayer.Builder().name("head").nOut(2).build());
        MultiLayerNetwork normed = ServedNetwork.layers(
                InputType.feedForward(4),
                new DenseLayer.Builder().name("fc").nOut(5).hasLayerNorm(true).build(),
                new OutputLayer.Builder().name("head").nOut(2).build());
        AdapterServer ofTimes = ServedNetwork.TIMES.server().build();
        AdapterServer ofImages = server(images, ServedGraph.values(random, 1, 3, 1, 4, 4));
        AdapterServer ofNormed = server(normed, ServedGraph.values(random, 1, 3, 4));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> ofTimes.register("a", started(times, "lstm.W")))
                .withMessageContaining("\"lstm.W\"")
                .withMessageContaining("LSTM has no update for each row")
                .withMessageContaining("DenseLayer, OutputLayer, RnnOutputLayer");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ofImages.register("a", started(images, "conv")))
                .withMessageContaining("\"conv\"")
                .withMessageContaining("ConvolutionLayer");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ofNormed.register("a", started(normed, "fc")))
                .withMessageContaining("\"fc\"")
                .withMessageContaining("layer normalization");
        assertThat(ofTimes.status()).isEmpty();
        ofImages.register("h", started(images, "head"));
    }

    @Test
    void register_ofDora_isRefused() {
        MultiLayerNetwork base = (MultiLayerNetwork) ServedNetwork.LAYERS.network();
        Adapter dora = DefaultAdapter.fresh(
                        AdaptedNetwork.of(base), config("fc1").dora(true).build(), 1)
                .adapter("default");
        AdapterServer server = ServedNetwork.LAYERS.server().build();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.register("d", dora))
                .withMessageContaining("DoRA")
                .withMessageContaining("AdaptedNetwork");
    }

    @Test
    void register_ofAnotherMethod_isRefusedByName() {
        MultiLayerNetwork base = (MultiLayerNetwork) ServedNetwork.LAYERS.network();
        LohaConfig config = LohaConfig.builder().targetModules("fc1").build();
        Adapter loha = DefaultAdapter.fresh(AdaptedNetwork.of(base), config, 1).adapter("default");
        AdapterServer server = ServedNetwork.LAYERS.server().build();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.register("h", loha))
                .withMessageContaining("it is an adapter of LOHA");
    }

    @Test
    void register_withAWeightInDouble_isRefused() {
        MultiLayerNetwork base = new MultiLayerNetwork(ServedNetwork.settings()
                .dataType(DataType.DOUBLE)
                .list()
                .layer(ServedNetwork.dense("fc", 3))
                .layer(new OutputLayer.Builder().name("head").nOut(2).build())
                .setInputType(InputType.feedForward(4))
                .build());
        base.init();
        AdapterServer server = server(base, ServedGraph.values(random, 1, 3, 4).castTo(DataType.DOUBLE));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.register("a", started(base, "fc")))
                .withMessageContaining("its weight is DOUBLE; expected FLOAT");
    }

    @Test
    void output_withMorePositionsThanAnExampleOfOne_isRefused_andSaysWhatToDo() {
        MultiLayerNetwork base = (MultiLayerNetwork) ServedNetwork.TIMES.network();
        AdapterServer server = server(base, ServedGraph.values(random, 1, 3, 3, 1));
        server.register("a", started(base, "fc"));

        ServingResult result = server.predict(List.of(
                        new ServingRequest("a", Map.of(RowNetwork.INPUT, ServedGraph.values(random, 1, 2, 3, 4)))))
                .get(0);

        assertThat(((ServingResult.Failure) result).reason())
                .contains("\"fc\"", "8 positions of 2 rows", "example of several positions");
        assertThat(server.predict(List.of(
                        new ServingRequest("a", Map.of(RowNetwork.INPUT, ServedGraph.values(random, 1, 2, 3, 1))))))
                .hasOnlyElementsOfType(ServingResult.Answer.class);
    }

    @Test
    void beyondTheCap_adaptersArePaged_andTooSmallACapIsRefused() throws IOException {
        ServedNetwork host = ServedNetwork.LAYERS;
        // A of 4 and B of 6 elements for each of two ranks, 4 bytes an element.
        long bytes = 2 * (4 + 6) * 4;
        List<Adapter> adapters = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            adapters.add(Adapter.of(
                    config("fc1").build(),
                    Map.of("fc1", ServedNetwork.factors(random, new long[] {4, 6}, 2, false)),
                    Map.of()));
            adapters.get(i).save(folder.resolve("a" + i));
        }
        AdapterServer server = host.server().adapterMemory(bytes).build();
        server.register("a0", folder.resolve("a0"));
        server.register("a1", folder.resolve("a1"));
        Map<String, INDArray> inputs = host.inputs(random, 1);

        for (int i = 0; i < 2; i++) {
            assertClose(server.output(inputs, List.of("a" + i)), host.expected(adapters.get(i), inputs));
            assertThat(server.residentBytes()).isEqualTo(bytes);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> host.server().adapterMemory(bytes - 1).build().register("a", adapters.get(0)))
                .withMessageContaining("adapterMemory");
    }

    @Test
    void build_withoutWhatItNeeds_isRefused() {
        MultiLayerNetwork fresh = new MultiLayerNetwork(ServedNetwork.settings()
                .list()
                .layer(ServedNetwork.dense("fc", 3))
                .setInputType(InputType.feedForward(4))
                .build());
        MultiLayerNetwork base = (MultiLayerNetwork) ServedNetwork.LAYERS.network();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterServer.builder(fresh))
                .withMessageContaining("init() was not called");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterServer.builder(base).concurrency(0).build())
                .withMessageContaining("concurrency")
                .withMessageContaining("no example");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server(base, ServedGraph.values(random, 1, 1, 4)))
                .withMessageContaining("one row");
    }
}
