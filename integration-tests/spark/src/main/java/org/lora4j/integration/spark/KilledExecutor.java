/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.spark;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.lora4j.spark.LoraTextClassifier;
import org.lora4j.text.LabeledText;

/** Two executors train one adapter, and one of them is killed: the stage begins again, and the adapter has the same bytes. */
final class KilledExecutor {

    private static final int EXECUTORS = 2;
    private static final long WAIT_MILLIS = 200;
    private static final int MOST_WAITS = 600;

    private final Path output;
    private final PrintStream out;

    KilledExecutor(Path output, PrintStream out) {
        this.output = output;
        this.out = out;
    }

    void run(SparkSession.Builder builder, List<LabeledText> texts) throws IOException, InterruptedException {
        Path checkpoints = output.resolve("checkpoints");
        try (SparkSession spark = builder.config("spark.executor.memory", "1g")
                .config("spark.executor.memoryOverhead", "1g")
                .config("spark.executor.extraClassPath", System.getProperty("java.class.path").split(java.io.File.pathSeparator)[0])
                .getOrCreate()) {
            waitUntil(() -> spark.sparkContext().statusTracker().getExecutorInfos().length > EXECUTORS);
            Dataset<Row> table = SparkExample.table(spark, texts);
            LoraTextClassifier classifier = new LoraTextClassifier()
                    .setEpochs(2)
                    .setBatchSize(64)
                    .setValidationFraction(0)
                    .setGradientParts(4)
                    .setDistributed(true)
                    .setNumWorkers(EXECUTORS);
            long start = System.nanoTime();
            byte[] undisturbed = adapter(classifier, table, "undisturbed");
            out.printf(Locale.ROOT, "two executors, undisturbed: %.0f s%n", SparkExample.seconds(start));

            clear(checkpoints);
            CompletableFuture<Long> killed = CompletableFuture.supplyAsync(() -> killAfterACheckpoint(checkpoints));
            classifier.setCheckpointDir(checkpoints.toString()).setCheckpointSteps(3);
            start = System.nanoTime();
            byte[] disturbed = adapter(classifier, table, "disturbed");
            out.printf(
                    Locale.ROOT,
                    "two executors, process %d killed after a checkpoint: %.0f s, the same bytes: %s%n",
                    killed.join(),
                    SparkExample.seconds(start),
                    Arrays.equals(undisturbed, disturbed));
            if (!Arrays.equals(undisturbed, disturbed)) {
                throw new IllegalStateException("an executor that died changed the adapter; expected the same bytes");
            }
        }
    }

    private byte[] adapter(LoraTextClassifier classifier, Dataset<Row> table, String name) throws IOException {
        Path folder = output.resolve(name);
        classifier.fit(table).write().overwrite().save(folder.toString());
        return Files.readAllBytes(folder.resolve("lora4j/adapter_model.safetensors"));
    }

    private static void clear(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    /** The executors are processes that this one started. */
    private static long killAfterACheckpoint(Path checkpoints) {
        waitUntil(() -> Files.isDirectory(checkpoints) && hasFile(checkpoints));
        ProcessHandle executor = ProcessHandle.current()
                .descendants()
                .filter(process -> process.info().commandLine().orElse("").contains("CoarseGrainedExecutorBackend")
                        || process.info().command().orElse("").endsWith("java"))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no process of an executor was found"));
        executor.destroyForcibly();
        return executor.pid();
    }

    private static boolean hasFile(Path folder) {
        // Each run has a folder of its own below.
        try (Stream<Path> files = Files.walk(folder)) {
            return files.anyMatch(Files::isRegularFile);
        } catch (IOException | UncheckedIOException e) {
            return false;
        }
    }

    private interface Condition {
        boolean holds();
    }

    private static void waitUntil(Condition condition) {
        for (int i = 0; i < MOST_WAITS && !condition.holds(); i++) {
            try {
                Thread.sleep(WAIT_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
