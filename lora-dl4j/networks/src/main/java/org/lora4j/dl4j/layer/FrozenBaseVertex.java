/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.Objects;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffVertex;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.lora4j.internal.dl4j.layer.frozen.FrozenVertexBase;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A stock vertex over SameDiff of a kind that cannot be adapted, frozen, with gradients passing through to what is below. It
 * runs as the stock vertex does; the gradient of its inputs is half of the stock vertex's, which is twice too large in M2.1.
 *
 * <p>Stock {@code FrozenVertex} stops gradients. See {@link FrozenBaseLayer} for layers.
 *
 * @apiNote Status: experimental
 */
public final class FrozenBaseVertex extends GraphVertex {

    private static final long serialVersionUID = 1;

    private final GraphVertex underlying;

    /**
     * Freezes a vertex.
     *
     * @param stock the vertex; a copy is kept
     */
    public FrozenBaseVertex(@JsonProperty("underlying") GraphVertex stock) {
        this.underlying = stock.clone();
        // Copies lose it, and a function without a type cannot tell its inputs.
        if (stock instanceof SameDiffVertex original && underlying instanceof SameDiffVertex copy) {
            copy.setDataType(original.getDataType());
        }
    }

    /**
     * The vertex inside.
     *
     * @return its configuration
     */
    public GraphVertex getUnderlying() {
        return underlying;
    }

    @Override
    public FrozenBaseVertex clone() {
        return new FrozenBaseVertex(underlying);
    }

    @Override
    public long numParams(boolean backprop) {
        return underlying.numParams(backprop);
    }

    @Override
    public void setDataType(DataType type) {
        underlying.setDataType(type);
    }

    @Override
    public int minVertexInputs() {
        return underlying.minVertexInputs();
    }

    @Override
    public int maxVertexInputs() {
        return underlying.maxVertexInputs();
    }

    @Override
    public org.deeplearning4j.nn.graph.vertex.GraphVertex instantiate(
            ComputationGraph graph, String name, int index, INDArray view, boolean initialize, DataType type) {
        return new FrozenVertexBase(underlying.instantiate(graph, name, index, view, initialize, type));
    }

    @Override
    public InputType getOutputType(int index, InputType... inputs) {
        return underlying.getOutputType(index, inputs);
    }

    @Override
    public MemoryReport getMemoryReport(InputType... inputs) {
        return underlying.getMemoryReport(inputs);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FrozenBaseVertex same && underlying.equals(same.underlying);
    }

    @Override
    public int hashCode() {
        return Objects.hash(underlying);
    }
}
