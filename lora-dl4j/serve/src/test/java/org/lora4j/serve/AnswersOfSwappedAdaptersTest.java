/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.quant.Quantization;
import org.lora4j.trust.Receipt;
import org.lora4j.trust.TrustPolicy;
import org.lora4j.trust.UnverifiedModelException;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Adapters that say their own number: each answer is by the adapter that it names, whatever is exchanged meanwhile. */
class AnswersOfSwappedAdaptersTest {

    private static final int THREADS = 8;
    private static final int ADAPTERS = 20;
    private static final int WIDTH = 2;

    @TempDir
    private Path folder;

    /** Gives 0 for (1, 0); a rank of 1 adds a number. */
    private static SameDiff base() {
        SameDiff graph = SameDiff.create();
        SDVariable input = graph.placeHolder("input", DataType.FLOAT, -1, WIDTH);
        input.mmul(graph.constant("says.weight", Nd4j.createFromArray(new float[][] {{0}, {1}})))
                .add("answer", graph.constant("says.bias", Nd4j.zeros(DataType.FLOAT, 1)));
        return graph;
    }

    /** Of an input (1, 0) it says a number: A = (1, 0), B = (number), alpha = rank = 1. */
    private static Adapter saying(int number) {
        return Adapter.of(
                LoraConfig.builder().rank(1).alpha(1).targetModules("says").build(),
                Map.of(
                        "says",
                        Map.of(
                                "lora_A.weight", Nd4j.createFromArray(new float[][] {{1, 0}}),
                                "lora_B.weight", Nd4j.createFromArray(new float[][] {{number}}))),
                Map.of());
    }

    private static AdapterServer server(TrustPolicy policy) {
        return AdapterServer.builder(base())
                .outputs("answer")
                .example(Map.of("input", Nd4j.createFromArray(new float[][] {{1, 2}, {3, 5}, {7, 4}})))
                .trust(policy)
                .build();
    }

    @Test
    @Timeout(120)
    void fiveThousandAnswers_areEachByTheAdapterThatTheyName() throws Exception {
        answers_areEachByTheAdapterThatTheyName(5_000);
    }

    @Test
    @Tag("thorough")
    @Timeout(1_200)
    void twoHundredThousandAnswers_areEachByTheAdapterThatTheyName() throws Exception {
        answers_areEachByTheAdapterThatTheyName(200_000);
    }

