/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.feature.IndexToString;
import org.apache.spark.ml.feature.StringIndexer;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.ml.tuning.TrainValidationSplit;
import org.apache.spark.ml.tuning.TrainValidationSplitModel;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.exec.NativeThreads;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;

class LoraTextClassifierTest {

    private static final String SCHEMA = "text STRING, label STRING";
    private static final List<LabeledText> TEXTS = TinyModel.texts(48, 3);
    private static final List<LabeledText> OTHERS = TinyModel.texts(12, 4);

    @TempDir
    private static Path folder;

    private static String base;
    private static Dataset<Row> table;
    private static Dataset<Row> others;
    private static LoraTextClassificationModel head;

    @BeforeAll
    static void makeModel() throws IOException {
        base = TinyModel.in(folder).toString();
        table = LocalSpark.table(SCHEMA, TinyModel.rows(TEXTS));
        others = LocalSpark.table(SCHEMA, TinyModel.rows(OTHERS));
    }

    private static LoraTextClassifier classifier() {
        return new LoraTextClassifier()
                .setCheckpoint(base)
                .setRank(2)
                .setEpochs(1)
                .setValidationFraction(0)
                .setLearningRate(5e-3);
    }

    /** A copy of the one that learned a head alone. */
    private static synchronized LoraTextClassificationModel head() {
        if (head == null) {
            head = classifier().setHeadOnly(true).fit(table);
        }
        return head.copy(ParamMap.empty());
    }

    private static TextClassifier plain(TextEncoder encoder, double validation) {
        return TextClassifier.builder(encoder)
                .adapter(LoraConfig.builder()
                        .rank(2)
                        .alpha(16)
                        .targetModules(ModuleSelector.allLinear())
                        .build())
                .epochs(1)
                .learningRate(5e-3)
                .validationFraction(validation)
                .quiet()
                .build();
    }

    @Test
    void fit_givesTheFilesOfThePlainTrainer_andItsPredictions() throws IOException {
        LoraTextClassificationModel model = classifier().fit(table);

        try (TextEncoder encoder = TextEncoder.load(Path.of(base));
                TextClassifier plain =
                        NativeThreads.atMost(1, () -> plain(encoder, 0).fit(TEXTS))) {
            Path saved = folder.resolve("plain");
            plain.save(saved);
            assertThat(model.files().files().get("adapter_model.safetensors"))
                    .isEqualTo(Files.readAllBytes(saved.resolve("adapter_model.safetensors")));
            List<Prediction> expected = NativeThreads.atMost(
                    1,
                    () -> plain.predict(OTHERS.stream().map(LabeledText::text).toList()));
            List<Row> given = model.transform(others).collectAsList();
            for (int i = 0; i < given.size(); i++) {
                Vector probability = given.get(i).getAs("probability");
                Vector raw = given.get(i).getAs("rawPrediction");
                String label = model.labels().get((int) (double) given.get(i).<Double>getAs("prediction"));
                assertThat(label).isEqualTo(expected.get(i).label());
                for (int j = 0; j < 3; j++) {
                    double scored = expected.get(i).scores().get(model.labels().get(j));
                    assertThat(probability.apply(j)).isEqualTo(scored);
                    assertThat(raw.apply(j)).isEqualTo(Math.log(scored));
                }
            }
        }
        assertThat(model.labels()).containsExactly("complaint", "praise", "question");
        assertThat(model.numClasses()).isEqualTo(3);
        assertThat(model.parent()).isNotNull();
    }

    @Test
    void fit_withAnIndicator_choosesByTheRowsThatItMarks() throws IOException {
        List<Row> rows = new ArrayList<>();
        TEXTS.forEach(
                text -> rows.add(RowFactory.create(text.text(), text.labels().get(0), false)));
        OTHERS.forEach(
                text -> rows.add(RowFactory.create(text.text(), text.labels().get(0), true)));
        Dataset<Row> marked = LocalSpark.table(SCHEMA + ", held BOOLEAN", rows);

        LoraTextClassificationModel model =
                classifier().setValidationIndicatorCol("held").fit(marked);

        try (TextEncoder encoder = TextEncoder.load(Path.of(base));
                TextClassifier plain =
                        NativeThreads.atMost(1, () -> plain(encoder, 0).fit(TEXTS, OTHERS))) {
            Path saved = folder.resolve("validated");
            plain.save(saved);
            assertThat(model.files().files().get("adapter_model.safetensors"))
                    .isEqualTo(Files.readAllBytes(saved.resolve("adapter_model.safetensors")));
        }
    }

