/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.lora4j.text.LabeledText;

/** A driver of two executors in processes of their own, of which one is killed while both train. Run by {@link LocalClusterTest}. */
public final class LosesAnExecutor {

    private static final int EXECUTORS = 2;

    /** Long enough for batches that are worth cutting. */
    private static final List<LabeledText> TEXTS = TinyModel.texts(192, 3).stream()
            .map(text -> new LabeledText(String.join(" ", Collections.nCopies(9, text.text())), text.labels()))
            .toList();

    private LosesAnExecutor() {}

    /**
     * Trains twice, and compares.
     *
     * @param args a folder, the base, and the folders of classes for the executors
     */
    public static void main(String[] args) throws IOException {
        Path checkpoints = Path.of(args[0]).resolve("checkpoints");
        try (SparkSession spark = SparkSession.builder()
                .master("local-cluster[" + EXECUTORS + ",1,1024]")
                .config("spark.ui.enabled", "false")
                .config("spark.log.level", "ERROR")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.executor.memory", "512m")
                .config("spark.executor.extraClassPath", args[2])
                .getOrCreate()) {
            System.out.println("Spark " + spark.version());
            AtomicInteger lost = new AtomicInteger();
            spark.sparkContext().addSparkListener(new SparkListener() {
                @Override
                public void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
                    lost.incrementAndGet();
                }
            });
            waitFor(() -> spark.sparkContext().statusTracker().getExecutorInfos().length > EXECUTORS);
            Dataset<Row> table =
                    spark.createDataFrame(TinyModel.rows(TEXTS), StructType.fromDDL("text STRING, label STRING"));
            LoraTextClassifier classifier = new LoraTextClassifier()
                    .setCheckpoint(args[1])
                    .setRank(2)
                    .setEpochs(60)
                    .setBatchSize(96)
                    .setValidationFraction(0)
                    .setGradientParts(4)
                    .setDistributed(true)
                    .setNumWorkers(EXECUTORS);
            byte[] undisturbed = adapter(classifier, table);
            CompletableFuture<Void> killed = CompletableFuture.runAsync(() -> killAfterACheckpoint(checkpoints));
            byte[] disturbed =
                    adapter(classifier.setCheckpointDir(checkpoints.toString()).setCheckpointSteps(10), table);
            System.out.println("killed: " + killed.isDone() + ", lost: " + (lost.get() > 0) + ", same bytes: "
                    + Arrays.equals(undisturbed, disturbed));
        }
        System.exit(0);
    }

    private static byte[] adapter(LoraTextClassifier classifier, Dataset<Row> table) {
        return classifier.fit(table).files().files().get("adapter_model.safetensors");
    }

    private static void killAfterACheckpoint(Path checkpoints) {
        waitFor(() -> hasFile(checkpoints));
        ProcessHandle.current()
                .descendants()
                .filter(process -> process.info().commandLine().orElse("").contains("CoarseGrainedExecutorBackend"))
                .findFirst()
                .orElseThrow()
                .destroyForcibly();
    }

    private static boolean hasFile(Path folder) {
        if (!Files.isDirectory(folder)) {
            return false;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.anyMatch(Files::isRegularFile);
        } catch (IOException | UncheckedIOException e) {
            // A file that went meanwhile.
            return false;
        }
    }

    private static void waitFor(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
