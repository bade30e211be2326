/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import org.lora4j.error.MessageText;
import org.lora4j.internal.text.RowInputs;
import org.lora4j.internal.text.TokenRows;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.serve.AdapterServer;
import org.lora4j.serve.GraphServerBuilder;
import org.lora4j.text.TextEncoder;
import org.lora4j.trust.TrustPolicy;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Computes batches of rows by a server of adapters, and hands each row its numbers. Safe for any number of threads. */
final class EncoderBatches implements AutoCloseable {

    private static final int EXAMPLE_ROWS = 3;
    private static final int EXAMPLE_TOKENS = 4;

    private final AdapterServer adapters;
    private final RowInputs inputs;
    private final AtomicInteger running = new AtomicInteger();
    private final LongAdder texts = new LongAdder();
    private final LongAdder tokens = new LongAdder();
    private final LongAdder padded = new LongAdder();
    private final LongAdder batches = new LongAdder();
    private final LongAdder busyNanos = new LongAdder();

    EncoderBatches(TextEncoder encoder, int concurrency, int mostRows, long adapterMemory, TrustPolicy trust) {
        // Pairs and single texts go through one graph: of single texts every token has type 0.
        boolean types = encoder.weights().config().typeVocabulary() > 1;
        this.inputs = RowInputs.of(encoder.weights().dataType(), types, encoder.pooling());
        this.adapters = GraphServerBuilder.of(EncoderGraph.create(encoder.weights(), encoder.pooling(), types)
                        .graph())
                .outputs(EncoderGraph.POOLED, EncoderGraph.LAST_HIDDEN_STATE)
                .example(example(encoder))
                .concurrency(concurrency)
                .maxRows(mostRows)
                .adapterMemory(adapterMemory)
                .trust(trust)
                .build();
    }

    /** Rows that differ, to find out what keeps them apart. */
    private Map<String, INDArray> example(TextEncoder encoder) {
        int vocabulary = encoder.weights().config().vocabulary();
        int length = Math.min(EXAMPLE_TOKENS, encoder.maxLength());
        List<TokenizedText> rows = IntStream.range(0, EXAMPLE_ROWS)
                .mapToObj(row -> IntStream.range(0, length)
                        .map(token -> (5 + 7 * row + 3 * token) % vocabulary)
                        .toArray())
                .map(ids -> new TokenizedText(ids, new int[length], new int[length], false))
                .toList();
        return placeholders(rows);
    }

    private Map<String, INDArray> placeholders(List<TokenizedText> rows) {
        int longest = rows.stream().mapToInt(TokenizedText::length).max().orElseThrow();
        TokenRows of = new TokenRows(rows, rows.size(), Integer.MAX_VALUE);
        return of.placeholders(
                new TokenRows.Part(
                        longest, IntStream.range(0, rows.size()).boxed().toList()),
                inputs);
    }

    AdapterServer adapters() {
        return adapters;
    }

    int running() {
        return running.get();
    }

    long texts() {
        return texts.sum();
    }

    long tokens() {
        return tokens.sum();
    }

    long paddedTokens() {
        return padded.sum();
    }

    long batches() {
        return batches.sum();
    }

    /** How many tokens a worker computes in a second; 0 before the first batch. */
    double tokensPerSecond() {
        long nanos = busyNanos.sum();
        return nanos == 0 ? 0 : tokens() * 1e9 / nanos;
    }

    /** Computes rows; each has its answer or its failure then. */
    void run(List<TextRow> taken) {
        List<TextRow> rows = taken.stream().filter(row -> !row.job().isOver()).toList();
        if (rows.isEmpty()) {
            return;
        }
        long start = System.nanoTime();
        running.addAndGet(rows.size());
        rows.forEach(row -> row.job().begin(start));
        try {
            compute(rows);
        } finally {
            running.addAndGet(-rows.size());
            busyNanos.add(System.nanoTime() - start);
        }
    }

    /** What is wrong with one row fails it alone: a batch that fails is computed in halves. */
    private void compute(List<TextRow> rows) {
        Map<String, INDArray> outputs;
        try {
            outputs = outputs(rows);
        } catch (IOException | RuntimeException | Error e) {
            if (rows.size() == 1) {
                rows.get(0).job().fail(failure(rows.get(0), e));
            } else {
                int half = rows.size() / 2;
                compute(rows.subList(0, half));
                compute(rows.subList(half, rows.size()));
            }
            return;
        }
        answer(rows, outputs);
    }

    private static RuntimeException failure(TextRow row, Throwable why) {
        return new IllegalStateException(
                "TextServer: adapter " + MessageText.name(row.job().entry().by().adapter()) + " failed a text: "
                        + why.getMessage(),
                why);
    }

    private Map<String, INDArray> outputs(List<TextRow> rows) throws IOException {
        Map<String, INDArray> arrays =
                placeholders(rows.stream().map(TextRow::tokens).toList());
        try {
            List<String> names =
                    rows.stream().map(row -> row.job().entry().factors()).toList();
            return adapters.output(arrays, names);
        } finally {
            arrays.values().forEach(INDArray::close);
        }
    }

    private void answer(List<TextRow> rows, Map<String, INDArray> outputs) {
        int longest = rows.stream().mapToInt(TextRow::length).max().orElseThrow();
        batches.increment();
        texts.add(rows.size());
        tokens.add(rows.stream().mapToInt(TextRow::length).sum());
        padded.add((long) longest * rows.size());
        Map<String, float[]> numbers = new LinkedHashMap<>();
        boolean perToken = rows.stream().anyMatch(row -> row.job().perToken());
        outputs.forEach((name, array) -> {
            if (perToken || name.equals(EncoderGraph.POOLED)) {
                numbers.put(name, array.ravel().toFloatVector());
            }
            array.close();
        });
        for (int i = 0; i < rows.size(); i++) {
            TextRow row = rows.get(i);
            float[] pooled = numbers.get(EncoderGraph.POOLED);
            int width = pooled.length / rows.size();
            float[] vector = Arrays.copyOfRange(pooled, i * width, (i + 1) * width);
            row.job().seen(vector);
            if (row.job().perToken()) {
                float[] all = numbers.get(EncoderGraph.LAST_HIDDEN_STATE);
                int each = all.length / rows.size();
                row.answer(Arrays.copyOfRange(all, i * each, i * each + each / longest * row.length()));
            } else {
                row.answer(vector);
            }
        }
    }

    @Override
    public void close() {
        adapters.close();
    }
}
