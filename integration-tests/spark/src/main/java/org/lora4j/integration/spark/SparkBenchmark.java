/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.exec.NativeThreads;
import org.lora4j.serve.text.ClassScores;
import org.lora4j.serve.text.TextAnswer;
import org.lora4j.serve.text.TextInput;
import org.lora4j.serve.text.TextServer;
import org.lora4j.spark.AdaptersByKey;
import org.lora4j.spark.LoraAdapterClassifier;
import org.lora4j.spark.LoraTextClassificationModel;
import org.lora4j.spark.LoraTextClassifier;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextTable;

/**
 * What Spark costs and gives, with all-MiniLM-L6-v2 and the questions of BANKING77: equal bytes by 1, 2 and 4 workers; an epoch by two
 * workers, beside one, and beside two threads of the plain trainer; what Spark adds to a fit; rows a second, beside the server of texts
 * itself; many small adapters, beside one alone.
 */
public final class SparkBenchmark {

    private static final String BASE = "all-minilm-l6-v2";
    private static final int BATCH = 64;
    private static final int STEPS = 50;
    private static final int PARTS = 4;
    private static final int ROUNDS = 3;
    private static final int TEXTS_OF_A_KEY = 12;
    private static final int ALONE = 20;
    private static final int SERVED = 20;
    private static final int CHUNK = 256;
    private static final int SERVERS_THREADS = 2;
    /** How often the table has each text: a job opens its server and reads its adapters anew, whatever its length. */
    private static final int COPIES = 4;
    private static final StructType SCHEMA = StructType.fromDDL("text STRING, label STRING, customer STRING");
    private static final String ADAPTER = "adapter_model.safetensors";

    private final Path output;
    private final List<LabeledText> train;
    private final List<LabeledText> test;
    private final int keys;
    private final FigureTable figures = new FigureTable();

    private SparkBenchmark(Path data, Path output, int keys) throws IOException {
        this.output = output;
        this.keys = keys;
        this.train = questions(data, "train.csv");
        this.test = questions(data, "test.csv");
    }

    /**
     * Runs the benchmark.
     *
     * @param arguments the folder of the data, the folder for what is made, which parts run ({@code all}, or some of {@code bits},
     *     {@code workers}, {@code overhead}, {@code inference} and {@code keys} with commas), and the number of small adapters (1,000)
     * @throws Exception if the data are missing, or a part fails
     */
    public static void main(String[] arguments) throws Exception {
        Path data = Path.of(arguments[0]);
        Path output = Files.createDirectories(Path.of(arguments[1]));
        int keys = arguments.length > 3 ? Integer.parseInt(arguments[3]) : 1_000;
        SparkBenchmark benchmark = new SparkBenchmark(data, output, keys);
        Map<String, Part> parts = new LinkedHashMap<>();
        parts.put("bits", benchmark::bits);
        parts.put("workers", benchmark::workers);
        parts.put("overhead", benchmark::overhead);
        parts.put("inference", benchmark::inference);
        parts.put("keys", benchmark::smallAdapters);
        List<String> wanted =
                arguments[2].equals("all") ? List.copyOf(parts.keySet()) : List.of(arguments[2].split(","));
        for (String part : wanted) {
            System.out.println("== " + part);
            parts.get(part).run();
        }
        benchmark.figures.write(output.resolve("spark-benchmark.md"));
        System.exit(0);
    }

    private interface Part {
        void run() throws Exception;
    }

    private static List<LabeledText> questions(Path data, String file) throws IOException {
        List<LabeledText> texts = new ArrayList<>(
                TextTable.csv(data.resolve("banking77").resolve(file)).labeled("text", "category"));
        java.util.Collections.shuffle(texts, new java.util.Random(1));
        return texts;
    }

    private static SparkSession local(int cores) {
        return SparkExample.session("local[" + cores + "]").getOrCreate();
    }

    private static SparkSession cluster(int executors) {
        SparkSession spark = KilledExecutor.cluster(SparkExample.session("local-cluster[" + executors + ",1,2048]"))
                .getOrCreate();
        KilledExecutor.requireExecutors(spark, executors);
        return spark;
    }

