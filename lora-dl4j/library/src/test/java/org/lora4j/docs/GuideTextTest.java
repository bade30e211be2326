/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.LoraConfig;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.Calibration;
import org.lora4j.text.KFold;
import org.lora4j.text.LabelEvaluation;
import org.lora4j.text.LabeledPair;
import org.lora4j.text.LabeledText;
import org.lora4j.text.LabeledWords;
import org.lora4j.text.LabeledWords.Span;
import org.lora4j.text.LetterCoverage;
import org.lora4j.text.PairClassifier;
import org.lora4j.text.Prediction;
import org.lora4j.text.ReRanker;
import org.lora4j.text.RetrievalEvaluation;
import org.lora4j.text.ScoredPair;
import org.lora4j.text.ScoredText;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.SentenceExample;
import org.lora4j.text.Split;
import org.lora4j.text.TaggedWords;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextRegressor;
import org.lora4j.text.TextTable;
import org.lora4j.text.TokenClassifier;
import org.lora4j.text.ZeroShot;
import org.lora4j.train.ProgressListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The examples of docs/text.md, and the first one of README.md. */
class GuideTextTest {

    private static final Logger log = LoggerFactory.getLogger(GuideTextTest.class);

    @TempDir
    private Path folder;

    private Path directoryOrOnnx;

    @BeforeEach
    void writeModel() throws IOException {
        directoryOrOnnx = TinyModelFiles.writeDirectory(folder.resolve("model"));
    }

