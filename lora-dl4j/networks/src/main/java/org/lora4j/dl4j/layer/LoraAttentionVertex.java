/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.layers.samediff.SDVertexParams;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.lora4j.internal.dl4j.layer.FrozenParameterRules;
import org.lora4j.internal.dl4j.layer.LoraParameters;
import org.lora4j.internal.dl4j.layer.OutsideParameters;
import org.lora4j.internal.dl4j.layer.ParameterTable;
import org.lora4j.internal.dl4j.layer.VertexKinds;
import org.lora4j.internal.dl4j.layer.attention.AttentionVertexUpdates;
import org.nd4j.common.util.ArrayUtil;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Attention between three time series [batch, size, time], queries, keys and values, whose projections are frozen, with
 * low-rank updates of each.
 *
 * <p>Modules are those of {@link LoraSelfAttentionLayer}, with nInQueries, nInKeys and nInValues in place of nIn. A vertex
 * without projections has nothing to adapt.
 *
 * <p>The vertex is computed by hand: outputs equal the stock vertex's up to rounding, masks included, and gradients are right,
 * where those of the stock vertex are twice too large. Masks of one batch do not act on the next, copies keep their updater and
 * gradients can be normalized per layer, all of which the stock vertex misses. Regularization acts on the factors, but as with
 * the stock vertex DL4J leaves it out of the score.
 *
 * @apiNote Status: experimental
 */
public final class LoraAttentionVertex extends AttentionVertex implements LoraLayer {

    private static final long serialVersionUID = 1;

    @JsonProperty
    private LoraSettings lora;

    /** For DL4J's JSON only; use {@link Builder}. */
    public LoraAttentionVertex() {}

    /** Builds the vertex as the stock builder does. */
    public static final class Builder extends AttentionVertex.Builder {

        private final LoraSettings settings;

        /** A vertex with updates of rank 8 and alpha 8 of all its weights. */
        public Builder() {
            this(LoraSettings.standard("Wq", "Wk", "Wv", "Wo"));
        }

        /**
         * A vertex with given updates.
         *
         * @param settings the updates
         */
        public Builder(LoraSettings settings) {
            this.settings = settings;
        }

        @Override
        public LoraAttentionVertex build() {
            return VertexKinds.adapt(super.build(), LoraAttentionVertex.class, settings);
        }
    }

    @Override
    public LoraSettings lora() {
        return lora;
    }

    @Override
    public void defineParametersAndInputs(SDVertexParams params) {
        super.defineParametersAndInputs(params);
        if (lora.outside() != null) {
            SDVertexParams stock = stockParameters();
            params.clear();
            stock.getParamShapes().forEach((name, shape) -> {
                if (lora.learning().contains(name)) {
                    params.addWeightParam(name, shape);
                }
            });
        }
        for (LoraSlot slot : lora.slots()) {
            VertexKinds.requireMethod(this, slot.arithmetic());
            VertexKinds.weight(this, slot.weight()).parameters(slot).forEach((name, shape) -> {
                if (name.equals(slot.c())) {
                    params.addBiasParam(name, shape);
                } else {
                    params.addWeightParam(name, shape);
                }
            });
        }
    }

    private SDVertexParams stockParameters() {
        SDVertexParams stock = new SDVertexParams();
        super.defineParametersAndInputs(stock);
        return stock;
    }

    /** All stock parameters over the values outside of the graph. */
    private Map<String, INDArray> outside() {
        String where = "vertex \"" + getName() + "\"";
        SDVertexParams stock = stockParameters();
        long expected = stock.getParamShapes().values().stream()
                .mapToLong(ArrayUtil::prodLong)
                .sum();
        OutsideParameters.requireLength(where, lora.outside(), expected);
        return VertexKinds.table(this, stock, lora.outside().values(where));
    }

    /**
     * The parameters as the running vertex sees them.
     *
     * @param own what the graph has of this vertex
     * @param view its array; null if the graph has none
     * @return all parameters by name
     */
    public Map<String, INDArray> table(Map<String, INDArray> own, INDArray view) {
        if (lora.outside() == null) {
            return own;
        }
        Map<String, INDArray> frozen = outside();
        OutsideParameters.requireType("vertex \"" + getName() + "\"", view, frozen);
        frozen.keySet().removeAll(own.keySet());
        ParameterTable table = new ParameterTable(getName(), frozen);
        own.forEach(table::put);
        return table;
    }

    @Override
    public void initializeParameters(Map<String, INDArray> params) {
        boolean inside = lora.outside() == null;
        Map<String, INDArray> weights = inside ? params : outside();
        if (inside) {
            super.initializeParameters(params);
        } else {
            lora.learning().forEach(name -> params.get(name).assign(weights.get(name)));
        }
        for (LoraSlot slot : lora.slots()) {
            LayerWeight weight = VertexKinds.weight(this, slot.weight());
            LoraParameters.start(weight, slot, weights.get(slot.weight()))
                    .forEach((name, value) -> params.get(name).assign(value));
        }
    }

    @Override
    public org.deeplearning4j.nn.graph.vertex.GraphVertex instantiate(
            ComputationGraph graph, String name, int index, INDArray view, boolean initialize, DataType type) {
        setName(name);
        return new AttentionVertexUpdates(this, graph, index, view, initialize, type);
    }

    @Override
    public IUpdater getUpdaterByParam(String name) {
        return FrozenParameterRules.updater(lora, name, super.getUpdaterByParam(name));
    }

    @Override
    public List<Regularization> getRegularizationByParam(String name) {
        return FrozenParameterRules.regularization(lora, name, super.getRegularizationByParam(name));
    }

    @Override
    public void setNInQueries(long size) {
        requireSameSize("nInQueries", getNInQueries(), size);
        super.setNInQueries(size);
    }

    @Override
    public void setNInKeys(long size) {
        requireSameSize("nInKeys", getNInKeys(), size);
        super.setNInKeys(size);
    }

    @Override
    public void setNInValues(long size) {
        requireSameSize("nInValues", getNInValues(), size);
        super.setNInValues(size);
    }

    @Override
    public void setNOut(long size) {
        FrozenParameterRules.requireNoNewOutputs(lora, getName(), getNOut(), size);
        super.setNOut(size);
    }

    private void requireSameSize(String what, long now, long wanted) {
        FrozenParameterRules.requireSameSize(lora, getName(), what, now, wanted);
    }

    @Override
    public LoraAttentionVertex clone() {
        LoraAttentionVertex copy = VertexKinds.adapt(this, LoraAttentionVertex.class, lora);
        copy.getVertexParams();
        return copy;
    }

    @Override
    public boolean equals(Object other) {
        return super.equals(other) && Objects.equals(lora, ((LoraAttentionVertex) other).lora);
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof LoraAttentionVertex;
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(lora);
    }

    @Override
    public String toString() {
        return super.toString() + " with " + lora;
    }
}
