/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.service;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.lora4j.advice.Advice;
import org.lora4j.advice.DataAdvisor;
import org.lora4j.advice.DataReport;
import org.lora4j.continual.ForgettingReport;
import org.lora4j.continual.HeatMap;
import org.lora4j.dossier.GateVerdict;
import org.lora4j.dossier.GateVerdict.Decision;
import org.lora4j.dossier.PairedResults;
import org.lora4j.dossier.PromotionGate;
import org.lora4j.examples.Comparison;
import org.lora4j.examples.Example;
import org.lora4j.examples.LabeledTexts;
import org.lora4j.report.PredictedLabels;
import org.lora4j.report.TrainingReport;
import org.lora4j.serve.DurationHistogram;
import org.lora4j.serve.RouteStatus;
import org.lora4j.serve.text.ClassScores;
import org.lora4j.serve.text.TextInput;
import org.lora4j.serve.text.TextServer;
import org.lora4j.text.LabelEvaluation;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;

/**
 * Ten domains, one after the other, while a client asks without an end. Each begins with a head alone over five requests of an
 * intent, the first version. When there are more requests an adapter learns, and takes its place if the gate lets it. One
 * candidate has learned from shuffled labels of an intent: the gate refuses it, somebody puts it into use nevertheless, and it
 * is rolled back. What is out of use is retired. At the end every domain says what it said when it was taken up.
 */
final class Story {

    private static final int LONGEST = 32;

    /** The domain, counted from 0, that gets a bad candidate. */
    static final int BAD = 2;

    /** So many answers of a candidate are waited for. */
    private static final int WATCHED = 30;

    private static final long PATIENCE_NANOS = 120_000_000_000L;

    private final Example example;
    private final long seed;
    private final List<Domain> domains;
    private final Comparison accuracy;
    private final PromotionGate gate;
    /** What is in use by domain, what it says alone, and what the server said when it was taken up. */
    private final Map<String, String> inUse = new LinkedHashMap<>();

    private final Map<String, List<Prediction>> alone = new LinkedHashMap<>();
    private final Map<String, List<Prediction>> served = new LinkedHashMap<>();
    private final List<double[]> matrix = new ArrayList<>();
    private TextEncoder encoder;
    private TextServer server;
    private Client client;

    Story(Example example, long seed, List<Domain> domains, Comparison accuracy) {
        this.example = example;
        this.seed = seed;
        this.domains = domains;
        this.accuracy = accuracy;
        // An intent has twenty requests to be judged by: it may lose two of them.
        this.gate = new PromotionGate(0.1, 0.02, 1.25, 0, seed);
    }

    void tell() throws IOException {
        try (TextEncoder read = TextEncoder.named("all-minilm-l6-v2").withMaxLength(LONGEST);
                TextServer started = TextServer.builder(read).workers(1).build();
                Client asking = new Client(started, seed)) {
            encoder = read;
            server = started;
            client = asking;
            for (Domain domain : domains) {
                launch(domain);
                TrainingReport page = improve(domain);
                if (inUse.size() == BAD + 1) {
                    refuseAndRollBack(domain);
                }
                example.page(domain.name() + "-" + seed, page.with(evaluated(domain)));
            }
            client.close();
            end();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the program was interrupted", e);
        }
    }

    /** The first day: what there is of a domain, and clients from now on. */
    private void launch(Domain domain) throws IOException {
        String first = domain.name() + "-1";
        try (TextClassifier task =
                builder().headOnly().validationFraction(0).build().fit(domain.few())) {
            alone.put(domain.name(), load(first, task, domain));
        }
        inUse.put(domain.name(), first);
        server.routes().alias(domain.name(), first);
        client.askFor(domain);
        example.say(
                "%s: launched with a head over %d requests",
                domain.name(), domain.few().size());
    }

    private TextClassifier.Builder builder() {
        return TextClassifier.builder(encoder).seed(seed);
    }

    private List<Prediction> load(String adapter, TextClassifier task, Domain domain) throws IOException {
        List<String> asked = LabeledTexts.texts(domain.test());
        List<Prediction> predictions = task.predict(asked);
        task.save(folder(adapter));
        client.expect(adapter, asked, predictions);
        server.load(adapter, folder(adapter));
        return predictions;
    }