    private void answers_areEachByTheAdapterThatTheyName(int answers) throws Exception {
        Map<String, Integer> numbers = new ConcurrentHashMap<>();
        AtomicInteger versions = new AtomicInteger();
        AtomicInteger given = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        INDArray input = Nd4j.createFromArray(new float[][] {{1, 0}});
        try (AdapterServer server = server(TrustPolicy.usual())) {
            for (int i = 0; i < ADAPTERS; i++) {
                server.register(name(i), next(numbers, versions, i));
            }
            List<Callable<Void>> work = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                SplittableRandom random = new SplittableRandom(thread);
                boolean changes = thread == 0;
                work.add(() -> {
                    while (given.get() < answers) {
                        int i = random.nextInt(ADAPTERS);
                        if (changes && random.nextInt(4) == 0) {
                            change(server, numbers, versions, i, random);
                        }
                        ask(server, input, i, numbers, given, refused);
                    }
                    return null;
                });
            }
            ExecutorService threads = Executors.newFixedThreadPool(THREADS);
            try {
                for (Future<Void> done : threads.invokeAll(work)) {
                    done.get();
                }
            } finally {
                threads.shutdownNow();
            }
            assertThat(server.status())
                    .allSatisfy(status -> assertThat(status.active()).isZero());
        }
        assertThat(given.get()).isGreaterThanOrEqualTo(answers);
        assertThat(versions.get()).as("adapters that came").isGreaterThan(ADAPTERS + answers / 200);
    }

    private static String name(int i) {
        return "adapter " + i;
    }

    /** Another adapter for a name: its number tells the name, and which of them it is. */
    private static Adapter next(Map<String, Integer> numbers, AtomicInteger versions, int i) {
        int number = versions.incrementAndGet() * ADAPTERS + i;
        Adapter adapter = saying(number);
        numbers.put(adapter.contentHash(), number);
        return adapter;
    }

    private static void change(
            AdapterServer server,
            Map<String, Integer> numbers,
            AtomicInteger versions,
            int i,
            SplittableRandom random) {
        if (random.nextInt(3) == 0) {
            server.remove(name(i));
            server.register(name(i), next(numbers, versions, i));
        } else {
            server.replace(name(i), next(numbers, versions, i));
        }
    }

    private static void ask(
            AdapterServer server,
            INDArray input,
            int i,
            Map<String, Integer> numbers,
            AtomicInteger given,
            AtomicInteger refused) {
        ServingResult result = server.predict(List.of(new ServingRequest(name(i), Map.of("input", input))))
                .get(0);
        if (result instanceof ServingResult.Failure failure) {
            // For a moment there was none of this name: that is said, and never the base in its place.
            assertThat(failure.reason()).contains("is not registered");
            refused.incrementAndGet();
            return;
        }
        ServedBy by = ((ServingResult.Answer) result).by();
        int said = (int) result.outputs().get("answer").getFloat(0);
        assertThat(by.adapter()).isEqualTo(name(i));
        assertThat(said).isEqualTo(numbers.get(by.contentHash())).isEqualTo(said / ADAPTERS * ADAPTERS + i);
        given.incrementAndGet();
    }

    @Test
    void answers_carryTheGeneration_andTheBaseHasNone() {
        INDArray input = Nd4j.createFromArray(new float[][] {{1, 0}});
        try (AdapterServer server = server(TrustPolicy.usual())) {
            Adapter one = saying(1);
            Adapter two = saying(2);
            server.register("a", one);
            server.replace("a", two);

            ServingResult.Answer answer =
                    (ServingResult.Answer) server.predict(List.of(new ServingRequest("a", Map.of("input", input))))
                            .get(0);
            ServingResult.Answer base = (ServingResult.Answer)
                    server.predict(List.of(new ServingRequest(AdapterServer.BASE, Map.of("input", input))))
                            .get(0);

            assertThat(answer.by()).isEqualTo(new ServedBy("a", two.contentHash(), 2));
            assertThat(base.by()).isEqualTo(ServedBy.NONE);
            assertThat(server.status().get(0).by()).isEqualTo(answer.by());
        }
    }

    @Test
    void directoryWithoutReceipt_isRefusedByAStrictServer() throws Exception {
        Path directory = Files.createDirectory(folder.resolve("adapter"));
        saying(1).save(directory);
        try (AdapterServer strict = server(TrustPolicy.usual().strict());
                AdapterServer usual = server(TrustPolicy.usual())) {
            usual.register("a", directory);
            assertThatThrownBy(() -> strict.register("a", directory)).isInstanceOf(UnverifiedModelException.class);
            assertThat(strict.status()).isEmpty();
        }
    }

    @Test
    void value_isTakenByAStrictServerWithAReceipt_alone_andByOneThatTrustsKeysNever() throws Exception {
        Adapter adapter = saying(1);
        Adapter withReceipt = adapter.withReceipt(new Receipt(
                "test",
                Map.of(Receipt.TRAINED, adapter.contentHash()),
                Map.of(),
                Map.of(),
                Map.of(),
                1,
                Map.of(),
                List.of(),
                Map.of(),
                Map.of(),
                Map.of()));
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        TrustPolicy signed =
                TrustPolicy.usual().trusting(generator.generateKeyPair().getPublic());
        try (AdapterServer strict = server(TrustPolicy.usual().strict());
                AdapterServer keys = server(signed)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> strict.register("a", adapter))
                    .withMessageContaining("adapter \"a\": it has no receipt")
                    .withMessageContaining("the policy is strict");
            strict.register("a", withReceipt);
            assertThatIllegalArgumentException().isThrownBy(() -> strict.replace("a", adapter));
            assertThat(strict.status())
                    .singleElement()
                    .satisfies(status -> assertThat(status.by().generation()).isEqualTo(1));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> keys.register("a", withReceipt))
                    .withMessageContaining("nobody signs values");
        }
    }

    @Test
    void rowsOfABatch_tellWhichAdapterMadeEach() throws Exception {
        try (AdapterServer server = server(TrustPolicy.usual())) {
            server.register("a", saying(1));
            server.register("b", saying(2));
            INDArray input = Nd4j.createFromArray(new float[][] {{1, 0}, {1, 0}, {1, 0}});

            RowAnswers answers = server.answer(Map.of("input", input), List.of("b", AdapterServer.BASE, "a"));

            assertThat(answers.outputs().get("answer").toFloatVector()).containsExactly(2, 0, 1);
            assertThat(answers.by())
                    .containsExactly(
                            new ServedBy("b", saying(2).contentHash(), 2),
                            ServedBy.NONE,
                            new ServedBy("a", saying(1).contentHash(), 1));
        }
    }

    @Test
    void status_saysHowTheBaseIsStored() {
        SameDiff small = Quantization.int8()
                .apply(ServedGraph.base(), "up.weight"::equals)
                .graph();
        try (AdapterServer plain = ServedGraph.server().build();
                AdapterServer stored = AdapterServer.builder(small)
                        .outputs(ServedGraph.OUTPUT)
                        .example(ServedGraph.example())
                        .build()) {
            Adapter adapter = ServedGraph.random(new SplittableRandom(3));
            plain.register("a", adapter);
            stored.register("a", adapter);

            assertThat(plain.status().get(0).storedAs()).containsExactly("F32");
            assertThat(stored.status().get(0).storedAs()).containsExactly("F32", "INT8");
        }
    }

    @Test
    void adapterOfAnotherBase_isRefused_andServedIfThatIsAllowed_whichTheStatusShows() {
        // The hash of other weights than those of this base.
        Adapter other = saying(1).withBaseHashes(Map.of("says.bias", "0".repeat(32)));
        try (AdapterServer usual = server(TrustPolicy.usual());
                AdapterServer any = server(TrustPolicy.usual().allowOtherBase())) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> usual.register("a", other))
                    .withMessageContaining("are not those that the adapter was trained on");
            any.register("a", other);
            assertThat(any.status().get(0).differences())
                    .singleElement()
                    .asString()
                    .contains("are not those that the adapter was trained on");
        }
    }
}
