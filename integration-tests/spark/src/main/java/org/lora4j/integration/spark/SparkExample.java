/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.spark;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.CrossValidatorModel;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.exec.NativeThreads;
import org.lora4j.spark.AdaptersByKey;
import org.lora4j.spark.LoraSentenceEncoderModel;
import org.lora4j.spark.LoraTextClassificationModel;
import org.lora4j.spark.LoraTextClassifier;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextTable;

/**
 * Questions to a bank (BANKING77, ten of each intent) on Spark: a sweep by cross-validation within a pipeline, saved, loaded and compared with
 * the plain trainer; vectors of a table; fifty adapters by key; and a training by two executors, one of which is killed.
 */
public final class SparkExample {

    private static final String BASE = "all-minilm-l6-v2";
    private static final int OF_EACH_INTENT = 10;
    private static final int KEYS = 50;
    private static final int INTENTS_OF_A_KEY = 3;
    private static final StructType SCHEMA = StructType.fromDDL("text STRING, label STRING, customer STRING");

    private final Path data;
    private final Path output;
    private final PrintStream out;

    private SparkExample(Path data, Path output, PrintStream out) {
        this.data = data;
        this.output = output;
        this.out = out;
    }

    /**
     * Runs the example.
     *
     * @param arguments the folder of the data, the folder for what is made, and which parts run: {@code all}, or some of {@code sweep},
     *     {@code vectors}, {@code adapters} and {@code fault} with commas
     * @throws IOException if a file cannot be read or written
     * @throws InterruptedException if the program is told to end
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path data = Path.of(arguments[0]);
        if (!Files.isDirectory(data.resolve("banking77"))) {
            System.out.println(
                    "skipped: " + data.resolve("banking77") + " is not there; -Dlora4j.shared names its folder");
            return;
        }
        Path output = Path.of(arguments[1]);
        Files.createDirectories(output);
        SparkExample example = new SparkExample(data, output, System.out);
        List<LabeledText> train = example.questions("train.csv", OF_EACH_INTENT);
        List<String> parts = arguments[2].equals("all")
                ? List.of("sweep", "vectors", "adapters", "fault")
                : List.of(arguments[2].split(","));
        long start = System.nanoTime();
        try (SparkSession spark = session("local[2]").getOrCreate()) {
            if (parts.contains("sweep")) {
                example.sweep(spark, train);
            }
            if (parts.contains("vectors")) {
                example.vectors(spark);
            }
            if (parts.contains("adapters")) {
                example.adapters(spark);
            }
        }
        if (parts.contains("fault")) {
            new KilledExecutor(output, System.out).run(session("local-cluster[2,1,2048]"), train);
        }
        System.out.printf(Locale.ROOT, "all in %.0f s%n", seconds(start));
    }

    static SparkSession.Builder session(String master) {
        return SparkSession.builder()
                .master(master)
                .appName("lora4j example")
                .config("spark.ui.enabled", "false")
                .config("spark.log.level", "ERROR")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.sql.shuffle.partitions", "8");
    }

    private List<LabeledText> questions(String file, int most) throws IOException {
        Map<String, Integer> counts = new HashMap<>();
        List<LabeledText> texts = new ArrayList<>();
        TextTable.csv(data.resolve("banking77").resolve(file))
                .labeled("text", "category")
                .forEach(text -> {
                    if (counts.merge(text.labels().get(0), 1, Integer::sum) <= most) {
                        texts.add(text);
                    }
                });
        return texts;
    }

    static Dataset<Row> table(SparkSession spark, List<LabeledText> texts) {
        List<Row> rows = texts.stream()
                .map(text -> RowFactory.create(text.text(), text.labels().get(0), null))
                .toList();
        return spark.createDataFrame(rows, SCHEMA).drop("customer");
    }

    private void sweep(SparkSession spark, List<LabeledText> train) throws IOException {
        Dataset<Row> table = table(spark, train);
        Dataset<Row> test =
                table(spark, questions("test.csv", Integer.MAX_VALUE)).repartition(4);
        LoraTextClassifier classifier = new LoraTextClassifier()
                .setCheckpoint(BASE)
                .setLabelIndexCol("index")
                .setValidationFraction(0);
        MulticlassClassificationEvaluator accuracy =
                new MulticlassClassificationEvaluator().setLabelCol("index").setMetricName("accuracy");
        ParamMap[] ranks = new ParamGridBuilder()
                .addGrid(classifier.rank(), new int[] {4, 8})
                .build();
        long start = System.nanoTime();
        CrossValidatorModel tuned = new CrossValidator()
                .setEstimator(new Pipeline().setStages(new PipelineStage[] {classifier}))
                .setEvaluator(accuracy)
                .setEstimatorParamMaps(ranks)
                .setNumFolds(2)
                .setParallelism(2)
                .setSeed(7)
                .fit(table);
        out.printf(
                Locale.ROOT,
                "cross-validation, two folds, ranks 4 and 8: accuracy %s, %.0f s%n",
                Arrays.toString(tuned.avgMetrics()),
                seconds(start));
        Path saved = output.resolve("tuned");
        tuned.write().overwrite().save(saved.toString());
        CrossValidatorModel loaded = CrossValidatorModel.load(saved.toString());
        start = System.nanoTime();
        double score = accuracy.evaluate(loaded.transform(test));
        out.printf(
                Locale.ROOT,
                "saved, loaded, scored: accuracy %.4f on %d questions, %.0f s%n",
                score,
                test.count(),
                seconds(start));
        LoraTextClassificationModel best =
                (LoraTextClassificationModel) ((PipelineModel) loaded.bestModel()).stages()[0];
        best.write().overwrite().save(output.resolve("best").toString());
        requireSame(train, tuned.avgMetrics()[0] >= tuned.avgMetrics()[1] ? 4 : 8);
    }

    private void requireSame(List<LabeledText> train, int rank) throws IOException {
        byte[] ours = Files.readAllBytes(output.resolve("best/lora4j/adapter_model.safetensors"));
        boolean same;
        try (TextEncoder encoder = TextEncoder.named(BASE);
                TextClassifier plain = NativeThreads.atMost(
                        1,
                        () -> TextClassifier.builder(encoder)
                                .adapter(LoraConfig.builder()
                                        .rank(rank)
                                        .alpha(16)
                                        .targetModules(ModuleSelector.allLinear())
                                        .build())
                                .validationFraction(0)
                                .quiet()
                                .build()
                                .fit(train))) {
            Path folder = output.resolve("plain");
            plain.save(folder);
            same = Arrays.equals(ours, Files.readAllBytes(folder.resolve("adapter_model.safetensors")));
        }
        out.println("the adapter has the bytes of the plain trainer's: " + same);
        if (!same) {
            throw new IllegalStateException(
                    "the adapter of Spark differs from the plain trainer's; expected the same bytes");
        }
    }

    private void vectors(SparkSession spark) throws IOException {
        Dataset<Row> test = table(spark, questions("test.csv", Integer.MAX_VALUE))
                .repartition(8)
                .cache();
        long rows = test.count();
        LoraSentenceEncoderModel encoder = new LoraSentenceEncoderModel().setCheckpoint(BASE);
        encoder.transform(test.limit(64)).count();
        long start = System.nanoTime();
        encoder.transform(test).write().format("noop").mode("overwrite").save();
        out.printf(Locale.ROOT, "vectors: %.0f rows a second on two cores%n", rows / seconds(start));
    }

    /** Each key has three intents of its own. */
    private void adapters(SparkSession spark) throws IOException {
        List<LabeledText> all = questions("train.csv", OF_EACH_INTENT);
        List<String> intents = all.stream()
                .map(text -> text.labels().get(0))
                .distinct()
                .sorted()
                .toList();
        List<Row> rows = new ArrayList<>();
        for (int key = 0; key < KEYS; key++) {
            List<String> own = new ArrayList<>();
            for (int i = 0; i < INTENTS_OF_A_KEY; i++) {
                own.add(intents.get((key * 5 + i * 11) % intents.size()));
            }
            for (LabeledText text : all) {
                if (own.contains(text.labels().get(0))) {
                    rows.add(RowFactory.create(text.text(), text.labels().get(0), "customer " + key));
                }
            }
        }
        Dataset<Row> table = spark.createDataFrame(rows, SCHEMA);
        LoraTextClassifier classifier =
                new LoraTextClassifier().setCheckpoint(BASE).setEpochs(1).setValidationFraction(0);
        AdaptersByKey byKey = AdaptersByKey.of(
                classifier, "customer", output.resolve("adapters").toString());
        for (String run : List.of("first run", "second run")) {
            long start = System.nanoTime();
            Dataset<Row> report = byKey.fit(table);
            out.printf(Locale.ROOT, "%d adapters by key, %s: %.0f s, %s%n", KEYS, run, seconds(start), states(report));
        }
    }

    private static String states(Dataset<Row> report) {
        StringBuilder states = new StringBuilder();
        report.groupBy("state")
                .count()
                .orderBy("state")
                .collectAsList()
                .forEach(row -> states.append(states.isEmpty() ? "" : ", ")
                        .append(row.getLong(1))
                        .append(' ')
                        .append(row.getString(0)));
        return states.toString();
    }

    static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }
}
