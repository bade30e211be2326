/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.ModelFormatException;

/** Checkpoints that somebody fine-tuned: tasks predict what Transformers computes, and go on from there. */
class CheckpointTasksTest {

    /** Ten times the difference between single and double precision in Transformers itself. */
    private static final double TOLERANCE = 2e-5;

    @TempDir
    private Path folder;

    private static double[] doubles(float[] values) {
        double[] all = new double[values.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = values[i];
        }
        return all;
    }

    @Test
    void sequenceClassifier_givesTheLogitsOfTransformers_underItsLabels() throws IOException {
        EncoderFixture model = EncoderFixture.copy("roberta-seqcls", folder);

        try (TextClassifier classifier = TextClassifier.load(model.directory())) {
            float[][] logits = classifier.logits(model.texts(), "predict");
            for (int row = 0; row < model.rows(); row++) {
                assertThat(doubles(logits[row])).containsExactly(model.row("logits", row, 3), within(TOLERANCE));
            }
            assertThat(classifier.labels()).containsExactly("LABEL_0", "LABEL_1", "LABEL_2");
            assertThat(classifier.severalLabels()).isFalse();
            double[] golden = model.row("logits", 1, 3);
            double sum = Math.exp(golden[0]) + Math.exp(golden[1]) + Math.exp(golden[2]);
            assertThat(classifier.predict(model.texts().get(1)).scores().get("LABEL_2"))
                    .isCloseTo(Math.exp(golden[2]) / sum, within(TOLERANCE));
        }
    }

    @Test
    void pairClassifier_givesThemWithTheTypesOfTwoTexts() throws IOException {
        EncoderFixture model = EncoderFixture.copy("albert-seqcls", folder);
        double[] types = model.tensor("token_type_ids");

        try (PairClassifier classifier = PairClassifier.load(model.directory())) {
            int compared = 0;
            for (int row = 0; row < model.rows(); row++) {
                List<String> words = model.words(row);
                int first = 0;
                while (first < words.size() && types[row * 16 + first] == 0) {
                    first++;
                }
                if (first > 0 && first < words.size()) {
                    TextPair pair = new TextPair(
                            String.join(" ", words.subList(0, first)),
                            String.join(" ", words.subList(first, words.size())));
                    assertThat(doubles(classifier.logits(List.of(pair), "predict")[0]))
                            .containsExactly(model.row("logits", row, 3), within(TOLERANCE));
                    compared++;
                }
            }
            assertThat(compared).isPositive();
        }
    }

    @Test
    void tokenClassifier_givesTheLogitsOfEachToken() throws IOException {
        EncoderFixture model = EncoderFixture.copy("xlm-roberta-tokcls", folder);

        try (TokenClassifier tagger = TokenClassifier.load(model.directory())) {
            List<List<String>> words = new ArrayList<>();
            for (int row = 0; row < model.rows(); row++) {
                words.add(model.words(row));
            }
            float[][] logits = tagger.logits(words, "predict");
            for (int row = 0; row < model.rows(); row++) {
                assertThat(doubles(logits[row]))
                        .containsExactly(
                                model.row("logits", row, 4 * words.get(row).size()), within(TOLERANCE));
            }
            assertThat(tagger.predict(words.get(0)).tags()).hasSize(16).allMatch(tag -> tag.startsWith("LABEL_"));
        }
    }

    @Test
    void severalLabels_areThoseOfTheProblemType() throws IOException {
        EncoderFixture model = EncoderFixture.copy("roberta-seqcls", folder)
                .config(
                        "\"initializer_range\"",
                        "\"problem_type\": \"multi_label_classification\", \"initializer_range\"");

        try (TextClassifier classifier = TextClassifier.load(model.directory())) {
            double[] golden = model.row("logits", 0, 3);

            assertThat(classifier.severalLabels()).isTrue();
            assertThat(classifier.predict(model.texts().get(0)).scores().get("LABEL_1"))
                    .isCloseTo(1 / (1 + Math.exp(-golden[1])), within(TOLERANCE));
        }
    }

