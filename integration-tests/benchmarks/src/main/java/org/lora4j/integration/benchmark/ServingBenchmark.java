/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.NativeThreads;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.parts.ParallelExecutor;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.Pooling;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.serve.AdapterServer;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What it costs to serve many adapters over all-MiniLM-L6-v2: a batch of 32 x 64 whose rows have 32 different adapters of
 * 100, beside the same batch with one adapter; another adapter at each call; the memory of 1,000 adapters. A network of
 * Deeplearning4j beside it.
 *
 * <p>Arguments: the folder for the report, and optionally the number of rounds that count (6).
 */
public final class ServingBenchmark {

    private static final int SEED = 1;
    private static final int BATCH = 32;
    private static final int LENGTH = 64;
    private static final int RANK = 8;
    private static final int CLASSES = 25;
    private static final int WARM_UP_ROUNDS = 2;
    private static final int ROUNDS = 6;
    private static final int SWITCHES = 40;
    private static final int MLP_CALLS = 30;
    private static final int MIXED = 100;
    private static final int MANY = 1000;
    private static final double MOST_TIMES = 1.3;
    private static final double MOST_SWITCH_SECONDS = 1e-3;
    private static final double MOST_BYTES = 2e9;

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final SameDiff base;
    private final int vocabulary;
    private final int rounds;
    private final Summary summary = new Summary("MiniLM, one base for many adapters", Machine.facts());

    /** What the adapters of the moment are on. */
    private String targets = "";

    private ServingBenchmark(int rounds) throws IOException {
        var weights = MiniLm.weights();
        this.vocabulary = weights.config().vocabulary();
        this.base =
                EncoderClassifier.create(weights, Pooling.MEAN, CLASSES, SEED).graph();
        this.rounds = rounds;
    }

    /**
     * Runs the benchmark.
     *
     * @param args folder, rounds
     * @throws Exception if the model is missing, or a batch fails
     */
    public static void main(String[] args) throws Exception {
        Locale.setDefault(Locale.ROOT);
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : ROUNDS;
        ServingBenchmark benchmark = new ServingBenchmark(rounds);
        benchmark.run("query and value", ModuleSelector.suffixes("query", "value"));
        benchmark.run("all linear layers", ModuleSelector.allLinear());
        benchmark.mlp();
        benchmark.summary.publish(Path.of(args.length > 0 ? args[0] : "target/benchmark"), "serving");
    }

    private void run(String label, ModuleSelector selector) throws Exception {
        targets = label;
        LoraConfig config = LoraConfig.builder()
                .rank(RANK)
                .alpha(2 * RANK)
                .targetModules(selector)
                .build();
        AdaptedSameDiff model = Lora.inject(base, config, SEED);
        Adapter started = model.adapter(AdaptedSameDiff.DEFAULT_ADAPTER);
        List<Adapter> adapters = new ArrayList<>();
        for (int i = 0; i < MIXED; i++) {
            adapters.add(moved(started));
        }
        AdapterServer server = AdapterServer.builder(base)
                .outputs(EncoderClassifier.LOGITS)
                .example(batch(2))
                .threads(NativeThreads.ofAnOp())
                .build();
        for (int i = 0; i < MIXED; i++) {
            server.register("a" + i, adapters.get(i));
        }
        System.out.printf(
                Locale.ROOT,
                "%n%s, rank %d, %d modules%n",
                label,
                RANK,
                started.modules().size());
        model.addAdapter("one", adapters.get(0));
        model.activate("one");
        batches(server, model);
        switching(server);
        memory(server, adapters);
    }

    private void mlp() throws Exception {
        targets = "network of Deeplearning4j";
        System.out.printf(Locale.ROOT, "%nDL4J, 784-2048-2048-10, rank %d, 3 modules%n", RANK);
        Map<String, Timing> timings = measured(new MlpServing().contenders(), MLP_CALLS);
        print(timings);
        double mixed = timings.get(MlpServing.MIXED).best();
        verdict(
                "32 adapters / one, AdaptedNetwork",
                mixed / timings.get(MlpServing.ONE).best(),
                MOST_TIMES);
        verdict(
                "32 adapters / one, server",
                mixed / timings.get(MlpServing.ONE_SERVED).best(),
                MOST_TIMES);
    }

    private static void print(Map<String, Timing> timings) {
        timings.forEach((name, timing) -> System.out.printf(
                Locale.ROOT,
                "%-32s best %7.1f ms, median %7.1f ms%n",
                name,
                1e3 * timing.best(),
                1e3 * timing.median()));
    }

    private void batches(AdapterServer server, AdaptedSameDiff model) throws Exception {
        Map<String, INDArray> batch = batch(BATCH);
        GraphExecutor alone =
                ParallelExecutor.of(SameDiffExecutor.forInference(model.graph()).withKernels(), NativeThreads.ofAnOp());
        List<String> different = new ArrayList<>();
        for (int row = 0; row < BATCH; row++) {
            different.add("a" + row * MIXED / BATCH);
        }
        Map<String, Callable<Map<String, INDArray>>> contenders = new LinkedHashMap<>();
        contenders.put("the base", () -> server.output(batch, Collections.nCopies(BATCH, AdapterServer.BASE)));
        contenders.put("one adapter, AdaptedSameDiff", () -> alone.output(batch, List.of(EncoderClassifier.LOGITS)));
        contenders.put("one adapter, server", () -> server.output(batch, Collections.nCopies(BATCH, "a0")));
        contenders.put("32 adapters of 100, server", () -> server.output(batch, different));
        Map<String, Timing> timings = measured(contenders, 1);
        print(timings);
        double mixed = timings.get("32 adapters of 100, server").best();
        verdict(
                "32 adapters / one, AdaptedSameDiff",
                mixed / timings.get("one adapter, AdaptedSameDiff").best(),
                MOST_TIMES);
        verdict(
                "32 adapters / one, server",
                mixed / timings.get("one adapter, server").best(),
                MOST_TIMES);
    }

