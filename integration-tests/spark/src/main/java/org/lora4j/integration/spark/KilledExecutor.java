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
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.lora4j.spark.LoraTextClassifier;
import org.lora4j.text.LabeledText;

/**
 * Two executors, each a process of its own, train one adapter, and one of them is killed after a checkpoint: the stage begins again, and the
 * adapter has the bytes that it has without.
 */
final class KilledExecutor {

    private static final int EXECUTORS = 2;
    private static final long WAIT_MILLIS = 100;
    private static final int MOST_WAITS = 3_000;

    private final Path output;
    private final PrintStream out;

    KilledExecutor(Path output, PrintStream out) {
        this.output = output;
        this.out = out;
    }

    void run(SparkSession.Builder builder, List<LabeledText> texts) throws IOException {
        Path checkpoints = output.resolve("checkpoints");
        try (SparkSession spark = cluster(builder).getOrCreate()) {
            requireExecutors(spark, EXECUTORS);
            AtomicInteger lost = new AtomicInteger();
            spark.sparkContext().addSparkListener(new SparkListener() {
                @Override
                public void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
                    lost.incrementAndGet();
                }
            });
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
            AtomicBoolean over = new AtomicBoolean();
            CompletableFuture<Optional<Long>> killed =
                    CompletableFuture.supplyAsync(() -> killAfterACheckpoint(checkpoints, over));
            classifier.setCheckpointDir(checkpoints.toString()).setCheckpointSteps(3);
            start = System.nanoTime();
            byte[] disturbed;
            try {
                disturbed = adapter(classifier, table, "disturbed");
            } finally {
                over.set(true);
            }
            long process = killed.join()
                    .orElseThrow(() -> new IllegalStateException("the training was over before an executor was killed;"
                            + " expected a checkpoint before its end"));
            boolean same = Arrays.equals(undisturbed, disturbed);
            out.printf(
                    Locale.ROOT,
                    "two executors, process %d killed after a checkpoint: %.0f s, executors lost: %d, the same bytes: %s%n",
                    process,
                    SparkExample.seconds(start),
                    lost.get(),
                    same);
            if (!same || lost.get() == 0) {
                throw new IllegalStateException(
                        "expected an executor to be lost, and an adapter with the same bytes as without");
            }
        }
    }

    /** Their class path is the home of Spark, which has all jars; the classes of this program alone are in a folder. */
    static SparkSession.Builder cluster(SparkSession.Builder builder) {
        String own = System.getProperty("java.class.path").split(java.io.File.pathSeparator)[0];
        return builder.config("spark.executor.memory", "1g")
                .config("spark.executor.extraClassPath", own)
                .config(
                        "spark.executor.extraJavaOptions",
                        "-Dorg.bytedeco.javacpp.maxbytes=2G -Dorg.bytedeco.javacpp.maxphysicalbytes=4G");
    }

    /** The driver is told as one of them. */
    static void requireExecutors(SparkSession spark, int executors) {
        if (!waited(() -> spark.sparkContext().statusTracker().getExecutorInfos().length > executors)) {
            throw new IllegalStateException(
                    executors + " executors did not start; expected a home of Spark with all jars in"
                            + " SPARK_HOME. What they said is in the folder work below it.");
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

    /** The executors are processes that this one started. Empty if the training ended before. */
    private static Optional<Long> killAfterACheckpoint(Path checkpoints, AtomicBoolean over) {
        waited(() -> over.get() || Files.isDirectory(checkpoints) && hasFile(checkpoints));
        if (over.get()) {
            return Optional.empty();
        }
        Optional<ProcessHandle> executor = ProcessHandle.current()
                .descendants()
                .filter(process -> process.info().commandLine().orElse("").contains("CoarseGrainedExecutorBackend"))
                .findFirst();
        executor.ifPresent(ProcessHandle::destroyForcibly);
        return executor.map(ProcessHandle::pid);
    }

    private static boolean hasFile(Path folder) {
        // Each run has a folder of its own below.
        try (Stream<Path> files = Files.walk(folder)) {
            return files.anyMatch(Files::isRegularFile);
        } catch (IOException | UncheckedIOException e) {
            return false;
        }
    }

    /** Whether it came to be so within some minutes. */
    private static boolean waited(BooleanSupplier condition) {
        for (int i = 0; i < MOST_WAITS; i++) {
            if (condition.getAsBoolean()) {
                return true;
            }
            try {
                Thread.sleep(WAIT_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return false;
    }
}
