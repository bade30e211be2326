/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.RowNetwork;
import org.lora4j.error.CapturedLog;
import org.lora4j.serve.ServedUpdate.Part;
import org.lora4j.serve.ServingResult.Answer;
import org.lora4j.serve.ServingResult.Failure;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What goes wrong with one request stays with it, and every failure says why. */
@Timeout(120)
class AdapterServerFaultsTest {

    private static final int MANY = 16;

    private final SplittableRandom random = new SplittableRandom(9);
    private final WatchedBase base = new WatchedBase();

    private static ServingRequest request(String adapter, INDArray ids) {
        return new ServingRequest(adapter, Map.of(ServedGraph.IDS, ids));
    }

    private ServingRequest ofBase(int rows) {
        return request(AdapterServer.BASE, ServedGraph.ids(random, rows, 3));
    }

    private List<ServingRequest> requests(int count) {
        List<ServingRequest> requests = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            requests.add(ofBase(1));
        }
        return requests;
    }

    private static String reason(ServingResult result) {
        assertThat(result).isInstanceOf(Failure.class);
        return ((Failure) result).reason();
    }

    @Test
    void predict_withAnIdBeyondTheTable_failsThatRequestAlone_andItReachesNoBatch() {
        AdapterServer server = base.server(1024, 2);
        List<ServingRequest> requests = requests(MANY);
        requests.set(5, request(AdapterServer.BASE, Nd4j.createFromArray(new int[][] {{1, ServedGraph.VOCABULARY, 2}
        })));
        requests.set(6, request(AdapterServer.BASE, Nd4j.createFromArray(new int[][] {{1, -1, 2}})));

        List<ServingResult> results = server.predict(requests);

        assertThat(reason(results.get(5))).contains("request 5", "\"ids\"", "20", "0 to 19");
        assertThat(reason(results.get(6))).contains("request 6", "\"ids\"", "-1");
        assertThat(results).filteredOn(Answer.class::isInstance).hasSize(MANY - 2);
        assertThat(base.batches).containsExactly(MANY - 2);
    }

    @Test
    void predict_withEveryMistakeInOneRequest_listsThemAll() {
        AdapterServer server = base.server(1024, 2);

        List<ServingResult> results =
                server.predict(List.of(new ServingRequest("nobody", Map.of("idz", Nd4j.ones(1, 2)))));

        assertThat(reason(results.get(0)))
                .contains("request 0", "\"ids\" is missing", "\"idz\" is no input", "\"nobody\" is not registered");
        assertThat(((Failure) results.get(0)).cause()).isInstanceOf(IllegalArgumentException.class);
        assertThat(base.batches).isEmpty();
    }

    @Test
    void predict_withValuesThatTheTypeOfTheInputDoesNotHold_saysSo() {
        AdapterServer server = base.server(1024, 2);
        INDArray closed = Nd4j.ones(DataType.INT32, 1, 3);
        closed.close();

        List<ServingResult> results = server.predict(List.of(
                request(AdapterServer.BASE, Nd4j.createFromArray(new float[][] {{1, 2.5f, 3}})),
                request(AdapterServer.BASE, Nd4j.createFromArray(new long[][] {{1, (1L << 32) + 2, 3}})),
                request(AdapterServer.BASE, Nd4j.createFromArray(new float[][] {{1, Float.NaN, 3}})),
                request(AdapterServer.BASE, Nd4j.create("a", "b", "c").reshape(1, 3)),
                request(AdapterServer.BASE, closed),
                request(AdapterServer.BASE, Nd4j.createFromArray(new float[][] {{1, 2, 3}})),
                request(AdapterServer.BASE, Nd4j.createFromArray(new long[][] {{1, 2, 3}}))));

        assertThat(reason(results.get(0))).contains("FLOAT with fractions", "INT", "from 1.0 to 3.0");
        assertThat(reason(results.get(1))).contains("LONG", "4.294967298E9");
        assertThat(reason(results.get(2))).contains("NaN at [0, 1]");
        assertThat(reason(results.get(3))).contains("texts");
        assertThat(reason(results.get(4))).contains("closed");
        assertThat(results.subList(5, 7)).hasOnlyElementsOfType(Answer.class);
    }

    @Test
    void predict_withMoreRowsThanAllowed_refusesTheRequest_andJoinsNoMoreThanThat() {
        AdapterServer server = base.server(4, 2);

        List<ServingResult> results = server.predict(List.of(ofBase(3), ofBase(5), ofBase(1), ofBase(2), ofBase(4)));

        assertThat(reason(results.get(1))).contains("5 rows, expected 4 at most", "maxRows");
        assertThat(results).filteredOn(Answer.class::isInstance).hasSize(4);
        assertThat(base.batches).containsExactly(4, 2, 4);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.output(
                        Map.of(ServedGraph.IDS, ServedGraph.ids(random, 5, 3)),
                        Collections.nCopies(5, AdapterServer.BASE)))
                .withMessageContaining("5 rows, expected 4 at most");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Java heap space", "Cannot allocate new FloatPointer(9): totalBytes = 3G"})
    void predict_whenMemoryEndsForOneRequest_answersItsNeighbors(String message) {
        AdapterServer server = base.server(1024, 2);
        base.before = rows -> {
            if (rows >= 7) {
                throw new OutOfMemoryError(message);
            }
        };

        List<ServingResult> results =
                server.predict(List.of(ofBase(1), ofBase(2), ofBase(7), ofBase(3), ofBase(1), ofBase(1)));

        assertThat(reason(results.get(2))).contains("request 2", message, "expected a request that fits");
        assertThat(((Failure) results.get(2)).cause()).isInstanceOf(OutOfMemoryError.class);
        assertThat(results).filteredOn(Answer.class::isInstance).hasSize(5);
        assertThatThrownBy(() -> server.output(
                        Map.of(ServedGraph.IDS, ServedGraph.ids(random, 8, 3)),
                        Collections.nCopies(8, AdapterServer.BASE)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(message)
                .hasCauseInstanceOf(OutOfMemoryError.class);
    }

    @Test
    void predict_whenOthersLeftNoMemory_triesAgainAlone() throws Exception {
        AdapterServer server = base.server(1024, 2);
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch failed = new CountDownLatch(1);
        AtomicInteger running = new AtomicInteger();
        base.before = rows -> {
            if (rows == 5) {
                running.incrementAndGet();
                begun.countDown();
                await(failed);
                running.decrementAndGet();
            } else if (running.get() > 0) {
                failed.countDown();
                throw new OutOfMemoryError("Java heap space");
            }
        };
        ServingRequest huge = ofBase(5);
        ServingRequest small = ofBase(1);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            Future<List<ServingResult>> first = threads.submit(() -> server.predict(List.of(huge)));
            begun.await();
            Future<List<ServingResult>> second = threads.submit(() -> server.predict(List.of(small)));

            assertThat(second.get()).hasOnlyElementsOfType(Answer.class);
            assertThat(first.get()).hasOnlyElementsOfType(Answer.class);
        } finally {
            threads.shutdownNow();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        }
    }

    @Test
    void predict_whenABatchFails_findsTheRequestByHalves() {
        AdapterServer server = base.server(1024, 2);
        base.before = rows -> {
            if (rows >= 17) {
                throw new IllegalArgumentException("values that do not belong together");
            }
        };
        List<ServingRequest> requests = requests(MANY);
        requests.set(3, ofBase(17));

        List<ServingResult> results = server.predict(requests);

        assertThat(reason(results.get(3))).isEqualTo("values that do not belong together");
        assertThat(results).filteredOn(Answer.class::isInstance).hasSize(MANY - 1);
    }

    @Test
    void failure_ofABug_looksLikeOne_keepsTheCause_andIsLoggedOnce() {
        AdapterServer server = base.server(1024, 2);
        NullPointerException bug = new NullPointerException();
        base.before = rows -> {
            throw bug;
        };
        List<ServingResult> results = new ArrayList<>();

        String log = CapturedLog.of(AdapterServer.class, () -> results.addAll(server.predict(requests(3))));

        assertThat(results).allSatisfy(result -> {
            assertThat(reason(result))
                    .contains("NullPointerException", "AdapterServerFaultsTest", "bug of lora4j", "report it");
            assertThat(((Failure) result).cause()).isSameAs(bug);
            assertThatThrownBy(result::outputs)
                    .isInstanceOf(IllegalStateException.class)
                    .hasCause(bug);
        });
        assertThat(log).containsOnlyOnce("failed by a bug");
    }

    @Test
    void failure_withoutAMessage_orWithAnEndlessOne_hasAReasonThatIsReadable() {
        AdapterServer server = base.server(1024, 2);
        base.before = rows -> {
            throw new IllegalStateException();
        };
        assertThat(reason(server.predict(requests(1)).get(0))).contains("request 0", "IllegalStateException");

        base.before = rows -> {
            throw new IllegalStateException("x".repeat(1_000_000));
        };
        assertThat(reason(server.predict(requests(1)).get(0))).hasSizeLessThan(5000);
        String name = "n".repeat(1_000_000);
        assertThat(reason(server.predict(List.of(request(name, ServedGraph.ids(random, 1, 3))))
                        .get(0)))
                .contains("is not registered")
                .hasSizeLessThan(1000);
    }

    @Test
    void failure_withoutAReason_cannotBe() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Failure(" ", new IOException()));
        assertThatThrownBy(() -> new Failure(null, new IOException())).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new Failure("reason", null)).isInstanceOf(NullPointerException.class);
    }

    private static LoraConfig config(String target) {
        return LoraConfig.builder().rank(2).alpha(4).targetModules(target).build();
    }

    private Adapter adapter(String target, int in, int out, double value) {
        return Adapter.of(
                config(target),
                Map.of(
                        target,
                        Map.of(
                                "lora_A.weight", Nd4j.valueArrayOf(new long[] {2, in}, value, DataType.FLOAT),
                                "lora_B.weight", Nd4j.valueArrayOf(new long[] {out, 2}, value, DataType.FLOAT))),
                Map.of());
    }

    private Adapter up() {
        return adapter("up", ServedGraph.WIDTH, ServedGraph.INNER, 0.1);
    }

    @Test
    void remove_takesThePlacesOfTheAdapterOutOfTheGraph() throws IOException {
        AdapterServer server = base.server(1024, 2);
        server.register("up", up());
        server.register("down", adapter("down", ServedGraph.INNER, ServedGraph.WIDTH, 0.1));
        assertThat(last(base.parts)).isEqualTo(Map.of("up", Set.of(Part.LOW_RANK), "down", Set.of(Part.LOW_RANK)));
        float[] before = logits(server, "up");

        server.remove("down");
        assertThat(last(base.parts)).isEqualTo(Map.of("up", Set.of(Part.LOW_RANK)));
        assertThat(logits(server, "up")).isEqualTo(before);

        server.replace("up", adapter("down", ServedGraph.INNER, ServedGraph.WIDTH, 0.1));
        assertThat(last(base.parts)).isEqualTo(Map.of("down", Set.of(Part.LOW_RANK)));

        int models = base.parts.size();
        server.register("second", adapter("down", ServedGraph.INNER, ServedGraph.WIDTH, 0.2));
        server.remove("second");
        assertThat(base.parts).as("nothing to make anew").hasSize(models);
    }

    private static <T> T last(List<T> list) {
        return list.get(list.size() - 1);
    }

    private static float[] logits(AdapterServer server, String adapter) throws IOException {
        INDArray ids = Nd4j.createFromArray(new int[][] {{1, 2, 3}});
        return server.output(Map.of(ServedGraph.IDS, ids), List.of(adapter))
                .get(ServedGraph.OUTPUT)
                .data()
                .asFloat();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void remove_andClose_freeTheValues(boolean closes) throws Exception {
        AdapterServer server = ServedGraph.server().build();
        WeakReference<ServedAdapter> values = registered(server);

        if (closes) {
            server.close();
        } else {
            server.remove("a");
        }

        assertThat(server.residentBytes()).isZero();
        assertThat(server.status()).isEmpty();
        for (int i = 0; i < 100 && values.get() != null; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertThat(values.get()).isNull();
    }

    private WeakReference<ServedAdapter> registered(AdapterServer server) throws IOException {
        server.register("a", up());
        logits(server, "a");
        return new WeakReference<>(server.resident("a"));
    }

    @Test
    void close_refusesWhatComesLater_andMayBeCalledAgain() {
        AdapterServer server = base.server(1024, 2);
        server.register("a", up());

        server.close();
        server.close();

        INDArray ids = ServedGraph.ids(random, 1, 3);
        List<ThrowingCall> calls = List.of(
                () -> server.predict(List.of(request("a", ids))),
                () -> server.predict(List.of()),
                () -> server.output(Map.of(ServedGraph.IDS, ids), List.of("a")),
                () -> server.register("b", up()),
                () -> server.replace("a", up()),
                () -> server.remove("a"));
        assertThat(calls)
                .allSatisfy(call -> assertThatThrownBy(call::run)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("it is closed; expected requests and changes before close()"));
        assertThat(server.status()).isEmpty();
        assertThat(server.residentBytes()).isZero();
    }

    private interface ThrowingCall {
        void run() throws Exception;
    }

    @Test
    void close_fromAnyThread_finishesTheBatchUnderWay_andFailsThoseThatWait() throws Exception {
        AdapterServer server = base.server(2, 1);
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        base.before = rows -> {
            begun.countDown();
            await(goOn);
        };
        List<ServingRequest> requests = List.of(ofBase(2), ofBase(2));
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try {
            Future<List<ServingResult>> asked = threads.submit(() -> server.predict(requests));
            begun.await();
            List<Future<?>> closings = List.of(threads.submit(server::close), threads.submit(server::close));
            while (!isClosed(server)) {
                Thread.sleep(1);
            }
            assertThat(closings).noneMatch(Future::isDone);
            goOn.countDown();

            assertThat(asked.get().get(0)).isInstanceOf(Answer.class);
            assertThat(reason(asked.get().get(1))).contains("it is closed");
            for (Future<?> closing : closings) {
                closing.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static boolean isClosed(AdapterServer server) {
        try {
            server.predict(List.of());
            return false;
        } catch (IllegalStateException e) {
            return true;
        }
    }

    /** y = log(x) m, with the logarithm left out on request. */
    private static SameDiff features(boolean logarithm) {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 2);
        SDVariable weight = graph.constant("m.weight", Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}}));
        (logarithm ? graph.math().log(x) : x).mmul("y", weight);
        return graph;
    }

    private static AdapterServer server(SameDiff graph, float[][] example) {
        return AdapterServer.builder(graph)
                .outputs("y")
                .example(Map.of("x", Nd4j.createFromArray(example)))
                .build();
    }

    private static ServingRequest ask(float... row) {
        return new ServingRequest(AdapterServer.BASE, Map.of("x", Nd4j.createFromArray(new float[][] {row})));
    }

    @Test
    void predict_withInputsThatAreNotFinite_failsThoseRequestsAlone_andSaysWhere() throws IOException {
        AdapterServer server = server(features(false), new float[][] {{1, 2}, {2, 3}});

        List<ServingResult> results =
                server.predict(List.of(ask(1, 2), ask(1, Float.NaN), ask(Float.NEGATIVE_INFINITY, 2), ask(3, 4)));

        assertThat(reason(results.get(1)))
                .contains("request 1", "input \"x\" holds NaN at [0, 1] (1 of 2 values is not finite)");
        assertThat(reason(results.get(2))).contains("-Infinity at [0, 0]");
        assertThat(results.get(0)).isInstanceOf(Answer.class);
        assertThat(results.get(3).outputs().get("y").data().asFloat()).containsExactly(15, 22);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.output(ask(1, Float.NaN).inputs(), List.of(AdapterServer.BASE)))
                .withMessageContaining("NaN at [0, 1]");
    }

    @Test
    void predict_withInputsThatAreNotFiniteInTheExampleEither_answers() {
        AdapterServer server = server(features(false), new float[][] {{1, Float.NEGATIVE_INFINITY}, {2, 3}});

        assertThat(server.predict(List.of(ask(1, Float.NaN), ask(1, 2)))).hasOnlyElementsOfType(Answer.class);
    }

    @Test
    void predict_whenFiniteInputsGiveNaN_saysSo() {
        AdapterServer server = server(features(true), new float[][] {{1, 2}, {2, 3}});

        List<ServingResult> results = server.predict(List.of(ask(1, 2), ask(-1, 2), ask(1, 0)));

        assertThat(reason(results.get(1)))
                .contains("request 1", "output \"y\" holds NaN at [0, 0]", "though all inputs are finite");
        assertThat(results.get(0)).isInstanceOf(Answer.class);
        assertThat(results.get(2)).as("-Infinity is a logarithm").isInstanceOf(Answer.class);
        assertThatThrownBy(() -> server.output(ask(-1, 2).inputs(), List.of(AdapterServer.BASE)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("output \"y\" holds NaN at [0, 0]");
    }

    @Test
    void predict_afterAFailureInTheMiddleOfAGraph_answersWithTheSameExecutor_toTheBit() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, -1);
        SDVariable z = graph.placeHolder("z", DataType.FLOAT, -1, -1);
        SDVariable weight = graph.constant("m.weight", Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}}));
        x.mmul(weight).add("y", z);
        GraphBase served = (GraphBase) AdapterServer.builder(graph)
                .outputs("y")
                .example(Map.of("x", ServedGraph.values(random, 1, 2, 2), "z", ServedGraph.values(random, 1, 2, 2)))
                .base();
        MixedGraph model = (MixedGraph) served.model(Map.of());
        Map<String, INDArray> right =
                Map.of("x", ServedGraph.values(random, 1, 3, 2), "z", ServedGraph.values(random, 1, 3, 2));
        List<ServedAdapter> none = Collections.nCopies(3, ServedAdapter.NONE);
        float[] expected = model.output(right, none).get("y").data().asFloat();

        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> model.output(Map.of("x", right.get("x"), "z", ServedGraph.values(random, 1, 3, 5)), none))
                .withMessageContaining("[3, 5]");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> model.output(Map.of("x", ServedGraph.values(random, 1, 3, 4), "z", right.get("z")), none))
                .withMessageContaining("[3, 4]");

        assertThat(model.idle()).isEqualTo(1);
        assertThat(model.output(right, none).get("y").data().asFloat()).isEqualTo(expected);
        model.close();
        assertThat(model.idle()).isZero();
    }

    @Test
    void runner_survivesARefusal_andNotTheEndOfMemory() {
        List<Integer> released = new ArrayList<>();
        AtomicInteger made = new AtomicInteger();
        RunnerPool<Integer> pool = new RunnerPool<>(made::incrementAndGet, released::add);

        assertThatThrownBy(() -> pool.with(runner -> {
                    throw new IllegalArgumentException();
                }))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(pool.<Integer>with(runner -> runner)).isEqualTo(1);
        assertThatThrownBy(() -> pool.with(runner -> {
                    throw new OutOfMemoryError();
                }))
                .isInstanceOf(OutOfMemoryError.class);
        assertThat(released).containsExactly(1);
        int second = pool.with(runner -> {
            pool.close();
            return runner;
        });
        assertThat(second).isEqualTo(2);
        assertThat(released).containsExactly(1, 2);
    }

    private static ServingRequest ask(INDArray input) {
        return new ServingRequest(AdapterServer.BASE, Map.of(RowNetwork.INPUT, input));
    }

    @Test
    void predict_ofANetworkWithAnEmbedding_refusesIdsBeyondItsTable() {
        MultiLayerNetwork network = new MultiLayerNetwork(ServedNetwork.settings()
                .list(
                        new EmbeddingLayer.Builder()
                                .name("words")
                                .nIn(7)
                                .nOut(4)
                                .build(),
                        new OutputLayer.Builder(LossFunction.MSE).nIn(4).nOut(2).build())
                .build());
        network.init();
        AdapterServer server = AdapterServer.builder(network)
                .example(Map.of(RowNetwork.INPUT, Nd4j.createFromArray(new float[][] {{1}, {2}})))
                .build();

        List<ServingResult> results = server.predict(List.of(
                ask(Nd4j.createFromArray(new float[][] {{6}})),
                ask(Nd4j.createFromArray(new float[][] {{7}})),
                ask(Nd4j.createFromArray(new float[][] {{-1}})),
                ask(Nd4j.createFromArray(new float[][] {{Float.NaN}}))));

        assertThat(results.get(0)).isInstanceOf(Answer.class);
        assertThat(reason(results.get(1))).contains("\"input\" holds 7, expected 0 to 6", "\"words\"");
        assertThat(reason(results.get(2))).contains("holds -1");
        assertThat(reason(results.get(3))).contains("NaN at [0, 0]");
    }

    @Test
    void predict_ofANetworkAfterAFailureInTheMiddle_answersAsBefore() {
        for (ServedNetwork host : ServedNetwork.values()) {
            AdapterServer server = host.server().build();
            server.register("a", host.random(random));
            Map<String, INDArray> right = host.inputs(random, 2);
            Map<String, INDArray> wrong = new java.util.LinkedHashMap<>();
            right.forEach((name, array) -> wrong.put(name, Nd4j.concat(1, array, array)));
            List<ServingRequest> requests = List.of(
                    new ServingRequest("a", wrong), new ServingRequest("a", right), new ServingRequest("a", wrong));
            Map<String, INDArray> expected =
                    server.predict(List.of(requests.get(1))).get(0).outputs();

            List<ServingResult> results = server.predict(requests);

            if (host != ServedNetwork.DISTRIBUTED) {
                assertThat(reason(results.get(0))).isNotBlank();
            }
            for (ServingResult again :
                    List.of(results.get(1), server.predict(requests).get(1))) {
                again.outputs()
                        .forEach((name, array) -> assertThat(array.data().asFloat())
                                .isEqualTo(expected.get(name).data().asFloat()));
            }
        }
    }
}