    @Test
    void weights_countAsSoManyExamples() {
        List<Row> weighted = new ArrayList<>();
        List<Row> repeated = new ArrayList<>();
        TEXTS.forEach(text -> {
            boolean rare = text.labels().contains("praise");
            weighted.add(RowFactory.create(text.text(), text.labels().get(0), rare ? 0.2 : 1.0));
            for (int i = 0; i < (rare ? 1 : 5); i++) {
                repeated.add(RowFactory.create(text.text(), text.labels().get(0)));
            }
        });
        Row same = RowFactory.create("t10 t11", "praise");
        Dataset<Row> asked = LocalSpark.table(SCHEMA, List.of(same));

        double plain = praise(head(), asked);
        double light = praise(
                classifier()
                        .setHeadOnly(true)
                        .setWeightCol("weight")
                        .fit(LocalSpark.table(SCHEMA + ", weight DOUBLE", weighted)),
                asked);
        double times = praise(classifier().setHeadOnly(true).fit(LocalSpark.table(SCHEMA, repeated)), asked);

        assertThat(light).isLessThan(plain - 0.05).isCloseTo(times, offset(0.1));
    }

    private static double praise(LoraTextClassificationModel model, Dataset<Row> asked) {
        Vector probability = model.transform(asked).first().getAs("probability");
        return probability.apply(model.labels().indexOf("praise"));
    }

    @Test
    void pipeline_withIndicesAndNames_isTunedSavedAndLoaded() throws IOException {
        StringIndexer indexer =
                new StringIndexer().setInputCol("label").setOutputCol("index").setStringOrderType("alphabetDesc");
        LoraTextClassifier classifier = classifier().setLabelCol("index").setHeadOnly(true);
        IndexToString names = new IndexToString().setInputCol("prediction").setOutputCol("named");
        Pipeline pipeline = new Pipeline().setStages(new PipelineStage[] {indexer, classifier, names});
        MulticlassClassificationEvaluator evaluator =
                new MulticlassClassificationEvaluator().setLabelCol("index").setMetricName("accuracy");
        ParamMap[] grid = new ParamGridBuilder()
                .addGrid(classifier.maxTokenLen(), new int[] {3, 0})
                .build();

        TrainValidationSplitModel tuned = new TrainValidationSplit()
                .setEstimator(pipeline)
                .setEvaluator(evaluator)
                .setEstimatorParamMaps(grid)
                .setTrainRatio(0.7)
                .setParallelism(2)
                .setSeed(5)
                .fit(table);

        assertThat(tuned.validationMetrics()).hasSize(2);
        assertThat(tuned.validationMetrics()[1]).isGreaterThan(tuned.validationMetrics()[0]);
        Dataset<Row> before = tuned.transform(others);
        assertThat(before.select("named")
                        .as(org.apache.spark.sql.Encoders.STRING())
                        .collectAsList())
                .isSubsetOf("complaint", "praise", "question");
        assertThat(evaluator.evaluate(before)).isGreaterThan(0.5);
        String path = folder.resolve("tuned").toString();
        tuned.save(path);
        TrainValidationSplitModel loaded = TrainValidationSplitModel.load(path);
        assertThat(loaded.transform(others).collectAsList()).isEqualTo(before.collectAsList());
        PipelineModel best = (PipelineModel) loaded.bestModel();
        assertThat(((LoraTextClassificationModel) best.stages()[1]).labels())
                .containsExactly("question", "praise", "complaint");
    }

