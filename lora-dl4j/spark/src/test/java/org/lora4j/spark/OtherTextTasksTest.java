/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.ml.evaluation.RegressionEvaluator;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.exec.NativeThreads;
import org.lora4j.text.LabeledText;
import org.lora4j.text.LabeledWords;
import org.lora4j.text.ScoredText;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.SentenceExample;
import org.lora4j.text.TaggedWords;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextRegressor;
import org.lora4j.text.TokenClassifier;

/** Each kind of task gives what its plain trainer gives. */
class OtherTextTasksTest {

    private static final String ADAPTER = "adapter_model.safetensors";
    private static final List<LabeledText> TEXTS = TinyModel.texts(30, 3);

    @TempDir
    private static Path folder;

    private static Path base;

    @BeforeAll
    static void makeModel() throws IOException {
        base = TinyModel.in(folder);
    }

    private static LoraConfig config() {
        return LoraConfig.builder()
                .rank(2)
                .alpha(16)
                .targetModules(ModuleSelector.allLinear())
                .build();
    }

    private static double score(LabeledText text) {
        return text.labels().contains("praise") ? 2.5 : -1;
    }

    @Test
    void regressor_learnsAndTellsNumbers() throws IOException {
        List<Row> rows = TEXTS.stream()
                .map(text -> RowFactory.create(text.text(), score(text)))
                .toList();
        Dataset<Row> table = LocalSpark.table("text STRING, label DOUBLE", rows);

        LoraTextRegressionModel model = new LoraTextRegressor()
                .setCheckpoint(base.toString())
                .setRank(2)
                .setEpochs(1)
                .setValidationFraction(0)
                .fit(table);

        try (TextEncoder encoder = TextEncoder.load(base)) {
            TextRegressor plain = NativeThreads.atMost(
                    1,
                    () -> TextRegressor.builder(encoder)
                            .adapter(config())
                            .epochs(1)
                            .validationFraction(0)
                            .build()
                            .fit(TEXTS.stream()
                                    .map(text -> new ScoredText(text.text(), score(text)))
                                    .toList()));
            plain.save(folder.resolve("regressor"));
            assertThat(model.files().files().get(ADAPTER))
                    .isEqualTo(Files.readAllBytes(folder.resolve("regressor").resolve(ADAPTER)));
            Dataset<Row> predicted = model.transform(table);
            // Batches of other sizes round otherwise.
            assertThat(predicted.first().<Double>getAs("prediction"))
                    .isCloseTo(
                            NativeThreads.atMost(
                                    1, () -> plain.predict(TEXTS.get(0).text())),
                            offset(1e-6));
            assertThat(new RegressionEvaluator().setMetricName("r2").evaluate(predicted))
                    .isGreaterThan(0.5);
        }
    }

    @Test
    void tagger_learnsAndTellsTagsAndEntities() throws IOException {
        List<LabeledWords> words = TEXTS.stream()
                .map(text -> LabeledWords.split(text.text()))
                .map(split -> new LabeledWords(
                        split,
                        split.stream()
                                .map(word -> word.equals("t51") ? "B-praise" : "O")
                                .toList()))
                .toList();
        List<Row> rows = words.stream()
                .map(text ->
                        RowFactory.create(text.words().toArray(), text.tags().toArray()))
                .toList();
        Dataset<Row> table = LocalSpark.table("text ARRAY<STRING>, label ARRAY<STRING>", rows);

        LoraTokenClassificationModel model = new LoraTokenClassifier()
                .setCheckpoint(base.toString())
                .setRank(2)
                .setEpochs(1)
                .setValidationFraction(0)
                .setEntitiesCol("entities")
                .fit(table);

        try (TextEncoder encoder = TextEncoder.load(base)) {
            TokenClassifier plain = NativeThreads.atMost(
                    1,
                    () -> TokenClassifier.builder(encoder)
                            .adapter(config())
                            .epochs(1)
                            .validationFraction(0)
                            .build()
                            .fit(words));
            plain.save(folder.resolve("tagger"));
            assertThat(model.files().files().get(ADAPTER))
                    .isEqualTo(Files.readAllBytes(folder.resolve("tagger").resolve(ADAPTER)));
            Row first = model.transform(LocalSpark.table("text STRING", List.of(RowFactory.create("t12 t51 t13"))))
                    .first();
            TaggedWords expected = NativeThreads.atMost(1, () -> plain.predict("t12 t51 t13"));
            assertThat(first.<String>getList(first.fieldIndex("prediction"))).isEqualTo(expected.tags());
            assertThat(first.<Double>getList(first.fieldIndex("probability"))).isEqualTo(expected.scores());
            assertThat(expected.tags()).containsExactly("O", "B-praise", "O");
            assertThat(first.<Row>getList(first.fieldIndex("entities")))
                    .containsExactly(RowFactory.create("praise", 1, 2, "t51"));
        }
        assertThat(model.tags()).containsExactly("B-praise", "O");
        List<Row> odd = List.of(RowFactory.create(new String[] {"t1", "t2"}, new String[] {"O"}));
        assertThatThrownBy(() -> new LoraTokenClassifier()
                        .setCheckpoint(base.toString())
                        .fit(LocalSpark.table("text ARRAY<STRING>, label ARRAY<STRING>", odd)))
                .hasMessageContaining("there are 2 words and 1 tags");
    }

