/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import org.lora4j.exec.ExecutionParts;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.internal.parts.PartSharing;
import org.lora4j.internal.parts.PartwiseExecutor;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.TokenizedText;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Gradients of a loss between the vectors of a whole batch, with the memory of a part of it (GradCache; Gao et al. 2021,
 * arXiv:2101.06983): all vectors are computed first and forgotten but for their values; the loss gives the gradient by each of
 * them; then each part of the texts runs once more, forwards and backwards, under the loss {@code sum(vector * gradient)}, and
 * the gradients of the parts add up to those of the whole.
 *
 * <p>A batch is the indices of its examples; their texts are here.
 */
final class EmbeddingExecutor implements PartwiseExecutor {

    static final String EXAMPLES = "examples";

    private final GraphExecutor encoder;
    private final EncoderParts parts;
    private final RowInputs inputs;
    private final EmbeddingLoss loss;
    private final List<TokenizedText> texts;
    private final List<SentenceRows> examples;
    private final int mostRows;
    private final int mostTokens;

    EmbeddingExecutor(
            GraphExecutor encoder,
            EncoderParts parts,
            EmbeddingLoss loss,
            List<TokenizedText> texts,
            List<SentenceRows> examples,
            int mostRows,
            int mostTokens) {
        this.encoder = encoder;
        this.parts = parts;
        this.inputs = RowInputs.of(parts.weights().dataType(), parts.tokenTypes(), parts.pooling());
        this.loss = loss;
        this.texts = texts;
        this.examples = examples;
        this.mostRows = mostRows;
        this.mostTokens = mostTokens;
    }

    @Override
    public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
        return gradients(placeholders, seed, PartSharing.ALONE);
    }

    @Override
    public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed, PartSharing sharing) {
        List<Integer> used = new ArrayList<>();
        List<SentenceRows> batch = localized(placeholders.get(EXAMPLES).toIntVector(), used);
        TokenRows rows = new TokenRows(used.stream().map(texts::get).toList(), mostRows, mostTokens);
        List<TokenRows.Part> all = rows.parts();
        double[][] vectors = new double[used.size()][];
        sharing.each(
                all.size(),
                part -> forward(rows, all.get(part)),
                (computed, part) -> keep(computed, all.get(part), vectors));
        double[][] wanted = new double[used.size()][vectors[0].length];
        double value = loss.of(batch, vectors, wanted);
        Map<String, INDArray> sum = new LinkedHashMap<>();
        Set<String> unreached = new HashSet<>();
        sharing.each(all.size(), part -> backward(rows, all.get(part), wanted, seed), (pass, part) -> {
            pass.gradients().forEach((name, gradient) -> sum.merge(name, gradient, EmbeddingExecutor::added));
            if (part == 0) {
                unreached.addAll(pass.unreached());
            }
            unreached.retainAll(pass.unreached());
        });
        return new LossAndGradients(value, sum, unreached);
    }

    private static INDArray added(INDArray to, INDArray gradient) {
        to.addi(gradient);
        gradient.close();
        return to;
    }

    /** The examples with indices into the texts that this batch uses, each of them once. */
    private List<SentenceRows> localized(int[] indices, List<Integer> used) {
        Map<Integer, Integer> places = new LinkedHashMap<>();
        List<SentenceRows> batch = new ArrayList<>();
        for (int index : indices) {
            SentenceRows example = examples.get(index);
            batch.add(new SentenceRows(
                    place(example.anchor(), places),
                    example.positive() < 0 ? -1 : place(example.positive(), places),
                    Arrays.stream(example.negatives())
                            .map(text -> place(text, places))
                            .toArray(),
                    example.similarity(),
                    example.target(),
                    example.group()));
        }
        used.addAll(places.keySet());
        return batch;
    }

    private static int place(int text, Map<Integer, Integer> places) {
        return places.computeIfAbsent(text, added -> places.size());
    }

    /** The vectors of a part. */
    private LossAndGradients forward(TokenRows rows, TokenRows.Part part) {
        Map<String, INDArray> arrays = rows.placeholders(part, inputs);
        Map<String, INDArray> vectors = encoder.output(arrays, List.of(EncoderGraph.POOLED));
        arrays.values().forEach(INDArray::close);
        return new LossAndGradients(0, vectors, Set.of());
    }

    private static void keep(LossAndGradients computed, TokenRows.Part part, double[][] vectors) {
        INDArray values = computed.gradients().get(EncoderGraph.POOLED);
        double[] all = values.ravel().toDoubleVector();
        int width = all.length / part.rows().size();
        for (int row = 0; row < part.rows().size(); row++) {
            vectors[part.rows().get(row)] = Arrays.copyOfRange(all, row * width, (row + 1) * width);
        }
        values.close();
    }

    private LossAndGradients backward(TokenRows rows, TokenRows.Part part, double[][] wanted, long seed) {
        Map<String, INDArray> arrays = rows.placeholders(part, inputs);
        int size = part.rows().size();
        double[][] ofPart = new double[size][];
        for (int row = 0; row < size; row++) {
            // The graph takes the mean over its rows, and the loss is a sum over all of them.
            double[] gradient = wanted[part.rows().get(row)];
            ofPart[row] = Arrays.stream(gradient).map(g -> g * size).toArray();
        }
        arrays.put(
                EmbeddingFit.GRADIENT,
                Nd4j.createFromArray(ofPart).castTo(parts.weights().dataType()));
        LossAndGradients pass = encoder.gradients(arrays, seed);
        arrays.values().forEach(INDArray::close);
        return pass;
    }

    @Override
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
        return encoder.output(placeholders, outputs);
    }

    @Override
    public GraphExecutor fork() {
        return new EmbeddingExecutor(encoder.fork(), parts, loss, texts, examples, mostRows, mostTokens);
    }

    @Override
    public void release() {
        encoder.release();
    }

    @Override
    public int mostParts() {
        return encoder.mostParts();
    }

    /** Of the passes, each among threads: parts of the texts follow from their tokens. */
    @Override
    public GraphExecutor inParts(int most) {
        return new EmbeddingExecutor(encoder.inParts(most), parts, loss, texts, examples, mostRows, mostTokens);
    }

    @Override
    public ExecutionParts parting(Map<String, INDArray> placeholders) {
        return new ExecutionParts(1, "the loss compares all texts of a batch; each part of them is shared by itself");
    }

    @Override
    public GraphExecutor withProducts(Multiplier multiplier) {
        return new EmbeddingExecutor(
                encoder.withProducts(multiplier), parts, loss, texts, examples, mostRows, mostTokens);
    }

    @Override
    public Multiplier multiplier() {
        return encoder.multiplier();
    }

    @Override
    public OptionalDouble productSeconds() {
        return encoder.productSeconds();
    }
}
