/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.internal.array.io.TensorHash;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.model.AdaptedModel;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.random.RandomStreams;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.train.Progress;
import org.lora4j.train.Trainable;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * An encoder with a linear head as a graph, and what learns in it. Module paths are those of {@link EncoderClassifier}.
 *
 * <p><b>Threads.</b> {@link #outputs} is safe as long as nothing learns and the state of {@link #adapted} stays.
 *
 * @apiNote Status: internal
 */
public final class TaskModel implements AutoCloseable {

    private static final String WEIGHT = ".weight";
    private static final String BIAS = ".bias";

    private static final long PROBE_SEED = 20261201;
    private static final int PROBE_TEXTS = 4;
    private static final int PROBE_TOKENS = 16;

    private final SameDiff graph;
    private final FitEncoder encoder;
    private final Tuning tuning;
    private final Optional<AdaptedSameDiff> adapted;
    private final Optional<TrainableGraph> full;
    private final ExecutorPool executors;
    private final RowOutputs outputs;

    private TaskModel(
            SameDiff graph,
            Output output,
            FitEncoder parts,
            Tuning tuning,
            Optional<AdaptedSameDiff> adapted,
            Optional<TrainableGraph> full) {
        this.graph = graph;
        this.encoder = parts;
        this.tuning = tuning;
        this.adapted = adapted;
        this.full = full;
        // Weights that learn are never packed by an executor of a trainable; those of a plain one may be.
        GraphExecutor fixed = full.map(TrainableGraph::executor)
                .orElseGet(() -> adapted.isPresent()
                        ? null
                        : SameDiffExecutor.forInference(graph).fastest());
        this.executors = new ExecutorPool(
                () -> adapted.map(AdaptedSameDiff::outputExecutor).orElse(fixed));
        this.outputs = new RowOutputs(executors, output.name(), parts, output.perToken());
    }

    /**
     * What a model gives.
     *
     * @param name of the variable
     * @param perToken whether it has a row for each token
     */
    record Output(String name, boolean perToken) {

        static Output of(HeadKind kind) {
            return new Output(EncoderClassifier.LOGITS, kind.isPerToken());
        }
    }

    /** Weights that are a model's own, if all of them learn. */
    static EncoderWeights weights(EncoderParts parts, Tuning tuning) {
        return tuning == Tuning.FULL ? parts.weights().copy() : parts.weights();
    }

    /** A model with a head to start from. */
    static TaskModel start(
            FitEncoder parts, HeadKind kind, Tuning tuning, AdapterConfig config, LinearHead head, long seed) {
        SameDiff graph = graph(parts, tuning, kind, head);
        return start(graph, Output.of(kind), parts, tuning, config, seed);
    }

    /**
     * A model with a head that was learned elsewhere; nothing else of it learns.
     *
     * @param head of as many inputs as the encoder gives
     */
    public static TaskModel of(FitEncoder parts, HeadKind kind, LinearHead head) {
        return start(parts, kind, Tuning.HEAD_ONLY, null, head, 0);
    }

    /** A model of a graph that learns from the start. */
    static TaskModel start(
            SameDiff graph, Output output, FitEncoder parts, Tuning tuning, AdapterConfig config, long seed) {
        Optional<AdaptedSameDiff> adapted = tuning == Tuning.LORA
                ? Optional.of(DefaultAdapter.fresh(AdaptedSameDiff.of(graph), parts.ofEncoder(config), seed))
                : Optional.empty();
        Optional<TrainableGraph> full = tuning == Tuning.FULL
                ? Optional.of(TrainableGraph.of(graph, TrainableGraph.weights(graph)))
                : Optional.empty();
        return new TaskModel(graph, output, parts, tuning, adapted, full);
    }

    /** A model of a graph with an adapter that was loaded. */
    static TaskModel of(FitEncoder parts, Output output, AdaptedSameDiff loaded) {
        return new TaskModel(loaded.base(), output, parts, Tuning.LORA, Optional.of(loaded), Optional.empty());
    }

    /**
     * A model with an adapter that learned elsewhere, together with the head in it.
     *
     * @param where the call, for messages
     * @throws IllegalArgumentException if the adapter has no head, or does not fit the encoder or the head
     */
    public static TaskModel of(String where, FitEncoder parts, HeadTask task, Adapter adapter) {
        String head = parts.lastModule() + WEIGHT;
        if (!adapter.savedParameters().containsKey(head)) {
            throw new IllegalArgumentException(where + ": the adapter has no \"" + head
                    + "\"; expected the head of this task in it. Name the head in modulesToSave when it is trained.");
        }
        LinearHead zeros = LinearHead.zeros(parts.width(task.kind().isPerToken()), task.outputs());
        AdaptedSameDiff adapted = AdaptedSameDiff.of(graph(parts, Tuning.LORA, task.kind(), zeros));
        adapted.addAdapter(AdaptedModel.DEFAULT_ADAPTER, adapter);
        adapted.activate(AdaptedModel.DEFAULT_ADAPTER);
        return of(parts, Output.of(task.kind()), adapted);
    }

    /** The graph: encoder, head, loss. */
    static SameDiff graph(FitEncoder parts, Tuning tuning, HeadKind kind, LinearHead head) {
        SameDiff sd = parts.graph(tuning == Tuning.FULL, kind.isPerToken());
        DataType type = parts.dataType();
        String last = parts.lastModule();
        SDVariable weight = sd.var(
                last + WEIGHT,
                Nd4j.create(head.weight(), new long[] {head.inputs(), head.outputs()}, 'c')
                        .castTo(type));
        SDVariable vectors = sd.getVariable(parts.output(kind.isPerToken()));
        SDVariable rows = kind.isPerToken() ? sd.reshape("head/input", vectors, -1, head.inputs()) : vectors;
        SDVariable logits = parts.hasHeadBias()
                ? rows.mmul(last + "/product", weight)
                        .add(
                                EncoderClassifier.LOGITS,
                                sd.var(last + BIAS, Nd4j.create(head.bias()).castTo(type)))
                : rows.mmul(EncoderClassifier.LOGITS, weight);
        SDVariable labels = kind.isPerToken()
                ? sd.reshape(
                        "loss/labels_of_tokens",
                        sd.placeHolder(EncoderClassifier.LABELS, type, -1, -1, head.outputs()),
                        -1,
                        head.outputs())
                : sd.placeHolder(EncoderClassifier.LABELS, type, -1, head.outputs());
        kind.loss(sd, logits, labels);
        sd.setLossVariables(EncoderClassifier.LOSS);
        return sd;
    }

    /** What learns besides the head. */
    public Tuning tuning() {
        return tuning;
    }

    /** The module that holds all of the head. */
    String head() {
        return encoder.head();
    }

    /** The graph without adapters. */
    public SameDiff graph() {
        return graph;
    }

    /**
     * The adapted graph.
     *
     * @return the live model; empty unless low-rank factors learn
     */
    public Optional<AdaptedSameDiff> adapted() {
        return adapted;
    }

    /**
     * All parameters as they are now, an adapter merged and the head among them.
     *
     * @return by PyTorch's names and in its layout; not to be written to
     */
    public ModelWeights parameters() {
        Map<String, INDArray> all = new LinkedHashMap<>(encoder.checkpoint(graph));
        String last = encoder.lastModule();
        if (graph.hasVariable(last + WEIGHT)) {
            all.put(
                    last + WEIGHT,
                    graph.getVariable(last + WEIGHT).getArr().permute(1, 0).dup('c'));
            if (encoder.hasHeadBias()) {
                all.put(last + BIAS, graph.getVariable(last + BIAS).getArr());
            }
        }
        adapted.ifPresent(model -> all.putAll(merged(all, model.adapter(AdaptedModel.DEFAULT_ADAPTER))));
        return ModelWeights.of(all);
    }

    private static Map<String, INDArray> merged(Map<String, INDArray> base, Adapter adapter) {
        try {
            return WeightMerge.merged(ModelWeights.of(base), List.of(adapter));
        } catch (IncompatibleBaseException e) {
            throw new IllegalStateException("the adapter is of this model", e);
        }
    }

    /**
     * One hash of what was trained as it is now, the same as of its files.
     *
     * @return the hash
     */
    public String contentHash() {
        return learned().map(Adapter::contentHash).orElseGet(() -> {
            Map<String, INDArray> arrays = new LinkedHashMap<>();
            TaskFiles.names(this)
                    .forEach(name -> arrays.put(name, graph.getVariable(name).getArr()));
            return TensorHash.of(tuning.name(), arrays, name -> false);
        });
    }

    /** The config of the adapter; empty if none learned. */
    Map<String, Object> peftConfig() {
        return learned().map(Adapter::peftConfig).orElse(Map.of());
    }

    private Optional<Adapter> learned() {
        return adapted.map(model -> model.hasGivenStart(AdaptedModel.DEFAULT_ADAPTER)
                ? model.adapter(AdaptedModel.DEFAULT_ADAPTER)
                : model.snapshot(AdaptedModel.DEFAULT_ADAPTER));
    }

    /** Some texts of tokens drawn by a fixed seed, by which two models are compared; none if the encoder reads no tokens. */
    List<TokenizedText> probe() {
        OptionalInt vocabulary = encoder.vocabulary();
        if (vocabulary.isEmpty()) {
            return List.of();
        }
        SplittableRandom random = RandomStreams.of(PROBE_SEED, "probe");
        int longest = Math.min(PROBE_TOKENS, encoder.longest());
        List<TokenizedText> texts = new ArrayList<>();
        for (int text = 1; text <= PROBE_TEXTS; text++) {
            int[] ids = random.ints(Math.max(1, longest * text / PROBE_TEXTS), 0, vocabulary.getAsInt())
                    .toArray();
            texts.add(new TokenizedText(ids, new int[ids.length], new int[ids.length], false));
        }
        return texts;
    }

    /** Whether what answers is what a save writes: one adapter that acts, and nothing merged or switched off. */
    boolean isAsSaved() {
        return adapted.map(model -> model.isEnabled()
                        && model.mergedAdapters().isEmpty()
                        && model.activeAdapters().equals(List.of(AdaptedModel.DEFAULT_ADAPTER)))
                .orElse(true);
    }

    /** What a trainer trains. */
    Trainable trainable() {
        return adapted.<Trainable>map(model -> model).orElseGet(full::orElseThrow);
    }

    /**
     * What the model gives for texts: the numbers of its head, or vectors.
     *
     * @param texts the texts, which fit the encoder
     * @return for each text a value for each output; where there is a result for each token, those of all tokens in a row
     */
    public float[][] outputs(List<TokenizedText> texts) {
        return outputs.of(texts);
    }

    /**
     * The same, and says how far it is.
     *
     * @param texts as for {@link #outputs(List)}
     * @return as {@link #outputs(List)}
     */
    public float[][] outputs(List<TokenizedText> texts, Progress.Stage stage) {
        return outputs.of(texts, stage);
    }

    @Override
    public void close() {
        executors.close();
    }
}
