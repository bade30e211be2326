/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.PretrainedEncoder;

/** What tasks promise holds for an encoder of every family: a row for each. */
class FamilyTasksTest {

    private static final Path MODELS = Path.of("src/test/resources/encoders/models");

    private static final List<LabeledText> TEXTS = TinyEncoder.reviews(24, 1);

    @TempDir
    Path folder;

    /** What a task promises: it learns, is saved and read again, and predicts the same. */
    private interface Promise {
        void check(TextEncoder encoder, Path folder) throws IOException;
    }

    private enum Task {
        CLASSIFIER(FamilyTasksTest::classifier),
        TAGGER(FamilyTasksTest::tagger),
        SENTENCES(FamilyTasksTest::sentences),
        RANKER(FamilyTasksTest::ranker);

        private final Promise promise;

        Task(Promise promise) {
            this.promise = promise;
        }
    }

    /** A family, and one of the tasks: all of them with all tasks take a minute. */
    static Stream<Arguments> rows() {
        return Stream.of(
                Arguments.of("albert-seqcls", Task.CLASSIFIER),
                Arguments.of("bert-relative-key-query", Task.RANKER),
                Arguments.of("deberta-v1-seqcls", Task.SENTENCES),
                Arguments.of("deberta-v2-conv", Task.TAGGER),
                Arguments.of("deberta-v3-multilabel-bias", Task.CLASSIFIER),
                Arguments.of("distilbert-seqcls", Task.RANKER),
                Arguments.of("electra-discriminator", Task.TAGGER),
                Arguments.of("gte-ntk-seqcls", Task.SENTENCES),
                Arguments.of("modernbert-seqcls-mean", Task.CLASSIFIER),
                Arguments.of("mpnet-embed", Task.SENTENCES),
                Arguments.of("nomic-seqcls", Task.RANKER),
                Arguments.of("qwen3-embed-left", Task.SENTENCES),
                Arguments.of("roberta-seqcls", Task.TAGGER),
                Arguments.of("t5-encoder-gated", Task.RANKER));
    }

    static Stream<Arguments> allRows() {
        return rows().map(row -> row.get()[0])
                .flatMap(model -> Stream.of(Task.values()).map(task -> Arguments.of(model, task)));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("rows")
    void task_learns_andIsSavedAndLoaded(String model, Task task) throws IOException {
        try (TextEncoder encoder = encoder(model)) {
            task.promise.check(encoder, folder);
        }
    }

    @Tag("thorough")
    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("allRows")
    void everyTask_learns_andIsSavedAndLoaded(String model, Task task) throws IOException {
        try (TextEncoder encoder = encoder(model)) {
            task.promise.check(encoder, folder);
        }
    }

    private static TextEncoder encoder(String model) throws IOException {
        return TextEncoder.of(
                PretrainedEncoder.load(MODELS.resolve(model)).weights(),
                TinyEncoder.tokenizer(),
                Pooling.NORMALIZED_MEAN);
    }

    private static void classifier(TextEncoder encoder, Path folder) throws IOException {
        TextClassifier classifier =
                TextClassifier.builder(encoder).epochs(1).batchSize(8).build().fit(TEXTS, TEXTS);
        classifier.save(folder);
        TextClassifier again = TextClassifier.load(folder, encoder);
        for (LabeledText text : TEXTS.subList(0, 4)) {
            Prediction before = classifier.predict(text.text());
            Prediction after = again.predict(text.text());
            assertThat(after.label()).isEqualTo(before.label());
            assertThat(after.score()).isCloseTo(before.score(), within(1e-6));
        }
        assertThat(classifier.report().losses()).allMatch(Double::isFinite);
    }

    private static void tagger(TextEncoder encoder, Path folder) throws IOException {
        List<LabeledWords> commands = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            commands.add(LabeledWords.of(
                    i % 2 == 0 ? "playing in new york" : "paris is very good",
                    List.of(i % 2 == 0 ? new LabeledWords.Span("city", 11, 19) : new LabeledWords.Span("city", 0, 5))));
        }
        TokenClassifier tagger =
                TokenClassifier.builder(encoder).epochs(1).build().fit(commands, commands);
        tagger.save(folder);
        assertThat(TokenClassifier.load(folder, encoder).predict("my card is in paris"))
                .isEqualTo(tagger.predict("my card is in paris"));
    }

    private static void sentences(TextEncoder encoder, Path folder) throws IOException {
        List<SentenceExample> pairs = new ArrayList<>();
        for (String word : List.of("good", "bad", "film", "card", "paris", "rate", "high", "pay")) {
            pairs.add(SentenceExample.pair("the " + word, "a very " + word));
        }
        SentenceEncoder sentences =
                SentenceEncoder.builder(encoder).epochs(1).batchSize(8).build();
        assertThat(sentences.predict("a good film")).containsExactly(encoder.embed("a good film"), within(1e-5f));
        sentences.fit(pairs, pairs);
        sentences.save(folder);
        assertThat(SentenceEncoder.load(folder, encoder).predict("my card"))
                .containsExactly(sentences.predict("my card"), within(1e-6f));
    }

    private static void ranker(TextEncoder encoder, Path folder) throws IOException {
        List<ScoredPair> pairs = new ArrayList<>();
        for (String word : List.of("good", "bad", "film", "card", "paris", "rate")) {
            pairs.add(new ScoredPair("the " + word, "a " + word, 1));
            pairs.add(new ScoredPair("the " + word, "in new york", 0));
        }
        ReRanker ranker = ReRanker.builder(encoder).epochs(1).build().fit(pairs, pairs);
        ranker.save(folder);
        assertThat(ReRanker.load(folder, encoder).rank("the card", List.of("a card", "zurich")))
                .isEqualTo(ranker.rank("the card", List.of("a card", "zurich")));
    }

    @Test
    void load_takesADirectoryOfAnyFamily() throws IOException {
        StringBuilder words = new StringBuilder("\"[UNK]\": 0");
        for (int i = 1; i < 120; i++) {
            words.append(", \"w").append(i).append("\": ").append(i);
        }
        for (String model : List.of("deberta-v2-conv", "modernbert-seqcls-mean", "t5-encoder-gated")) {
            Path directory = folder.resolve(model);
            Files.createDirectories(directory);
            for (String file : List.of("config.json", "model.safetensors")) {
                Files.copy(MODELS.resolve(model).resolve(file), directory.resolve(file));
            }
            Files.writeString(directory.resolve("tokenizer.json"), """
                    {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
                     "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
                     "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {%s}}}
                    """.formatted(words));

            try (TextEncoder encoder = TextEncoder.load(directory)) {
                float[] alone = encoder.embed("w3 w4 w5");
                assertThat(encoder.dimension()).isEqualTo(32);
                assertThat(encoder.embed(List.of("w3 w4 w5", "w7 w8 w9 w10 w11 w12"))[0])
                        .as("beside a longer text")
                        .containsExactly(alone, within(1e-5f));
            }
        }
    }
}