    @Test
    void models_areWrittenAndRead_whateverTheyHold() throws IOException {
        LoraTextClassificationModel model = head().setHandleInvalid("keep").setErrorCol("error");
        String path = folder.resolve("model").toString();

        model.save(path);
        LoraTextClassificationModel loaded = LoraTextClassificationModel.load(path);

        assertThat(loaded.uid()).isEqualTo(model.uid());
        assertThat(loaded.getErrorCol()).isEqualTo("error");
        assertThat(loaded.transform(others).collectAsList())
                .isEqualTo(model.transform(others).collectAsList());
        assertThatThrownBy(() -> model.save(path)).hasMessageContaining("already exists");
        assertThatThrownBy(() -> LoraTextRegressionModel.load(path))
                .hasMessageContaining("it holds a LoraTextClassificationModel; expected a LoraTextRegressionModel");

        LoraTextClassifier estimator = classifier().setTargetModules(new String[] {"attn.q"});
        String settings = folder.resolve("estimator").toString();
        estimator.save(settings);
        LoraTextClassifier read = LoraTextClassifier.load(settings);
        assertThat(read.getTargetModules()).containsExactly("attn.q");
        read.setTargetModules(estimator.getTargetModules());
        assertThat(read.extractParamMap().toString())
                .isEqualTo(estimator.extractParamMap().toString());
    }

    @Test
    void load_ofADamagedOrNewerDirectory_saysWhatIsWrong() throws IOException {
        String path = folder.resolve("damaged").toString();
        head().save(path);
        Path data = Path.of(path, ModelFolder.NAME);
        Path description = data.resolve(ModelFolder.DESCRIPTION);
        String before = Files.readString(description);
        // Hadoop keeps sums of its own beside each file, which would speak first.
        Files.list(data)
                .filter(file -> file.toString().endsWith(".crc"))
                .forEach(file -> file.toFile().delete());

        Files.writeString(description, before.replace("\"version\" : 1", "\"version\" : 2"));
        assertThatThrownBy(() -> LoraTextClassificationModel.load(path))
                .hasMessageContaining("version = 2; expected 1");
        Files.writeString(description, before);
        Files.writeString(data.resolve("lora4j_text.json"), "{}");
        assertThatThrownBy(() -> LoraTextClassificationModel.load(path))
                .hasMessageContaining("\"lora4j_text.json\" has other content than when it was written");
        Files.delete(data.resolve("lora4j_text.json"));
        assertThatThrownBy(() -> LoraTextClassificationModel.load(path))
                .hasMessageContaining("\"lora4j_text.json\" is missing");
        Files.delete(description);
        assertThatThrownBy(() -> LoraTextClassificationModel.load(path)).hasMessageContaining("no lora4j_spark.json");
    }

    @Test
    void rowsThatCannotBeUsed_failOrGoOrStayWithTheReason() {
        LoraTextClassificationModel model = head();
        Dataset<Row> odd = LocalSpark.table(
                        SCHEMA,
                        List.of(
                                RowFactory.create("t10 t50", "praise"),
                                RowFactory.create(null, "praise"),
                                RowFactory.create("t11 t51", "praise"),
                                RowFactory.create("  ", "x")))
                .coalesce(1);

        assertThatThrownBy(() -> model.transform(odd).collectAsList())
                .rootCause()
                .hasMessageContaining("row 1 of partition 0, [null,praise]: column \"text\" is null; expected a text")
                .hasMessageContaining("handleInvalid = skip");
        assertThat(model.setHandleInvalid("skip").transform(odd).select("text").collectAsList())
                .containsExactly(RowFactory.create("t10 t50"), RowFactory.create("t11 t51"));
        List<Row> kept = model.setHandleInvalid("keep")
                .setErrorCol("error")
                .transform(odd)
                .collectAsList();
        assertThat(kept).hasSize(4);
        assertThat(kept.get(0).isNullAt(kept.get(0).fieldIndex("error"))).isTrue();
        assertThat(kept.get(3).<Object>getAs("prediction")).isNull();
        assertThat(kept.get(3).<String>getAs("error")).isEqualTo("column \"text\" is an empty text; expected words");
    }

    @Test
    void labelsNeverLearned_areTold_whereTheirIndexIsAskedFor() {
        LoraTextClassificationModel model = head().setLabelIndexCol("index");
        Dataset<Row> odd = LocalSpark.table(SCHEMA, List.of(RowFactory.create("t10 t50", "prais")));

        assertThatThrownBy(() -> model.transform(odd).collectAsList())
                .rootCause()
                .hasMessageContaining("the label \"prais\" was never learned; expected one of")
                .hasMessageContaining("praise");
        assertThat(model.transform(others.drop("label")).columns()).doesNotContain("index");
        assertThat(model.transform(others).first().<Double>getAs("index")).isEqualTo(0.0);
    }