    private static List<LabeledText> reviews(int count) {
        List<LabeledText> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            texts.add(new LabeledText((i % 2 == 0 ? "a good film " : "very bad film ") + i, i % 2 == 0 ? "yes" : "no"));
        }
        return texts;
    }

    /** As it stands, in the directory of a program: the one in which tests run. */
    @Test
    void firstProgram() throws IOException {
        Path file = Path.of("questions.csv");
        Path saved = Path.of("classifier");
        Documents documents = Documents.root();
        List<String> rows = documents.blocks("docs/text.md").stream()
                .filter(block -> block.language().equals("text"))
                .findFirst()
                .orElseThrow()
                .lines();
        Files.write(file, rows);
        try {
            TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2");
            List<LabeledText> train = TextTable.csv(Path.of("questions.csv")).labeled("text", "label");
            TextClassifier classifier = TextClassifier.builder(encoder).build().fit(train);
            Prediction p = classifier.predict("has my card been sent?"); // such as card 0.94; then rate 0.06
            classifier.save(Path.of("classifier"));
            TextClassifier again = TextClassifier.load(Path.of("classifier"));

            assertThat(train).hasSize(10);
            assertThat(p.label()).isEqualTo("card");
            assertThat(again.predict("has my card been sent?")).isEqualTo(p);
            assertThat(again.report()).isEqualTo(classifier.report());
            again.close();
            classifier.close();
            encoder.close();
        } finally {
            Files.deleteIfExists(file);
            try (Stream<Path> files = Files.walk(saved)) {
                for (Path one : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(one);
                }
            }
        }
    }

    @Test
    void partsAndFolds() throws IOException {
        Path questions = folder.resolve("questions.csv");
        StringBuilder rows = new StringBuilder("text,label\n");
        reviews(30)
                .forEach(review -> rows.append(review.text())
                        .append(',')
                        .append(review.labels().get(0))
                        .append('\n'));
        Files.writeString(questions, rows.toString());
        TextEncoder encoder = TextEncoder.load(directoryOrOnnx);

        Split<TextTable> parts = TextTable.csv(questions).splitByLabel("label", 0.2, 42);
        List<LabeledText> train = parts.train().labeled("text", "label");
        List<LabeledText> test = parts.validation().labeled("text", "label");
        KFold.Result<LabelEvaluation> folds = KFold.byLabel(train, LabeledText::labels, 3, 42)
                .evaluate(() -> TextClassifier.builder(encoder).headOnly().build());
        log.info(
                "accuracy {} +- {}", folds.mean(LabelEvaluation::accuracy), folds.deviation(LabelEvaluation::accuracy));

        assertThat(test).hasSize(6);
        assertThat(folds.folds()).hasSize(3);
        encoder.close();
    }

    @Test
    void checkpointThatSomebodyFineTuned() throws IOException {
        Path checkpoint = directoryOrOnnx;
        List<LabeledText> train = checkpointTexts(16);
        List<LabeledText> test = checkpointTexts(8);

        try (TextClassifier classifier = TextClassifier.load(checkpoint)) {
            Prediction p = classifier.predict("a very good film");
            log.info("{}", p); // such as positive 0.98; then neutral 0.02
        }

        TextClassifier classifier = TextClassifier.builder(checkpoint).epochs(1).build();
        double before = classifier.evaluate(test).accuracy();
        classifier.fit(train);
        double after = classifier.evaluate(test).accuracy();
        log.info("{} before, {} after", before, after);
        classifier.report().notes().forEach(log::info);

        assertThat(classifier.labels()).containsExactly("LABEL_0", "LABEL_1");
        classifier.encoder().close();
    }

    private static List<LabeledText> checkpointTexts(int count) {
        return reviews(count).stream()
                .map(review -> new LabeledText(review.text(), review.labels().contains("yes") ? "LABEL_1" : "LABEL_0"))
                .toList();
    }

    @Test
    void withoutTraining() throws IOException {
        Path checkpoint = directoryOrOnnx;
        Path config = checkpoint.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replace(
                                "\"model_type\"",
                                "\"id2label\": {\"0\": \"contradiction\", \"1\": \"entailment\"}, \"model_type\""));

        try (ZeroShot zeroShot = ZeroShot.load(checkpoint).template("This text is about {}.")) {
            Prediction p = zeroShot.predict("my card has not arrived", List.of("card", "rate"));
            Prediction several = zeroShot.severalLabels().predict("my card has not arrived", List.of("card", "rate"));
            log.info("{}; {}", p, several);
        }
        try (ZeroShot zeroShot = ZeroShot.load(checkpoint)) {
            assertThat(zeroShot.predict("a good film", List.of("good", "bad")).scores())
                    .containsOnlyKeys("good", "bad");
        }
    }

    @Test
    void nestedVectors() throws IOException {
        Path directory = folder.resolve("nested");
        TextEncoder encoder = TextEncoder.load(directoryOrOnnx);
        List<SentenceExample> pairs = List.of(
                SentenceExample.pair("good", "very good film"),
                SentenceExample.pair("bad", "very bad film"),
                SentenceExample.pair("a film", "film"));

        int length = encoder.dimension();
        SentenceEncoder nested = SentenceEncoder.builder(encoder)
                .matryoshka(length, length / 2, length / 4)
                .epochs(1)
                .build()
                .fit(pairs, pairs);
        nested.export(directory);
        try (TextEncoder whole = TextEncoder.load(directory);
                TextEncoder small = whole.truncate(length / 4)) {
            float[] vector = small.embed("where is my card?");
        }
        assertThat(directory.resolve("modules.json")).exists();
        nested.close();
        encoder.close();
    }

    /** The first lines of the README. */
    @Test
    void fiveLines() throws IOException {
        List<LabeledText> train = reviews(16);
        List<LabeledText> validation = reviews(8);
        Path directory = folder.resolve("classifier");

        TextEncoder encoder = TextEncoder.load(directoryOrOnnx);
        TextClassifier classifier = TextClassifier.builder(encoder).build().fit(train, validation);
        Prediction p = classifier.predict("where is my card?"); // label, score, all scores
        classifier.save(directory);
        TextClassifier again = TextClassifier.load(directory, encoder);

        assertThat(again.predict("where is my card?")).isEqualTo(p);
        encoder.close();
    }

    @Test
    void textsInUnknownScripts() throws IOException {
        List<LabeledText> train = reviews(16);
        TextEncoder encoder = TextEncoder.load(directoryOrOnnx);
        TextClassifier classifier =
                TextClassifier.builder(encoder).headOnly().build().fit(train);
        String text = "очень хороший фильм";

        LetterCoverage letters =
                LetterCoverage.of(train.stream().map(LabeledText::text).toList());
        String label = letters.isKnown(text) ? classifier.predict(text).label() : "unknown";

        assertThat(label).isEqualTo("unknown");
        assertThat(letters.isKnown("a good film")).isTrue();
        classifier.close();
        encoder.close();
    }

    @Test
    void dataAndSettings() throws IOException {
        Path trainCsv = Files.writeString(folder.resolve("train.csv"), """
                text,category
                a good film,praise
                "very good, a film",praise
                a bad film,blame
                very bad,blame
                good good film,praise
                bad bad film,blame
                """);
        TextEncoder encoder = TextEncoder.load(directoryOrOnnx);

        List<LabeledText> train = TextTable.csv(trainCsv).labeled("text", "category");
        TextClassifier classifier = TextClassifier.builder(encoder)
                .adapter(LoraConfig.builder()
                        .rank(16)
                        .alpha(32)
                        .targetModules("query", "value")
                        .build())
                .epochs(5)
                .balancedLabels()
                .plan(plan -> plan.accumulation(2))
                .listener(ProgressListener.to(log::info))
                .build()
                .fit(train);
        log.info("{}", classifier.report());
        AdaptedSameDiff model = classifier.model();

        assertThat(model.activeAdapters()).hasSize(1);
        encoder.close();
    }

    /** The page on training. */
    @Test
    void training() throws IOException {
        TextEncoder encoder = TextEncoder.load(directoryOrOnnx);
        List<LabeledText> train = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            train.add(new LabeledText("good film " + i, "praise"));
            train.add(new LabeledText("bad film " + i, "blame"));
        }
        Path directory = folder.resolve("task");

        TextClassifier classifier = TextClassifier.builder(encoder).build().fit(train);
        classifier.save(directory);

        TextClassifier scaled = TextClassifier.builder(encoder)
                .adapter(Ia3Config.builder()
                        .targetModules("key", "value", "output.dense")
                        .feedforwardModules("output.dense")
                        .build())
                .build();

        scaled.fit(train);
        assertThat(scaled.adapter().config().peftType()).isEqualTo("IA3");
        assertThat(directory.resolve("adapter_config.json")).exists();
        encoder.close();
    }

    @Test
    void probabilitiesThatCanBeBelieved() throws IOException {
        TextEncoder encoder = TextEncoder.load(directoryOrOnnx);
        List<LabeledText> validation = reviews(10);
        TextClassifier classifier =
                TextClassifier.builder(encoder).headOnly().build().fit(reviews(20));

        List<String> texts = validation.stream().map(LabeledText::text).toList();
        List<String> truth =
                validation.stream().map(example -> example.labels().get(0)).toList();
        Calibration calibration = Calibration.of(truth, classifier.predict(texts));
        Prediction believable = calibration.apply(classifier.predict("a very good film"));

        assertThat(believable.label())
                .isEqualTo(classifier.predict("a very good film").label());
        encoder.close();
    }

    @Test
    void severalLabels() throws IOException {
        TextEncoder encoder = TextEncoder.load(directoryOrOnnx);
        List<LabeledText> train = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            train.add(new LabeledText("good film " + i, i % 2 == 0 ? List.of("a", "b") : List.of("a")));
        }

        TextClassifier tagger = TextClassifier.builder(encoder)
                .severalLabels()
                .headOnly()
                .build()
                .fit(train);
        List<String> labels = tagger.predict("a very good film").labels();

        assertThat(labels).contains("a");
        encoder.close();
    }

    @Test
    void sentences() throws IOException {
        TextEncoder encoder = TextEncoder.load(directoryOrOnnx);
        List<SentenceExample> pairs = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            pairs.add(SentenceExample.pair("a good film " + i, "very good " + "a ".repeat(i)));
        }
        List<String> corpus = List.of("a bad film", "very bad");

        SentenceEncoder search =
                SentenceEncoder.builder(encoder).batchSize(256).epochs(1).build();
        List<SentenceExample> train = search.withHardNegatives(pairs, corpus, 3, 0.95);
        search.fit(train, pairs);
        float[] query = search.query("where is my card?");
        float[][] passages = search.passages(corpus);
        RetrievalEvaluation found = search.evaluate(pairs);
        log.info(
                "recall@1 {}, MRR {}, nDCG@10 {}",
                found.recall().get(1),
                found.meanReciprocalRank(),
                found.ndcg().get(10));

        assertThat(query).hasSameSizeAs(passages[0]);
        List<ScoredPair> scored = new ArrayList<>(ScoredPair.of(train));
        scored.add(new ScoredPair("a good film", "very bad", 0));

        ReRanker ranker = ReRanker.builder(encoder).epochs(1).build().fit(scored);
        List<ReRanker.Ranked> best = ranker.rank("where is my card?", corpus);

        assertThat(best).hasSize(2);
        List<String> questions = List.of("where is my card?");
        List<List<Integer>> relevant = List.of(List.of(1));

        RetrievalEvaluation together = ranker.evaluate(search, questions, corpus, relevant, 50);

        assertThat(together.queries()).isEqualTo(1);
        encoder.close();
    }

    @Test
    void otherTasks() throws IOException {
        TextEncoder encoder = TextEncoder.load(directoryOrOnnx);
        List<LabeledPair> pairs = new ArrayList<>();
        List<ScoredText> grades = new ArrayList<>();
        List<LabeledWords> commands = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            pairs.add(new LabeledPair("a good film " + i, "very good", i % 2 == 0 ? "follows" : "does not"));
            grades.add(new ScoredText((i % 2 == 0 ? "good " : "bad ") + i, i % 2));
            commands.add(LabeledWords.of("film good " + i, List.of(new Span("kind", 5, 9))));
        }

        PairClassifier entails =
                PairClassifier.builder(encoder).headOnly().build().fit(pairs);
        Prediction relation = entails.predict("a man sleeps", "nobody is awake");
        TextRegressor grader = TextRegressor.builder(encoder).headOnly().build().fit(grades);
        double grade = grader.predict("a very good film");
        TokenClassifier slots =
                TokenClassifier.builder(encoder).headOnly().build().fit(commands);
        TaggedWords tagged = slots.predict("play the new album by Björk");
        tagged.entities().forEach(entity -> log.info("{}: {}", entity.type(), tagged.text(entity)));
        LabelEvaluation f1 = slots.evaluate(commands);

        assertThat(relation.label()).isNotBlank();
        assertThat(grade).isFinite();
        assertThat(f1.f1()).isBetween(0.0, 1.0);
        encoder.close();
    }
}
