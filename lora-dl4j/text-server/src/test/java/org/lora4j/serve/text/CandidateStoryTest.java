/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.dossier.GateVerdict;
import org.lora4j.dossier.PairedResults;
import org.lora4j.dossier.PromotionGate;
import org.lora4j.serve.RouteStatus;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TinyEncoder;

/** How a candidate comes into use, or does not: the gate judges, the server shadows, tries, promotes and rolls back. */
@Timeout(120)
class CandidateStoryTest {

    private static final String ALIAS = "reviews";
    private static final int CALLERS = 4;

    @TempDir
    private Path folder;

    /** Reviews, and texts of a place as a third label. */
    private static List<LabeledText> texts(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<LabeledText> texts = new ArrayList<>(TinyEncoder.reviews(count, seed));
        List<String> fillers = List.of("a", "the", "very", "is", "my", "new", "in", "card");
        for (int i = 0; i < count / 2; i++) {
            texts.add(new LabeledText(
                    fillers.get(random.nextInt(fillers.size())) + " " + (i % 2 == 0 ? "paris" : "york") + " "
                            + fillers.get(random.nextInt(fillers.size())) + " " + i,
                    "place"));
        }
        return texts;
    }

    /** The same texts, some of which have a wrong label. */
    private static List<LabeledText> mislabeled(List<LabeledText> texts, String label, String instead, int each) {
        List<LabeledText> wrong = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            LabeledText text = texts.get(i);
            boolean changed = text.labels().get(0).equals(label) && i % each != 0;
            wrong.add(changed ? new LabeledText(text.text(), instead) : text);
        }
        return wrong;
    }

    /** The same texts, most of which have the next label. */
    private static List<LabeledText> mixedUp(List<LabeledText> texts) {
        List<String> labels = List.of("negative", "place", "positive");
        List<LabeledText> wrong = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            int own = labels.indexOf(texts.get(i).labels().get(0));
            wrong.add(new LabeledText(texts.get(i).text(), labels.get(i % 5 < 3 ? (own + 1) % labels.size() : own)));
        }
        return wrong;
    }

    private void load(TextServer server, TextEncoder encoder, String name, List<LabeledText> train) throws Exception {
        try (TextClassifier task = TextClassifier.builder(encoder)
                .headOnly()
                .validationFraction(0)
                .quiet()
                .build()
                .fit(train)) {
            task.save(folder.resolve(name));
        }
        server.load(name, folder.resolve(name));
    }

    private static List<String> said(TextServer server, String name, List<LabeledText> texts) {
        return server
                .classify(
                        name,
                        texts.stream().map(text -> TextInput.of(text.text())).toList())
                .join()
                .results()
                .stream()
                .map(scores -> scores.prediction().label())
                .toList();
    }

    private static GateVerdict judged(TextServer server, String current, String candidate, List<LabeledText> texts) {
        return PromotionGate.usual()
                .judge(PairedResults.ofAnswers(
                        texts.stream().map(text -> text.labels().get(0)).toList(),
                        said(server, current, texts),
                        said(server, candidate, texts)));
    }

    @Test
    void betterCandidate_isPromoted_oneThatIsWorseOnOneLabel_isKeptBack() throws Exception {
        List<LabeledText> train = texts(60, 1);
        List<LabeledText> heldBack = texts(120, 2);
        try (TextEncoder encoder = TinyEncoder.create();
                TextServer server = TextServer.builder(encoder).build()) {
            load(server, encoder, "first", mixedUp(train));
            load(server, encoder, "better", train);
            load(server, encoder, "worse on places", mislabeled(train, "place", "positive", 7));
            server.routes().alias(ALIAS, "first");

            server.routes().shadow(ALIAS, "better");
            assertThat(said(server, ALIAS, heldBack)).isEqualTo(said(server, "first", heldBack));
            GateVerdict verdict = judged(server, "first", "better", heldBack);
            assertThat(verdict.decision()).as(verdict.sentence()).isEqualTo(GateVerdict.Decision.PROMOTE);
            RouteStatus shadowed = settled(server);
            server.routes().promote(ALIAS);

            server.routes().shadow(ALIAS, "worse on places");
            GateVerdict second = judged(server, "better", "worse on places", heldBack);
            assertThat(second.decision()).as(second.sentence()).isEqualTo(GateVerdict.Decision.KEEP);
            assertThat(second.sentence()).contains("place");
            server.routes().rollback(ALIAS);

            assertThat(shadowed.ofCandidate().answered()).isEqualTo(1);
            assertThat(shadowed.compared()).isEqualTo(1);
            List<String> first = said(server, "first", heldBack);
            List<String> better = said(server, "better", heldBack);
            int same = 0;
            for (int i = 0; i < first.size(); i++) {
                same += first.get(i).equals(better.get(i)) ? 1 : 0;
            }
            assertThat(shadowed.agreement()).isEqualTo((double) same / first.size());
            assertThat(server.task(ALIAS).name()).isEqualTo("better");
            assertThat(said(server, ALIAS, heldBack)).isEqualTo(better);
        }
    }

    /** The status when the shadow of the last request has answered, which nobody waits for. */
    private static RouteStatus settled(TextServer server) throws InterruptedException {
        RouteStatus status = server.routes().status(ALIAS);
        for (int i = 0; i < 1_000 && status.compared() == 0; i++) {
            Thread.sleep(10);
            status = server.routes().status(ALIAS);
        }
        return status;
    }

    @Test
    void candidateThatBreaksUnderLoad_isRolledBack_noRequestIsLost_noneIsMixed() throws Exception {
        List<LabeledText> train = texts(60, 1);
        List<LabeledText> asked = texts(40, 3);
        try (TextEncoder encoder = TinyEncoder.create();
                TextServer server = TextServer.builder(encoder).build()) {
            load(server, encoder, "in use", train);
            // Sums of its head leave the range of FLOAT for some texts, and not for others.
            try (TextClassifier broken = TextClassifier.builder(encoder)
                    .headOnly()
                    .validationFraction(0)
                    .quiet()
                    .build()
                    .fit(mislabeled(train, "negative", "positive", 2))) {
                broken.graph().getVariable("classifier.weight").getArr().muli(0).addi(Float.MAX_VALUE);
                server.register("breaks", broken);
            }
            server.routes().alias(ALIAS, "in use");
            List<String> expected = said(server, "in use", asked);
            server.routes().canary(ALIAS, "breaks", 0.5);

            AtomicBoolean stop = new AtomicBoolean();
            AtomicInteger answered = new AtomicInteger();
            AtomicInteger afterwards = new AtomicInteger();
            Map<String, AtomicInteger> by = new ConcurrentHashMap<>();
            ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
            List<Future<?>> work = new ArrayList<>();
            for (int caller = 0; caller < CALLERS; caller++) {
                SplittableRandom random = new SplittableRandom(caller);
                work.add(callers.submit(() -> {
                    while (!stop.get()) {
                        int i = random.nextInt(asked.size());
                        boolean rolledBack =
                                server.routes().status(ALIAS).candidate().isEmpty();
                        CompletableFuture<TextAnswer<ClassScores>> answer = server.classify(
                                ALIAS,
                                List.of(TextInput.of(asked.get(i).text())),
                                RequestOptions.usual().withKey("user " + random.nextInt(100)));
                        TextAnswer<ClassScores> got = answer.join();
                        String name = got.by().adapter();
                        if (name.equals("in use")) {
                            assertThat(got.results().get(0).prediction().label())
                                    .isEqualTo(expected.get(i));
                        } else {
                            assertThat(rolledBack).isFalse();
                            assertThat(name).isEqualTo("breaks");
                        }
                        by.computeIfAbsent(name, added -> new AtomicInteger()).incrementAndGet();
                        answered.incrementAndGet();
                        afterwards.addAndGet(rolledBack ? 1 : 0);
                    }
                }));
            }
            try {
                while (server.routes().status(ALIAS).ofCandidate().failed() < 20) {
                    requireRunning(work);
                }
                RouteStatus trial = server.routes().status(ALIAS);
                server.routes().rollback(ALIAS);
                while (afterwards.get() < 50) {
                    requireRunning(work);
                }
                assertThat(trial.ofCandidate().failed()).isGreaterThanOrEqualTo(20);
            } finally {
                stop.set(true);
                for (Future<?> done : work) {
                    done.get();
                }
                callers.shutdown();
            }
            server.unload("breaks");

            assertThat(server.metrics().failed())
                    .as("what is in use answered for the candidate")
                    .isZero();
            assertThat(by.get("in use").get()).isPositive();
            assertThat(by.values().stream().mapToInt(AtomicInteger::get).sum()).isEqualTo(answered.get());
            assertThat(server.metrics().answered()).isEqualTo(answered.get() + 1L);
            assertThat(server.tasks()).extracting(LoadedTask::name).containsExactly("in use");
        }
    }

    private static void requireRunning(List<Future<?>> work) throws Exception {
        for (Future<?> one : work) {
            if (one.isDone()) {
                one.get();
            }
        }
        Thread.sleep(5);
    }
}
