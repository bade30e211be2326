/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.docs.TinyModelFiles;
import org.lora4j.export.HuggingFaceExport;
import org.lora4j.interpret.Attribution;
import org.lora4j.interpret.IntegratedGradients;
import org.lora4j.pretrained.Pooling;
import org.nd4j.linalg.factory.Nd4j;

/** What {@code export} writes is read back into the task that wrote it, which predicts the same. */
class ReadBackTest {

    private static final String TEXT = "a very good film";
    private static final double ROUNDING = 1e-5;

    @TempDir
    Path folder;

    private TextEncoder encoder;
    private Path out;

    @BeforeEach
    void read() throws IOException {
        encoder = TextEncoder.load(TinyModelFiles.writeDirectory(folder.resolve("base")));
        out = folder.resolve("out");
    }

    @AfterEach
    void close() {
        encoder.close();
    }

    private static List<LabeledText> texts() {
        List<LabeledText> texts = new ArrayList<>();
        for (String word : List.of("a", "very", "film", "very a")) {
            texts.add(new LabeledText("good " + word, "yes"));
            texts.add(new LabeledText("bad " + word, "no"));
        }
        return texts;
    }

    @Test
    void classifierOverAVector_isAClassifierAgain() throws IOException {
        try (TextClassifier classifier =
                TextClassifier.builder(encoder).epochs(2).quiet().build().fit(texts(), texts())) {
            classifier.export(out);
            try (TextClassifier again = TextClassifier.load(out)) {
                assertThat(again.labels()).isEqualTo(classifier.labels());
                assertThat(again.predict(TEXT).scores().get("yes"))
                        .isCloseTo(classifier.predict(TEXT).scores().get("yes"), within(ROUNDING));
                assertThat(again.evaluate(texts()).accuracy())
                        .isEqualTo(classifier.evaluate(texts()).accuracy());
                again.fit(texts(), texts());
                assertThat(again.report().notes()).noneMatch(note -> note.contains("is not kept"));
            }
        }
    }

    @Test
    void classifierOverAPooler_isAClassifierAgain() throws IOException {
        try (TextEncoder pooled = encoder.withPooling(Pooling.POOLER);
                TextClassifier classifier = TextClassifier.builder(pooled)
                        .severalLabels()
                        .headOnly()
                        .quiet()
                        .build()
                        .fit(texts(), texts())) {
            classifier.export(out);
            try (TextClassifier again = TextClassifier.load(out)) {
                assertThat(again.severalLabels()).isTrue();
                assertThat(again.predict(TEXT).scores().get("no"))
                        .isCloseTo(classifier.predict(TEXT).scores().get("no"), within(ROUNDING));
            }
        }
    }

    @Test
    void taggerRegressorAndRankers_areWhatTheyWere() throws IOException {
        List<LabeledWords> words = List.of(
                new LabeledWords(List.of("good", "film"), List.of("B-praise", "O")),
                new LabeledWords(List.of("a", "bad", "film"), List.of("O", "O", "O")),
                new LabeledWords(List.of("very", "good"), List.of("O", "B-praise")),
                new LabeledWords(List.of("good", "good"), List.of("B-praise", "I-praise")));
        try (TokenClassifier tagger =
                TokenClassifier.builder(encoder).headOnly().quiet().build().fit(words, words)) {
            tagger.export(folder.resolve("tags"));
            try (TokenClassifier again = TokenClassifier.load(folder.resolve("tags"))) {
                assertThat(again.tags()).isEqualTo(tagger.tags());
                assertThat(again.predict(TEXT).tags())
                        .isEqualTo(tagger.predict(TEXT).tags());
            }
        }
        List<ScoredText> grades = List.of(
                new ScoredText("a good film", 120),
                new ScoredText("a bad film", 100),
                new ScoredText("very good", 130),
                new ScoredText("very bad", 90));
        try (TextRegressor regressor =
                TextRegressor.builder(encoder).headOnly().quiet().build().fit(grades, grades)) {
            regressor.export(folder.resolve("numbers"));
            try (TextRegressor again = TextRegressor.load(folder.resolve("numbers"))) {
                assertThat(again.predict(TEXT)).isCloseTo(regressor.predict(TEXT), within(1e-2));
            }
        }
        List<ScoredPair> pairs = List.of(
                new ScoredPair(new TextPair("good", "good film"), 1),
                new ScoredPair(new TextPair("good", "bad film"), 0),
                new ScoredPair(new TextPair("bad", "bad film"), 1),
                new ScoredPair(new TextPair("bad", "good film"), 0));
        try (ReRanker ranker =
                ReRanker.builder(encoder).headOnly().quiet().build().fit(pairs, pairs)) {
            ranker.export(folder.resolve("ranker"));
            try (ReRanker again = ReRanker.load(folder.resolve("ranker"))) {
                TextPair pair = new TextPair("good", "a film");
                assertThat(again.predict(pair)).isCloseTo(ranker.predict(pair), within(ROUNDING));
            }
        }
        List<LabeledPair> relations = List.of(
                new LabeledPair(new TextPair("good", "very good"), "entailment"),
                new LabeledPair(new TextPair("good", "bad"), "contradiction"),
                new LabeledPair(new TextPair("bad", "very bad"), "entailment"),
                new LabeledPair(new TextPair("bad", "good"), "contradiction"));
        try (PairClassifier pair =
                PairClassifier.builder(encoder).headOnly().quiet().build().fit(relations, relations)) {
            pair.export(folder.resolve("pairs"));
            try (PairClassifier again = PairClassifier.load(folder.resolve("pairs"));
                    ZeroShot zeroShot = ZeroShot.load(folder.resolve("pairs")).template("a {} film")) {
                assertThat(again.predict("good", "film").label())
                        .isEqualTo(pair.predict("good", "film").label());
                assertThat(zeroShot.predict(TEXT, List.of("good", "bad")).scores())
                        .hasSize(2);
            }
        }
    }

