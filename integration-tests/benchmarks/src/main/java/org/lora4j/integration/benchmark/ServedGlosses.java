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
import org.lora4j.serve.text.TextServerMetrics;
import org.lora4j.text.TextEncoder;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A {@link TextServer} over all-MiniLM-L6-v2 with 100 adapters, glosses of WordNet to ask it, and the same adapters in an {@link AdapterServer}
 * that computes the same glosses in batches that were made before.
 */
final class ServedGlosses implements AutoCloseable {

    private static final int ADAPTERS = 100;
    private static final int RANK = 8;
    private static final int REQUESTS = 1_500;
    private static final int LONGEST = 64;
    private static final long SEED = 1;

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final int workers = Runtime.getRuntime().availableProcessors();
    private final EncoderWeights weights = MiniLm.weights();
    private final TextEncoder encoder = TextEncoder.of(weights, MiniLm.tokenizer(LONGEST), Pooling.NORMALIZED_MEAN);
    private final List<String> texts = WordNetGlosses.load(SEED).training().stream()
            .map(TextExample::text)
            .limit(REQUESTS)
            .toList();
    private final boolean types = weights.config().typeVocabulary() > 1;
    private final RowInputs inputs = RowInputs.of(weights.dataType(), types, encoder.pooling());
    private final List<String> mixed = IntStream.range(0, texts.size())
            .mapToObj(i -> name(random.nextInt(ADAPTERS)))
            .toList();
    private final List<String> base =
            texts.stream().map(text -> AdapterServer.BASE).toList();
    private final TextServer server;
    private final AdapterServer direct;
    private final Path folder = Files.createTempDirectory("served-glosses");

    ServedGlosses() throws IOException {
        SameDiff graph = EncoderGraph.create(weights, encoder.pooling(), types).graph();
        server = TextServer.builder(encoder)
                .limits(TextLimits.usual())
                .workers(workers)
                .build();
        direct = AdapterServer.builder(graph)
                .outputs(EncoderGraph.POOLED)
                .example(batches(base, 0, 3, 3).get(0).arrays())
                .concurrency(workers)
                .build();
        Adapter started = started(graph);
        for (int i = 0; i < ADAPTERS; i++) {
            Adapter adapter = moved(started);
            Path directory = folder.resolve(name(i));
            adapter.save(directory);
            server.load(name(i), directory);
            direct.register(name(i), adapter);
        }
    }

    TextServer server() {
        return server;
    }

    List<String> texts() {
        return texts;
    }

    int workers() {
        return workers;
    }

    TextEncoder encoder() {
        return encoder;
    }

    /** For each text the adapter of its request. */
    List<String> mixed() {
        return mixed;
    }

    /** For each text the base. */
    List<String> base() {
        return base;
    }

    /** Where an adapter was read from. */
    Path directory(int adapter) {
        return folder.resolve(name(adapter));
    }

    static String name(int adapter) {
        return "a" + adapter;
    }

    /**
     * Requests a second of direct calls, by as many threads as the server has.
     *
     * @param together how many texts batches are made of, as a server makes them of what waits
     * @param rows of a batch, as many as the server's had
     */
    double direct(List<String> adapters, int together, int rows) throws Exception {
        List<PreparedBatch> batches = new ArrayList<>();
        for (int from = 0; from < texts.size(); from += together) {
            batches.addAll(batches(adapters, from, Math.min(texts.size(), from + together), rows));
        }
        return requestsPerSecond(direct, batches);
    }

    /** What the server did, without the counts of each of a hundred adapters. */
    String totals() {
        TextServerMetrics now = server.metrics();
        return String.format(
                Locale.ROOT,
                "%,d requests answered, %,d failed, %,d rejected, %,d cancelled; %,d texts in %,d batches; %,d tokens, %,d with"
                        + " padding; %d open",
                now.answered(),
                now.failed(),
                now.rejected(),
                now.cancelled(),
                now.texts(),
                now.batches(),
                now.tokens(),
                now.paddedTokens(),
                now.open());
    }

    /** What batches the server makes, from now on. */
    BatchSizes sizes() {
        return new BatchSizes(server.metrics());
    }

    /** Rows of the batches since some moment. */
    final class BatchSizes {

        private final TextServerMetrics before;

        private BatchSizes(TextServerMetrics before) {
            this.before = before;
        }

        /** On average, rounded up. */
        int rows() {
            TextServerMetrics now = server.metrics();
            long batches = Math.max(1, now.batches() - before.batches());
            return (int) Math.max(1, (now.texts() - before.texts() + batches - 1) / batches);
        }
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

    /** The same bounds as the server's, of texts that are at hand together. */
    private List<PreparedBatch> batches(List<String> adapters, int from, int to, int most) {
        List<TokenizedText> tokens =
                texts.subList(from, to).stream().map(encoder::tokens).toList();
        TokenRows rows = new TokenRows(tokens, most, TextLimits.usual().batchTokens());
        return rows.parts().stream()
                .map(part -> new PreparedBatch(
                        rows.placeholders(part, inputs),
                        part.rows().stream()
                                .map(row -> adapters.get(from + row))
                                .toList()))
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
            own.put(
                    "lora_B.weight",
                    Nd4j.create(values, factors.get("lora_B.weight").shape(), 'c'));
            modules.put(path, own);
        });
        return Adapter.of(started.config(), modules, started.savedParameters());
    }

    @Override
    public void close() {
        server.close();
        direct.close();
    }
}
