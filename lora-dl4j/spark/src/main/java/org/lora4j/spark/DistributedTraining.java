/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SecurityManager;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.Row;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.Sha256;
import org.lora4j.internal.format.file.TemporaryFolder;
import org.lora4j.spark.WorkerExchange.Meeting;
import org.lora4j.train.Checkpoints;
import scala.collection.Iterator;
import scala.jdk.javaapi.CollectionConverters;
import scala.reflect.ClassTag;
import scala.runtime.AbstractFunction1;

/**
 * One adapter trained by several workers together: a stage whose tasks begin at the same time (a barrier stage). Each has all rows, computes
 * its share of the parts of every batch, and gets the gradients of the other parts; all take the same step. Which worker computes a part has
 * no influence on it, so the adapter has the bits that one machine gives with as many parts.
 */
final class DistributedTraining {

    private static final int SECRET = 32;

    private DistributedTraining() {}

    /** Trains, after {@link #check}. */
    static <B extends AutoCloseable, E> TrainedFiles train(
            RowTraining<B, E> training, List<Row> rows, JavaSparkContext spark) {
        ParamValues settings = training.settings();
        int workers = settings.count("numWorkers");
        byte[] secret = new byte[SECRET];
        new SecureRandom().nextBytes(secret);
        String run = settings.names("checkpointDir") ? run(training, rows) : "";
        Broadcast<List<Row>> all = spark.broadcast(rows);
        List<Integer> numbers = IntStream.range(0, workers).boxed().toList();
        RDD<Integer> tasks = spark.parallelize(numbers, workers).rdd();
        RDD<TrainedFiles> trained = tasks.barrier()
                .mapPartitions(
                        new Work<>(training, all, workers, secret, run),
                        false,
                        ClassTag.<TrainedFiles>apply(TrainedFiles.class));
        // Spark tries a barrier stage again only if another stage follows it; of a last one it cannot know what was
        // given out.
        return trained.toJavaRDD().repartition(1).collect().get(0);
    }

    /** What names the checkpoints of a run: other rows or settings make another one, which must not go on from them. */
    private static String run(RowTraining<?, ?> training, List<Row> rows) {
        MessageDigest run = Sha256.begin();
        Stream.concat(
                        Stream.of(training.origin(), training.facts().toString()),
                        rows.stream().map(Row::json))
                .forEach(part -> {
                    run.update(part.getBytes(StandardCharsets.UTF_8));
                    run.update((byte) 0);
                });
        return HexFormat.of().formatHex(run.digest());
    }

    /** What Spark itself finds out only after minutes of trying, or not at all; {@code problems} get what to set. */
    static void check(ParamValues settings, JavaSparkContext spark, Problems problems) {
        SparkConf conf = spark.getConf();
        int workers = settings.count("numWorkers");
        // Parts of a loss over a whole batch follow from the tokens of its texts.
        if (settings.has("gradientParts")) {
            int parts = settings.count("gradientParts");
            problems.check(
                    parts >= workers,
                    "gradientParts = " + parts + " with numWorkers = " + workers
                            + ", expected a part for each worker or more; the same number whatever the number of workers gives"
                            + " the same adapter");
        }
        problems.check(
                !conf.getBoolean("spark.dynamicAllocation.enabled", false),
                "spark.dynamicAllocation.enabled = true, expected false: workers have to begin at the same time");
        problems.check(
                !conf.getBoolean("spark.speculation", false),
                "spark.speculation = true, expected false: a worker must not run twice");
        for (String encrypted : List.of(
                "spark.network.crypto.enabled",
                "spark.authenticate.enableSaslEncryption",
                "spark.ssl.enabled",
                "spark.ssl.rpc.enabled")) {
            problems.check(
                    !conf.getBoolean(encrypted, false),
                    encrypted + " = true, expected false: gradients travel between workers without encryption");
        }
        int slots = slots(spark);
        problems.check(
                workers <= slots,
                "numWorkers = " + workers + ", but the cluster runs " + slots
                        + " tasks at a time, expected no more than that. Add executors or cores, or lower spark.task.cpus");
    }

    private static int slots(JavaSparkContext spark) {
        return spark.sc()
                .maxNumConcurrentTasks(spark.sc().resourceProfileManager().defaultResourceProfile());
    }

