/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import org.lora4j.exec.NativeThreads;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.cache.PrefixCache;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * What an epoch of all-MiniLM-L6-v2 costs with and without the cache of the frozen prefix, the first epoch apart: adapters
 * on the last layer, on all layers, and a head alone. The same of networks of Deeplearning4j ({@link NetworkPrefixes}). All
 * take turns in one JVM.
 *
 * <p>Arguments: the folder for the report, and optionally the number of rounds (3) and {@code wall} or {@code processor}.
 */
public final class PrefixBenchmark {

    private static final int BATCHES = 2;
    private static final int EPOCHS = 3;
    private static final int ROUNDS = 3;
    private static final long ROOM = 1L << 28;
    private static final PrefixCache CACHE = PrefixCache.inMemory(ROOM);

    private record Run(String key, String label, Trainable model, boolean cached) {}

    private record Ratio(String name, String over, String under, double least) {}

    private static final List<Ratio> RATIOS = List.of(
            new Ratio("adapters on the last layer: epoch without cache / with", "last", "lastCached", 3),
            new Ratio("epoch of all layers / of the last layer with cache", "all", "lastCached", 5),
            new Ratio("head alone: epoch without cache / with", "head", "headCached", 50));

    private PrefixBenchmark() {}

    /**
     * Runs the benchmark.
     *
     * @param args folder, rounds, clock
     * @throws IOException if the model is missing or the folder cannot be written
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        Path folder = Path.of(args.length > 0 ? args[0] : "target/benchmark");
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : ROUNDS;
        TimedBy clock = args.length > 2 ? TimedBy.of(args[2]) : TimedBy.WALL;
        MiniLmModels models = new MiniLmModels();
        List<Run> runs = runs(models);
        List<Batch> batches = batches(models);
        Measurements measured = new Measurements();
        NetworkPrefixes networks = new NetworkPrefixes();
        for (int round = 0; round < rounds; round++) {
            for (Run run : runs) {
                measured.add(run.key(), run.label(), laterEpochs(run, batches));
            }
            networks.round();
            System.out.printf(Locale.ROOT, "round %d of %d%n", round + 1, rounds);
        }
        networks.close();
        Summary summary = new Summary("The cache of the frozen prefix", Machine.facts())
                .note("ratios are made of", clock + " time")
                .table(
                        String.format(
                                Locale.ROOT,
                                "MiniLM, epochs of %d batches of %d x %d",
                                BATCHES,
                                MiniLmBatch.ROWS,
                                MiniLmBatch.LENGTH),
                        measured)
                .table(NetworkPrefixes.TABLE, networks.measured());
        for (Ratio ratio : RATIOS) {
            double found = measured.ratio(ratio.over(), ratio.under(), clock);
            summary.promise(
                    new Promise(ratio.name(), OptionalDouble.of(found), Promise.Side.AT_LEAST, ratio.least(), ""));
        }
        networks.promises(clock).forEach(summary::promise);
        summary.publish(folder, "prefix");
    }

    private static List<Run> runs(MiniLmModels models) {
        SameDiff base = models.shared();
        Trainable all = parts(MiniLmModels.adapted(base, MiniLmModels.ALL_LINEAR));
        Trainable last = parts(MiniLmModels.adapted(base, MiniLmModels.top(1)));
        Trainable head = parts(TrainableGraph.of(base, MiniLmModels.HEAD));
        return List.of(
                new Run("all", "adapters on all layers", all, false),
                new Run("last", "adapters on the last layer", last, false),
                new Run("lastCached", "adapters on the last layer, with cache", last, true),
                new Run("head", "head alone", head, false),
                new Run("headCached", "head alone, with cache", head, true));
    }

    private static Trainable parts(Trainable model) {
        return model.inParallel(Turn.THREADS);
    }

    private static List<Batch> batches(MiniLmModels models) {
        SplittableRandom random = new SplittableRandom(MiniLmModels.SEED);
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < BATCHES; i++) {
            batches.add(Batch.of(MiniLmBatch.of(models.weights().config().vocabulary(), random), MiniLmBatch.ROWS));
        }
        return batches;
    }

    /** The steps of each epoch but the first. */
    private static List<Turn> laterEpochs(Run run, List<Batch> batches) {
        double[] seconds = new double[EPOCHS];
        double[] cpuSeconds = new double[EPOCHS];
        long[] cpu = {0};
        Trainer.Builder trainer = Trainer.builder(run.model())
                .plan(TrainingPlan.builder()
                        .epochs(EPOCHS)
                        .optimizer(AdamW.of(MiniLmModels.RATE))
                        .seed(MiniLmModels.SEED)
                        .build())
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        long now = Turn.cpu();
                        seconds[report.epoch() - 1] += report.seconds();
                        cpuSeconds[report.epoch() - 1] += (now - cpu[0]) / 1e9;
                        cpu[0] = now;
                    }
                });
        if (run.cached()) {
            trainer.cacheFrozenPrefix(CACHE);
        }
        cpu[0] = Turn.cpu();
        NativeThreads.one(() -> trainer.build().train(Batches.shuffled(batches)));
        List<Turn> later = new ArrayList<>();
        for (int epoch = 1; epoch < EPOCHS; epoch++) {
            later.add(new Turn(seconds[epoch], cpuSeconds[epoch]));
        }
        return later;
    }
}
