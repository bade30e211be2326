/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.ShuffledIndices;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Examples as batches for training: examples of similar length together, drawn anew in every epoch.
 *
 * @apiNote Status: internal
 */
public final class LabeledRows implements Batches {

    private static final int LENGTHS = 8;

    private final List<EncodedText> examples;
    private final TokenRows rows;
    private final boolean perToken;
    private final int outputs;
    private final DataType type;
    private final FitEncoder encoder;

    /** Batches as a fit with these options has them. */
    public LabeledRows(List<EncodedText> examples, HeadTask task, FitEncoder parts, TextOptions options) {
        this(
                examples,
                task,
                parts,
                options.batchSize(examples.size()),
                options.fit().tokenBudget());
    }

    private LabeledRows(List<EncodedText> examples, HeadTask task, FitEncoder parts, int batchSize, int tokenBudget) {
        this.examples = examples;
        this.rows = new TokenRows(examples.stream().map(EncodedText::tokens).toList(), batchSize, tokenBudget);
        this.perToken = task.kind().isPerToken();
        this.outputs = task.outputs();
        this.type = parts.dataType();
        this.encoder = parts;
    }

    /**
     * Each example by itself, padded to one of few lengths: what multiplies is made anew for every length that comes.
     *
     * @return a batch for each, in their order; the arrays are the caller's
     */
    public static List<Batch> single(List<EncodedText> examples, HeadTask task, FitEncoder parts) {
        LabeledRows rows = new LabeledRows(examples, task, parts, 1, 1);
        int longest = parts.longest();
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < examples.size(); i++) {
            int length = examples.get(i).tokens().length();
            int padded = Math.min(longest, (length + LENGTHS - 1) / LENGTHS * LENGTHS);
            Batch batch = rows.batch(new TokenRows.Part(padded, List.of(i)), OptionalLong.empty());
            batches.add(new Batch(batch.placeholders(), 1, batch.weight(), false));
        }
        return List.copyOf(batches);
    }

    @Override
    public Iterator<Batch> epoch(int epoch, long seed) {
        // Two orders, one of the examples and one of the batches, of which the second comes from another seed.
        List<TokenRows.Part> parts = rows.parts(ShuffledIndices.of(examples.size(), seed, epoch));
        int[] order = ShuffledIndices.of(parts.size(), ~seed, epoch);
        OptionalLong draw = OptionalLong.of(seed + epoch);
        return Arrays.stream(order).mapToObj(i -> batch(parts.get(i), draw)).iterator();
    }

    @Override
    public OptionalLong batchesPerEpoch() {
        return OptionalLong.of(rows.parts().size());
    }

    @Override
    public String description() {
        return String.format(
                Locale.ROOT,
                "%d %s in %d batches an epoch",
                examples.size(),
                encoder.inputs(),
                rows.parts().size());
    }

    private Batch batch(TokenRows.Part part, OptionalLong draw) {
        Map<String, INDArray> placeholders = encoder.placeholders(rows, part, draw);
        int size = part.rows().size();
        double labeled = perToken ? labeledTokens(part) : size;
        // The graph takes the mean over all tokens, padding included; the factor makes it one over those with a label.
        float factor = perToken ? (float) (size * part.length() / Math.max(1, labeled)) : 1;
        int width = perToken ? part.length() * outputs : outputs;
        float[] labels = new float[size * width];
        for (int row = 0; row < size; row++) {
            float[] target = examples.get(part.rows().get(row)).target();
            for (int i = 0; i < target.length; i++) {
                labels[row * width + i] = factor * target[i];
            }
        }
        long[] shape = perToken ? new long[] {size, part.length(), outputs} : new long[] {size, outputs};
        placeholders.put(
                EncoderClassifier.LABELS, Nd4j.create(labels, shape, 'c').castTo(type));
        return new Batch(placeholders, size, Math.max(1, labeled), true);
    }

    private double labeledTokens(TokenRows.Part part) {
        return part.rows().stream()
                .mapToLong(i -> {
                    float[] target = examples.get(i).target();
                    int labeled = 0;
                    for (int at = 0; at < target.length; at += outputs) {
                        labeled += isLabeled(target, at) ? 1 : 0;
                    }
                    return labeled;
                })
                .sum();
    }

    private boolean isLabeled(float[] target, int at) {
        for (int i = at; i < at + outputs; i++) {
            if (target[i] != 0) {
                return true;
            }
        }
        return false;
    }
}
