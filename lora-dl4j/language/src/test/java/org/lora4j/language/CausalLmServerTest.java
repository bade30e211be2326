/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.language.decode.DecodeSession;
import org.lora4j.serve.ServedStatus;

/** Texts of many requests together are those of each alone, whatever comes between. */
@Timeout(120)
class CausalLmServerTest {

    /** Queues and threads, and no numbers that depend on the instructions of a processor: not repeated with fewer of them. */
    private static final String ANY_PROCESSOR = "any-processor";

    private static final TokenListener ALL = token -> true;

    /** Of stories260k: 5 layers, 4 key heads of 8, keys and values. */
    private static final long BYTES_OF_TOKEN = 5 * 4 * 8 * 2 * 4 + 4;

    private final ServedModel stories = new ServedModel("stories260k");
    private final int openBefore = DecodeSession.openSessions();

    @AfterEach
    void noSessionIsLeftOpen() {
        assertThat(DecodeSession.openSessions()).isEqualTo(openBefore);
    }

    private CausalLmServer.Builder builder() {
        return CausalLmServer.builder(stories.model);
    }

    /** What rows on their way take with these settings. */
    private long fixed(int sequences, int promptTokens) {
        try (CausalLmServer server =
                builder().maxSequences(sequences).promptTokens(promptTokens).build()) {
            return server.metrics().bytes();
        }
    }

    private static GenerationConfig greedy(int tokens) {
        return GenerationConfig.builder().maxNewTokens(tokens).eosTokenIds().build();
    }

    private int[] prompt(int tokens) {
        return IntStream.range(0, tokens)
                .map(i -> i == 0 ? 1 : 261 + i * 7 % 200)
                .toArray();
    }