    @Test
    void oneOutput_isARelevanceOrANumber() throws IOException {
        EncoderFixture model = EncoderFixture.copy("modernbert-seqcls-mean", folder);
        double golden = model.row("logits", 1, 1)[0];
        List<String> words = model.words(1);
        TextPair pair = new TextPair(words.get(0), String.join(" ", words.subList(1, words.size())));

        try (ReRanker ranker = ReRanker.load(model.directory());
                TextRegressor regressor = TextRegressor.load(model.directory())) {
            assertThat(ranker.predict(pair)).isCloseTo(1 / (1 + Math.exp(-golden)), within(TOLERANCE));
            assertThat(regressor.predict(model.texts().get(1))).isCloseTo(golden, within(TOLERANCE));
        }
        model.config(
                "\"model_type\"",
                "\"sentence_transformers\": {\"activation_fn\": \"torch.nn.modules.linear.Identity\"}, \"model_type\"");
        try (ReRanker ranker = ReRanker.load(model.directory())) {
            assertThat(ranker.predict(pair)).isCloseTo(golden, within(TOLERANCE));
            ranker.save(folder.resolve("ranker"));
            try (ReRanker again = ReRanker.load(folder.resolve("ranker"), folder)) {
                assertThat(again.predict(pair)).isEqualTo(ranker.predict(pair));
            }
        }
        assertThatThrownBy(() -> TextClassifier.load(model.directory()))
                .hasMessageContaining("TextRegressor.load or ReRanker.load reads it");
    }

    @Test
    void regressor_goesOnFromItsNumbers() throws IOException {
        EncoderFixture model = EncoderFixture.copy("modernbert-seqcls-mean", folder);
        List<ScoredText> train = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            train.add(new ScoredText("t" + (20 + i) + " t5", 100 + i));
        }

