/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.advice.DataAdvisor;
import org.lora4j.advice.DataReport;
import org.lora4j.advice.LearningRateFinder;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.dossier.GateVerdict;
import org.lora4j.dossier.PairedResults;
import org.lora4j.dossier.PromotionGate;
import org.lora4j.interpret.Attribution;
import org.lora4j.interpret.IntegratedGradients;
import org.lora4j.text.KFold;
import org.lora4j.text.LabelEvaluation;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;
import org.lora4j.text.Split;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextTable;
import org.lora4j.text.TinyEncoder;
import org.lora4j.text.VectorSimilarity;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.EpochReport;
import org.lora4j.train.RunListener;
import org.lora4j.train.ScoreInterval;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The recipes of docs/recipes.md on texts. */
class RecipesTextTest {

    private static final Logger log = LoggerFactory.getLogger(RecipesTextTest.class);

    private static TextEncoder encoder;
    private static TextClassifier classifier;

    private final List<LabeledText> train = TinyEncoder.reviews(24, 1);
    private final List<LabeledText> validation = TinyEncoder.reviews(12, 2);
    private final List<LabeledText> test = TinyEncoder.reviews(40, 3);

    @TempDir
    private Path folder;

    /** What a program has of its own. */
    private record Ticket(String question, String team) {}

    @BeforeAll
    static void learn() {
        encoder = TinyEncoder.create();
        classifier = TextClassifier.builder(encoder)
                .quiet()
                .build()
                .fit(TinyEncoder.reviews(24, 1), TinyEncoder.reviews(12, 2));
    }

    @AfterAll
    static void close() {
        classifier.close();
        encoder.close();
    }

    @Test
    void otherTables() throws IOException {
        Path file = Files.write(
                folder.resolve("questions.txt"),
                "question;intent\nwo ist meine Kreditkarte für Zürich?;card\n".getBytes(StandardCharsets.ISO_8859_1));
        // begin
        TextTable table = TextTable.csv(file, ';', StandardCharsets.ISO_8859_1);
        List<LabeledText> train = table.labeled("question", "intent");
        // end
        assertThat(train).containsExactly(new LabeledText("wo ist meine Kreditkarte für Zürich?", "card"));
    }

    @Test
    void ownObjects() {
        List<Ticket> tickets = List.of(new Ticket("where is my card?", "cards"), new Ticket("the rate", "rates"));
        // begin
        List<LabeledText> train = tickets.stream()
                .map(ticket -> new LabeledText(ticket.question(), ticket.team()))
                .toList();
        // end
        assertThat(train).hasSize(2);
    }

