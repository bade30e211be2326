/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.integration.wordnet.WordNetGlosses;
import org.lora4j.internal.text.RowInputs;
import org.lora4j.internal.text.TokenRows;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.TextExample;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.serve.AdapterServer;
import org.lora4j.serve.text.TextLimits;
import org.lora4j.serve.text.TextServer;
import org.lora4j.text.TextEncoder;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Requests a second of a {@link TextServer} over all-MiniLM-L6-v2: one gloss of WordNet in each, mixed over 100 adapters, as many at once as
 * keep it busy; beside direct calls of {@link AdapterServer} with the same glosses and adapters in batches that were made before, by as many
 * threads. What is between them is tokenizing, the queue, and the futures.
 *
 * <p>Arguments: the folder for the report, and optionally the number of rounds that count (6).
 */
public final class TextServerBenchmark {

    private static final int ROUNDS = 6;
    private static final int WARM_UP_ROUNDS = 2;
    private static final int ADAPTERS = 100;
    private static final int RANK = 8;
    private static final int REQUESTS = 1_500;
    private static final int AT_ONCE = 256;
    private static final int LONGEST = 64;
    private static final long SEED = 1;
    private static final double LEAST_SHARE = 0.85;
    private static final double LEAST_SHARE_OF_BASE = 0.85;

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final int workers = Runtime.getRuntime().availableProcessors();
    private final EncoderWeights weights = MiniLm.weights();
    private final TextEncoder encoder =
            TextEncoder.of(weights, MiniLm.tokenizer(LONGEST), Pooling.NORMALIZED_MEAN);
    private final List<String> texts = WordNetGlosses.load(SEED).training().stream()
            .map(TextExample::text)
            .limit(REQUESTS)
            .toList();

    private TextServerBenchmark() throws IOException {}

    /**
     * Runs the benchmark.
     *
     * @param args folder, rounds
     * @throws Exception if the model or the texts are missing, or a request fails
     */
    public static void main(String[] args) throws Exception {
        Locale.setDefault(Locale.ROOT);
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : ROUNDS;
        new TextServerBenchmark().run(rounds).publish(Path.of(args.length > 0 ? args[0] : "target/benchmark"), "textserver");
    }

    private Summary run(int rounds) throws Exception {
        boolean types = weights.config().typeVocabulary() > 1;
        RowInputs inputs = RowInputs.of(weights.dataType(), types, encoder.pooling());
        SameDiff graph =
                EncoderGraph.create(weights, encoder.pooling(), types).graph();
        List<String> mixed = IntStream.range(0, texts.size())
                .mapToObj(i -> name(random.nextInt(ADAPTERS)))
                .toList();
        List<String> base = texts.stream().map(text -> AdapterServer.BASE).toList();
        Summary summary = new Summary("MiniLM, texts of 100 adapters through a server", Machine.facts())
                .note("requests of a round", texts.size())
                .note("workers", workers);
        Path folder = Files.createTempDirectory("text-server-benchmark");
        try (TextServer server = TextServer.builder(encoder)
                        .limits(TextLimits.usual())
                        .workers(workers)
                        .build();
                AdapterServer direct = AdapterServer.builder(graph)
                        .outputs(EncoderGraph.POOLED)
                        .example(batches(inputs, base.subList(0, 3)).get(0).arrays())
                        .concurrency(workers)
                        .build()) {
            Adapter started = started(graph);
            for (int i = 0; i < ADAPTERS; i++) {
                Adapter adapter = moved(started);
                Path directory = folder.resolve(name(i));
                adapter.save(directory);
                server.load(name(i), directory);
                direct.register(name(i), adapter);
            }
            List<Map<String, Object>> rows = new ArrayList<>();
            compare("100 adapters, mixed", mixed, inputs, server, direct, rounds, LEAST_SHARE, rows, summary);
            compare("the base", base, inputs, server, direct, rounds, LEAST_SHARE_OF_BASE, rows, summary);
            summary.note("the server", server.metrics());
            return summary.grid("requests a second", rows);
        }
    }

    private static String name(int adapter) {
        return "a" + adapter;
    }

