/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.GraphModule;
import org.lora4j.samediff.GraphParts;
import org.lora4j.tribuo.input.InputSpec;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A SameDiff graph; graphs with a head share its arrays. */
final class SameDiffBody implements Body {

    private final BaseKind kind;
    private final SameDiff graph;
    private final String feature;
    private final long tokenVocabulary;
    private final long tokenLength;
    private long featureSize;

    SameDiffBody(SameDiff graph, BaseSettings settings) {
        this(BaseKind.SAMEDIFF, graph, settings);
    }

    SameDiffBody(BaseKind kind, SameDiff graph, BaseSettings settings) {
        this.kind = kind;
        this.graph = graph;
        this.feature = settings.featureVariable();
        this.tokenVocabulary = settings.tokenVocabulary();
        this.tokenLength = settings.tokenLength();
        if (!graph.hasVariable(feature)) {
            List<String> names =
                    graph.variables().stream().map(SDVariable::name).toList();
            throw new IllegalArgumentException("BaseNetwork: featureVariable = " + MessageText.name(feature)
                    + " is no variable of the graph; expected the one that the head reads, [batch, size]."
                    + ClosestNames.hint(feature, names) + " The graph has " + Problems.quoted(names) + ".");
        }
    }

    static SameDiffBody encoder(EncoderGraph encoder) {
        BaseSettings settings = new BaseSettings(
                null,
                "",
                EncoderGraph.POOLED,
                null,
                encoder.config().vocabulary(),
                encoder.config().longestSequence());
        return new SameDiffBody(BaseKind.TEXT_ENCODER, encoder.graph(), settings);
    }

    String feature() {
        return feature;
    }

    long tokenVocabulary() {
        return tokenVocabulary;
    }

    long tokenLength() {
        return tokenLength;
    }

    @Override
    public BaseKind kind() {
        return kind;
    }

    @Override
    public List<InputSpec> inputs() {
        if (kind == BaseKind.TEXT_ENCODER) {
            return List.of(
                    InputSpec.tokenIds(EncoderGraph.INPUT_IDS, tokenLength, tokenVocabulary),
                    InputSpec.tokenMask(EncoderGraph.ATTENTION_MASK));
        }
        return needed().stream()
                .map(v -> InputSpec.values(v.name(), v.placeholderShape()))
                .toList();
    }

    // A graph may have placeholders, for labels for instance, that the feature does not need.
    private List<SDVariable> needed() {
        Set<String> seen = new HashSet<>();
        ArrayDeque<String> open = new ArrayDeque<>(List.of(feature));
        while (!open.isEmpty()) {
            String name = open.pop();
            String op = graph.getVariables().get(name).getOutputOfOp();
            if (seen.add(name) && op != null) {
                List<String> inputs = graph.getOps().get(op).getInputsToOp();
                open.addAll(inputs == null ? List.of() : inputs);
            }
        }
        return graph.variables().stream()
                .filter(v -> v.isPlaceHolder() && seen.contains(v.name()))
                .toList();
    }

    @Override
    public List<String> modules() {
        return AdaptedSameDiff.of(graph).modules().stream()
                .map(GraphModule::path)
                .toList();
    }

    @Override
    public String contentHash() {
        return contentHash(kind, feature, graph.asFlatBuffers(false));
    }

    /** The hash of a graph by its bytes, which SameDiff writes alike each time. */
    static String contentHash(BaseKind kind, String feature, ByteBuffer graph) {
        return new ContentHash().add(kind.name()).add(feature).add(graph).hex();
    }

    @Override
    public long parameterCount() {
        return graph.variables().stream()
                .map(SDVariable::getArr)
                .filter(array -> array != null && array.dataType().isFPType())
                .mapToLong(INDArray::length)
                .sum();
    }

    @Override
    public byte[] toBytes() throws IOException {
        ByteBuffer buffer = graph.asFlatBuffers(false);
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private DataType type() {
        return graph.getVariable(feature).dataType();
    }

    private synchronized long featureSize() {
        if (featureSize == 0) {
            featureSize = measuredFeatureSize();
        }
        return featureSize;
    }

    private long measuredFeatureSize() {
        Map<String, INDArray> probe = new LinkedHashMap<>();
        for (InputSpec input : inputs()) {
            long[] shape =
                    input.shape().stream().mapToLong(size -> Math.max(1, size)).toArray();
            shape[0] = 1;
            if (input.kind() != InputSpec.Kind.VALUES) {
                shape[1] = 1;
            }
            DataType type = graph.getVariable(input.name()).dataType();
            probe.put(
                    input.name(),
                    input.kind() == InputSpec.Kind.TOKEN_IDS ? Nd4j.zeros(type, shape) : Nd4j.ones(type, shape));
        }
        INDArray out = AdaptedSameDiff.of(graph).output(probe, feature).get(feature);
        if (out.rank() != 2) {
            throw new IllegalArgumentException("BaseNetwork: featureVariable " + MessageText.name(feature)
                    + " has rank " + out.rank() + "; expected 2, [batch, size]. Name a variable behind the pooling.");
        }
        return out.size(1);
    }

    @Override
    public AdaptedBase withHead(HeadShape head) {
        long size = featureSize();
        SameDiff copy = GraphParts.copy(graph);
        String name = freeName(copy);
        SDVariable weight = copy.var(name + ".weight", Nd4j.zeros(type(), size, head.outputs()));
        SDVariable bias = copy.var(name + ".bias", Nd4j.zeros(type(), head.outputs()));
        SDVariable logits =
                copy.getVariable(feature).mmul(name + "/product", weight).add(name + "/logits", bias);
        return AdaptedGraph.of(copy, name, logits, head, type());
    }

    @Override
    public AdaptedBase withOwnHead(HeadShape head) {
        long size = featureSize();
        if (size != head.outputs()) {
            throw new IllegalArgumentException(
                    "BaseNetwork: featureVariable " + MessageText.name(feature) + " has " + size
                            + " values; expected " + head.outputs()
                            + ". To reuse the network's own head, featureVariable is its output before the activation.");
        }
        SameDiff copy = GraphParts.copy(graph);
        String name = freeName(copy);
        SDVariable logits = copy.identity(name + "/logits", copy.getVariable(feature));
        return AdaptedGraph.of(copy, name, logits, head, type());
    }

    private static String freeName(SameDiff graph) {
        String name = "head";
        for (int i = 2; graph.hasVariable(name + ".weight") || graph.hasVariable(name + "/logits"); i++) {
            name = "head" + i;
        }
        return name;
    }
}
