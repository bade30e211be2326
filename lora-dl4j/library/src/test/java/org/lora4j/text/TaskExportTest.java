/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.docs.TinyModelFiles;
import org.lora4j.export.HuggingFaceExport;
import org.lora4j.pretrained.PretrainedEncoder;
import org.lora4j.weights.ModelWeights;

/** Every text task leaves in one line, and what is written gives what the task predicts. */
class TaskExportTest {

    private static final String TEXT = "a very good film";

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

    private JsonNode config() throws IOException {
        return new ObjectMapper().readTree(out.resolve("config.json").toFile());
    }

    /** The outputs of the Dense that was written, over the vector of the encoder that was written. */
    private double[] dense() throws IOException {
        float[] vector = TextEncoder.of(PretrainedEncoder.load(out).weights(), encoder.tokenizer(), encoder.pooling())
                .embed(TEXT);
        try (DirectoryStream<Path> found = Files.newDirectoryStream(out, "*_Dense");
                ModelWeights head = ModelWeights.open(found.iterator().next().resolve("model.safetensors"))) {
            double[] outputs = new double[(int) head.shape("linear.bias")[0]];
            for (int i = 0; i < outputs.length; i++) {
                outputs[i] = head.get("linear.bias").getDouble(i);
                for (int j = 0; j < vector.length; j++) {
                    outputs[i] += head.get("linear.weight").getDouble(i, j) * vector[j];
                }
            }
            return outputs;
        }
    }

    /** As the note of the second fit says. */
    @Test
    void taskWithAllWeightsTrained_isLoaded_savedAgain_andItsEncoderGoesOnLearning() throws IOException {
        List<LabeledText> train = List.of(
                new LabeledText("a good film", "good"),
                new LabeledText("a bad film", "bad"),
                new LabeledText("very good", "good"),
                new LabeledText("very bad", "bad"));
        Path saved = folder.resolve("saved");
        try (TextClassifier first = TextClassifier.builder(encoder)
                .fullFineTuning()
                .epochs(2)
                .validationFraction(0)
                .build()
                .fit(train)) {
            first.save(saved);
        }
        try (TextClassifier again = TextClassifier.load(saved, encoder)) {
            Prediction before = again.predict(TEXT);
            again.save(saved);
            HuggingFaceExport.of(again.encoder())
                    .weights(again.weights())
                    .withoutHead()
                    .write(out);
            try (TextClassifier same = TextClassifier.load(saved, encoder)) {
                assertThat(same.predict(TEXT)).isEqualTo(before);
            }
            again.fit(train, train);
            assertThat(again.report().notes())
                    .anyMatch(note -> note.startsWith("every fit starts from the encoder")
                            && note.contains("TextEncoder.load(directory)"));
        }
        try (TextEncoder trained = TextEncoder.load(out);
                TextClassifier further = TextClassifier.builder(trained)
                        .fullFineTuning()
                        .epochs(1)
                        .build()
                        .fit(train, train)) {
            further.save(folder.resolve("further"));
            try (TextClassifier loaded = TextClassifier.load(folder.resolve("further"), trained)) {
                assertThat(loaded.predict(TEXT)).isEqualTo(further.predict(TEXT));
            }
        }
    }

    @Test
    void regressor_givesItsNumbers_notThoseThatTheHeadLearned() throws IOException {
        List<ScoredText> train = List.of(
                new ScoredText("a good film", 120),
                new ScoredText("a bad film", 100),
                new ScoredText("very good", 130),
                new ScoredText("very bad", 90));
        try (TextRegressor regressor = TextRegressor.builder(encoder)
                .epochs(2)
                .validationFraction(0)
                .build()
                .fit(train)) {
            regressor.export(out);

            assertThat(dense()[0]).isCloseTo(regressor.predict(TEXT), within(1e-2));
        }
        assertThat(Files.readString(out.resolve("README.md")))
                .contains("The model gives a number for each text.")
                .contains("values = model.encode([\"a text\"])  # [texts, 1]")
                .doesNotContain("vectors");
        assertThat(config().path("problem_type").asText()).isEqualTo("regression");
        assertThat(config().path("id2label").size()).isEqualTo(1);
    }

    @Test
    void classifier_givesTheOddsOfItsLabels() throws IOException {
        List<LabeledText> train = List.of(
                new LabeledText("a good film", "yes"),
                new LabeledText("a bad film", "no"),
                new LabeledText("very good", "yes"),
                new LabeledText("very bad", "no"));
        try (TextClassifier classifier = TextClassifier.builder(encoder)
                .epochs(2)
                .validationFraction(0)
                .build()
                .fit(train)) {
            classifier.export(out);

            double[] logits = dense();
            double odds = classifier.predict(TEXT).scores().get("no")
                    / classifier.predict(TEXT).scores().get("yes");
            assertThat(logits[0] - logits[1]).isCloseTo(Math.log(odds), within(1e-4));
        }
        assertThat(Files.readString(out.resolve("README.md")))
                .contains(
                        "The model gives each text a score for each of the 2 labels in `config.json`, in their order.")
                .contains("a softmax makes probabilities of them")
                .contains("scores = model.encode([\"a text\"])  # [texts, 2]")
                .doesNotContain("vectors");
        assertThat(config().at("/id2label/0").asText()).isEqualTo("no");
        assertThat(config().path("problem_type").asText()).isEqualTo("single_label_classification");
    }

    @Test
    void tagger_isAClassifierOfTokens() throws IOException {
        List<LabeledWords> train = List.of(
                new LabeledWords(List.of("good", "film"), List.of("B-x", "O")),
                new LabeledWords(List.of("bad", "film"), List.of("B-x", "O")));
        try (TokenClassifier tagger = TokenClassifier.builder(encoder)
                .epochs(1)
                .validationFraction(0)
                .build()
                .fit(train)) {
            tagger.export(out);

            assertThat(config().at("/architectures/0").asText()).isEqualTo("BertForTokenClassification");
            assertThat(config().path("id2label").size()).isEqualTo(tagger.tags().size());
        }
    }

    @Test
    void sentenceEncoder_isAnEncoderAgain() throws IOException {
        List<SentenceExample> train = List.of(
                SentenceExample.pair("a good film", "very good"), SentenceExample.pair("a bad film", "very bad"));
        try (SentenceEncoder sentences = SentenceEncoder.builder(encoder)
                .epochs(1)
                .validationFraction(0)
                .build()
                .fit(train)) {
            sentences.export(out);

            try (TextEncoder again = TextEncoder.load(out)) {
                float[] expected = sentences.predict(TEXT);
                float[] found = again.embed(TEXT);
                for (int i = 0; i < found.length; i++) {
                    assertThat(found[i]).isCloseTo(expected[i], within(1e-5f));
                }
            }
        }
    }

    @Test
    void taskWithoutAFit_isRefused() {
        TextClassifier classifier = TextClassifier.builder(encoder).build();

        assertThatThrownBy(() -> classifier.export(out))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("TextClassifier.export: nothing was learned yet");
        assertThat(out).doesNotExist();
    }
}