    private void switching(AdapterServer server) throws Exception {
        Map<String, INDArray> row = batch(1);
        int[] next = {0};
        Map<String, Callable<Map<String, INDArray>>> contenders = new LinkedHashMap<>();
        contenders.put("same", () -> server.output(row, List.of("a0")));
        contenders.put("other", () -> server.output(row, List.of("a" + next[0]++ % MIXED)));
        Map<String, List<Double>> seconds = new LinkedHashMap<>();
        // In turns call by call, and the best of many: the difference is small beside a call.
        for (int i = 0; i < rounds * SWITCHES; i++) {
            for (Map.Entry<String, Callable<Map<String, INDArray>>> contender : contenders.entrySet()) {
                seconds.computeIfAbsent(contender.getKey(), name -> new ArrayList<>())
                        .add(seconds(contender.getValue()));
            }
        }
        Timing same = Timing.of(seconds.get("same"));
        double more = Timing.of(seconds.get("other")).best() - same.best();
        System.out.printf(Locale.ROOT, "one text of %d tokens: best %.2f ms%n", LENGTH, 1e3 * same.best());
        verdict("another adapter at each call, ms more", 1e3 * more, 1e3 * MOST_SWITCH_SECONDS);
    }

    private void memory(AdapterServer server, List<Adapter> adapters) {
        long from = System.nanoTime();
        for (int i = MIXED; i < MANY; i++) {
            server.register("a" + i, adapters.get(i % MIXED));
        }
        double each = (System.nanoTime() - from) / 1e6 / (MANY - MIXED);
        System.out.printf(Locale.ROOT, "registering an adapter: %.1f ms%n", each);
        verdict("1,000 adapters, GB", server.residentBytes() / 1e9, MOST_BYTES / 1e9);
    }

    /** All take turns; short ones have more of them. */
    private Map<String, Timing> measured(Map<String, Callable<Map<String, INDArray>>> contenders, int calls)
            throws Exception {
        Map<String, List<Double>> seconds = new LinkedHashMap<>();
        contenders.keySet().forEach(name -> seconds.put(name, new ArrayList<>()));
        for (int round = -WARM_UP_ROUNDS * calls; round < rounds * calls; round++) {
            for (Map.Entry<String, Callable<Map<String, INDArray>>> contender : contenders.entrySet()) {
                double taken = seconds(contender.getValue());
                if (round >= 0) {
                    seconds.get(contender.getKey()).add(taken);
                }
            }
        }
        Map<String, Timing> timings = new LinkedHashMap<>();
        seconds.forEach((name, values) -> timings.put(name, Timing.of(values)));
        return timings;
    }

    private static double seconds(Callable<Map<String, INDArray>> work) {
        double[] seconds = new double[1];
        Supplier<Map<String, INDArray>> unchecked = () -> {
            try {
                return work.call();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        };
        NativeThreads.one(() -> {
            long from = System.nanoTime();
            Map<String, INDArray> found = unchecked.get();
            seconds[0] = (System.nanoTime() - from) / 1e9;
            found.values().forEach(INDArray::close);
        });
        return seconds[0];
    }

    private void verdict(String what, double value, double most) {
        Promise promise = Promise.atMost(what + ", " + targets, value, most);
        summary.promise(promise);
        System.out.printf(
                Locale.ROOT, "%-60s %7.3f, %s: %s%n", promise.name(), value, promise.wanted(), promise.verdict());
    }

    /** The adapter with random second factors: what training leaves. */
    private Adapter moved(Adapter started) {
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        started.modules().forEach((path, factors) -> {
            Map<String, INDArray> own = new LinkedHashMap<>(factors);
            float[] values = new float[(int) factors.get("lora_B.weight").length()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.02 * (2 * random.nextDouble() - 1));
            }
            own.put(
                    "lora_B.weight",
                    Nd4j.create(values, factors.get("lora_B.weight").shape(), 'c'));
            modules.put(path, own);
        });
        return Adapter.of(started.config(), modules, started.savedParameters());
    }

    private Map<String, INDArray> batch(int rows) {
        int[][] ids = new int[rows][LENGTH];
        for (int[] row : ids) {
            for (int i = 0; i < LENGTH; i++) {
                row[i] = random.nextInt(vocabulary);
            }
        }
        Map<String, INDArray> batch = new LinkedHashMap<>();
        batch.put(EncoderGraph.INPUT_IDS, Nd4j.createFromArray(ids));
        batch.put(EncoderGraph.ATTENTION_MASK, Nd4j.ones(DataType.FLOAT, rows, LENGTH));
        return batch;
    }
}