    private static LoraTextClassifier classifier() {
        return new LoraTextClassifier()
                .setCheckpoint(BASE)
                .setEpochs(1)
                .setBatchSize(BATCH)
                .setValidationFraction(0)
                .setGradientParts(PARTS);
    }

    private static byte[] adapter(LoraTextClassificationModel model, Path folder) throws IOException {
        model.write().overwrite().save(folder.toString());
        return Files.readAllBytes(folder.resolve("lora4j").resolve(ADAPTER));
    }

    /** An epoch of about fifty steps. */
    private List<LabeledText> fiftySteps() {
        return train.subList(0, BATCH * STEPS);
    }

    private TextClassifier plain(
            TextEncoder encoder, List<LabeledText> texts, int threads, int parts, StepClock clock) {
        return NativeThreads.atMost(
                threads,
                () -> TextClassifier.builder(encoder)
                        .adapter(LoraConfig.builder()
                                .rank(8)
                                .alpha(16)
                                .targetModules(ModuleSelector.allLinear())
                                .build())
                        .epochs(1)
                        .batchSize(BATCH)
                        .validationFraction(0)
                        .plan(plan -> plan.parts(parts))
                        .listener(clock)
                        .quiet()
                        .build()
                        .fit(texts));
    }

    private void bits() throws IOException {
        List<LabeledText> texts = fiftySteps();
        byte[] expected;
        try (TextEncoder encoder = TextEncoder.named(BASE);
                TextClassifier plain = plain(encoder, texts, 1, PARTS, new StepClock())) {
            Path folder = output.resolve("plain");
            plain.save(folder);
            expected = Files.readAllBytes(folder.resolve(ADAPTER));
        }
        try (SparkSession spark = local(PARTS)) {
            Dataset<Row> table = SparkExample.table(spark, texts);
            for (int workers : new int[] {1, 2, 4}) {
                byte[] found = adapter(
                        classifier().setDistributed(true).setNumWorkers(workers).fit(table),
                        output.resolve("workers" + workers));
                figures.atLeast(
                        "bytes of the plain trainer with as many parts after 50 steps, " + workers + " workers",
                        Arrays.equals(found, expected) ? 1 : 0,
                        1);
            }
        }
    }

    /** Steps of workers in processes of their own, and of the plain trainer by one and two threads. */
    private void workers() throws IOException {
        List<LabeledText> texts = fiftySteps();
        double[] ofWorkers = new double[3];
        double share = 0;
        for (int workers : new int[] {1, 2}) {
            try (SparkSession spark = cluster(workers)) {
                Dataset<Row> table = SparkExample.table(spark, texts);
                SparkSteps steps = SparkSteps.listen(spark);
                LoraTextClassifier classifier =
                        classifier().setDistributed(true).setNumWorkers(workers);
                double best = Double.MAX_VALUE;
                // The first one compiles, and opens the base.
                for (int round = -1; round < ROUNDS; round++) {
                    classifier.fit(table);
                    SparkSteps.Sums sums = steps.take();
                    double epoch = sums.seconds() / workers;
                    System.out.printf(
                            Locale.ROOT,
                            "%d workers, round %d: %d steps, %.2f s, exchange %.3f of it%n",
                            workers,
                            round + 1,
                            sums.steps() / workers,
                            epoch,
                            sums.exchange() / sums.seconds());
                    if (round >= 0 && epoch < best) {
                        best = epoch;
                        share = sums.exchange() / sums.seconds();
                    }
                }
                ofWorkers[workers] = best;
            }
        }
        double[] ofThreads = new double[3];
        StepClock steps = new StepClock();
        try (TextEncoder encoder = TextEncoder.named(BASE)) {
            for (int threads : new int[] {1, 2}) {
                double best = Double.MAX_VALUE;
                for (int round = -1; round < ROUNDS; round++) {
                    StepClock clock = new StepClock();
                    plain(encoder, texts, threads, threads, clock).close();
                    if (round >= 0 && clock.seconds() < best) {
                        best = clock.seconds();
                        steps = threads == 1 ? clock : steps;
                    }
                }
                ofThreads[threads] = best;
                System.out.printf(Locale.ROOT, "plain, %d threads: %.2f s%n", threads, best);
            }
        }
        double ratio = ofWorkers[2] / ofWorkers[1];
        double ofPlain = ofThreads[2] / ofThreads[1];
        figures.atMost("an epoch by two workers of one core / by one", ratio, Math.max(0.6, 1.1 * ofPlain));
        figures.note("an epoch of the plain trainer by two threads / by one", ofPlain);
        figures.note("one worker / the plain trainer by one thread", ofWorkers[1] / ofThreads[1]);
        figures.note("share of the exchange in the steps of two workers", share);
        // What docs/spark.md plans from.
        for (double below : new double[] {0.1, 0.3, 0.5, 0.7, 0.9, 0.99}) {
            figures.note(
                    String.format(Locale.ROOT, "seconds of a step by one thread, %.0f of 100 are below", 100 * below),
                    steps.quantile(below));
        }
    }

