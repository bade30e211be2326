/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.internal.text.EncoderParts;
import org.lora4j.internal.text.LinearHead;
import org.lora4j.internal.text.TaskModel;
import org.lora4j.internal.text.Tuning;
import org.lora4j.pretrained.PretrainedHead;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a task adds to its encoder, for a server that computes the encoder for many tasks at once: how an input becomes tokens, the factors
 * of its adapter, the last layer, and what its numbers mean.
 *
 * <p><b>State.</b> A copy of what was learned; immutable. <b>Threads.</b> Safe, as long as the encoder of the task is open.
 *
 * @param <I> an input
 * @param <P> a prediction
 * @apiNote Status: stable
 */
public final class TaskHead<I, P> {

    /** What numbers of a head mean. */
    interface Decoder<I, P> {

        P decode(I input, TokenizedText tokens, float[] numbers);
    }

    private final TaskSpec.Kind kind;
    private final TaskExporter.Head meaning;
    private final List<String> names;
    private final TextEncoder encoder;
    private final Optional<LinearHead> last;
    private final Optional<Adapter> factors;
    private final String contentHash;
    private final Function<I, TokenizedText> tokens;
    private final Decoder<I, P> decoder;

    private TaskHead(
            TaskSpec.Kind kind,
            TaskExporter.Head meaning,
            List<String> names,
            TextEncoder encoder,
            Optional<LinearHead> last,
            Optional<Adapter> factors,
            String contentHash,
            Function<I, TokenizedText> tokens,
            Decoder<I, P> decoder) {
        this.kind = kind;
        this.meaning = meaning;
        this.names = List.copyOf(names);
        this.encoder = encoder;
        this.last = last;
        this.factors = factors;
        this.contentHash = contentHash;
        this.tokens = tokens;
        this.decoder = decoder;
    }

    /** What a task adds, as it was learned. */
    static <I, P> TaskHead<I, P> of(
            String where,
            TaskSpec.Kind kind,
            TextEncoder encoder,
            EncoderParts parts,
            TaskModel model,
            Targets<I, ?, P> targets,
            Function<I, TokenizedText> tokens) {
        requireShared(where, model);
        Problems problems = new Problems();
        boolean steps = parts.pretrained()
                .filter(head -> head.task() == PretrainedHead.Task.TOKENS)
                .filter(head -> !head.pooling().steps().isEmpty())
                .isPresent();
        problems.check(
                !steps,
                "the head of its checkpoint has layers for each token before the last one, expected the last one alone");
        String module = parts.lastModule();
        Optional<Adapter> adapter = adapter(model);
        problems.check(
                adapter.filter(of -> of.modules().containsKey(module)).isEmpty(),
                "its adapter has factors of the head \"" + module + "\", expected the head to learn in full");
        problems.throwIfAny(where + ": this task cannot be computed with others over one encoder");
        return new TaskHead<>(
                kind,
                targets.head(),
                targets.names(),
                encoder,
                Optional.of(last(model, adapter, module)),
                adapter.flatMap(of -> without(of, module)),
                model.contentHash(),
                tokens,
                targets::decode);
    }

    /** What a sentence encoder adds: factors alone. */
    static TaskHead<String, float[]> ofVectors(String where, TextEncoder encoder, TaskModel model) {
        requireShared(where, model);
        return new TaskHead<>(
                SentenceEncoder.KIND,
                TaskExporter.Head.NONE,
                List.of(),
                encoder,
                Optional.empty(),
                adapter(model),
                model.contentHash(),
                encoder::tokens,
                (input, read, vector) -> vector);
    }

    /**
     * Factors of an encoder alone, such as an adapter of vectors that was trained in Python.
     *
     * @param encoder the encoder that they are for
     * @param factors the adapter
     * @return what gives the vectors of the encoder with the factors
     */
    public static TaskHead<String, float[]> ofFactors(TextEncoder encoder, Adapter factors) {
        Arguments.required(encoder, "TaskHead.ofFactors: encoder", "an encoder");
        Arguments.required(factors, "TaskHead.ofFactors: factors", "an adapter");
        return new TaskHead<>(
                SentenceEncoder.KIND,
                TaskExporter.Head.NONE,
                List.of(),
                encoder,
                Optional.empty(),
                Optional.of(factors),
                factors.contentHash(),
                encoder::tokens,
                (input, read, vector) -> vector);
    }

    private static void requireShared(String where, TaskModel model) {
        if (model.tuning() == Tuning.FULL) {
            throw new IllegalStateException(
                    where + ": all weights of the encoder were trained, so that it shares none with"
                            + " others; expected an adapter, or a head alone. Train with adapter(...), or use the task by itself.");
        }
    }

    private static Optional<Adapter> adapter(TaskModel model) {
        return model.adapted().map(adapted -> adapted.adapter(AdaptedSameDiff.DEFAULT_ADAPTER));
    }

