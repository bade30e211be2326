/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkFiles;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.TemporaryFolder;

/**
 * Where an executor gets the base from. It is opened once in each, by the hash of its content, and one that differs from the driver's is
 * refused.
 *
 * @param checkpoint what the user named
 * @param form how it comes
 * @param hash of its files; of its name if it is published
 * @param files its files, if they are broadcast
 */
record BaseSource(String checkpoint, Form form, String hash, Broadcast<SavedFiles> files) implements Serializable {

    private static final long serialVersionUID = 1;

    /** What may be broadcast. */
    static final long MOST_BROADCAST = 256L << 20;

    /** How a base comes. */
    enum Form {
        PUBLISHED,
        PATH,
        SPARK_FILES,
        BROADCAST
    }

    /**
     * Looks at the base on the driver.
     *
     * @throws IllegalArgumentException if it is not there, or cannot come as it is asked for
     */
    static BaseSource of(JavaSparkContext spark, ParamValues settings) {
        if (!settings.has("checkpoint")) {
            throw new IllegalArgumentException("checkpoint is not set, expected the path of a model directory");
        }
        String checkpoint = settings.text("checkpoint");
        Path path = path(checkpoint);
        if (!Files.exists(path)) {
            if (checkpoint.contains("/") || checkpoint.contains("\\")) {
                throw new IllegalArgumentException("checkpoint = " + MessageText.path(path)
                        + ", which the driver does not see; expected a model directory that the driver and all executors"
                        + " see, or the name of a published encoder. With baseDistribution = sparkFiles or broadcast it"
                        + " is enough if the driver sees it.");
            }
            return new BaseSource(checkpoint, Form.PUBLISHED, "published " + checkpoint, null);
        }
        try {
            return switch (settings.text("baseDistribution")) {
                case "broadcast" -> broadcast(spark, checkpoint, path);
                case "sparkFiles" -> {
                    spark.sc().addFile(path.toAbsolutePath().toString(), Files.isDirectory(path));
                    yield new BaseSource(checkpoint, Form.SPARK_FILES, SavedFiles.hash(path), null);
                }
                default -> new BaseSource(checkpoint, Form.PATH, SavedFiles.hash(path), null);
            };
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "checkpoint = " + MessageText.path(path) + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static Path path(String checkpoint) {
        try {
            return Path.of(checkpoint);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(
                    "checkpoint = " + MessageText.name(checkpoint) + " is no path: " + e.getReason()
                            + "; expected a model directory, or the name of a published encoder.",
                    e);
        }
    }

    private static BaseSource broadcast(JavaSparkContext spark, String checkpoint, Path path) throws IOException {
        long bytes = SavedFiles.bytes(path);
        if (bytes >= MOST_BROADCAST) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "the base %s has %d MB; expected less than %d MB with baseDistribution = broadcast. Use sparkFiles,"
                            + " or a path that all executors see.",
                    MessageText.path(path),
                    bytes >> 20,
                    MOST_BROADCAST >> 20));
        }
        SavedFiles files = SavedFiles.read(path);
        return new BaseSource(checkpoint, Form.BROADCAST, files.hash(), spark.broadcast(files));
    }

    /** Takes the base in an executor. */
    <B extends AutoCloseable> ExecutorCache.Lease<B> take(RowTask<B, ?, ?> task) throws IOException {
        return ExecutorCache.BASES.take(task.getClass().getName() + " " + hash, () -> open(task));
    }

    private <B extends AutoCloseable> B open(RowTask<B, ?, ?> task) throws IOException {
        switch (form) {
            case PUBLISHED:
                return task.named(checkpoint);
            case PATH:
                return checked(task, Path.of(checkpoint));
            case SPARK_FILES:
                return checked(
                        task,
                        Path.of(SparkFiles.get(Path.of(checkpoint).getFileName().toString())));
            default:
                try (TemporaryFolder folder = TemporaryFolder.create()) {
                    files.value().writeTo(folder.folder());
                    return task.open(folder.folder());
                }
        }
    }

    private <B extends AutoCloseable> B checked(RowTask<B, ?, ?> task, Path path) throws IOException {
        if (!Files.exists(path)) {
            throw new IOException("the executor " + SparkEnv.get().executorId() + " does not see the base "
                    + MessageText.path(path)
                    + "; expected a path that all executors see. Set baseDistribution to sparkFiles or broadcast.");
        }
        String found = SavedFiles.hash(path);
        if (!found.equals(hash)) {
            throw new IOException("the base " + MessageText.path(path) + " of the executor "
                    + SparkEnv.get().executorId() + " has other files than the driver's (sha256 "
                    + found.substring(0, 12)
                    + ", the driver's " + hash.substring(0, 12)
                    + "); expected the same everywhere. Set baseDistribution to sparkFiles or broadcast.");
        }
        return task.open(path);
    }

    /**
     * Opens the base where tasks will run, before they do; on one machine the driver has opened it already.
     *
     * @throws IllegalArgumentException if an executor cannot; the message says which, and why
     */
    void requireEverywhere(JavaSparkContext spark, RowTask<?, ?, ?> task) {
        if (spark.isLocal()) {
            return;
        }
        int slots = Math.max(1, spark.defaultParallelism());
        List<Integer> numbers = IntStream.range(0, slots).boxed().toList();
        List<String> problems = spark.parallelize(numbers, slots)
                .mapPartitions(new Opening<>(this, task))
                .distinct()
                .collect();
        Problems found = new Problems();
        found.addAll(problems);
        found.throwIfAny(task.name() + ": checkpoint = " + MessageText.name(checkpoint));
    }

    /** Tries to open a base. */
    private record Opening<B extends AutoCloseable>(BaseSource base, RowTask<B, ?, ?> task)
            implements FlatMapFunction<java.util.Iterator<Integer>, String> {

        private static final long serialVersionUID = 1;

        @Override
        public java.util.Iterator<String> call(java.util.Iterator<Integer> numbers) {
            try (ExecutorCache.Lease<B> lease = base.take(task)) {
                List<String> none = lease.value() == null ? List.of("it is not there") : List.of();
                return none.iterator();
            } catch (IOException | RuntimeException e) {
                return List.of(DriverCheck.unfinished(e)).iterator();
            }
        }
    }
}