    private Path folder(String adapter) {
        return example.folder().resolve("adapters-" + seed).resolve(adapter);
    }

    /** There are more requests: an adapter learns, is judged, shadows what is in use, and takes its place or not. */
    private TrainingReport improve(Domain domain) throws IOException, InterruptedException {
        String name = domain.name();
        DataReport data =
                DataAdvisor.builder().seed(seed).build().examine(encoder, domain.train(), domain.choice(), List.of());
        example.say("%s: preflight: %s", name, data.ranked().get(0));
        baseline("head alone", builder().headOnly(), domain);
        if (example.full()) {
            baseline("full fine-tuning", builder().fullFineTuning(), domain);
        }
        String second = name + "-2";
        try (TextClassifier task = builder().build().fit(domain.train(), domain.choice())) {
            List<Prediction> predictions = load(second, task, domain);
            accuracy.addAnswers(Comparison.LORA, domain.test(), predictions);
            example.receipt(second, task.receipt().orElseThrow());
            GateVerdict verdict = judge(domain, second);
            shadow(name, second);
            if (verdict.decision() == Decision.PROMOTE) {
                server.routes().promote(name);
                server.routes().settle(name);
                retire(inUse.put(name, second));
                alone.put(name, predictions);
            } else {
                server.routes().rollback(name);
                retire(second);
            }
            example.say("%s: in use: %s", name, inUse.get(name));
            return TrainingReport.of(task.report())
                    .withTitle(name + ", seed " + seed)
                    .with(data, domain.train(), domain.choice(), List.of())
                    .with(new Advice(
                            "Does it take the place of what is in use?",
                            inUse.containsValue(second) ? Advice.Answer.GOOD : Advice.Answer.CONSIDER,
                            verdict.sentence(),
                            Map.of()))
                    .with(task.receipt().orElseThrow());
        }
    }

    private void baseline(String arm, TextClassifier.Builder settings, Domain domain) {
        try (TextClassifier task = settings.build().fit(domain.train(), domain.choice())) {
            accuracy.addAnswers(arm, domain.test(), task.predict(LabeledTexts.texts(domain.test())));
        }
    }

    private GateVerdict judge(Domain domain, String candidate) {
        GateVerdict verdict = gate.judge(PairedResults.ofAnswers(
                LabeledTexts.labels(domain.judged()),
                labels(said(inUse.get(domain.name()), domain.judged())),
                labels(said(candidate, domain.judged()))));
        example.say("%s: gate: %s", candidate, verdict);
        return verdict;
    }

    private List<Prediction> said(String name, List<LabeledText> examples) {
        return server
                .classify(
                        name,
                        LabeledTexts.texts(examples).stream().map(TextInput::of).toList())
                .join()
                .results()
                .stream()
                .map(ClassScores::prediction)
                .toList();
    }

    private static List<String> labels(List<Prediction> said) {
        return said.stream().map(Prediction::label).toList();
    }

    /** The candidate answers too, and nobody sees it. */
    private void shadow(String domain, String candidate) throws InterruptedException {
        server.routes().shadow(domain, candidate);
        await(() -> server.routes().status(domain).compared() >= WATCHED);
        RouteStatus status = server.routes().status(domain);
        example.say("%s: shadowed %d requests, agreed on %.2f", candidate, status.compared(), status.agreement());
    }

