/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every task over a published encoder goes to where others run it in one line: two kinds of them in each build, the others in a
 * thorough one. {@link TaskExportTest} has classes, tags, numbers and vectors of a tiny encoder.
 */
class NamedExportTest {

    @TempDir
    Path folder;

    private static List<LabeledText> texts() {
        List<LabeledText> texts = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            texts.add(new LabeledText((i % 2 == 0 ? "a good film " : "a bad film ") + i, i % 2 == 0 ? "good" : "bad"));
        }
        return texts;
    }

    private void requireModel(String name) throws IOException {
        Path written = folder.resolve(name);
        assertThat(written.resolve("model.safetensors")).isRegularFile();
        assertThat(written.resolve("tokenizer.json")).isRegularFile();
        assertThat(Files.readString(written.resolve("config.json"))).contains("\"architectures\"");
        assertThat(Files.readString(written.resolve("README.md"))).contains("The model gives ");
    }

    @Test
    void tasksOfTextsAndOfVectors_areExported() throws IOException {
        List<LabeledText> texts = texts();
        try (TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2")) {
            TextClassifier.builder(encoder).headOnly().build().fit(texts).export(folder.resolve("classifier"));
            List<SentenceExample> examples = texts.stream()
                    .map(text -> SentenceExample.pair("film " + text.text(), text.text()))
                    .toList();
            SentenceEncoder.builder(encoder).epochs(1).build().fit(examples).export(folder.resolve("vectors"));

            for (String name : List.of("classifier", "vectors")) {
                requireModel(name);
            }
        }
    }

    @Tag("thorough")
    @Test
    void otherTasks_areExported() throws IOException {
        List<LabeledText> texts = texts();
        try (TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2")) {
            List<LabeledWords> words = texts.stream()
                    .map(text -> LabeledWords.of(text.text(), List.of(new LabeledWords.Span("film", 2, 8))))
                    .toList();
            TokenClassifier.builder(encoder).headOnly().build().fit(words).export(folder.resolve("tags"));
            List<LabeledPair> pairs = texts.stream()
                    .map(text -> new LabeledPair(
                            text.text(), "a film that I liked", text.labels().get(0)))
                    .toList();
            PairClassifier.builder(encoder).headOnly().build().fit(pairs).export(folder.resolve("pairs"));
            List<ScoredText> scored = texts.stream()
                    .map(text ->
                            new ScoredText(text.text(), text.labels().get(0).equals("good") ? 5 : 1))
                    .toList();
            TextRegressor.builder(encoder).headOnly().build().fit(scored).export(folder.resolve("numbers"));
            List<ScoredPair> passages = texts.stream()
                    .map(text -> new ScoredPair(
                            new TextPair("good films", text.text()),
                            text.labels().get(0).equals("good") ? 1 : 0))
                    .toList();
            ReRanker.builder(encoder).headOnly().build().fit(passages).export(folder.resolve("ranker"));

            for (String name : List.of("tags", "pairs", "numbers", "ranker")) {
                requireModel(name);
            }
        }
    }
}
