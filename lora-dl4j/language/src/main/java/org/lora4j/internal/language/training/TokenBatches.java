/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.training;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.internal.language.DecoderInputs;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.ShuffledIndices;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Rows as batches: rows of about the same length together, as many as a budget of tokens allows, drawn anew in every epoch. The
 * loss of a batch is the mean over its labels, and their number is its weight, so that batches that are averaged count every
 * label once.
 *
 * @apiNote Status: internal
 */
public final class TokenBatches implements Batches {

    /** Every length costs a plan of the graph, and within a step rows are drawn. */
    private static final int LENGTH_STEP = 16;

    private final DecoderConfig config;
    private final DataType type;
    private final List<List<TokenRow>> rows;
    private final int longest;
    private final int tokenBudget;
    private final int count;

    /** Rows of a batch, by their index. */
    private record Part(int length, List<Integer> rows) {}

    /**
     * Batches of rows.
     *
     * @param rows the sequences of each row, one or more
     * @param tokenBudget maximum number of tokens of a batch, padding included; a single row may have more
     */
    public TokenBatches(DecoderConfig config, DataType type, List<List<TokenRow>> rows, int tokenBudget) {
        this.config = config;
        this.type = type;
        this.rows = List.copyOf(rows);
        this.tokenBudget = tokenBudget;
        this.longest = rows.stream().mapToInt(TokenBatches::length).max().orElseThrow();
        this.count = parts(IntStream.range(0, rows.size()).toArray()).size();
    }

    private static int length(List<TokenRow> row) {
        return row.stream().mapToInt(TokenRow::length).sum();
    }

    @Override
    public Iterator<Batch> epoch(int epoch, long seed) {
        // Two orders, one of the rows and one of the batches, of which the second comes from another seed.
        List<Part> parts = parts(ShuffledIndices.of(rows.size(), seed, epoch));
        return Arrays.stream(ShuffledIndices.of(parts.size(), ~seed, epoch))
                .mapToObj(i -> batch(
                        parts.get(i).rows().stream().map(rows::get).toList(),
                        parts.get(i).length()))
                .iterator();
    }

    /** Each row once, the longest first; as many parts for any order. */
    private List<Part> parts(int[] order) {
        List<Integer> longestFirst =
                new ArrayList<>(Arrays.stream(order).boxed().toList());
        longestFirst.sort(Comparator.comparingInt(row -> -paddedLength(row)));
        List<Part> parts = new ArrayList<>();
        for (int from = 0; from < longestFirst.size(); ) {
            int length = paddedLength(longestFirst.get(from));
            int to = Math.min(longestFirst.size(), from + Math.max(1, tokenBudget / length));
            parts.add(new Part(length, longestFirst.subList(from, to)));
            from = to;
        }
        return parts;
    }

    private int paddedLength(int row) {
        int steps = (length(rows.get(row)) + LENGTH_STEP - 1) / LENGTH_STEP;
        return Math.min(longest, steps * LENGTH_STEP);
    }

    private Batch batch(List<List<TokenRow>> some, int length) {
        int[][] ids = new int[some.size()][length];
        int[][] segments = new int[some.size()][length];
        int[][] labels = new int[some.size()][length];
        int targets = 0;
        int sequences = 0;
        for (int b = 0; b < some.size(); b++) {
            Arrays.fill(labels[b], DecoderInputs.IGNORED);
            int at = 0;
            int segment = 0;
            for (TokenRow sequence : some.get(b)) {
                System.arraycopy(sequence.ids(), 0, ids[b], at, sequence.length());
                // The label of a first token would be the target of the sequence before.
                System.arraycopy(sequence.labels(), 1, labels[b], at + 1, sequence.length() - 1);
                Arrays.fill(segments[b], at, at + sequence.length(), ++segment);
                at += sequence.length();
                targets += sequence.targets();
                sequences++;
            }
        }
        Map<String, INDArray> arrays =
                new LinkedHashMap<>(DecoderInputs.of(config, type, ids, segments, DecoderInputs.positions(segments)));
        arrays.putAll(DecoderInputs.targets(type, labels));
        return new Batch(arrays, sequences, targets, true);
    }

    @Override
    public OptionalLong batchesPerEpoch() {
        return OptionalLong.of(count);
    }

    @Override
    public String description() {
        long tokens = rows.stream().mapToLong(TokenBatches::length).sum();
        return String.format(
                Locale.ROOT,
                "%d texts with %d tokens in %d rows and %d batches an epoch",
                rows.stream().mapToLong(List::size).sum(),
                tokens,
                rows.size(),
                count);
    }
}