    /** What each worker does. */
    private static final class Work<B extends AutoCloseable, E>
            extends AbstractFunction1<Iterator<Integer>, Iterator<TrainedFiles>> implements Serializable {

        private static final long serialVersionUID = 1;

        private final RowTraining<B, E> training;
        private final Broadcast<List<Row>> rows;
        private final int workers;
        private final byte[] secret;
        private final String run;

        Work(RowTraining<B, E> training, Broadcast<List<Row>> rows, int workers, byte[] secret, String run) {
            this.training = training;
            this.rows = rows;
            this.workers = workers;
            this.secret = secret;
            this.run = run;
        }

        @Override
        public Iterator<TrainedFiles> apply(Iterator<Integer> numbers) {
            BarrierTaskContext context = BarrierTaskContext.get();
            int worker = context.partitionId();
            ParamValues settings = training.settings();
            int seconds = settings.count("workerTimeout");
            byte[] key = key();
            try {
                Meeting meeting = Meeting.open(
                        worker, SparkEnv.get().blockManager().blockManagerId().host(), seconds);
                String first = first(context, meeting);
                try (WorkerExchange exchange = WorkerExchange.of(worker, workers, meeting, first, key, seconds);
                        TemporaryFolder own = TemporaryFolder.create()) {
                    Optional<Checkpoints> checkpoints = checkpoints(worker, own.folder());
                    requireSameStart(exchange, checkpoints);
                    TrainedFiles trained = training.of(
                            rows.value().iterator(), new RowTask.Site(Optional.of(exchange), checkpoints, List.of()));
                    training.metrics().exchange().add(exchange.seconds());
                    requireSame(exchange, trained);
                    return CollectionConverters.asScala(
                            worker == 0
                                    ? List.of(trained).iterator()
                                    : List.<TrainedFiles>of().iterator());
                }
            } catch (IOException e) {
                throw new UncheckedIOException("worker " + worker + ": " + e.getMessage(), e);
            }
        }

        /** The address of the first worker; if it cannot be had, nobody will come. */
        private static String first(BarrierTaskContext context, Meeting meeting) throws IOException {
            boolean told = false;
            try {
                String first = context.allGather(meeting.address())[0];
                told = true;
                return first;
            } finally {
                if (!told && meeting.socket() != null) {
                    meeting.socket().close();
                }
            }
        }

        /** The secret came in the task, which others may see on its way: where Spark has a secret of its own, both are needed. */
        private byte[] key() {
            SecurityManager security = SparkEnv.get().securityManager();
            return security.isAuthenticationEnabled()
                    ? SecretChannel.code(security.getSecretKey().getBytes(StandardCharsets.UTF_8), "spark", secret)
                    : secret;
        }

        /** The first worker writes where the others read, so nobody begins before all have read, and all the same. */
        private static void requireSameStart(WorkerExchange exchange, Optional<Checkpoints> checkpoints)
                throws IOException {
            String start = checkpoints.isEmpty() || checkpoints.get().isEmpty()
                    ? ""
                    : SavedFiles.hash(checkpoints.get().directory());
            // Not by the barrier, whose rounds take a second each.
            byte[] own = start.getBytes(StandardCharsets.UTF_8);
            if (!Arrays.equals(exchange.exchange(own).get(0), own)) {
                throw new IllegalStateException("worker " + exchange.worker()
                        + " found other checkpoints in checkpointDir than the first worker; expected a folder that all"
                        + " workers see.");
            }
        }

        /** All go on from the steps that the first worker wrote; only it writes them. */
        private Optional<Checkpoints> checkpoints(int worker, Path own) throws IOException {
            if (!training.settings().names("checkpointDir")) {
                return Optional.empty();
            }
            Path shared = Path.of(training.settings().text("checkpointDir")).resolve(run);
            Path folder = worker == 0 ? shared : own;
            if (worker > 0 && Files.isDirectory(shared)) {
                try (Stream<Path> files = Files.list(shared)) {
                    for (Path file : files.filter(Files::isRegularFile).toList()) {
                        try (InputStream in = RegularFile.open(file, "a checkpoint")) {
                            Files.copy(in, own.resolve(file.getFileName().toString()));
                        }
                    }
                }
            }
            return Optional.of(
                    Checkpoints.in(folder).withEverySteps(training.settings().count("checkpointSteps")));
        }

        private void requireSame(WorkerExchange exchange, TrainedFiles trained) {
            StringBuilder weights = new StringBuilder(String.valueOf(trained.problem()));
            trained.files().files().forEach((name, bytes) -> {
                if (name.endsWith(".safetensors")) {
                    weights.append('\n').append(name).append(' ').append(Sha256.of(bytes));
                }
            });
            byte[] own = weights.toString().getBytes(StandardCharsets.UTF_8);
            List<byte[]> all = exchange.exchange(own);
            for (int other = 0; other < all.size(); other++) {
                if (!Arrays.equals(all.get(other), own)) {
                    throw new IllegalStateException(
                            "worker " + exchange.worker() + " ended with other weights than worker " + other
                                    + "; expected the same bits everywhere. Use machines of one kind.");
                }
            }
        }
    }
}