        try (TextRegressor regressor = TextRegressor.builder(model.directory())
                .epochs(1)
                .learningRate(1e-12)
                .headLearningRate(1e-12)
                .quiet()
                .build()) {
            double before = regressor.predict("t9 t10");
            regressor.fit(train, train);

            // Nothing moved, so the head still says what it said, however the numbers are scaled inside.
            assertThat(regressor.predict("t9 t10")).isCloseTo(before, within(1e-3));
        }
    }

    @Test
    void fit_forTheSameLabels_goesOnFromTheHead() throws IOException {
        EncoderFixture model = EncoderFixture.copy("roberta-seqcls", folder);
        List<LabeledText> train = examples("LABEL_0", "LABEL_2");

        try (TextClassifier classifier = TextClassifier.builder(model.directory())
                .epochs(2)
                .quiet()
                .build()
                .fit(train, examples("LABEL_0", "LABEL_2"))) {
            assertThat(classifier.labels()).containsExactly("LABEL_0", "LABEL_1", "LABEL_2");
            assertThat(classifier.report().cost()).isZero();
            assertThat(classifier.report().notes()).noneMatch(note -> note.contains("is not kept"));
        }
    }

    @Test
    void fit_forOtherLabels_saysThatTheLastLayerIsNew() throws IOException {
        EncoderFixture model = EncoderFixture.copy("roberta-seqcls", folder);

        try (TextClassifier classifier = TextClassifier.builder(model.directory())
                .epochs(1)
                .quiet()
                .build()
                .fit(examples("card", "rate"))) {
            assertThat(classifier.labels()).containsExactly("card", "rate");
            assertThat(classifier.report().notes())
                    .anyMatch(note -> note.contains("\"RobertaForSequenceClassification\"")
                            && note.contains("LABEL_1")
                            && note.contains("is not kept")
                            && note.contains("card"));
        }
    }

    @Test
    void headOnly_saysThatTheHeadIsFoundAnew() throws IOException {
        EncoderFixture model = EncoderFixture.copy("roberta-seqcls", folder);

        try (TextClassifier classifier = TextClassifier.builder(model.directory())
                .headOnly()
                .quiet()
                .build()
                .fit(examples("LABEL_0", "LABEL_1"))) {
            assertThat(classifier.report().notes())
                    .anyMatch(note -> note.contains("headOnly() finds its last layer anew"));
        }
    }

    @Test
    void builderOverTheEncoderAlone_saysThatTheHeadIsLeft() throws IOException {
        EncoderFixture model = EncoderFixture.copy("roberta-seqcls", folder);

        try (TextEncoder encoder = TextEncoder.load(model.directory());
                TextClassifier classifier = TextClassifier.builder(encoder)
                        .headOnly()
                        .quiet()
                        .build()
                        .fit(examples("a", "b"))) {
            assertThat(classifier.report().notes())
                    .anyMatch(note -> note.contains("this task began with the encoder alone"))
                    .anyMatch(note -> note.contains("NORMALIZED_MEAN was chosen"));
        }
    }

    @Test
    void saved_asItIsOrAfterAFit_predictsTheSame() throws IOException {
        EncoderFixture model = EncoderFixture.copy("roberta-seqcls", folder);
        Path plain = folder.resolve("plain");
        Path fitted = folder.resolve("fitted");
        String text = model.texts().get(1);

        try (TextClassifier classifier = TextClassifier.load(model.directory())) {
            Prediction before = classifier.predict(text);
            classifier.save(plain);
            try (TextClassifier again = TextClassifier.load(plain, folder)) {
                assertThat(again.predict(text)).isEqualTo(before);
            }
            try (TextEncoder encoder = TextEncoder.load(model.directory())
                            .withPooling(classifier.encoder().pooling());
                    TextClassifier again = TextClassifier.load(plain, encoder)) {
                assertThat(again.predict(text)).isEqualTo(before);
            }
            classifier.fit(examples("LABEL_0", "LABEL_1"), examples("LABEL_0", "LABEL_1"));
            Prediction after = classifier.predict(text);
            assertThat(after).isNotEqualTo(before);
            classifier.save(fitted);
            try (TextClassifier again = TextClassifier.load(fitted, folder)) {
                assertThat(again.predict(text)).isEqualTo(after);
            }
        }
    }

    @Test
    void maskedWords_leaveTheEncoder_andSaySo() throws IOException {
        Path model = EncoderFixture.model("mpnet-embed", folder);

        try (TextClassifier classifier = TextClassifier.load(model)) {
            assertThatThrownBy(() -> classifier.predict("t5 t6"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("nothing was learned yet")
                    .hasMessageContaining("\"MPNetForMaskedLM\", which predicts masked words");

            classifier.fit(examples("a", "b"));

            assertThat(classifier.report().notes()).anyMatch(note -> note.contains("MPNetForMaskedLM"));
        }
    }

    @Test
    void replacedWords_leaveTheEncoder_too() throws IOException {
        Path model = EncoderFixture.model("electra-discriminator", folder);

        try (TokenClassifier tagger = TokenClassifier.load(model)) {
            assertThatThrownBy(() -> tagger.predict("t5 t6"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("\"ElectraForPreTraining\", which does what the encoder was pretrained with");
        }
    }

    @Test
    void headOfAnotherTask_namesTheTaskThatReadsIt() throws IOException {
        EncoderFixture tags = EncoderFixture.copy("xlm-roberta-tokcls", folder);
        EncoderFixture texts = EncoderFixture.copy("roberta-seqcls", folder);

        assertThatThrownBy(() -> TextClassifier.load(tags.directory()))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("\"XLMRobertaForTokenClassification\" with 4 outputs")
                .hasMessageContaining("TokenClassifier.load reads it");
        assertThatThrownBy(() -> TokenClassifier.load(texts.directory()))
                .hasMessageContaining("TextClassifier.load or PairClassifier.load reads it");
        assertThatThrownBy(() -> ReRanker.load(texts.directory()))
                .hasMessageContaining("expected one for one number for two texts");
        texts.config("\"initializer_range\"", "\"problem_type\": \"regression\", \"initializer_range\"");
        assertThatThrownBy(() -> TextRegressor.load(texts.directory()))
                .hasMessageContaining("problem_type \"regression\"")
                .hasMessageContaining("No task reads it");
    }

    @Test
    void labelsThatDoNotFit_areRefusedWithWhatIsThere() throws IOException {
        EncoderFixture few =
                EncoderFixture.copy("roberta-seqcls", folder).config("\"2\": \"LABEL_2\"", "\"5\": \"LABEL_2\"");
        assertThatThrownBy(() -> TextClassifier.load(few.directory()))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("id2label is {0=LABEL_0, 1=LABEL_1, 5=LABEL_2}")
                .hasMessageContaining("a name for each number from 0 to 2");
        EncoderFixture more = EncoderFixture.copy("roberta-seqcls", folder)
                .config("\"2\": \"LABEL_2\"", "\"2\": \"LABEL_2\", \"3\": \"LABEL_3\"");
        assertThatThrownBy(() -> TextClassifier.load(more.directory()))
                .hasMessageContaining("id2label has 4 labels")
                .hasMessageContaining("expected 3 of the ids 0 to 2");

        EncoderFixture twice =
                EncoderFixture.copy("roberta-seqcls", folder).config("\"2\": \"LABEL_2\"", "\"2\": \"LABEL_1\"");
        assertThatThrownBy(() -> TextClassifier.load(twice.directory()))
                .hasMessageContaining("id2label gives one name to several outputs");

        EncoderFixture none = EncoderFixture.copy("roberta-seqcls", folder).config("id2label", "other");
        assertThatThrownBy(() -> TextClassifier.load(none.directory()))
                .hasMessageContaining("the head has 3 outputs, but the config has no id2label and no num_labels");
        none.config("\"other\"", "\"num_labels\": 3, \"other\"");
        try (TextClassifier classifier = TextClassifier.load(none.directory())) {
            assertThat(classifier.labels()).containsExactly("LABEL_0", "LABEL_1", "LABEL_2");
        }

        EncoderFixture problem = EncoderFixture.copy("roberta-seqcls", folder)
                .config("\"initializer_range\"", "\"problem_type\": \"multi_label\", \"initializer_range\"");
        assertThatThrownBy(() -> TextClassifier.load(problem.directory()))
                .hasMessageContaining("problem_type is \"multi_label\"")
                .hasMessageContaining("multi_label_classification");
    }

    @Test
    void directoriesOfNeitherKind_sayWhatIsThere() throws IOException {
        Path nothing = Files.createDirectories(folder.resolve("nothing"));
        Path adapter = Files.createDirectories(folder.resolve("adapter"));
        Files.writeString(adapter.resolve("adapter_config.json"), "{}");

        assertThatThrownBy(() -> TextClassifier.load(nothing))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(
                        "holds nothing; expected what save of a task wrote (lora4j_text.json), or a checkpoint");
        assertThatThrownBy(() -> TextClassifier.load(adapter))
                .hasMessageContaining("holds \"adapter_config.json\"")
                .hasMessageContaining("An adapter alone does not say what its labels are");
        Path model = EncoderFixture.model("roberta-seqcls", folder);
        try (TextEncoder encoder = TinyEncoder.create()) {
            assertThatThrownBy(() -> TextClassifier.load(model, encoder))
                    .isInstanceOf(IncompatibleBaseException.class)
                    .hasMessageContaining("is a checkpoint with weights of its own");
        }
    }

    private static List<LabeledText> examples(String first, String second) {
        List<LabeledText> examples = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            String word = i % 2 == 0 ? "t11" : "t97";
            examples.add(new LabeledText("t" + (20 + i) + " " + word + " t" + (60 + i), i % 2 == 0 ? first : second));
        }
        return examples;
    }

    @ParameterizedTest
    @CsvSource({"albert-seqcls,pooler,query", "deberta-v3-multilabel-bias,pooler.dense,query_proj"})
    void adapterThatNamesThePoolerOfTheHead_hasFactorsForIt(String model, String pooler, String other)
            throws IOException {
        List<LabeledText> texts = List.of(
                new LabeledText("t7 t9", "LABEL_0"),
                new LabeledText("t8 t5 t6", "LABEL_1"),
                new LabeledText("t17 t9", "LABEL_2"),
                new LabeledText("t18 t5", "LABEL_2"));
        LoraConfig config =
                LoraConfig.builder().rank(2).targetModules(other, pooler).build();

        try (TextClassifier classifier = TextClassifier.builder(
                        EncoderFixture.copy(model, folder).directory())
                .adapter(config)
                .epochs(3)
                .validationFraction(0)
                .quiet()
                .build()
                .fit(texts)) {
            assertThat(classifier
                            .adapter()
                            .modules()
                            .get(pooler)
                            .get("lora_B.weight")
                            .amaxNumber()
                            .doubleValue())
                    .isPositive();
        }
    }
}
