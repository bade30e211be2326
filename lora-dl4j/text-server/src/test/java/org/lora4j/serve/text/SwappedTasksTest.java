/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.serve.ServedBy;
import org.lora4j.serve.UnknownAdapterException;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TinyEncoder;

/** Each answer is by the factors and by the head that it names, whatever is exchanged meanwhile; and memory does not grow. */
class SwappedTasksTest {

    private static final int THREADS = 8;
    private static final int NAMES = 4;
    private static final double NEAR = 1e-5;

    @TempDir
    private Path folder;

    /** A task whose labels tell its number, and what it says of some texts. */
    private record Version(Path directory, String hash, List<Prediction> said) {}

    private Version version(TextEncoder encoder, int number) throws IOException {
        List<LabeledText> texts = TinyEncoder.reviews(16, number).stream()
                .map(review -> new LabeledText(review.text(), review.labels().get(0) + " " + number))
                .toList();
        // Every third one is a head alone, which goes through the base.
        TextClassifier.Builder builder =
                TextClassifier.builder(encoder).epochs(1).seed(number).quiet();
        try (TextClassifier task =
                (number % 3 == 2 ? builder.headOnly() : builder).build().fit(texts, texts.subList(0, 6))) {
            Path directory = folder.resolve("version " + number);
            task.save(directory);
            String hash = task.receipt().orElseThrow().hash("trained").orElseThrow();
            return new Version(directory, hash, task.predict(Served.TEXTS));
        }
    }

    private Map<String, Version> versions(TextEncoder encoder, int count) throws IOException {
        Map<String, Version> versions = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            Version version = version(encoder, i);
            versions.put(version.hash(), version);
        }
        return versions;
    }

    @Test
    @Timeout(120)
    void answers_areByTheTaskThatTheyName_whileTasksComeAndGo() throws Exception {
        answers_areByTheTaskThatTheyName(400, 4);
    }

    @Test
    @Tag("thorough")
    @Timeout(1_200)
    void hundredThousandAnswers_areByTheTaskThatTheyName() throws Exception {
        answers_areByTheTaskThatTheyName(100_000, 6);
    }

    private void answers_areByTheTaskThatTheyName(int answers, int count) throws Exception {
        AtomicInteger given = new AtomicInteger();
        AtomicInteger missing = new AtomicInteger();
        AtomicInteger changes = new AtomicInteger();
        try (TextEncoder encoder = TinyEncoder.create();
                TextServer server = TextServer.builder(encoder).build()) {
            Map<String, Version> versions = versions(encoder, count);
            List<Version> all = new ArrayList<>(versions.values());
            for (int i = 0; i < NAMES; i++) {
                server.load("task " + i, all.get(i).directory());
            }
            List<Callable<Void>> work = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                SplittableRandom random = new SplittableRandom(thread);
                boolean changing = thread == 0;
                work.add(() -> {
                    while (given.get() < answers) {
                        String name = "task " + random.nextInt(NAMES);
                        if (changing) {
                            change(server, name, all.get(random.nextInt(all.size())), random);
                            changes.incrementAndGet();
                        } else {
                            ask(server, name, versions, random, given, missing);
                        }
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
            assertThat(server.tasks())
                    .allSatisfy(task -> assertThat(task.active()).isZero());
            assertThat(server.metrics().failed()).isZero();
            Served.requireNothingOpen(server);
        }
        assertThat(given.get()).isGreaterThanOrEqualTo(answers);
        assertThat(changes.get()).as("tasks that came").isGreaterThan(5);
    }

    private static void change(TextServer server, String name, Version next, SplittableRandom random)
            throws IOException {
        if (random.nextInt(3) == 0) {
            server.unload(name);
            server.load(name, next.directory());
        } else {
            server.replace(name, next.directory());
        }
    }

    private static void ask(
            TextServer server,
            String name,
            Map<String, Version> versions,
            SplittableRandom random,
            AtomicInteger given,
            AtomicInteger missing) {
        int from = random.nextInt(Served.TEXTS.size());
        List<String> texts = Served.TEXTS.subList(from, from + 1 + random.nextInt(Served.TEXTS.size() - from));
        CompletableFuture<TextAnswer<ClassScores>> asked;
        try {
            asked = server.classify(name, Served.inputs(texts));
        } catch (UnknownAdapterException e) {
            // For a moment there was none of this name: that is said, and never the base in its place.
            missing.incrementAndGet();
            return;
        }
        TextAnswer<ClassScores> answer = asked.join();
        ServedBy by = answer.by();
        assertThat(by.adapter()).isEqualTo(name);
        for (int i = 0; i < texts.size(); i++) {
            Prediction expected = versions.get(by.contentHash()).said().get(from + i);
            Prediction found = answer.results().get(i).prediction();
            assertThat(found.scores()).containsOnlyKeys(expected.scores().keySet());
            expected.scores()
                    .forEach((label, score) ->
                            assertThat(found.scores().get(label)).isCloseTo(score, within(NEAR)));
        }
        given.addAndGet(texts.size());
    }

    @Test
    @Timeout(120)
    void nativeMemory_isTheSameAfterManyRequestsAndTasks() throws Exception {
        assertThat(grownBy(8, 3)).as("bytes of 8 tasks and 48 requests").isLessThan(40_000);
    }

    @Test
    @Tag("thorough")
    @Timeout(600)
    void nativeMemory_isTheSameAfterManyMoreRequestsAndTasks() throws Exception {
        assertThat(grownBy(20, 10)).as("bytes of 20 tasks and 400 requests").isLessThan(100_000);
    }

    /** Bytes of native arrays that are there after so many tasks, with so many requests to each, and were not before. */
    private long grownBy(int tasks, int requests) throws Exception {
        int first = tasks / 2;
        try (TextEncoder encoder = TinyEncoder.create();
                TextServer server = TextServer.builder(encoder).build()) {
            List<Version> all = new ArrayList<>(versions(encoder, 2).values());
            server.load("a", all.get(0).directory());
            long before = 0;
            for (int round = 0; round < first + tasks; round++) {
                if (round == first) {
                    before = bytes();
                }
                server.replace("a", all.get(round % 2).directory());
                for (int i = 0; i < requests; i++) {
                    server.classify("a", Served.inputs(Served.TEXTS)).join();
                    server.embedTokens("a", Served.TEXTS, VectorOptions.usual(), RequestOptions.usual())
                            .join();
                }
            }
            return bytes() - before;
        }
    }

    /** What native arrays take when those that nobody has any more are gone. */
    private static long bytes() throws InterruptedException {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            Thread.sleep(100);
            least = Math.min(least, Pointer.totalBytes());
        }
        return least;
    }
}