    @Test
    void tablesThatCannotBeUsed_areRefusedBeforeAnythingRuns() {
        Dataset<Row> wrong = LocalSpark.table("texts STRING, label BOOLEAN, prediction INT", List.of());

        assertThatThrownBy(() -> classifier().setWeightCol("w").fit(wrong))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("textCol = \"text\", but the table has no such column")
                .hasMessageContaining("texts")
                .hasMessageContaining("labelCol = \"label\", a column of boolean, expected a text or an index")
                .hasMessageContaining("weightCol = \"w\", but the table has no such column")
                .hasMessageContaining("the table has a column \"prediction\" already");
        assertThatThrownBy(() -> classifier().setErrorCol("error").fit(table))
                .hasMessageContaining("errorCol = \"error\" with handleInvalid = error, expected keep");
        assertThatThrownBy(() -> classifier().setCheckpoint("/no/such/model").fit(table))
                .hasMessageContaining("checkpoint = ")
                .hasMessageContaining("which the driver does not see");
        assertThatThrownBy(() -> classifier().setCheckpoint("no-such-encoder").fit(table))
                .hasMessageContaining("no-such-encoder");
        assertThatThrownBy(() ->
                        new LoraTextClassificationModel("m").setCheckpoint(base).transform(table))
                .hasMessageContaining("nothing was learned");
    }

    @Test
    void rowsToLearnFrom_thatCannotBeUsed_areTold_orLeftOut() {
        List<Row> rows = new ArrayList<>(TinyModel.rows(TEXTS));
        rows.add(2, RowFactory.create(null, "praise"));
        rows.add(3, RowFactory.create("t10", null));
        Dataset<Row> odd = LocalSpark.table(SCHEMA, rows);

        assertThatThrownBy(() -> classifier().fit(odd))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("row 2, [null,praise")
                .hasMessageContaining("row 3, [t10,null")
                .hasMessageContaining("handleInvalid = skip leaves such rows out");
        assertThat(classifier()
                        .setHeadOnly(true)
                        .setHandleInvalid("skip")
                        .fit(odd)
                        .files()
                        .files()
                        .get("lora4j_text.safetensors"))
                .isEqualTo(head().files().files().get("lora4j_text.safetensors"));
        assertThatThrownBy(() -> classifier().fit(table.limit(0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no row to learn from");
        assertThatThrownBy(() -> classifier().fit(table.filter("label = 'praise'")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a single label");
    }

    @Test
    void bases_comeByPathFilesOrBroadcast_andGiveTheSame() {
        byte[] path = head().files().files().get("lora4j_text.safetensors");
        for (String way : List.of("sparkFiles", "broadcast")) {
            LoraTextClassificationModel model =
                    classifier().setHeadOnly(true).setBaseDistribution(way).fit(table);
            assertThat(model.files().files().get("lora4j_text.safetensors")).isEqualTo(path);
            assertThat(model.transform(others).count()).isEqualTo(OTHERS.size());
        }
    }

    @Test
    void params_areExplained_checkedAndCopied() {
        LoraTextClassifier classifier = classifier();

        assertThat(Arrays.stream(classifier.params()).map(param -> param.name()))
                .contains("textCol", "labelCol", "rank", "epochs", "probabilityCol", "weightCol", "checkpoint", "seed")
                .doesNotContain("outputCol");
        assertThat(classifier.explainParams())
                .contains("rank: rank of the adapter (default: 8, current: 2)")
                .contains("validationIndicatorCol");
        assertThatThrownBy(() -> classifier.setRank(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("LoraTextClassifier.rank = \"0\"; expected 1 or more.");
        assertThatThrownBy(() -> classifier.setHandleInvalid("drop"))
                .hasMessageContaining("expected one of \"error\", \"skip\", \"keep\"");
        assertThat(classifier
                        .copy(new ParamMap().put(classifier.rank(), (Object) 4))
                        .getRank())
                .isEqualTo(4);
        assertThat(classifier.getRank()).isEqualTo(2);
    }
}