    @Test
    void requests_ofDifferentAdapters_getTheTextsOfEachAlone() throws IOException {
        Adapter qv = stories.fixture("adapter-qv");
        Adapter all = stories.fixture("adapter-all");
        GenerationConfig config = GenerationConfig.greedy(40);
        int[] ids = stories.model.tokenizer().encode("Once upon a time");

        try (CausalLmServer server = builder().build()) {
            server.register("qv", qv);
            server.register("all", stories.folder("adapter-all"));
            List<GeneratedToken> heard = Collections.synchronizedList(new ArrayList<>());
            LmRequest first = server.submit("qv", "Once upon a time", config);
            LmRequest second = server.submit("all", "Once upon a time", config, token -> heard.add(token));
            LmRequest third = server.submit(null, "Once upon a time", config);

            stories.assertText(qv, ids, config, first.result());
            stories.assertText(all, ids, config, second.result());
            stories.assertText(null, ids, config, third.result());
            assertThat(third.adapter()).isEqualTo(CausalLmServer.BASE);
            assertThat(heard.stream().map(GeneratedToken::text).reduce("", String::concat))
                    .isEqualTo(second.result().text());
            assertThat(server.metrics().finished()).isEqualTo(3);
            assertThat(server.metrics().newTokens()).isEqualTo(120);
            assertThat(server.metrics().tokensPerSecond()).isPositive();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gemma2-basic", "gpt2-basic", "phi3-partial-rotary", "llama-gqa"})
    void requests_toOtherFamilies_getTheTextsOfEachAlone(String name) throws IOException {
        ServedModel served = new ServedModel(name);
        Adapter all = served.fixture("adapter-all");
        int[][] prompts = {{3, 17, 5}, {9, 2, 44, 31, 8, 7}, {1}, {20, 21, 22, 23, 24, 25, 26, 27, 28, 29}};

        try (CausalLmServer server =
                CausalLmServer.builder(served.model).promptTokens(3).build()) {
            server.register("all", all);
            List<LmRequest> requests = new ArrayList<>();
            for (int i = 0; i < prompts.length; i++) {
                requests.add(server.submit(i % 2 == 0 ? "all" : null, prompts[i], greedy(14), ALL));
            }
            for (int i = 0; i < prompts.length; i++) {
                served.assertText(
                        i % 2 == 0 ? all : null,
                        prompts[i],
                        greedy(14),
                        requests.get(i).result());
            }
        }
    }

    @Test
    void requests_withMethodsThatAreNoPair_getTheTextsOfEachAlone() {
        Map<String, Adapter> adapters = new LinkedHashMap<>();
        adapters.put(
                "dora",
                stories.random(
                        LoraConfig.builder()
                                .rank(2)
                                .dora(true)
                                .targetModules("q_proj")
                                .build(),
                        1,
                        0.1));
        adapters.put(
                "ia3",
                stories.random(Ia3Config.builder().targetModules("down_proj").build(), 2, 0.1));
        adapters.put("lora", stories.random(ServedModel.lora(3, "q_proj", "down_proj"), 3, 0.1));

        try (CausalLmServer server = builder().build()) {
            adapters.forEach(server::register);
            Map<String, LmRequest> requests = new LinkedHashMap<>();
            adapters.forEach((name, adapter) -> requests.put(name, server.submit(name, prompt(9), greedy(20), ALL)));
            requests.forEach(
                    (name, request) -> stories.assertText(adapters.get(name), prompt(9), greedy(20), request.result()));
            // Merged: five matrices of 64 x 64. Pairs of rank 3 on 64 x 64 and 64 x 172.
            assertThat(server.status())
                    .extracting(ServedStatus::name, ServedStatus::bytes)
                    .contains(
                            org.assertj.core.groups.Tuple.tuple("dora", 4L * 5 * 64 * 64),
                            org.assertj.core.groups.Tuple.tuple("lora", 4L * 5 * 3 * (64 + 64 + 64 + 172)));
        }
    }

    /** A request of a mix, and what came of it. */
    private record Asked(String adapter, int[] ids, GenerationConfig config, LmRequest request, boolean isCancelled) {}

    /** Models whose texts are computed in different ways, and modules that adapters for them change. */
    private enum Form {
        FLOATS("q_proj", "down_proj", "gate_proj") {
            @Override
            ServedModel open(Path folder) {
                return new ServedModel("stories260k");
            }
        },
        BF16("q_proj", "down_proj", "gate_proj") {
            @Override
            ServedModel open(Path folder) {
                return new ServedModel("llama-bf16");
            }
        },
        INT8("q_proj", "down_proj", "gate_proj") {
            @Override
            ServedModel open(Path folder) {
                return new ServedModel(ServedModel.MODELS.resolve("stories260k"), CausalLm.Storage.INT8);
            }
        },
        NF4("q_proj", "down_proj", "gate_proj") {
            @Override
            ServedModel open(Path folder) {
                return new ServedModel(ServedModel.MODELS.resolve("stories260k"), CausalLm.Storage.NF4);
            }
        },
        /** A longer text turns all its tokens again. */
        LONG_ROPE("qkv_proj", "down_proj", "gate_up_proj") {
            @Override
            ServedModel open(Path folder) throws IOException {
                return ServedModel.longRope(folder);
            }
        };

        private final List<String> modules;

        Form(String... modules) {
            this.modules = List.of(modules);
        }

        abstract ServedModel open(Path folder) throws IOException;
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void mixOfRequests_inLittleMemory_getTheTextsOfEachAlone(Form form, @TempDir Path folder) throws Exception {
        mix(form, folder, 5, 8, 64);
    }

    private static Stream<Arguments> longMixes() {
        return Arrays.stream(Form.values())
                .flatMap(form -> LongStream.rangeClosed(11, 16).mapToObj(seed -> Arguments.of(form, seed)));
    }

    @Tag("thorough")
    @ParameterizedTest
    @MethodSource("longMixes")
    @Timeout(900)
    void mixOfRequests_forLong_getTheTextsOfEachAlone(Form form, long seed, @TempDir Path folder) throws Exception {
        mix(form, folder, seed, 150, Integer.MAX_VALUE);
    }

    private static Map<String, Adapter> adapters(ServedModel served, List<String> modules) {
        Map<String, Adapter> adapters = new LinkedHashMap<>();
        adapters.put(CausalLmServer.BASE, null);
        adapters.put("all", served.random(ServedModel.lora(4, modules.toArray(String[]::new)), 4, 0.05));
        adapters.put("r1", served.random(ServedModel.lora(1, "o_proj", modules.get(1)), 1, 0.1));
        adapters.put("r5", served.random(ServedModel.lora(5, modules.get(0), modules.get(2)), 2, 0.1));
        adapters.put(
                "dora",
                served.random(
                        LoraConfig.builder()
                                .rank(2)
                                .dora(true)
                                .targetModules(modules.get(0))
                                .build(),
                        3,
                        0.1));
        return adapters;
    }

    /** So many requests, with prompts and texts of at most so many tokens. */
    private void mix(Form form, Path folder, long seed, int count, int most) throws Exception {
        ServedModel served = form.open(folder);
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, Adapter> adapters = adapters(served, form.modules);
        int sequences = 1 + random.nextInt(9);
        int promptTokens = 1 + random.nextInt(40);
        int longest = Math.min(most, served.model.contextLength() * 3 / 8);
        CausalLmServer.Builder builder =
                CausalLmServer.builder(served.model).maxSequences(sequences).promptTokens(promptTokens);
        long memory;
        try (CausalLmServer server = builder.build();
                DecodeSession session = served.model.session()) {
            // Room for two of the longest texts.
            memory = server.metrics().bytes() + 2 * session.bytesOf(2 * longest);
        }
        List<Asked> asked = new ArrayList<>();
        LmServerMetrics end;
        try (CausalLmServer server = builder.memory(memory).build()) {
            for (Map.Entry<String, Adapter> entry : adapters.entrySet()) {
                if (entry.getValue() != null) {
                    server.register(entry.getKey(), entry.getValue());
                }
            }
            List<String> names = List.copyOf(adapters.keySet());
            for (int i = 0; i < count; i++) {
                String name = names.get(random.nextInt(names.size()));
                int[] ids = new int[1 + random.nextInt(random.nextInt(5) == 0 ? longest : 20)];
                Arrays.setAll(ids, at -> 3 + random.nextInt(served.model.vocabularySize() - 3));
                GenerationConfig config = config(random, longest);
                LmRequest request = server.submit(name, ids, config, ALL);
                boolean isCancelled = random.nextInt(6) == 0;
                asked.add(new Asked(name, ids, config, request, isCancelled));
                if (random.nextInt(3) == 0) {
                    Thread.sleep(random.nextInt(10));
                }
                if (isCancelled) {
                    request.cancel();
                }
            }
            for (Asked one : asked) {
                one.request().result();
            }
            end = server.metrics();
        }
        int parted = 0;
        for (Asked one : asked) {
            Generation found = one.request().result();
            Adapter adapter = adapters.get(one.adapter());
            if (found.finishReason() == FinishReason.CANCELLED) {
                assertThat(one.isCancelled()).isTrue();
                int[] whole = served.alone(adapter, one.ids(), one.config()).newIds();
                assertThat(Arrays.copyOf(whole, found.newIds().length)).isEqualTo(found.newIds());
            } else if (!served.isText(adapter, one.ids(), one.config(), found)) {
                parted++;
            }
        }
        // A drawn number falls between two tokens that differ by rounding once in some hundred thousand.
        assertThat(parted).as("seed %d", seed).isLessThanOrEqualTo(count / 100);
        assertThat(end.mostBytes()).isLessThanOrEqualTo(memory);
        assertThat(end.finished() + end.cancelled()).isEqualTo(count);
        assertThat(end.failed()).isZero();
    }

    private static GenerationConfig config(SplittableRandom random, int most) {
        GenerationConfig.Builder config = GenerationConfig.builder()
                .maxNewTokens(1 + random.nextInt(most))
                .seed(random.nextInt(1000));
        switch (random.nextInt(4)) {
            case 0 -> config.doSample(true).temperature(1.2);
            case 1 -> config.doSample(true).topP(0.9).topK(40);
            case 2 -> config.repetitionPenalty(1.3);
            default -> config.eosTokenIds();
        }
        return config.build();
    }

    @Test
    void texts_thatDoNotFitTogether_areSetBackAndTheSame() {
        long memory = fixed(4, 64) + 300 * BYTES_OF_TOKEN;

        try (CausalLmServer server = builder().maxSequences(4).memory(memory).build()) {
            List<LmRequest> requests = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                requests.add(server.submit(null, prompt(10 + i), greedy(250), ALL));
            }
            for (int i = 0; i < 4; i++) {
                stories.assertText(
                        null, prompt(10 + i), greedy(250), requests.get(i).result());
            }
            assertThat(server.metrics().setBack()).isPositive();
            assertThat(server.metrics().mostBytes()).isLessThanOrEqualTo(memory);
        }
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void requestThatCanNeverFit_isRefusedWithTheNumbers() {
        long fixed = fixed(2, 8);

        try (CausalLmServer server = builder()
                .maxSequences(2)
                .promptTokens(8)
                .memory(fixed + 100 * BYTES_OF_TOKEN)
                .build()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> server.submit(null, prompt(50), greedy(60), ALL))
                    .withMessage("submit: a prompt of 50 tokens with 60 new ones has a cache of " + 109 * BYTES_OF_TOKEN
                            + " bytes, expected at most " + 100 * BYTES_OF_TOKEN + ": memory(...) without the " + fixed
                            + " for rows on their way. Ask for fewer tokens, or raise memory(...).");
            stories.assertText(
                    null,
                    prompt(50),
                    greedy(51),
                    server.submit(null, prompt(50), greedy(51), ALL).result());
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        builder().maxSequences(2).promptTokens(8).memory(fixed).build())
                .withMessageContaining("expected at least " + (fixed + 64 * BYTES_OF_TOKEN));
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void builder_namesAllThatIsOutOfRange() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder()
                        .maxSequences(0)
                        .promptTokens(257)
                        .queue(-1)
                        .memory(0)
                        .adapterMemory(0)
                        .build())
                .withMessageContainingAll(
                        "maxSequences = 0", "promptTokens = 257", "queue = -1", "memory", "adapterMemory");
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void badRequests_failAlone() {
        Adapter huge = stories.random(ServedModel.lora(2, "down_proj"), 4, 1e25);
        Adapter good = stories.random(ServedModel.lora(2, "down_proj"), 5, 0.1);

        try (CausalLmServer server = builder().build()) {
            server.register("huge", huge);
            server.register("good", good);
            LmRequest before = server.submit("good", prompt(5), greedy(60), ALL);
            LmRequest nan = server.submit("huge", prompt(5), greedy(60), ALL);
            int[] heard = {0};
            LmRequest thrown = server.submit("good", prompt(6), greedy(60), token -> {
                if (++heard[0] == 3) {
                    throw new IllegalStateException("no more");
                }
                return true;
            });
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> server.submit("goood", prompt(5), greedy(5), ALL))
                    .withMessageContainingAll("\"goood\" is not registered", "closest: \"good\"");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> server.submit("good", new int[] {1, 512}, greedy(5), ALL))
                    .withMessageContaining("has the id 512");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> server.submit("good", new int[0], greedy(5), ALL))
                    .withMessageContaining("empty");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> server.submit("good", new int[600], greedy(5), ALL))
                    .withMessageContaining("600");
            LmRequest after = server.submit(null, prompt(7), greedy(60), ALL);