    private void compare(
            String what,
            List<String> adapters,
            RowInputs inputs,
            TextServer server,
            AdapterServer direct,
            int rounds,
            double least,
            List<Map<String, Object>> rows,
            Summary summary)
            throws Exception {
        List<PreparedBatch> batches = batches(inputs, adapters);
        double[] through = new double[rounds];
        double[] alone = new double[rounds];
        for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
            double served = requestsPerSecond(server, adapters);
            double computed = requestsPerSecond(direct, batches);
            System.out.printf(
                    Locale.ROOT, "%s, round %d: %.1f served, %.1f direct%n", what, round + 1, served, computed);
            if (round >= 0) {
                through[round] = served;
                alone[round] = computed;
            }
        }
        double[] shares =
                IntStream.range(0, rounds).mapToDouble(i -> through[i] / alone[i]).sorted().toArray();
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("", what);
        row.put("server, best", IntStream.range(0, rounds).mapToDouble(i -> through[i]).max().orElseThrow());
        row.put("direct, best", IntStream.range(0, rounds).mapToDouble(i -> alone[i]).max().orElseThrow());
        row.put("server / direct, median", shares[rounds / 2]);
        rows.add(row);
        summary.promise(Promise.atLeast("requests a second, server / direct, " + what, shares[rounds / 2], least));
    }

    private double requestsPerSecond(TextServer server, List<String> adapters) throws Exception {
        Semaphore free = new Semaphore(AT_ONCE);
        Queue<Throwable> failed = new ConcurrentLinkedQueue<>();
        long from = System.nanoTime();
        for (int i = 0; i < texts.size(); i++) {
            free.acquire();
            server.embed(adapters.get(i), List.of(texts.get(i))).whenComplete((answer, failure) -> {
                if (failure != null) {
                    failed.add(failure);
                }
                free.release();
            });
        }
        free.acquire(AT_ONCE);
        double seconds = (System.nanoTime() - from) / 1e9;
        if (!failed.isEmpty()) {
            throw new IllegalStateException("a request failed", failed.peek());
        }
        return texts.size() / seconds;
    }

    private double requestsPerSecond(AdapterServer server, List<PreparedBatch> batches) throws Exception {
        Queue<PreparedBatch> left = new ConcurrentLinkedQueue<>(batches);
        ExecutorService threads = Executors.newFixedThreadPool(workers);
        long from = System.nanoTime();
        try {
            List<Future<?>> work = new ArrayList<>();
            for (int i = 0; i < workers; i++) {
                work.add(threads.submit(() -> {
                    for (PreparedBatch batch = left.poll(); batch != null; batch = left.poll()) {
                        server.output(batch.arrays(), batch.adapters()).values().forEach(array -> {
                            array.ravel().toFloatVector();
                            array.close();
                        });
                    }
                    return null;
                }));
            }
            for (Future<?> done : work) {
                done.get();
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("a batch failed", e.getCause());
        } finally {
            threads.shutdown();
        }
        return texts.size() / ((System.nanoTime() - from) / 1e9);
    }

    /** Inputs that were made before, and the adapter of each of their rows. */
    private record PreparedBatch(Map<String, INDArray> arrays, List<String> adapters) {}

    /** The same bounds as the server's, with all texts at hand: no batches can be fuller. */
    private List<PreparedBatch> batches(RowInputs inputs, List<String> adapters) {
        List<TokenizedText> tokens =
                texts.stream().limit(adapters.size()).map(encoder::tokens).toList();
        TokenRows rows = new TokenRows(
                tokens, TextLimits.usual().batchRows(), TextLimits.usual().batchTokens());
        return rows.parts().stream()
                .map(part -> new PreparedBatch(
                        rows.placeholders(part, inputs),
                        part.rows().stream().map(adapters::get).toList()))
                .toList();
    }

    private static Adapter started(SameDiff graph) {
        LoraConfig config = LoraConfig.builder()
                .rank(RANK)
                .alpha(2 * RANK)
                .targetModules("query", "value")
                .build();
        return Lora.inject(graph, config, SEED).adapter(AdaptedSameDiff.DEFAULT_ADAPTER);
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
            own.put("lora_B.weight", Nd4j.create(values, factors.get("lora_B.weight").shape(), 'c'));
            modules.put(path, own);
        });
        return Adapter.of(started.config(), modules, started.savedParameters());
    }
}