    private void overhead() throws IOException {
        List<LabeledText> texts = fiftySteps();
        List<Double> ratios = new ArrayList<>();
        try (SparkSession spark = local(1);
                TextEncoder encoder = TextEncoder.named(BASE)) {
            Dataset<Row> table = SparkExample.table(spark, texts).cache();
            table.count();
            for (int round = -1; round < ROUNDS; round++) {
                long start = System.nanoTime();
                classifier().setGradientParts(1).fit(table);
                double onSpark = SparkExample.seconds(start);
                start = System.nanoTime();
                try (TextClassifier plain = plain(encoder, texts, 1, 1, new StepClock())) {
                    plain.save(output.resolve("overhead"));
                }
                double alone = SparkExample.seconds(start);
                System.out.printf(Locale.ROOT, "a fit on Spark %.2f s, plain %.2f s%n", onSpark, alone);
                if (round >= 0) {
                    ratios.add(onSpark / alone);
                }
            }
        }
        figures.atMost("a fit on Spark / by the plain trainer, one core", FigureTable.median(ratios), 1.15);
    }

    /** A few labels for each key, and some texts of each. */
    private List<Row> rowsOfKeys(int count) {
        List<Row> rows = new ArrayList<>();
        for (int key = 0; key < count; key++) {
            for (LabeledText text : textsOfKey(key)) {
                rows.add(RowFactory.create(text.text(), text.labels().get(0), "key " + key));
            }
        }
        return rows;
    }

    private List<LabeledText> textsOfKey(int key) {
        List<String> labels = train.stream()
                .map(text -> text.labels().get(0))
                .distinct()
                .sorted()
                .toList();
        List<String> own = List.of(
                labels.get(key % labels.size()),
                labels.get((key + 11) % labels.size()),
                labels.get((key + 29) % labels.size()));
        return own.stream()
                .flatMap(label -> train.stream()
                        .filter(text -> text.labels().contains(label))
                        .skip(key / labels.size() % 5)
                        .limit(TEXTS_OF_A_KEY / own.size()))
                .toList();
    }

    private static LoraTextClassifier small() {
        return new LoraTextClassifier().setCheckpoint(BASE).setEpochs(1).setValidationFraction(0);
    }

    private void smallAdapters() throws IOException {
        double alone;
        try (TextEncoder encoder = TextEncoder.named(BASE)) {
            // The first ones compile.
            IntStream.range(0, ALONE).forEach(key -> saved(encoder, key));
            long start = System.nanoTime();
            IntStream.range(0, ALONE).forEach(key -> saved(encoder, key));
            alone = SparkExample.seconds(start) / ALONE;
        }
        try (SparkSession spark = local(1)) {
            Path folder = output.resolve("keys-" + System.nanoTime());
            AdaptersByKey.of(small(), "customer", folder.resolve("warm").toString())
                    .fit(spark.createDataFrame(rowsOfKeys(ALONE), SCHEMA));
            Dataset<Row> table = spark.createDataFrame(rowsOfKeys(keys), SCHEMA).cache();
            table.count();
            long start = System.nanoTime();
            long trained = AdaptersByKey.of(
                            small(), "customer", folder.resolve("all").toString())
                    .fit(table)
                    .filter("state = 'trained'")
                    .count();
            double seconds = SparkExample.seconds(start);
            if (trained != keys) {
                throw new IllegalStateException(trained + " of " + keys + " adapters were trained");
            }
            System.out.printf(Locale.ROOT, "%d small adapters: %.1f s; one alone %.3f s%n", keys, seconds, alone);
            figures.atMost(keys + " small adapters / as many times one alone, one core", seconds / (keys * alone), 1.2);
        }
    }