    /** The last layer as it was learned: among what the adapter has in full, in PyTorch's layout, or in the graph. */
    private static LinearHead last(TaskModel model, Optional<Adapter> adapter, String module) {
        Map<String, INDArray> saved = adapter.map(Adapter::savedParameters).orElse(Map.of());
        INDArray weight = saved.containsKey(module + ".weight")
                ? saved.get(module + ".weight").permute(1, 0).dup('c')
                : model.graph().getVariable(module + ".weight").getArr();
        INDArray bias = saved.containsKey(module + ".bias")
                ? saved.get(module + ".bias")
                : model.graph().getVariable(module + ".bias").getArr();
        return new LinearHead(
                Math.toIntExact(weight.size(0)),
                Math.toIntExact(weight.size(1)),
                weight.ravel().toFloatVector(),
                bias.ravel().toFloatVector());
    }

    /** The adapter of the encoder, without the head. */
    private static Optional<Adapter> without(Adapter adapter, String module) {
        Map<String, INDArray> saved = new LinkedHashMap<>(adapter.savedParameters());
        saved.keySet().removeIf(path -> path.startsWith(module + "."));
        if (saved.isEmpty() && adapter.modules().isEmpty()) {
            return Optional.empty();
        }
        List<String> whole = new ArrayList<>(adapter.config().modulesToSave());
        whole.removeIf(name -> module.equals(name) || module.endsWith("." + name));
        AdapterConfig config = adapter.config().toBuilder().modulesToSave(whole).build();
        Map<String, String> hashes = new LinkedHashMap<>(adapter.baseHashes());
        hashes.keySet().removeIf(path -> path.startsWith(module + "."));
        return Optional.of(
                Adapter.of(config, adapter.extras(), adapter.modules(), saved).withBaseHashes(hashes));
    }

    /**
     * The kind of the task.
     *
     * @return its name in files, and whether an input has two texts
     */
    public TaskSpec.Kind kind() {
        return kind;
    }

    /**
     * What the numbers of the head mean.
     *
     * @return {@link TaskExporter.Head#NONE} if the task gives vectors
     */
    public TaskExporter.Head meaning() {
        return meaning;
    }

    /**
     * What the numbers of the head are called.
     *
     * @return labels or tags in the order of the head; empty if the task gives vectors
     */
    public List<String> names() {
        return names;
    }

    /**
     * The encoder that the task was made with.
     *
     * @return the live encoder
     */
    public TextEncoder encoder() {
        return encoder;
    }

    /**
     * What was learned of the encoder.
     *
     * @return factors and parameters without those of the head; empty if the head alone learned
     */
    public Optional<Adapter> factors() {
        return factors;
    }

    /**
     * The same without the factors, for whoever has taken them elsewhere.
     *
     * @return a head that keeps no array
     */
    public TaskHead<I, P> withoutFactors() {
        return new TaskHead<>(kind, meaning, names, encoder, last, Optional.empty(), contentHash, tokens, decoder);
    }

    /**
     * One hash of all that was learned, the head included.
     *
     * @return the same as of the task's files and its receipt
     */
    public String contentHash() {
        return contentHash;
    }

    /**
     * What the head takes in memory.
     *
     * @return bytes
     */
    public long bytes() {
        return last.map(head -> (long) Float.BYTES * (head.weight().length + head.bias().length))
                .orElse(0L);
    }

    /**
     * An input as tokens.
     *
     * @param input the input
     * @return as the task reads it, the prefix of its encoder in front
     */
    public TokenizedText tokens(I input) {
        return tokens.apply(Arguments.required(input, "TaskHead.tokens: input", "an input of the task"));
    }

    /**
     * Computes the last layer, {@code x W + b} for each vector, in the order of its rows, whatever else is computed at the same time.
     *
     * @param vectors what the encoder gives: the vector of a text, or with {@link TaskExporter.Head#TAGS} those of its tokens, one after
     *     the other
     * @return the numbers of the head, for each vector one after the other; without a head the vectors themselves
     */
    public float[] numbers(float[] vectors) {
        Arguments.required(vectors, "TaskHead.numbers: vectors", "vectors of the encoder");
        if (last.isEmpty()) {
            return vectors;
        }
        LinearHead head = last.get();
        int count = vectors.length / head.inputs();
        float[] numbers = new float[count * head.outputs()];
        for (int row = 0; row < count; row++) {
            int to = row * head.outputs();
            System.arraycopy(head.bias(), 0, numbers, to, head.outputs());
            for (int i = 0; i < head.inputs(); i++) {
                float x = vectors[row * head.inputs() + i];
                int from = i * head.outputs();
                for (int j = 0; j < head.outputs(); j++) {
                    numbers[to + j] += x * head.weight()[from + j];
                }
            }
        }
        return numbers;
    }

    /**
     * What numbers of the head mean.
     *
     * @param input the input
     * @param read its tokens
     * @param numbers as {@link #numbers} gives them
     * @return the prediction of the task
     */
    public P decode(I input, TokenizedText read, float[] numbers) {
        Arguments.required(input, "TaskHead.decode: input", "the input");
        Arguments.required(read, "TaskHead.decode: read", "its tokens");
        Arguments.required(numbers, "TaskHead.decode: numbers", "numbers of the head");
        return decoder.decode(input, read, numbers);
    }
}