    @Test
    void groups() {
        List<Map<String, String>> rows = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            rows.add(Map.of("question", "text " + i, "intent", "card", "customer", "c" + i % 8));
        }
        TextTable table = TextTable.of(rows);
        // begin
        Split<TextTable> parts = table.splitByGroup("customer", 0.2, 42);
        List<LabeledText> train = parts.train().labeled("question", "intent");
        List<LabeledText> test = parts.validation().labeled("question", "intent");
        // end
        assertThat(train).isNotEmpty();
        assertThat(test).isNotEmpty();
        assertThat(parts.train().column("customer"))
                .doesNotContainAnyElementsOf(parts.validation().column("customer"));
    }

    @Test
    void wrongLabels() {
        // begin
        DataReport report = DataAdvisor.builder().build().examine(encoder, train);
        for (DataReport.SuspectLabel suspect : report.labelErrors().suspects()) {
            log.info("{}: {}, perhaps {}", train.get(suspect.row()).text(), suspect.label(), suspect.suggested());
        }
        // end
        assertThat(report.labelErrors().advice().sentence()).isNotBlank();
    }

    @Test
    void moreExamples() {
        // begin
        DataReport report = DataAdvisor.builder().build().examine(encoder, train);
        for (DataReport.Point point : report.learningCurve().points()) {
            log.info("{} examples: accuracy {}", point.examples(), point.accuracy());
        }
        log.info(report.learningCurve().advice().sentence());
        // end
        assertThat(report.learningCurve().advice().sentence()).isNotBlank();
    }

    @Test
    void headAlone() {
        // begin
        TextClassifier quick =
                TextClassifier.builder(encoder).headOnly().build().fit(train, validation);
        log.info("accuracy {}", quick.evaluate(test).accuracy());
        // end
        assertThat(quick.evaluate(test).examples()).isEqualTo(40);
    }

    @Test
    void rareLabels() {
        // begin
        TextClassifier weighted = TextClassifier.builder(encoder)
                .classWeights(Map.of("positive", 1.0, "negative", 5.0))
                .build()
                .fit(train, validation);
        // end
        assertThat(weighted.labels()).containsExactlyInAnyOrder("positive", "negative");
    }

    @Test
    void learningRate() {
        // begin
        OptionalDouble rate = LearningRateFinder.of(() -> TextClassifier.builder(encoder), train, validation)
                .find()
                .rate();
        TextClassifier.Builder task = TextClassifier.builder(encoder);
        rate.ifPresent(task::learningRate);
        TextClassifier tuned = task.build().fit(train, validation);
        // end
        assertThat(tuned.report().epochs()).isNotNull();
    }

    @Test
    void untilNothingImproves() {
        // begin
        TextClassifier patient =
                TextClassifier.builder(encoder).epochs(30).patience(3).build().fit(train, validation);
        log.info("{}: {}", patient.report().stopReason(), patient.report().summary());
        // end
        assertThat(patient.report().epochs()).hasSizeLessThan(30);
    }

    @Test
    void goOn() {
        Path directory = folder.resolve("run");
        // begin
        TextClassifier finished = TextClassifier.builder(encoder)
                .checkpoints(Checkpoints.in(directory).withEverySteps(100))
                .build()
                .resume(train, validation);
        // end
        assertThat(finished.adapter().contentHash())
                .isEqualTo(classifier.adapter().contentHash());
        assertThat(directory).isNotEmptyDirectory();
    }

    @Test
    void ownDisplay() {
        List<Double> shown = new ArrayList<>();
        // begin
        RunListener display = new RunListener() {
            @Override
            public void onEpochEnd(EpochReport epoch) {
                shown.add(epoch.meanLoss());
            }
        };
        TextClassifier.builder(encoder).listener(display).build().fit(train, validation);
        // end
        assertThat(shown).isNotEmpty();
    }

    @Test
    void sameAgain() {
        // begin
        TextClassifier one = TextClassifier.builder(encoder).seed(7).build().fit(train, validation);
        TextClassifier two = TextClassifier.builder(encoder).seed(7).build().fit(train, validation);
        boolean same = one.adapter().contentHash().equals(two.adapter().contentHash());
        // end
        assertThat(same).isTrue();
    }

    @Test
    void upperLayers() {
        // begin
        LoraConfig upper = LoraConfig.builder()
                .rank(16)
                .targetModules(ModuleSelector.regex("encoder\\.layer\\.1\\..*(query|value)"))
                .build();
        TextClassifier task =
                TextClassifier.builder(encoder).adapter(upper).build().fit(train, validation);
        // end
        assertThat(task.adapter().modules().keySet()).hasSize(2).allMatch(path -> path.contains("layer.1."));
    }

    @Test
    void smallBatches() {
        // begin
        TextClassifier slim = TextClassifier.builder(encoder)
                .batchSize(4)
                .plan(plan -> plan.accumulation(8))
                .build()
                .fit(train, validation);
        // end
        assertThat(slim.report().training().orElseThrow().steps()).isPositive();
    }

    @Test
    void chance() {
        // begin
        Optional<ScoreInterval> gain = classifier.report().gain();
        gain.ifPresent(score -> log.info("{} between {} and {}", score.value(), score.low(), score.high()));
        // end
        assertThat(gain).hasValueSatisfying(score -> assertThat(score.value()).isBetween(score.low(), score.high()));
    }

    @Test
    void twoModels() {
        List<String> truth = test.stream().map(text -> text.labels().get(0)).toList();
        List<String> texts = test.stream().map(LabeledText::text).toList();
        List<String> first =
                classifier.predict(texts).stream().map(Prediction::label).toList();
        List<String> second = truth;
        // begin
        GateVerdict verdict = PromotionGate.usual().judge(PairedResults.ofAnswers(truth, first, second));
        log.info("{}: {} more right, between {} and {}", verdict, verdict.gain(), verdict.low(), verdict.high());
        // end
        assertThat(verdict.gain()).isBetween(verdict.low(), verdict.high());
    }

    @Test
    void fewExamples() {
        // begin
        KFold.Result<LabelEvaluation> folds = KFold.byLabel(train, LabeledText::labels, 4, 42)
                .evaluate(() -> TextClassifier.builder(encoder).quiet().build());
        log.info("F1 {} +- {}", folds.mean(LabelEvaluation::macroF1), folds.deviation(LabelEvaluation::macroF1));
        // end
        assertThat(folds.folds()).hasSize(4);
    }

    @Test
    void perLabel() {
        // begin
        LabelEvaluation evaluation = classifier.evaluate(test);
        evaluation.byLabel().forEach((label, of) -> log.info("{}: recall {} of {}", label, of.recall(), of.support()));
        // end
        assertThat(evaluation.byLabel()).containsOnlyKeys("positive", "negative");
    }

    @Test
    void many() {
        // begin
        List<Prediction> answers = classifier.predict(List.of("a good film", "a very bad film"));
        // end
        assertThat(answers).hasSize(2);
    }

    @Test
    void iDoNotKnow() {
        // begin
        Prediction answer = classifier.predict("the card is in new york");
        String label = answer.score() < 0.8 ? "ask a person" : answer.label();
        // end
        assertThat(label).isNotBlank();
    }

    @Test
    void nearest() {
        List<String> passages = List.of("where is my card", "the rate is high", "a very good film");
        // begin
        float[] query = encoder.embed("my card is lost");
        float[][] vectors = encoder.embed(passages);
        VectorSimilarity similarity = encoder.similarity();
        int best = 0;
        for (int i = 1; i < vectors.length; i++) {
            best = similarity.of(query, vectors[i]) > similarity.of(query, vectors[best]) ? i : best;
        }
        // end
        assertThat(best).isZero();
    }

    @Test
    void why() {
        // begin
        Attribution why = IntegratedGradients.of(classifier).explain("a very good film");
        why.words().forEach(word -> log.info("{} {}", word.text(), word.value()));
        // end
        assertThat(why.words()).hasSize(4);
    }

    @Test
    void longTexts() throws IOException {
        try (TextEncoder encoder = TextEncoder.load(TinyModelFiles.writeDirectory(folder.resolve("model")))) {
            // begin
            TextEncoder shorter = encoder.withMaxLength(6);
            DataReport report = DataAdvisor.builder().build().examine(shorter, train);
            log.info("{} texts are cut", report.cutTexts().train().size());
            // end
            assertThat(report.cutTexts().train()).isNotEmpty();
        }
    }
}
