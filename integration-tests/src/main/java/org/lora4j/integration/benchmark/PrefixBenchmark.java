/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.model.Trainable;
import org.lora4j.pretrained.BertClassifier;
import org.lora4j.pretrained.BertEncoder;
import org.lora4j.pretrained.BertWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.StepReport;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.cache.PrefixCache;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What an epoch of all-MiniLM-L6-v2 costs with and without the cache of the frozen prefix, the first epoch apart: adapters
 * on the last layer, on all layers, and a head alone. All take turns in one JVM.
 *
 * <p>Arguments: the folder for {@code prefix-benchmark.json}, and optionally the number of rounds (3).
 */
public final class PrefixBenchmark {

    private static final int BATCHES = 2;
    private static final int EPOCHS = 3;
    private static final int ROUNDS = 3;
    private static final int LAYERS = 6;
    private static final long ROOM = 1L << 28;
    private static final double RATE = 1e-4;
    private static final int SEED = 1;
    private static final String FILE = "prefix-benchmark.json";
    private static final PrefixCache CACHE = PrefixCache.inMemory(ROOM);

    private record Run(String key, Trainable model, boolean cached) {}

    private record Claim(String key, String over, String under, double least) {}

    private static final List<Claim> CLAIMS = List.of(
            new Claim("last layer: epoch without cache / with", "lastLayer", "lastLayerCached", 3),
            new Claim("all layers / last layer with cache", "allLayers", "lastLayerCached", 5),
            new Claim("head: epoch without cache / with", "head", "headCached", 50));

    private PrefixBenchmark() {}

    /**
     * Runs the benchmark.
     *
     * @param args folder, rounds
     * @throws IOException if the model is missing or the folder cannot be written
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        Path folder = Path.of(args.length > 0 ? args[0] : "target/benchmark");
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : ROUNDS;
        Map<String, String> machine = Machine.facts();
        machine.forEach((name, value) -> System.out.printf("%-14s %s%n", name, value));

        List<Run> runs = runs(MiniLm.weights());
        List<Batch> batches = batches(MiniLm.weights().config().vocabulary());
        Map<String, List<Double>> epochs = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            for (Run run : runs) {
                epochs.computeIfAbsent(run.key(), key -> new ArrayList<>()).addAll(laterEpochs(run, batches));
            }
            System.out.printf("round %d of %d%n", round + 1, rounds);
        }
        Files.createDirectories(folder);
        Map<String, Object> report = report(epochs);
        report.put("machine", machine);
        new ObjectMapper()
                .writerWithDefaultPrettyPrinter()
                .writeValue(folder.resolve(FILE).toFile(), report);
    }

    private static List<Run> runs(BertWeights weights) {
        SameDiff base = BertClassifier.create(weights, Pooling.MEAN, Workload.CLASSES, SEED)
                .graph();
        Trainable all = parts(Lora.inject(base, config(ModuleSelector.allLinear()), SEED));
        Trainable last = parts(Lora.inject(
                base,
                config(ModuleSelector.regex("encoder\\.layer\\." + (LAYERS - 1) + "\\..*(query|key|value|dense)")),
                SEED));
        Trainable head =
                parts(TrainableGraph.of(base, List.of(BertClassifier.HEAD + ".weight", BertClassifier.HEAD + ".bias")));
        return List.of(
                new Run("allLayers", all, false),
                new Run("lastLayer", last, false),
                new Run("lastLayerCached", last, true),
                new Run("head", head, false),
                new Run("headCached", head, true));
    }

    private static Trainable parts(Trainable model) {
        return model.inParallel(NativeThreads.AT_START);
    }

    private static LoraConfig config(ModuleSelector targets) {
        return LoraConfig.builder()
                .rank(Workload.RANK)
                .alpha(2 * Workload.RANK)
                .targetModules(targets)
                .modulesToSave(BertClassifier.HEAD)
                .build();
    }

    private static List<Batch> batches(int vocabulary) {
        SplittableRandom random = new SplittableRandom(SEED);
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < BATCHES; i++) {
            int[][] ids = new int[Workload.BATCH][Workload.LENGTH];
            float[][] labels = new float[Workload.BATCH][Workload.CLASSES];
            for (int row = 0; row < Workload.BATCH; row++) {
                labels[row][random.nextInt(Workload.CLASSES)] = 1;
                ids[row] = random.ints(Workload.LENGTH, 0, vocabulary).toArray();
            }
            Map<String, INDArray> arrays = new LinkedHashMap<>();
            arrays.put(BertEncoder.INPUT_IDS, Nd4j.createFromArray(ids));
            arrays.put(BertEncoder.ATTENTION_MASK, Nd4j.ones(Workload.BATCH, Workload.LENGTH));
            arrays.put(BertClassifier.LABELS, Nd4j.createFromArray(labels));
            batches.add(Batch.of(arrays, Workload.BATCH));
        }
        return batches;
    }

    /** Seconds of the steps of each epoch but the first. */
    private static List<Double> laterEpochs(Run run, List<Batch> batches) {
        double[] seconds = new double[EPOCHS];
        Trainer.Builder trainer = Trainer.builder(run.model())
                .plan(TrainingPlan.builder()
                        .epochs(EPOCHS)
                        .optimizer(AdamW.of(RATE))
                        .seed(SEED)
                        .build())
                .listener(new TrainingListener() {
                    @Override
                    public void onStep(StepReport report) {
                        seconds[report.epoch() - 1] += report.seconds();
                    }
                });
        if (run.cached()) {
            trainer.cacheFrozenPrefix(CACHE);
        }
        NativeThreads.single(() -> trainer.build().train(Batches.shuffled(batches)));
        List<Double> later = new ArrayList<>();
        for (int epoch = 1; epoch < EPOCHS; epoch++) {
            later.add(seconds[epoch]);
        }
        return later;
    }

    private static Map<String, Object> report(Map<String, List<Double>> epochs) {
        Map<String, Object> report = new LinkedHashMap<>();
        Map<String, Timing> timings = new LinkedHashMap<>();
        epochs.forEach((key, seconds) -> timings.put(key, Timing.of(seconds)));
        System.out.printf(
                "%nEpochs of %d batches of %d x %d, milliseconds%n", BATCHES, Workload.BATCH, Workload.LENGTH);
        timings.forEach((key, timing) -> {
            System.out.printf("%-40s best %8.1f median %8.1f%n", key, 1000 * timing.best(), 1000 * timing.median());
            report.put(key, timing);
        });
        for (Claim claim : CLAIMS) {
            double ratio = timings.get(claim.over()).median()
                    / timings.get(claim.under()).median();
            double ofBest = timings.get(claim.over()).best()
                    / timings.get(claim.under()).best();
            String reached = ratio >= claim.least() ? "reached" : "not reached";
            System.out.printf(
                    "%-40s %6.2f of medians, %6.2f of bests (at least %.0f: %s)%n",
                    claim.key(), ratio, ofBest, claim.least(), reached);
            report.put(claim.key(), Map.of("ratio", ratio, "ofBest", ofBest, "least", claim.least(), "is", reached));
        }
        return report;
    }
}
