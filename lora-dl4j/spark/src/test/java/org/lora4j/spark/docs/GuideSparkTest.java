/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.CrossValidatorModel;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.spark.AdaptersByKey;
import org.lora4j.spark.LocalSpark;
import org.lora4j.spark.LoraAdapterClassifier;
import org.lora4j.spark.LoraTextClassificationModel;
import org.lora4j.spark.LoraTextClassifier;
import org.lora4j.spark.LoraTextGenerator;
import org.lora4j.spark.TinyModel;
import org.lora4j.text.LabeledText;

/** The programs of docs/spark.md, over a tiny model. */
class GuideSparkTest {

    @TempDir
    private Path temporary;

    private static Dataset<Row> table(int count, long seed) {
        List<Row> rows = new ArrayList<>();
        for (LabeledText text : TinyModel.texts(count, seed)) {
            rows.add(RowFactory.create(text.text(), text.labels().get(0), rows.size() % 2 == 0 ? "acme" : "b"));
        }
        return LocalSpark.table("question STRING, intent STRING, customer STRING", rows);
    }

    @Test
    void classifier() throws IOException {
        String base = TinyModel.in(temporary).toString();
        String folder = temporary.toString();
        Dataset<Row> train = table(36, 1);
        Dataset<Row> test = table(6, 2);

        LoraTextClassifier classifier = new LoraTextClassifier()
                .setCheckpoint(base) // such as "/models/all-MiniLM-L6-v2"
                .setTextCol("question")
                .setLabelCol("intent")
                .setRank(8)
                .setEpochs(3);
        LoraTextClassificationModel model = classifier.fit(train);
        Dataset<Row> predicted = model.transform(test);
        predicted.select("question", "prediction", "probability").show();
        model.save(folder + "/intents"); // such as "hdfs:///models/intents"
        LoraTextClassificationModel again = LoraTextClassificationModel.load(folder + "/intents");

        assertThat(again.transform(test).collectAsList()).isEqualTo(predicted.collectAsList());

        classifier.setLabelIndexCol("index").setHeadOnly(true);
        ParamMap[] grid = new ParamGridBuilder()
                .addGrid(classifier.rank(), new int[] {4, 16})
                .build();
        CrossValidatorModel tuned = new CrossValidator()
                .setEstimator(classifier)
                .setEvaluator(new MulticlassClassificationEvaluator().setLabelCol("index"))
                .setEstimatorParamMaps(grid)
                .setNumFolds(2)
                .setParallelism(2)
                .fit(train);
        assertThat(tuned.avgMetrics()).hasSize(2);

        Dataset<Row> report =
                AdaptersByKey.of(classifier, "customer", folder + "/adapters").fit(train);

        assertThat(report.collectAsList())
                .extracting(row -> row.<String>getAs("state"))
                .containsExactly("trained", "trained");

        LoraAdapterClassifier served = new LoraAdapterClassifier()
                .setCheckpoint(base)
                .setTextCol("question")
                .setAdapterCol("customer")
                .setAdaptersPath(folder + "/adapters");
        served.transform(test).select("question", "customer", "prediction").show();
        assertThat(served.transform(test).first().<String>getAs("prediction")).isIn("complaint", "praise", "question");
    }

    @Test
    void together() throws IOException {
        String folder = temporary.toString();
        Dataset<Row> train = table(24, 1);
        LoraTextClassifier classifier = new LoraTextClassifier()
                .setCheckpoint(TinyModel.in(temporary, TinyModel.ELECTRA).toString())
                .setTextCol("question")
                .setLabelCol("intent")
                .setEpochs(1);
        Dataset<Row> test = table(6, 2);

        LoraTextClassificationModel together = classifier
                .setDistributed(true)
                .setNumWorkers(2)
                .setGradientParts(8)
                .setCheckpointDir(folder + "/checkpoints")
                .fit(train);

        assertThat(together.transform(test).count()).isEqualTo(6);
    }

    @Test
    void generator() {
        String languageModel = "../language/src/test/resources/language/models/stories260k";
        String adapters = languageModel;
        Dataset<Row> prompts = LocalSpark.table(
                "prompt STRING, customer STRING", List.of(RowFactory.create("Once upon a time", "adapter-qv")));

        LoraTextGenerator generator = new LoraTextGenerator()
                .setCheckpoint(languageModel) // such as "/models/smollm2-135m"
                .setAdapterCol("customer")
                .setAdaptersPath(adapters)
                .setMaxNewTokens(64);
        Dataset<Row> texts = generator.transform(prompts);

        assertThat(texts.first().<String>getAs("generated")).isNotEmpty();
    }
}
