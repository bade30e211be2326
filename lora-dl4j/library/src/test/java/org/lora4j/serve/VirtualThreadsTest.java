/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmServer;
import org.lora4j.language.GenerationConfig;
import org.lora4j.serve.text.TextInput;
import org.lora4j.serve.text.TextServer;
import org.lora4j.server.LoraServer;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TinyEncoder;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Callers on virtual threads, far more than there are carriers: every request is answered, and none holds its carrier while it waits. From
 * Java 21 on; {@code mvn -Pjdks} runs it there.
 */
@Timeout(120)
class VirtualThreadsTest {

    private static final int CALLERS = 64;
    private static final int TURNS = 3;

    /** One that waits this long without giving its carrier back holds up the others. */
    private static final Duration PINNED = Duration.ofMillis(20);

    @TempDir
    private Path folder;

    @BeforeAll
    static void oneCarrier() {
        assumeTrue(Runtime.version().feature() >= 21, "virtual threads come with Java 21");
        // Asked when the first one is made: a caller that holds the only carrier stops all others.
        System.setProperty("jdk.virtualThreadScheduler.parallelism", "1");
        System.setProperty("jdk.virtualThreadScheduler.maxPoolSize", "1");
    }

    private static ExecutorService virtualThreads() throws ReflectiveOperationException {
        return (ExecutorService)
                Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    }

    /** Runs all callers, and gives what each got; where one held its carrier, the test fails with the place. */
    private static <T> List<T> byAll(IntFunction<Callable<T>> caller) throws Exception {
        Queue<String> pinned = new ConcurrentLinkedQueue<>();
        List<T> answers = new ArrayList<>();
        ExecutorService threads = virtualThreads();
        try (RecordingStream events = new RecordingStream()) {
            events.enable("jdk.VirtualThreadPinned").withThreshold(PINNED).withStackTrace();
            events.onEvent("jdk.VirtualThreadPinned", event -> places(event, pinned));
            events.startAsync();
            List<Future<T>> asked = new ArrayList<>();
            for (int i = 0; i < CALLERS; i++) {
                asked.add(threads.submit(caller.apply(i)));
            }
            for (Future<T> one : asked) {
                answers.add(one.get(90, TimeUnit.SECONDS));
            }
            // stop() hands on what was recorded; it is in Java 20 and later.
            RecordingStream.class.getMethod("stop").invoke(events);
        } finally {
            threads.shutdownNow();
        }
        assertThat(pinned).as("callers that held their carrier").isEmpty();
        return answers;
    }

    private static void places(RecordedEvent event, Queue<String> pinned) {
        if (event.getStackTrace() != null) {
            event.getStackTrace().getFrames().stream()
                    .filter(frame -> frame.isJavaFrame()
                            && frame.getMethod().getType().getName().startsWith("org.lora4j.")
                            && !frame.getMethod().getType().getName().startsWith(VirtualThreadsTest.class.getName()))
                    .findFirst()
                    .ifPresent(frame -> pinned.add(frame.getMethod().getType().getName() + "."
                            + frame.getMethod().getName() + ", line " + frame.getLineNumber()));
        }
    }

    private Path tickets(TextEncoder encoder, long seed) throws IOException {
        Path directory = folder.resolve("tickets-" + seed);
        TextClassifier.builder(encoder)
                .seed(seed)
                .headOnly()
                .quiet()
                .build()
                .fit(TinyEncoder.reviews(24, seed), TinyEncoder.reviews(8, seed + 1))
                .save(directory);
        return directory;
    }

    @Test
    void adapterServer_answersAll() throws Exception {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 2);
        x.mmul("logits", graph.constant("layer.weight", Nd4j.eye(2).castTo(DataType.FLOAT)));
        LoraConfig config =
                LoraConfig.builder().rank(1).alpha(1).targetModules("layer").build();
        Adapter ten = Adapter.of(
                config,
                Map.of(
                        "layer",
                        Map.of(
                                "lora_A.weight", Nd4j.ones(DataType.FLOAT, 1, 2),
                                "lora_B.weight", Nd4j.valueArrayOf(new long[] {2, 1}, 10, DataType.FLOAT))),
                Map.of());
        INDArray row = Nd4j.createFromArray(new float[][] {{1, 2}});
        AdapterServer server = AdapterServer.builder(graph)
                .outputs("logits")
                .example(Map.of("x", Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}})))
                .build();
        server.register("ten", ten);

        List<float[]> answers = byAll(i -> () -> {
            float[] last = null;
            for (int turn = 0; turn < TURNS; turn++) {
                last = server.output(Map.of("x", row), List.of("ten"))
                        .get("logits")
                        .toFloatVector();
            }
            return last;
        });

        // (1, 2) and ten times their sum.
        assertThat(answers)
                .hasSize(CALLERS)
                .allSatisfy(answer -> assertThat(answer).containsExactly(31, 32));
    }

    @Test
    void textServer_answersAll_whileAdaptersAreExchanged() throws Exception {
        try (TextEncoder encoder = TinyEncoder.create();
                TextServer server = TextServer.builder(encoder).build()) {
            Path first = tickets(encoder, 1);
            Path second = tickets(encoder, 5);
            server.load("tickets", first);

            List<String> labels = byAll(i -> () -> {
                if (i % 16 == 7) {
                    server.replace("tickets", i % 32 == 7 ? second : first);
                }
                return server.classify("tickets", List.of(TextInput.of("a good film " + i)))
                        .join()
                        .results()
                        .get(0)
                        .prediction()
                        .label();
            });

            assertThat(labels).hasSize(CALLERS).allMatch(label -> label.matches("positive|negative"));
        }
    }

    @Test
    void languageServer_answersAll() throws Exception {
        try (CausalLm model = CausalLm.load(Path.of("../language/src/test/resources/language/models/stories260k"));
                CausalLmServer server =
                        CausalLmServer.builder(model).queue(2 * CALLERS).build()) {
            List<String> texts = byAll(
                    i -> () -> server.submit("__base__", "Once upon a time", GenerationConfig.greedy(4), token -> true)
                            .result()
                            .text());

            assertThat(texts).hasSize(CALLERS).containsOnly(texts.get(0));
        }
    }

    @Test
    void port_answersAll() throws Exception {
        try (TextEncoder encoder = TinyEncoder.create();
                LoraServer server = LoraServer.builder()
                        .encoder("minilm", encoder)
                        .adapter("tickets", tickets(encoder, 1))
                        .port(0)
                        .start()) {
            HttpClient client = HttpClient.newHttpClient();
            HttpRequest request = HttpRequest.newBuilder(server.uri().resolve("/predict"))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString("{\"inputs\": \"a good film\", \"model\": \"tickets\"}"))
                    .build();

            List<Integer> codes = byAll(i -> () ->
                    client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode());

            assertThat(codes).hasSize(CALLERS).containsOnly(200);
        }
    }
}