    @Test
    void sentenceEncoder_learnsFromPairs_byTwoWorkersAsByOne_andGivesVectors() throws IOException {
        List<SentenceExample> pairs = new ArrayList<>();
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i + 3 < TEXTS.size(); i++) {
            String positive = TEXTS.get(i + 3).text();
            String group = TEXTS.get(i).labels().get(0);
            pairs.add(SentenceExample.pair(TEXTS.get(i).text(), positive).withGroup(group));
            rows.add(RowFactory.create(TEXTS.get(i).text(), positive, group));
        }
        Dataset<Row> table = LocalSpark.table("text STRING, positive STRING, intent STRING", rows);

        LoraSentenceEncoderModel model = new LoraSentenceEncoder()
                .setCheckpoint(base.toString())
                .setRank(2)
                .setEpochs(1)
                .setBatchSize(8)
                .setGroupCol("intent")
                .setTokenBudget(40)
                .setValidationFraction(0)
                .setDistributed(true)
                .fit(table);

        try (TextEncoder encoder = TextEncoder.load(base)) {
            SentenceEncoder plain = NativeThreads.atMost(
                    1,
                    () -> SentenceEncoder.builder(encoder)
                            .adapter(config())
                            .epochs(1)
                            .batchSize(8)
                            .tokenBudget(40)
                            .validationFraction(0)
                            .build()
                            .fit(pairs));
            plain.save(folder.resolve("sentences"));
            assertThat(model.files().files().get(ADAPTER))
                    .isEqualTo(Files.readAllBytes(folder.resolve("sentences").resolve(ADAPTER)));
            // A text among others takes other kernels than alone.
            assertThat(vector(model.transform(table).first()))
                    .containsExactly(
                            NativeThreads.atMost(
                                    1, () -> plain.predict(TEXTS.get(0).text())),
                            offset(1e-5f));
            LoraSentenceEncoderModel asRead = new LoraSentenceEncoderModel().setCheckpoint(base.toString());
            assertThat(vector(asRead.transform(table).first()))
                    .containsExactly(
                            NativeThreads.atMost(
                                    1, () -> encoder.embed(TEXTS.get(0).text())),
                            offset(1e-5f));
        }
    }

    @Test
    @Tag("thorough")
    void sentenceEncoder_ofSeveralWorkers_goesOnFromItsSteps() throws IOException {
        List<SentenceExample> pairs = new ArrayList<>();
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i + 3 < TEXTS.size(); i++) {
            String positive = TEXTS.get(i + 3).text();
            pairs.add(SentenceExample.pair(TEXTS.get(i).text(), positive));
            rows.add(RowFactory.create(TEXTS.get(i).text(), positive));
        }
        LoraSentenceEncoder together = new LoraSentenceEncoder()
                .setCheckpoint(base.toString())
                .setRank(2)
                .setEpochs(2)
                .setBatchSize(9)
                .setTokenBudget(40)
                .setValidationFraction(0)
                .setDistributed(true)
                .setNumWorkers(3)
                .setCheckpointDir(folder.resolve("steps").toString())
                .setCheckpointSteps(2);
        Dataset<Row> table = LocalSpark.table("text STRING, positive STRING", rows);

        byte[] learned = together.fit(table).files().files().get(ADAPTER);
        byte[] resumed = together.fit(table).files().files().get(ADAPTER);

        try (TextEncoder encoder = TextEncoder.load(base)) {
            SentenceEncoder plain = NativeThreads.atMost(
                    1,
                    () -> SentenceEncoder.builder(encoder)
                            .adapter(config())
                            .epochs(2)
                            .batchSize(9)
                            .tokenBudget(40)
                            .validationFraction(0)
                            .build()
                            .fit(pairs));
            plain.save(folder.resolve("parts"));
        }
        assertThat(learned).isEqualTo(Files.readAllBytes(folder.resolve("parts").resolve(ADAPTER)));
        assertThat(resumed).isEqualTo(learned);
    }

    private static float[] vector(Row row) {
        double[] wide = row.<Vector>getAs("features").toArray();
        float[] vector = new float[wide.length];
        for (int i = 0; i < wide.length; i++) {
            vector[i] = (float) wide[i];
        }
        return vector;
    }
}