    private void await(BooleanSupplier done) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (!done.getAsBoolean()) {
            require(client.wrong().isEmpty(), "the client met " + client.wrong());
            require(System.nanoTime() < deadline, "the client gets no answers");
            Thread.sleep(20);
        }
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalStateException(otherwise);
        }
    }

    private void retire(String adapter) {
        server.unload(adapter);
        client.retire(adapter);
    }

    /** Somebody shuffled the labels of an intent. The gate refuses what learns from it; somebody does not ask the gate. */
    private void refuseAndRollBack(Domain domain) throws IOException, InterruptedException {
        String name = domain.name();
        String bad = name + "-3";
        List<LabeledText> train = shuffled(domain.train());
        DataReport data = DataAdvisor.builder().seed(seed).build().examine(encoder, train);
        example.say(
                "%s: of its labels the advisor says: %s",
                bad, data.labelErrors().advice());
        try (TextClassifier task = builder().build().fit(train, shuffled(domain.choice()))) {
            load(bad, task, domain);
        }
        GateVerdict verdict = judge(domain, bad);
        require(verdict.decision() == Decision.KEEP, "the gate does not refuse the bad candidate: " + verdict);
        List<Prediction> before = said(name, domain.test());
        shadow(name, bad);
        server.routes().promote(name);
        await(() -> client.answers().get(bad).get() >= WATCHED);
        List<Prediction> meanwhile = said(name, domain.test());
        server.routes().rollback(name);
        retire(bad);
        List<Prediction> after = said(name, domain.test());
        requireSame(before, after, name + " after it was rolled back");
        double[] right = {right(before, domain), right(meanwhile, domain), right(after, domain)};
        example.say(
                "%s: put into use against the gate: %.4f right, %.4f before, %.4f rolled back",
                bad, right[1], right[0], right[2]);
        example.figure(bad + ", seed " + seed, Map.of("gate", verdict.sentence(), "beforeMeanwhileAfter", right));
    }

    /** The texts of the first intent get the labels of others. */
    static List<LabeledText> shuffled(List<LabeledText> texts) {
        List<String> labels = LabeledTexts.labels(texts).stream().distinct().toList();
        return IntStream.range(0, texts.size())
                .mapToObj(i -> texts.get(i).labels().contains(labels.get(0))
                        ? new LabeledText(texts.get(i).text(), labels.get(1 + i % (labels.size() - 1)))
                        : texts.get(i))
                .toList();
    }

    private static double right(List<Prediction> said, Domain domain) {
        return LabelEvaluation.of(
                        domain.test().stream().map(LabeledText::labels).toList(),
                        said.stream().map(Prediction::labels).toList())
                .accuracy();
    }

    /** What the domain says now, and how all domains do after it was taken up. */
    private PredictedLabels evaluated(Domain domain) {
        served.put(domain.name(), said(domain.name(), domain.test()));
        matrix.add(domains.stream()
                .mapToDouble(each -> inUse.containsKey(each.name()) ? right(said(each.name(), each.test()), each) : 0)
                .toArray());
        return PredictedLabels.ofTexts(domain.test(), served.get(domain.name()));
    }

    private static void requireSame(List<Prediction> before, List<Prediction> after, String where) {
        for (int i = 0; i < before.size(); i++) {
            require(
                    Client.same(before.get(i), after.get(i)),
                    where + ": " + after.get(i) + " instead of " + before.get(i));
        }
    }

    private void end() throws IOException {
        require(client.wrong().isEmpty(), "the client met " + client.wrong());
        for (Domain domain : domains) {
            String name = domain.name();
            requireSame(served.get(name), said(name, domain.test()), name + " at the end");
            try (TextClassifier again = TextClassifier.load(folder(inUse.get(name)), encoder)) {
                require(
                        again.predict(LabeledTexts.texts(domain.test())).equals(alone.get(name)),
                        name + ": the adapter alone says something else than when it was learned");
            }
        }
        List<String> names = domains.stream().map(Domain::name).toList();
        ForgettingReport forgetting = ForgettingReport.of(names, matrix.toArray(double[][]::new));
        HeatMap.of(forgetting, domains.size() + " domains in one service")
                .save(example.folder().resolve("forgetting-" + seed + ".png"));
        example.page(
                "forgetting-" + seed,
                TrainingReport.of(forgetting)
                        .withTitle(domains.size() + " domains in one service, seed " + seed)
                        .with(accuracy.advice("")));
        DurationHistogram latency = server.metrics().latency();
        long answers = client.answers().values().stream()
                .mapToLong(count -> count.get())
                .sum();
        example.say(
                "%d answers, none lost, none by another adapter; %d requests for retired ones, all refused; the median took"
                        + " %.0f ms, 99 %% %.0f ms; forgetting %.4f",
                answers,
                client.refused(),
                1e3 * latency.quantile(0.5),
                1e3 * latency.quantile(0.99),
                forgetting.averageForgetting());
        example.figure("in use, seed " + seed, inUse);
        example.figure("answers, seed " + seed, Map.copyOf(client.answers()));
        example.figure("accuracy after each domain, seed " + seed, matrix);
    }
}
