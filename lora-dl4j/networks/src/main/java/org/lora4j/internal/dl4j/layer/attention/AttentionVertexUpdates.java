/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.attention;

import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.samediff.SameDiffGraphVertex;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraAttentionVertex;
import org.lora4j.error.MessageText;
import org.lora4j.internal.dl4j.layer.StepCache;
import org.lora4j.internal.dl4j.layer.VertexKinds;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A running {@link LoraAttentionVertex}. Of the stock vertex only the keeping of parameters and masks remains.
 *
 * @apiNote Status: internal
 */
@SuppressWarnings("overrides") // setInputs of the superclass.
public final class AttentionVertexUpdates extends SameDiffGraphVertex {

    private static final long serialVersionUID = 1;

    private static final int QUERIES = 0;
    private static final int KEYS = 1;
    private static final int VALUES = 2;

    private final transient LoraAttentionVertex vertex;
    private final transient MultiHeadAttention attention;
    private final transient StepCache<MultiHeadAttention.Pass> cache = new StepCache<>();

    public AttentionVertexUpdates(
            LoraAttentionVertex vertex,
            ComputationGraph graph,
            int index,
            INDArray view,
            boolean initialize,
            DataType type) {
        super(vertex, graph, vertex.getName(), index, view, initialize, type);
        this.vertex = vertex;
        this.paramTable = vertex.table(paramTable, view);
        this.attention =
                new MultiHeadAttention(vertex.getNHeads(), paramTable::get, vertex.lora(), VertexKinds.weights(vertex));
    }

    private int iteration() {
        return graph.getConfiguration().getIterationCount();
    }

    private MultiHeadAttention.Step step(boolean training) {
        return new MultiHeadAttention.Step(training, iteration());
    }

    /** The mask of an input, or null. A graph without masks does not tell its vertices that those of the last batch ended. */
    private INDArray mask(int input) {
        return maskArrays == null || graph.getInputMaskArrays() == null ? null : maskArrays[input];
    }

    /** The keys that are seen. */
    private INDArray seen() {
        INDArray keys = mask(KEYS);
        INDArray values = mask(VALUES);
        if (keys == null || values == null || keys == values) {
            return keys == null ? values : keys;
        }
        return Nd4j.math().min(keys.castTo(dataType), values.castTo(dataType));
    }

    /** Multiplies a series [batch, size, queries] by the mask of the queries, in place. */
    private INDArray masked(INDArray series) {
        INDArray mask = mask(QUERIES);
        return mask == null
                ? series
                : series.muli(mask.castTo(series.dataType()).reshape(mask.size(0), 1, mask.size(1)));
    }

    private INDArray rows(int input, long size, String name, Space space) {
        Series.check(inputs[input], size, name + " of vertex \"" + getVertexName() + "\"");
        return Series.rows(inputs[input].castTo(dataType), space);
    }

    private MultiHeadAttention.Pass forward(boolean training, Space space) {
        if (!canDoForward()) {
            throw new IllegalStateException("vertex " + MessageText.name(getVertexName())
                    + ": an input is not set; expected queries, keys and values. Set all inputs first.");
        }
        MultiHeadAttention.Rows rows = new MultiHeadAttention.Rows(
                rows(QUERIES, vertex.getNInQueries(), "queries", space),
                rows(KEYS, vertex.getNInKeys(), "keys", space),
                rows(VALUES, vertex.getNInValues(), "values", space));
        return attention.forward(rows, inputs[QUERIES].size(0), seen(), step(training), space);
    }

    @Override
    public INDArray doForward(boolean training, LayerWorkspaceMgr mgr) {
        MultiHeadAttention.Pass now = forward(training, Space.forward(mgr, training));
        if (StepCache.canKeep(training, mgr)) {
            cache.keep(now, iteration());
        }
        return masked(Series.of(now.output(), inputs[QUERIES].size(0), new Space(mgr, ArrayType.ACTIVATIONS)));
    }

    @Override
    public Pair<Gradient, INDArray[]> doBackward(boolean tbptt, LayerWorkspaceMgr mgr) {
        if (!canDoBackward()) {
            throw new IllegalStateException(
                    "vertex " + MessageText.name(getVertexName())
                            + ": an input or the gradient of the output is not set; expected both. Run the forward pass first.");
        }
        Space space = Space.backward(mgr);
        MultiHeadAttention.Pass now = cache.get(iteration()).orElseGet(() -> forward(true, space));
        long batch = inputs[QUERIES].size(0);
        INDArray delta = Series.rows(masked(epsilon.castTo(dataType).dup('c')), space);
        Gradient gradient = new DefaultGradient();
        boolean lowest = vertex.lora().lowest();
        MultiHeadAttention.Wanted wanted = new MultiHeadAttention.Wanted(gradTable, gradient, !lowest);
        MultiHeadAttention.Rows next = attention.backward(now, delta, batch, step(true), wanted, space);
        if (lowest) {
            return new Pair<>(gradient, new INDArray[inputs.length]);
        }
        Space below = new Space(mgr, ArrayType.ACTIVATION_GRAD);
        return new Pair<>(gradient, new INDArray[] {
            Series.of(next.queries(), batch, below),
            Series.of(next.keys(), batch, below),
            Series.of(next.values(), batch, below)
        });
    }

    // Frozen parameters have no gradient array, so that their part of the view stays zero.
    @Override
    public void setBackpropGradientsViewArray(INDArray view) {
        super.setBackpropGradientsViewArray(view);
        gradients = view;
        Map<String, INDArray> learning = new LinkedHashMap<>(gradTable);
        learning.keySet().removeIf(name -> !vertex.lora().learns(name));
        gradTable = learning;
    }

    @Override
    public boolean updaterDivideByMinibatch(String name) {
        return vertex.lora().learns(name);
    }

    @Override
    public void setInput(int number, INDArray input, LayerWorkspaceMgr mgr) {
        cache.clear();
        super.setInput(number, input, mgr);
    }

    @Override
    public void clear() {
        super.clear();
        cache.clear();
    }

    @Override
    public String toString() {
        return "AttentionVertexUpdates(vertex=\"" + getVertexName() + "\", index=" + getVertexIndex() + ")";
    }
}
