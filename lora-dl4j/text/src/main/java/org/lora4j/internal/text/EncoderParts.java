/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.PretrainedHead;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a task takes of an encoder.
 *
 * @param name what it is called, for the adapter's file; perhaps empty
 * @param weights the weights, shared
 * @param pooling how a text becomes one vector
 * @param tokenTypes whether the second text of a pair is told from the first
 * @param pretrained the head of a checkpoint whose layers before the last one are kept; empty for a linear head over the vectors
 * @apiNote Status: internal
 */
public record EncoderParts(
        String name, EncoderWeights weights, Pooling pooling, boolean tokenTypes, Optional<PretrainedHead> pretrained)
        implements FitEncoder {

    private static final String TOKENS = "head/tokens";
    private static final String FEATURES = "head/features";

    /** The parts for a linear head. */
    public EncoderParts(String name, EncoderWeights weights, Pooling pooling, boolean tokenTypes) {
        this(name, weights, pooling, tokenTypes, Optional.empty());
    }

    @Override
    public String inputs() {
        return "texts";
    }

    @Override
    public DataType dataType() {
        return weights.dataType();
    }

    @Override
    public int width(boolean perToken) {
        int hidden = weights.config().hidden();
        return perToken ? tokenSteps().map(steps -> steps.dimension(hidden)).orElse(hidden) : pooling.dimension(hidden);
    }

    @Override
    public int longest() {
        return weights.config().longestSequence();
    }

    @Override
    public OptionalInt vocabulary() {
        return OptionalInt.of(weights.config().vocabulary());
    }

    @Override
    public SameDiff graph(boolean own, boolean perToken) {
        // A head over tokens needs no vector of a text, but placeholders are the same for both.
        Pooling mean = pooling.includesPrompt() ? Pooling.MEAN : Pooling.MEAN.withoutPrompt();
        SameDiff graph = EncoderGraph.create(own ? weights.copy() : weights, perToken ? mean : pooling, tokenTypes)
                .graph();
        if (perToken) {
            tokenSteps().ifPresent(steps -> {
                SDVariable hidden = graph.getVariable(EncoderGraph.LAST_HIDDEN_STATE);
                steps.appendSteps(
                        graph.reshape(TOKENS, hidden, -1, weights.config().hidden()), FEATURES);
            });
        }
        return graph;
    }

    @Override
    public String output(boolean perToken) {
        if (!perToken) {
            return EncoderGraph.POOLED;
        }
        return tokenSteps().isPresent() ? FEATURES : EncoderGraph.LAST_HIDDEN_STATE;
    }

    /** What each token goes through before the last module of the head; empty if nothing. */
    private Optional<Pooling> tokenSteps() {
        return pretrained
                .filter(of -> of.task() == PretrainedHead.Task.TOKENS)
                .map(PretrainedHead::pooling)
                .filter(of -> !of.steps().isEmpty());
    }

    @Override
    public String lastModule() {
        return pretrained
                .flatMap(PretrainedHead::last)
                .map(Pooling.Linear::module)
                .orElse(EncoderClassifier.HEAD);
    }

    @Override
    public boolean hasHeadBias() {
        return pretrained
                .flatMap(PretrainedHead::last)
                .map(last -> last.bias() != null)
                .orElse(true);
    }

    @Override
    public Map<String, INDArray> placeholders(TokenRows rows, TokenRows.Part part, OptionalLong draw) {
        return rows.placeholders(part, RowInputs.of(dataType(), tokenTypes, pooling));
    }

    @Override
    public Map<String, INDArray> checkpoint(SameDiff graph) {
        Map<String, INDArray> own = new LinkedHashMap<>(weights.tensors());
        own.replaceAll((name, array) ->
                graph.hasVariable(name) ? graph.getVariable(name).getArr() : array);
        Map<String, INDArray> all =
                new LinkedHashMap<>(EncoderWeights.of(weights.config(), own).checkpointTensors());
        for (Pooling of : poolings()) {
            of.tensors().keySet().stream()
                    .filter(graph::hasVariable)
                    .forEach(name -> all.put(name, graph.getVariable(name).getArr()));
            for (Pooling.Linear linear : of.linears()) {
                all.computeIfPresent(
                        linear.module() + ".weight",
                        (name, array) -> array.permute(1, 0).dup('c'));
            }
        }
        return all;
    }

    /**
     * The modules of the pooling are in no Python class that an adapter is loaded onto: they stay as they are unless all weights learn or
     * the config names them by their paths, as those of DeBERTa's {@code pooler.dense}.
     */
    @Override
    public AdapterConfig ofEncoder(AdapterConfig config) {
        List<String> others = poolings().stream()
                .flatMap(of -> of.linears().stream())
                .map(Pooling.Linear::module)
                .filter(module -> !module.startsWith(EncoderClassifier.HEAD + "."))
                .filter(module -> !(config.targetModules() instanceof ModuleSelector.Suffixes named
                        && named.names().contains(module)))
                .toList();
        if (others.isEmpty() || config.excludeModules() instanceof ModuleSelector.Regex) {
            return config;
        }
        List<String> excluded = new ArrayList<>(others);
        if (config.excludeModules() instanceof ModuleSelector.Suffixes own) {
            excluded.addAll(own.names());
        }
        return config.toBuilder()
                .excludeModules(excluded.toArray(String[]::new))
                .build();
    }

    /** What stands between the hidden states and the last module. */
    private List<Pooling> poolings() {
        return Stream.concat(Stream.of(pooling), pretrained.map(PretrainedHead::pooling).stream())
                .distinct()
                .toList();
    }
}