    private void saved(TextEncoder encoder, int key) {
        try (TextClassifier one = NativeThreads.atMost(
                1,
                () -> TextClassifier.builder(encoder)
                        .adapter(LoraConfig.builder()
                                .rank(8)
                                .alpha(16)
                                .targetModules(ModuleSelector.allLinear())
                                .build())
                        .epochs(1)
                        .validationFraction(0)
                        .quiet()
                        .build()
                        .fit(textsOfKey(key)))) {
            one.save(output.resolve("alone" + key));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** The same rows, by adapters that a column names, through a table and through the server itself. */
    private void inference() throws Exception {
        Path folder = output.resolve("served-" + System.nanoTime());
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < COPIES * test.size(); i++) {
            rows.add(RowFactory.create(test.get(i % test.size()).text(), null, "key " + i % SERVED));
        }
        List<Double> shares = new ArrayList<>();
        try (SparkSession spark = local(SERVERS_THREADS);
                TextEncoder encoder = TextEncoder.named(BASE);
                TextServer server =
                        TextServer.builder(encoder).workers(SERVERS_THREADS).build()) {
            AdaptersByKey.of(small(), "customer", folder.toString())
                    .fit(spark.createDataFrame(rowsOfKeys(SERVED), SCHEMA));
            for (int key = 0; key < SERVED; key++) {
                server.load("key " + key, folder.resolve("key%20" + key));
            }
            Dataset<Row> table =
                    spark.createDataFrame(rows, SCHEMA).repartition(8).cache();
            table.count();
            LoraAdapterClassifier served = new LoraAdapterClassifier()
                    .setCheckpoint(BASE)
                    .setAdapterCol("customer")
                    .setAdaptersPath(folder.toString())
                    .setInferenceBatchSize(CHUNK);
            for (int round = -1; round < ROUNDS; round++) {
                long start = System.nanoTime();
                served.transform(table).write().format("noop").mode("overwrite").save();
                double throughSpark = rows.size() / SparkExample.seconds(start);
                double direct = rowsPerSecond(server, rows);
                System.out.printf(
                        Locale.ROOT, "rows a second: %.0f through Spark, %.0f by the server%n", throughSpark, direct);
                if (round >= 0) {
                    shares.add(throughSpark / direct);
                }
            }
        }
        figures.atLeast("rows a second through Spark / by the server itself", FigureTable.median(shares), 0.85);
    }

    private static double rowsPerSecond(TextServer server, List<Row> rows) throws Exception {
        AtomicInteger next = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(SERVERS_THREADS);
        long start = System.nanoTime();
        try {
            List<Future<?>> work = new ArrayList<>();
            for (int thread = 0; thread < SERVERS_THREADS; thread++) {
                work.add(threads.submit(() -> {
                    for (int from = next.getAndAdd(CHUNK); from < rows.size(); from = next.getAndAdd(CHUNK)) {
                        ask(server, rows.subList(from, Math.min(rows.size(), from + CHUNK)));
                    }
                }));
            }
            for (Future<?> one : work) {
                one.get();
            }
        } finally {
            threads.shutdown();
        }
        return rows.size() / SparkExample.seconds(start);
    }

    private static void ask(TextServer server, List<Row> rows) {
        Map<String, List<TextInput>> byAdapter = new LinkedHashMap<>();
        rows.forEach(row -> byAdapter
                .computeIfAbsent(row.getString(2), name -> new ArrayList<>())
                .add(TextInput.of(row.getString(0))));
        List<CompletableFuture<TextAnswer<ClassScores>>> answers = new ArrayList<>();
        byAdapter.forEach((adapter, texts) -> answers.add(server.classify(adapter, texts)));
        answers.forEach(CompletableFuture::join);
    }
}