    @Test
    void checkpointWithAHiddenLayer_isExplainedExportedAndRead() throws IOException {
        EncoderFixture model = EncoderFixture.copy("roberta-seqcls", folder);
        String text = model.texts().get(1);

        try (TextClassifier classifier = TextClassifier.load(model.directory())) {
            classifier.export(out);
            assertThat(Files.readString(out.resolve("config.json"))).contains("RobertaForSequenceClassification");
            try (TextClassifier again = TextClassifier.load(out)) {
                assertThat(again.predict(text).scores().get("LABEL_1"))
                        .isCloseTo(classifier.predict(text).scores().get("LABEL_1"), within(ROUNDING));
            }
            Attribution attribution =
                    IntegratedGradients.of(classifier).baseline(7).explain(text);
            assertThat(attribution.tokens()).hasSize(model.words(1).size());
        }
    }

    @Test
    void vectorsThatAreCutOrProjected_areTheSameAgain() throws IOException {
        Pooling pooling = Pooling.of(Pooling.Mode.CLS, Pooling.Mode.MEAN)
                .then(
                        new Pooling.Linear(
                                "2_Dense.linear",
                                Nd4j.linspace(-1, 1, 96, org.nd4j.linalg.api.buffer.DataType.FLOAT)
                                        .reshape(16, 6),
                                null),
                        new Pooling.Activation(Pooling.Function.TANH))
                .normalized()
                .truncated(4);
        try (TextEncoder own = encoder.withPooling(pooling).withPrefixes(new Prefixes("a ", "very ", "film "))) {
            HuggingFaceExport.of(own).write(out);
            try (TextEncoder again = TextEncoder.load(out)) {
                assertThat(again.dimension()).isEqualTo(4);
                assertThat(again.prefixes()).isEqualTo(own.prefixes());
                assertThat(again.embed("good film")).containsExactly(own.embed("good film"), within(1e-6f));
            }
        }
    }

    @Test
    void pooler_isRead() throws IOException {
        try (TextEncoder own = encoder.withPooling(Pooling.POOLER)) {
            HuggingFaceExport.of(own).write(out);
            try (TextEncoder again = TextEncoder.load(out)) {
                assertThat(again.embed("good film")).containsExactly(own.embed("good film"), within(1e-6f));
            }
        }
    }

    @Test
    void nestedVectors_areTrainedCutWrittenAndRead() throws IOException {
        List<SentenceExample> pairs = List.of(
                SentenceExample.pair("good", "very good film"),
                SentenceExample.pair("bad", "very bad film"),
                SentenceExample.pair("a film", "film"),
                SentenceExample.pair("very", "very very"));
        try (SentenceEncoder search = SentenceEncoder.builder(encoder)
                .matryoshka(8, 4, 2)
                .fullFineTuning()
                .epochs(3)
                .quiet()
                .build()
                .fit(pairs, pairs)) {
            search.export(out);
            try (TextEncoder again = TextEncoder.load(out);
                    TextEncoder cut = again.truncate(2)) {
                float[] whole = search.predict(TEXT);
                double length = Math.hypot(whole[0], whole[1]);
                assertThat(cut.embed(TEXT))
                        .containsExactly(
                                new float[] {(float) (whole[0] / length), (float) (whole[1] / length)}, within(1e-4f));
            }
        }
    }
}
