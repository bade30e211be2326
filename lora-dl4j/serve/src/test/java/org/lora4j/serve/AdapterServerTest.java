/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class AdapterServerTest {

    private static final double TOLERANCE = 1e-5;

    private final SameDiff base = ServedGraph.base();
    private final SplittableRandom random = new SplittableRandom(5);

    private static void assertClose(INDArray found, INDArray expected) {
        assertThat(found.shape()).isEqualTo(expected.shape());
        assertThat(found.sub(expected).amaxNumber().doubleValue())
                .isLessThanOrEqualTo(
                        TOLERANCE * Math.max(1, expected.amaxNumber().doubleValue()));
    }

    private static ServingRequest request(String adapter, INDArray ids) {
        return new ServingRequest(adapter, Map.of(ServedGraph.IDS, ids));
    }

    private static LoraConfig.Builder config(String target) {
        return LoraConfig.builder().rank(2).alpha(4).targetModules(target);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void output_ofRandomMixedBatches_isThatOfEachAdapterAlone(int threads) throws IOException {
        checkMixedBatches(threads, 6);
    }

    @Tag("thorough")
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void output_ofManyMixedBatches_isThatOfEachAdapterAlone(int threads) throws IOException {
        checkMixedBatches(threads, 40);
    }

    private void checkMixedBatches(int threads, int rounds) throws IOException {
        for (int round = 0; round < rounds; round++) {
            AdapterServer server = ServedGraph.server().threads(threads).build();
            Map<String, Adapter> adapters = new LinkedHashMap<>();
            for (int i = 0; i < 1 + random.nextInt(5); i++) {
                adapters.put("a" + i, ServedGraph.random(random));
                server.register("a" + i, adapters.get("a" + i));
            }
            List<String> names = new ArrayList<>(adapters.keySet());
            names.add(AdapterServer.BASE);
            INDArray ids = ServedGraph.ids(random, 1 + random.nextInt(7), 1 + random.nextInt(5));
            List<String> rows = new ArrayList<>();
            for (long row = 0; row < ids.size(0); row++) {
                rows.add(names.get(random.nextInt(names.size())));
            }

            INDArray found = server.output(Map.of(ServedGraph.IDS, ids), rows).get(ServedGraph.OUTPUT);

            for (int row = 0; row < rows.size(); row++) {
                INDArray one = RowCheck.rows(ids, row, row + 1);
                assertClose(
                        RowCheck.rows(found, row, row + 1),
                        ServedGraph.expected(base, adapters.get(rows.get(row)), one));
            }
        }
    }

    @Test
    void predict_answersInOrder_requestsOfSeveralRowsAndLengths() {
        AdapterServer server = ServedGraph.server().build();
        Adapter adapter = ServedGraph.random(random);
        server.register("a", adapter);
        INDArray one = ServedGraph.ids(random, 1, 3);
        INDArray many = ServedGraph.ids(random, 3, 4);
        INDArray other = ServedGraph.ids(random, 2, 3);

        List<ServingResult> results = server.predict(
                List.of(request("a", one), request(AdapterServer.BASE, many), request(AdapterServer.BASE, other)));

        assertClose(results.get(0).outputs().get("logits"), ServedGraph.expected(base, adapter, one));
        assertClose(results.get(1).outputs().get("logits"), ServedGraph.expected(base, null, many));
        assertClose(results.get(2).outputs().get("logits"), ServedGraph.expected(base, null, other));
    }

    @Test
    void predict_withAnUnknownAdapter_failsThatRequestAlone() {
        AdapterServer server = ServedGraph.server().build();
        server.register("billing", ServedGraph.random(random));
        INDArray ids = ServedGraph.ids(random, 1, 3);

        List<ServingResult> results = server.predict(List.of(request("biling", ids), request("billing", ids)));

        assertThat(results.get(0))
                .isInstanceOfSatisfying(
                        ServingResult.Failure.class,
                        failure -> assertThat(failure.reason())
                                .contains("\"biling\" is not registered", "\"billing\"", "\"__base__\""));
        assertThat(results.get(1)).isInstanceOf(ServingResult.Answer.class);
        assertThatThrownBy(() -> results.get(0).outputs())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("\"biling\"");
    }

    @Test
    void predict_withWrongInputs_failsThoseRequestsAlone() {
        AdapterServer server = ServedGraph.server().build();
        server.register("a", ServedGraph.random(random));
        INDArray ids = ServedGraph.ids(random, 1, 3);

        List<ServingResult> results = server.predict(List.of(
                new ServingRequest("a", Map.of("idz", ids)),
                request("a", Nd4j.scalar(1)),
                request("a", ServedGraph.ids(random, 1, 3).reshape(1, 1, 3)),
                request("a", ids)));

        assertThat(((ServingResult.Failure) results.get(0)).reason())
                .contains("\"ids\" is missing", "\"idz\" is no input");
        assertThat(((ServingResult.Failure) results.get(1)).reason()).contains("\"ids\" has shape []");
        assertThat(results.get(2)).isInstanceOf(ServingResult.Failure.class);
        assertThat(results.get(3)).isInstanceOf(ServingResult.Answer.class);
    }

    @Test
    void predict_ofNothing_isNothing() {
        assertThat(ServedGraph.server().build().predict(List.of())).isEmpty();
    }

    @Test
    void output_withUnknownAdaptersAndTooFewOfThem_listsBoth() {
        AdapterServer server = ServedGraph.server().build();
        Map<String, INDArray> inputs = Map.of(ServedGraph.IDS, ServedGraph.ids(random, 2, 3));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.output(inputs, List.of("x")))
                .withMessageContaining("1 adapters for 2 rows")
                .withMessageContaining("\"x\" is not registered");
    }

    @Test
    void output_ofTheBase_isTheBase_whateverIsRegistered() throws IOException {
        AdapterServer server = ServedGraph.server().build();
        INDArray ids = ServedGraph.ids(random, 2, 3);
        Map<String, INDArray> inputs = Map.of(ServedGraph.IDS, ids);
        List<String> none = List.of(AdapterServer.BASE, AdapterServer.BASE);
        INDArray before = server.output(inputs, none).get("logits");

        server.register("a", ServedGraph.random(random));

        assertThat(server.output(inputs, none).get("logits").data().asFloat())
                .isEqualTo(before.data().asFloat());
        assertClose(before, ServedGraph.expected(base, null, ids));
    }

    @Test
    void replace_servesTheNewAdapter_alsoOfAnotherRankAndOtherModules() throws IOException {
        AdapterServer server = ServedGraph.server().build();
        INDArray ids = ServedGraph.ids(random, 2, 3);
        server.register(
                "a",
                DefaultAdapter.fresh(AdaptedSameDiff.of(base), config("up").build(), 1)
                        .adapter("default"));
        for (int i = 0; i < 6; i++) {
            Adapter next = ServedGraph.random(random);

            server.replace("a", next);

            assertClose(
                    server.output(Map.of(ServedGraph.IDS, ids), List.of("a", "a"))
                            .get("logits"),
                    ServedGraph.expected(base, next, ids));
        }
    }

    @Test
    void remove_makesTheNameUnknown_andFree() {
        AdapterServer server = ServedGraph.server().build();
        server.register("a", ServedGraph.random(random));

        server.remove("a");

        assertThat(server.predict(List.of(request("a", ServedGraph.ids(random, 1, 2)))))
                .hasOnlyElementsOfType(ServingResult.Failure.class);
        assertThat(server.status()).isEmpty();
        assertThat(server.residentBytes()).isZero();
        server.register("a", ServedGraph.random(random));
    }

    @Test
    void namesThatAreTakenReservedOrUnknown_areRefused() {
        AdapterServer server = ServedGraph.server().build();
        Adapter adapter = ServedGraph.random(random);
        server.register("a", adapter);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.register("a", adapter))
                .withMessageContaining("\"a\" is registered already");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.register(AdapterServer.BASE, adapter))
                .withMessageContaining("__base__");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.replace("b", adapter))
                .withMessageContaining("\"b\" is not registered");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.remove("b"))
                .withMessageContaining("\"b\" is not registered");
    }

    @Test
    void register_ofAnAdapterForAnotherBase_namesWhatDiffers_andServesOn() {
        AdapterServer server = ServedGraph.server().build();
        server.register("good", ServedGraph.random(random));
        Adapter other = Adapter.of(
                LoraConfig.builder().rank(1).alpha(1).targetModules("up").build(),
                Map.of("up", Map.of("lora_A.weight", Nd4j.ones(1, 9), "lora_B.weight", Nd4j.ones(5, 1))),
                Map.of());

        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.register("other", other))
                .withMessageContaining("[1, 9]")
                .withMessageContaining("\"up\"");

        assertThat(server.status()).extracting(ServedStatus::name).containsExactly("good");
        assertThat(server.predict(List.of(request("good", ServedGraph.ids(random, 1, 2)))))
                .hasOnlyElementsOfType(ServingResult.Answer.class);
    }

    @Test
    void register_ofAStartThatMovedTheBase_servesItsPlainForm() throws IOException {
        AdapterServer server = ServedGraph.server().build();
        Adapter adapter = DefaultAdapter.fresh(
                        AdaptedSameDiff.of(base),
                        config("up").initialization(Initialization.PISSA).build(),
                        1)
                .adapter("default");
        INDArray ids = ServedGraph.ids(random, 2, 3);

        server.register("pissa", adapter);

        assertClose(
                server.output(Map.of(ServedGraph.IDS, ids), List.of("pissa", "pissa"))
                        .get("logits"),
                ServedGraph.expected(base, adapter, ids));
    }

    @Test
    void register_ofWhatCannotBeServed_namesTheModuleAndTheReason() {
        AdapterServer server = ServedGraph.server().build();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.register(
                        "e",
                        DefaultAdapter.fresh(
                                        AdaptedSameDiff.of(base),
                                        config("words").build(),
                                        1)
                                .adapter("default")))
                .withMessageContaining("\"words\"")
                .withMessageContaining("embedding");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.register(
                        "d",
                        DefaultAdapter.fresh(
                                        AdaptedSameDiff.of(base),
                                        config("up").dora(true).build(),
                                        1)
                                .adapter("default")))
                .withMessageContaining("DoRA");
        Ia3Config ia3 = Ia3Config.builder().targetModules("up").build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.register(
                        "i",
                        DefaultAdapter.fresh(AdaptedSameDiff.of(base), ia3, 1).adapter("default")))
                .withMessageContaining("it is an adapter of IA3");
        assertThat(server.status()).isEmpty();
    }

    @Test
    void register_ofTrainedBiases_servesThem() throws IOException {
        AdapterServer server = ServedGraph.server().build();
        Adapter started = DefaultAdapter.fresh(
                        AdaptedSameDiff.of(base),
                        config("up").bias(BiasTraining.ALL).build(),
                        1)
                .adapter("default");
        Map<String, INDArray> biases = new LinkedHashMap<>();
        started.savedParameters()
                .forEach((path, bias) -> biases.put(path, ServedGraph.values(random, 1, bias.shape())));
        Adapter adapter = Adapter.of(started.config(), started.modules(), biases);
        INDArray ids = ServedGraph.ids(random, 2, 3);

        server.register("a", adapter);

        assertThat(biases).containsOnlyKeys("up.bias", "head.bias");
        INDArray found = server.output(Map.of(ServedGraph.IDS, ids), List.of("a", AdapterServer.BASE))
                .get("logits");
        assertClose(RowCheck.rows(found, 0, 1), ServedGraph.expected(base, adapter, RowCheck.rows(ids, 0, 1)));
        assertClose(RowCheck.rows(found, 1, 2), ServedGraph.expected(base, null, RowCheck.rows(ids, 1, 2)));
    }

    private static Map<String, SameDiff> spellings() {
        Map<String, SameDiff> graphs = new LinkedHashMap<>();
        for (String spelling : List.of("linear", "rectified", "tensordot")) {
            SplittableRandom values = new SplittableRandom(4);
            SameDiff graph = SameDiff.create();
            SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 2, 3);
            SDVariable weight = graph.constant("m.weight", ServedGraph.values(values, 1, 3, 4));
            SDVariable bias = graph.constant("m.bias", ServedGraph.values(values, 1, 4));
            switch (spelling) {
                case "linear" -> graph.nn().linear("y", graph.reshape(x, -1, 3), weight, bias);
                case "rectified" -> graph.nn().reluLayer("y", graph.reshape(x, -1, 3), weight, bias);
                default -> graph.tensorMmul(x, weight, new int[] {2}, 0).add("y", bias);
            }
            graphs.put(spelling, graph);
        }
        return graphs;
    }

    @ParameterizedTest
    @ValueSource(strings = {"linear", "rectified", "tensordot"})
    void output_ofEverySpellingOfALinearModule_isThatOfEachAdapterAlone(String spelling) throws IOException {
        SameDiff graph = spellings().get(spelling);
        INDArray x = ServedGraph.values(random, 1, 3, 2, 3);
        AdapterServer server = AdapterServer.builder(graph)
                .outputs("y")
                .example(Map.of("x", x))
                .build();
        Adapter adapter = Adapter.of(
                config("m").build(),
                Map.of(
                        "m",
                        Map.of(
                                "lora_A.weight", ServedGraph.values(random, 1, 2, 3),
                                "lora_B.weight", ServedGraph.values(random, 1, 4, 2))),
                Map.of());
        server.register("a", adapter);

        INDArray found = server.output(Map.of("x", x), List.of(AdapterServer.BASE, "a", "a"))
                .get("y");

        AdaptedSameDiff model = AdaptedSameDiff.of(graph);
        INDArray plain = model.output(Map.of("x", x), "y").get("y");
        model.addAdapter("a", adapter);
        model.activate("a");
        INDArray adapted = model.output(Map.of("x", x), "y").get("y");
        long each = plain.size(0) / 3;
        assertClose(RowCheck.rows(found, 0, each), RowCheck.rows(plain, 0, each));
        assertClose(RowCheck.rows(found, each, 3 * each), RowCheck.rows(adapted, each, 3 * each));
    }

    /** Positions first: what a recurrent graph makes of its input. */
    private static SameDiff positionsFirst() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 2, 3);
        SDVariable turned = graph.reshape(graph.permute(x, 1, 0, 2), -1, 3);
        SDVariable weight = graph.constant(
                "inner.weight", Nd4j.linspace(1, 9, 9, DataType.FLOAT).reshape(3, 3));
        SDVariable inner = graph.permute(graph.reshape(turned.mmul(weight), 2, -1, 3), 1, 0, 2);
        SDVariable out = graph.constant("out.weight", Nd4j.ones(DataType.FLOAT, 6, 2));
        graph.reshape(inner, -1, 6).mmul("y", out);
        return graph;
    }

    @Test
    void register_whereRowsDoNotLieOneAfterTheOther_isRefused_andOtherModulesAreServed() throws IOException {
        SameDiff graph = positionsFirst();
        INDArray x = ServedGraph.values(random, 1, 3, 2, 3);
        AdapterServer server = AdapterServer.builder(graph)
                .outputs("y")
                .example(Map.of("x", x))
                .build();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.register(
                        "i",
                        DefaultAdapter.fresh(
                                        AdaptedSameDiff.of(graph),
                                        config("inner").build(),
                                        1)
                                .adapter("default")))
                .withMessageContaining("\"inner\"")
                .withMessageContaining("one after the other");
        server.register(
                "o",
                DefaultAdapter.fresh(AdaptedSameDiff.of(graph), config("out").build(), 1)
                        .adapter("default"));
        assertClose(
                server.output(Map.of("x", x), List.of("o", "o", "o")).get("y"),
                AdaptedSameDiff.of(graph).output(Map.of("x", x), "y").get("y"));
    }

    @Test
    void build_whereAnOutputMixesRows_isRefused() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 2);
        graph.nn().softmax("shares", x, 0);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterServer.builder(graph)
                        .outputs("shares")
                        .example(Map.of("x", ServedGraph.values(random, 1, 3, 2)))
                        .build())
                .withMessageContaining("\"shares\"")
                .withMessageContaining("other values in a batch than alone");
    }

    @Test
    void build_withoutWhatItNeeds_listsAllOfIt() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterServer.builder(base)
                        .outputs("logit")
                        .adapterMemory(0)
                        .threads(0)
                        .build())
                .withMessageContaining("\"logit\" is no variable")
                .withMessageContaining("\"logits\"")
                .withMessageContaining("adapterMemory")
                .withMessageContaining("threads")
                .withMessageContaining("no example");
    }

    @Test
    void build_withAnExampleOfOneRow_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterServer.builder(base)
                        .outputs(ServedGraph.OUTPUT)
                        .example(Map.of(ServedGraph.IDS, ServedGraph.ids(random, 1, 2)))
                        .build())
                .withMessageContaining("one row");
    }
}