            assertThatThrownBy(nan::result)
                    .isInstanceOf(GenerationException.class)
                    .hasMessageStartingWith("request 1 for adapter \"huge\": ")
                    .hasMessageContaining("NaN");
            assertThatThrownBy(thrown::result)
                    .isInstanceOf(GenerationException.class)
                    .hasMessageContaining("its listener threw java.lang.IllegalStateException at token 3: no more");
            stories.assertText(good, prompt(5), greedy(60), before.result());
            stories.assertText(null, prompt(7), greedy(60), after.result());
            assertThat(server.metrics().failed()).isEqualTo(2);
        }
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void queueThatIsFull_refuses() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);

        try (CausalLmServer server = builder().maxSequences(1).queue(2).build()) {
            LmRequest running = server.submit(null, prompt(3), greedy(5), waiting(started, goOn));
            started.await();
            server.submit(null, prompt(3), greedy(5), ALL);
            server.submit(null, prompt(3), greedy(5), ALL);
            assertThat(server.metrics().waiting()).isEqualTo(2);

            assertThatThrownBy(() -> server.submit(null, prompt(3), greedy(5), ALL))
                    .isInstanceOfSatisfying(QueueFullException.class, full -> {
                        assertThat(full.texts()).isEqualTo(3);
                        assertThat(full.most()).isEqualTo(3);
                    })
                    .hasMessageContaining("3 texts run or wait, expected at most 3");
            goOn.countDown();
            running.result();
            server.submit(null, prompt(3), greedy(5), ALL).result();
        }
    }

    /** Waits at its first token. */
    private static TokenListener waiting(CountDownLatch started, CountDownLatch goOn) {
        return token -> {
            started.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return true;
        };
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void cancelling_endsATextWithWhatThereIsOfIt() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);

        try (CausalLmServer server = builder().maxSequences(2).build()) {
            LmRequest running = server.submit(null, prompt(3), greedy(400), waiting(started, goOn));
            started.await();
            LmRequest other = server.submit(null, prompt(4), greedy(30), ALL);
            LmRequest byListener = server.submit(null, prompt(5), greedy(30), token -> false);
            LmRequest waits = server.submit(null, prompt(6), greedy(30), ALL);
            LmRequest late = server.submit(null, prompt(6), greedy(30), ALL).cancelAfter(Duration.ofNanos(1));
            assertThatThrownBy(() -> other.result(Duration.ofMillis(1)))
                    .isInstanceOf(java.util.concurrent.TimeoutException.class);
            waits.cancel();
            running.cancel();
            assertThat(running.isDone()).isFalse();
            goOn.countDown();

            assertThat(running.result().finishReason()).isEqualTo(FinishReason.CANCELLED);
            assertThat(running.result().newIds()).hasSize(1);
            assertThat(waits.result().newIds()).isEmpty();
            assertThat(late.result().finishReason()).isEqualTo(FinishReason.CANCELLED);
            assertThat(byListener.result().newIds()).hasSize(1);
            assertThat(byListener.future().get().get(0).finishReason()).isEqualTo(FinishReason.CANCELLED);
            stories.assertText(null, prompt(4), greedy(30), other.result());
            running.cancel();
            assertThat(server.metrics().cancelled()).isEqualTo(4);
        }
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void close_endsAllTexts_andRefusesWhatComesLater() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CausalLmServer server = builder().maxSequences(1).build();
        LmRequest running = server.submit(null, prompt(3), greedy(400), waiting(started, new CountDownLatch(1)));
        LmRequest waits = server.submit(null, prompt(3), greedy(400), ALL);
        started.await();

        server.close();
        server.close();

        assertThat(running.result().newIds()).hasSize(1);
        assertThat(waits.result().finishReason()).isEqualTo(FinishReason.CANCELLED);
        assertThatIllegalStateException()
                .isThrownBy(() -> server.submit(null, prompt(3), greedy(4), ALL))
                .withMessageContaining("closed");
        assertThatIllegalStateException().isThrownBy(() -> server.register("qv", stories.fixture("adapter-qv")));
        assertThat(server.metrics().bytes()).isZero();
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void close_fromAListener_endsTheServer() {
        AtomicReference<CausalLmServer> server = new AtomicReference<>(builder().build());

        LmRequest request = server.get().submit(null, prompt(3), greedy(400), token -> {
            server.get().close();
            return true;
        });

        assertThat(request.result().finishReason()).isEqualTo(FinishReason.CANCELLED);
        server.get().close();
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void drain_waitsForWhatWasAccepted() throws Exception {
        try (CausalLmServer server = builder().maxSequences(2).build()) {
            List<LmRequest> requests = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                requests.add(server.submit(null, prompt(3 + i), greedy(20), ALL));
            }

            assertThat(server.drain(Duration.ZERO)).isFalse();
            assertThat(server.drain(Duration.ofMinutes(1))).isTrue();

            assertThat(requests).allMatch(LmRequest::isDone);
            assertThat(requests.get(5).result().finishReason()).isEqualTo(FinishReason.LENGTH);
            assertThatIllegalStateException().isThrownBy(() -> server.submit(null, prompt(3), greedy(4), ALL));
        }
    }

    @Test
    void severalTextsOfAPrompt_areThoseOfOneCall() {
        GenerationConfig config = GenerationConfig.sampling(12, 1.2, 1, 3).toBuilder()
                .numReturnSequences(3)
                .build();

        try (CausalLmServer server = builder().maxSequences(2).queue(2).build()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> server.submit(
                            null,
                            prompt(5),
                            config.toBuilder().numReturnSequences(5).build(),
                            ALL))
                    .withMessageContaining("numReturnSequences = 5, expected at most 4");
            List<Generation> found = server.submit(null, prompt(5), config, ALL).results();

            assertThat(found).isEqualTo(stories.model.generateIds(List.of(prompt(5)), config, ALL));
        }
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void longPrompt_doesNotHoldUpOthers() throws Exception {
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);

        try (CausalLmServer server = builder().promptTokens(8).build()) {
            LmRequest first = server.submit(null, prompt(3), greedy(2), waiting(started, goOn));
            started.await();
            LmRequest longer = server.submit(null, prompt(400), greedy(2), token -> order.add("long"));
            LmRequest shorter = server.submit(null, prompt(5), greedy(20), token -> order.add("short"));
            goOn.countDown();

            first.result();
            stories.assertText(null, prompt(400), greedy(2), longer.result());
            stories.assertText(null, prompt(5), greedy(20), shorter.result());
            // 400 tokens are 50 steps, and the short text needs 22.
            assertThat(order.subList(0, 20)).containsOnly("short");
        }
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void textThatNeedsMuchRoom_isOvertakenForAWhileOnly() throws Exception {
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        long memory = fixed(4, 16) + 200 * BYTES_OF_TOKEN;

        try (CausalLmServer server =
                builder().maxSequences(4).promptTokens(16).memory(memory).build()) {
            server.submit(null, prompt(3), greedy(5), waiting(started, goOn));
            started.await();
            // With room to grow for any other, it finds its own only when nothing runs.
            LmRequest large = server.submit(null, prompt(130), greedy(10), token -> order.add("large"));
            List<LmRequest> small = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                String name = "small" + i;
                small.add(server.submit(null, prompt(3), greedy(4 + i % 5), token -> order.add(name)));
            }
            goOn.countDown();

            stories.assertText(null, prompt(130), greedy(10), large.result());
            small.forEach(LmRequest::result);
        }
        List<String> begins = order.stream().distinct().toList();
        assertThat(begins.indexOf("large")).isBetween(1, 16);
        assertThat(begins.stream().filter(name -> !name.equals("large")))
                .containsExactlyElementsOf(
                        IntStream.range(0, 40).mapToObj(i -> "small" + i).toList());
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void adapterWithManyRequests_doesNotHoldUpAnother() throws Exception {
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);

        try (CausalLmServer server = builder().maxSequences(1).build()) {
            server.register("busy", stories.fixture("adapter-qv"));
            server.submit("busy", prompt(3), greedy(5), waiting(started, goOn));
            started.await();
            List<LmRequest> requests = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                String name = "busy" + i;
                requests.add(server.submit("busy", prompt(4), greedy(6), token -> order.add(name)));
            }
            requests.add(server.submit(null, prompt(4), greedy(6), token -> order.add("quiet")));
            goOn.countDown();
            requests.forEach(LmRequest::result);
        }
        // The adapter that was served already waits until the model without one has got as many tokens.
        assertThat(order.stream().distinct())
                .containsExactly("quiet", "busy0", "busy1", "busy2", "busy3", "busy4", "busy5");
    }

    @Test
    void longestText_isTheLastThatIsTaken() {
        long memory = fixed(1, 8) + 300 * BYTES_OF_TOKEN;
        try (CausalLmServer server =
                builder().maxSequences(1).promptTokens(8).memory(memory).build()) {
            int longest = server.longestText();

            assertThat(longest).isBetween(256, 301);
            server.submit(null, prompt(5), greedy(longest - 5), ALL).result();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> server.submit(null, prompt(5), greedy(longest - 4), ALL))
                    .withMessageContaining("Ask for fewer tokens");
        }
        try (CausalLmServer server = builder().build()) {
            assertThat(server.longestText()).isEqualTo(stories.model.contextLength());
        }
    }

    @Test
    void probabilitiesOfOtherTokens_areThoseOfTheModel() throws IOException {
        GenerationConfig config =
                GenerationConfig.greedy(4).toBuilder().topLogProbabilities(3).build();
        List<GeneratedToken> heard = new ArrayList<>();
        try (CausalLmServer server = builder().build()) {
            Generation found =
                    server.submit(null, prompt(6), config, heard::add).result();

            assertThat(found.topLogProbabilities()).hasSize(4);
            assertThat(heard).extracting(GeneratedToken::topLogProbabilities).isEqualTo(found.topLogProbabilities());
            for (int i = 0; i < 4; i++) {
                for (TokenProbability token : found.topLogProbabilities().get(i)) {
                    int[] ids = Arrays.copyOf(found.promptIds(), 7 + i);
                    System.arraycopy(found.newIds(), 0, ids, 6, i);
                    ids[6 + i] = token.id();
                    double[] scored = stories.model.logProbabilities(ids);
                    assertThat(token.logProbability()).isCloseTo(scored[scored.length - 1], within(1e-4));
                }
                assertThat(found.topLogProbabilities().get(i).get(0))
                        .isEqualTo(new TokenProbability(found.newIds()[i], found.logProbabilities()[i]));
            }
        }
    }

    @Test
    void replacedAndRemovedAdapters_areKeptByTheTextsThatRun() throws Exception {
        Adapter old = stories.random(ServedModel.lora(2, "down_proj"), 6, 0.2);
        Adapter young = stories.random(ServedModel.lora(3, "q_proj"), 7, 0.2);
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);

        try (CausalLmServer server = builder().maxSequences(1).build()) {
            server.register("a", old);
            server.register("b", old);
            long bytes = server.metrics().adapterBytes();
            LmRequest running = server.submit("a", prompt(4), greedy(30), waiting(started, goOn));
            started.await();
            LmRequest later = server.submit("a", prompt(4), greedy(30), ALL);
            LmRequest lost = server.submit("b", prompt(4), greedy(30), ALL);
            server.replace("a", young);
            server.remove("b");
            // That of "b" is gone, both of "a" are there.
            assertThat(server.metrics().adapterBytes())
                    .isEqualTo(bytes / 2 + server.status().get(0).bytes());
            goOn.countDown();

            stories.assertText(old, prompt(4), greedy(30), running.result());
            stories.assertText(young, prompt(4), greedy(30), later.result());
            assertThatThrownBy(lost::result)
                    .isInstanceOf(GenerationException.class)
                    .hasMessageContaining("\"b\" is not registered");
            assertThat(server.metrics().adapterBytes())
                    .isEqualTo(server.status().get(0).bytes());
            assertThatIllegalArgumentException().isThrownBy(() -> server.remove("b"));
            assertThatIllegalArgumentException().isThrownBy(() -> server.replace("b", old));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> server.register("a", old))
                    .withMessageContaining("registered already");
            assertThatIllegalArgumentException().isThrownBy(() -> server.register(CausalLmServer.BASE, old));
        }
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void adapterOfAnotherModel_isRefused() throws IOException {
        Adapter other = new ServedModel("llama-gqa").fixture("adapter-all");

        try (CausalLmServer server = builder().build()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> server.register("other", other))
                    .withMessageContaining("adapter \"other\" does not fit the model");
            assertThat(server.status()).isEmpty();
            server.register("other", stories.fixture("adapter-qv"));
        }
    }

    @Test
    void adapters_beyondTheirMemory_areReadAgain(@TempDir Path folder) throws Exception {
        Adapter[] adapters = new Adapter[4];
        for (int i = 0; i < adapters.length; i++) {
            adapters[i] = stories.random(ServedModel.lora(2, "down_proj", "q_proj"), 20 + i, 0.2);
            adapters[i].save(folder.resolve("a" + i));
        }
        // 5 layers, rank 2.
        long one = 4L * 5 * 2 * (64 + 172 + 64 + 64);
        List<LmRequest> requests = new ArrayList<>();
        long[] most = {0};

        try (CausalLmServer server = builder().adapterMemory(2 * one).build()) {
            for (int i = 0; i < adapters.length; i++) {
                server.register("a" + i, folder.resolve("a" + i));
            }
            assertThat(server.status()).filteredOn(ServedStatus::resident).hasSize(2);
            for (int i = 0; i < 20; i++) {
                requests.add(server.submit("a" + i * 7 % 4, prompt(3 + i), greedy(10), token -> {
                    most[0] = Math.max(most[0], server.metrics().adapterBytes());
                    return true;
                }));
            }
            for (int i = 0; i < 20; i++) {
                stories.assertText(
                        adapters[i * 7 % 4],
                        prompt(3 + i),
                        greedy(10),
                        requests.get(i).result());
            }
            assertThat(most[0]).isPositive().isLessThanOrEqualTo(2 * one);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> {
                        server.register("pinned", adapters[0]);
                        server.register("another", adapters[0]);
                    })
                    .withMessageContaining("adapterMemory");
            server.remove("pinned");

            // Whichever is not in memory changes in its folder.
            String dropped = server.status().stream()
                    .filter(status -> !status.resident())
                    .findFirst()
                    .orElseThrow()
                    .name();
            stories.random(ServedModel.lora(2, "down_proj", "q_proj"), 50, 0.2).save(folder.resolve(dropped));
            LmRequest changed = server.submit(dropped, prompt(3), greedy(5), ALL);
            assertThatThrownBy(changed::result)
                    .isInstanceOf(GenerationException.class)
                    .hasMessageContaining("holds other values than when it was registered");
            server.replace(dropped, folder.resolve(dropped));
            server.submit(dropped, prompt(3), greedy(5), ALL).result();
        }
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void listeners_mayAskForMore() {
        try (CausalLmServer server = builder().build()) {
            AtomicReference<LmRequest> second = new AtomicReference<>();
            LmRequest first = server.submit(null, prompt(3), greedy(5), token -> {
                second.compareAndSet(null, server.submit(null, prompt(4), greedy(5), ALL));
                return true;
            });

            stories.assertText(null, prompt(3), greedy(5), first.result());
            stories.assertText(null, prompt(4), greedy(5), second.get().result());
        }
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void chat_withoutATemplate_saysSo() {
        try (CausalLmServer server = builder().build()) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> server.chat(null, List.of(ChatMessage.user("Hello")), greedy(3), ALL))
                    .withMessageContaining("chat template");
        }
    }
}
