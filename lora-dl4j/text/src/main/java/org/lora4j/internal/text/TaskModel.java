/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.model.AdaptedModel;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.TokenizedText;
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
    private static final String INPUT = "head/input";

    private final SameDiff graph;
    private final EncoderParts parts;
    private final Tuning tuning;
    private final Optional<AdaptedSameDiff> adapted;
    private final Optional<TrainableGraph> full;
    private final ExecutorPool executors;
    private final RowOutputs outputs;

    private TaskModel(
            SameDiff graph,
            Output output,
            EncoderParts parts,
            Tuning tuning,
            Optional<AdaptedSameDiff> adapted,
            Optional<TrainableGraph> full) {
        this.graph = graph;
        this.parts = parts;
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
        RowInputs inputs = RowInputs.of(
                parts.weights().dataType(), parts.tokenTypes(), output.perToken() ? Pooling.MEAN : parts.pooling());
        this.outputs = new RowOutputs(executors, output.name(), inputs, output.perToken());
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
            EncoderParts parts, HeadKind kind, Tuning tuning, AdapterConfig config, LinearHead head, long seed) {
        SameDiff graph = graph(parts, weights(parts, tuning), kind, head);
        return start(graph, Output.of(kind), parts, tuning, config, seed);
    }

    /**
     * A model with a head that does not learn.
     *
     * @param task what the head gives
     * @param head its last layer
     */
    public static TaskModel fixed(EncoderParts parts, HeadTask task, LinearHead head) {
        return start(parts, task.kind(), Tuning.HEAD_ONLY, null, head, 0);
    }

    /** A model of a graph that learns from the start. */
    static TaskModel start(
            SameDiff graph, Output output, EncoderParts parts, Tuning tuning, AdapterConfig config, long seed) {
        Optional<AdaptedSameDiff> adapted = tuning == Tuning.LORA
                ? Optional.of(DefaultAdapter.fresh(AdaptedSameDiff.of(graph), parts.ofEncoder(config), seed))
                : Optional.empty();
        Optional<TrainableGraph> full = tuning == Tuning.FULL
                ? Optional.of(TrainableGraph.of(graph, TrainableGraph.weights(graph)))
                : Optional.empty();
        return new TaskModel(graph, output, parts, tuning, adapted, full);
    }

    /** A model of a graph with an adapter that was loaded. */
    static TaskModel of(EncoderParts parts, Output output, AdaptedSameDiff loaded) {
        return new TaskModel(loaded.base(), output, parts, Tuning.LORA, Optional.of(loaded), Optional.empty());
    }

    /** The graph: encoder, head, loss. */
    static SameDiff graph(EncoderParts parts, EncoderWeights weights, HeadKind kind, LinearHead head) {
        SameDiff sd = encoder(parts, weights, kind);
        DataType type = weights.dataType();
        String last = parts.lastModule();
        SDVariable weight = sd.var(
                last + WEIGHT,
                Nd4j.create(head.weight(), new long[] {head.inputs(), head.outputs()}, 'c')
                        .castTo(type));
        SDVariable bias = sd.var(last + BIAS, Nd4j.create(head.bias()).castTo(type));
        SDVariable features = sd.getVariable(features(sd, parts, kind).name());
        SDVariable rows = features.name().equals(EncoderGraph.LAST_HIDDEN_STATE)
                ? sd.reshape(INPUT, features, -1, head.inputs())
                : features;
        SDVariable logits = rows.mmul(last + "/product", weight).add(EncoderClassifier.LOGITS, bias);
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

    /** The graph of the encoder, up to the vector of a text. */
    static SameDiff encoder(EncoderParts parts, EncoderWeights weights, HeadKind kind) {
        return EncoderGraph.create(weights, parts.pooling(kind), parts.tokenTypes())
                .graph();
    }

    /** What the last linear module gets, in the graph of the encoder, to which layers of a head before it are appended. */
    static Output features(SameDiff encoder, EncoderParts parts, HeadKind kind) {
        if (!kind.isPerToken()) {
            return new Output(EncoderGraph.POOLED, false);
        }
        SDVariable hidden = encoder.getVariable(EncoderGraph.LAST_HIDDEN_STATE);
        return parts.tokenSteps(kind)
                .map(steps -> {
                    SDVariable rows = encoder.reshape(
                            INPUT, hidden, -1, parts.weights().config().hidden());
                    return new Output(steps.appendSteps(rows, "head/features").name(), true);
                })
                .orElse(new Output(EncoderGraph.LAST_HIDDEN_STATE, true));
    }

    /** What learns besides the head. */
    public Tuning tuning() {
        return tuning;
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
        EncoderWeights encoder = parts.weights();
        Map<String, INDArray> own = new LinkedHashMap<>(encoder.tensors());
        own.replaceAll((name, array) ->
                graph.hasVariable(name) ? graph.getVariable(name).getArr() : array);
        Map<String, INDArray> all =
                new LinkedHashMap<>(EncoderWeights.of(encoder.config(), own).checkpointTensors());
        Set<String> linear = new LinkedHashSet<>();
        Set<String> names = new LinkedHashSet<>();
        steps().forEach(step -> {
            names.addAll(step.tensors().keySet());
            if (step instanceof Pooling.Linear of) {
                linear.add(of.module() + WEIGHT);
            }
        });
        linear.add(parts.lastModule() + WEIGHT);
        names.addAll(List.of(parts.lastModule() + WEIGHT, parts.lastModule() + BIAS));
        names.removeIf(name -> !graph.hasVariable(name));
        for (String name : names) {
            INDArray array = graph.getVariable(name).getArr();
            all.put(name, linear.contains(name) ? array.permute(1, 0).dup('c') : array);
        }
        adapted.ifPresent(model -> all.putAll(merged(all, model.adapter(AdaptedModel.DEFAULT_ADAPTER))));
        return ModelWeights.of(all);
    }

    /** What stands between the hidden states and the last linear module. */
    private List<Pooling.Step> steps() {
        List<Pooling.Step> steps = new ArrayList<>(parts.pooling().steps());
        parts.head().ifPresent(head -> steps.addAll(head.pooling().steps()));
        return steps;
    }

    private static Map<String, INDArray> merged(Map<String, INDArray> base, Adapter adapter) {
        try {
            return WeightMerge.merged(ModelWeights.of(base), List.of(adapter));
        } catch (IncompatibleBaseException e) {
            throw new IllegalStateException("the adapter is of this model", e);
        }
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
