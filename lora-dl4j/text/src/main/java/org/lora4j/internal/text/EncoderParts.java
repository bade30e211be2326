/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
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
 * @apiNote Status: internal
 */
public record EncoderParts(String name, EncoderWeights weights, Pooling pooling, boolean tokenTypes)
        implements FitEncoder {

    @Override
    public String inputs() {
        return "texts";
    }

    @Override
    public DataType dataType() {
        return weights.dataType();
    }

    @Override
    public int width() {
        return weights.config().hidden();
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
        return EncoderGraph.create(own ? weights.copy() : weights, perToken ? Pooling.MEAN : pooling, tokenTypes)
                .graph();
    }

    @Override
    public String output(boolean perToken) {
        return perToken ? EncoderGraph.LAST_HIDDEN_STATE : EncoderGraph.POOLED;
    }

    @Override
    public Map<String, INDArray> placeholders(TokenRows rows, TokenRows.Part part, OptionalLong draw) {
        return rows.placeholders(part, dataType(), tokenTypes);
    }

    @Override
    public Map<String, INDArray> checkpoint(SameDiff graph) {
        Map<String, INDArray> own = new LinkedHashMap<>(weights.tensors());
        own.replaceAll((name, array) ->
                graph.hasVariable(name) ? graph.getVariable(name).getArr() : array);
        return EncoderWeights.of(weights.config(), own).checkpointTensors();
    }
}
