/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.attention;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.deeplearning4j.nn.gradient.Gradient;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.LoraSettings;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Attention between rows: projections to heads, dot product attention in each, and the projection of what the heads found;
 * without projections, one head over the rows themselves. Equals the native {@code multi_head_dot_product_attention} and
 * {@code dot_product_attention} with scaling.
 */
final class MultiHeadAttention {

    private static final List<String> NAMES = List.of("Wq", "Wk", "Wv", "Wo");

    private final Heads heads;
    private final Projection query;
    private final Projection key;
    private final Projection value;
    private final Projection out;

    /** {@code weights} are those of the layer; if there are no projections among them, the attention is between the rows. */
    MultiHeadAttention(
            int heads, Function<String, INDArray> parameters, LoraSettings settings, List<LayerWeight> weights) {
        this.heads = new Heads(heads);
        Projection[] own = new Projection[NAMES.size()];
        for (LayerWeight weight : weights) {
            int position = NAMES.indexOf(weight.name());
            if (position >= 0) {
                own[position] = new Projection(parameters, settings, weight);
            }
        }
        this.query = own[0];
        this.key = own[1];
        this.value = own[2];
        this.out = own[3];
    }

    /** The rows that are compared and mixed. */
    record Rows(INDArray queries, INDArray keys, INDArray values) {}

    /** What a forward pass computed: output [batch * queries, out]. */
    record Pass(Rows rows, INDArray q, INDArray k, INDArray v, INDArray weights, INDArray joined, INDArray output)
            implements AttentionUpdates.Pass {

        @Override
        public List<INDArray> arrays() {
            return List.of(rows.queries(), rows.keys(), rows.values(), q, k, v, weights, joined, output);
        }
    }

    /** Which dropout applies. */
    record Step(boolean training, int iteration) {

        Projection.Drops drops(Projection projection, INDArray rows) {
            return projection.drops(training, iteration, rows.dataType(), rows.size(0));
        }
    }

    Heads heads() {
        return heads;
    }

    /** The map to queries; null without projections. */
    Projection query() {
        return query;
    }

    /** The map of the result; null without projections. */
    Projection out() {
        return out;
    }

    /** Keys as heads. */
    INDArray keys(INDArray rows, long batch, Step step, Space space) {
        return heads.split(through(key, rows, step, space), batch, space);
    }

    /** Values as heads. */
    INDArray values(INDArray rows, long batch, Step step, Space space) {
        return heads.split(through(value, rows, step, space), batch, space);
    }

    private static INDArray through(Projection projection, INDArray rows, Step step, Space space) {
        return projection == null ? rows : projection.forward(rows, step.drops(projection, rows), space);
    }

    Pass forward(Rows rows, long batch, INDArray mask, Step step, Space space) {
        INDArray q = heads.split(through(query, rows.queries(), step, space), batch, space);
        INDArray k = keys(rows.keys(), batch, step, space);
        INDArray v = values(rows.values(), batch, step, space);
        INDArray weights = DotProductAttention.weights(q, k, mask, space);
        INDArray joined = heads.join(DotProductAttention.mix(weights, v, space), batch, space);
        return new Pass(rows, q, k, v, weights, joined, through(out, joined, step, space));
    }

    /** Where gradients of parameters go, and whether those of the rows are asked for. */
    record Wanted(Map<String, INDArray> views, Gradient gradient, boolean inputs) {}

    /**
     * Writes the gradients of what learns here.
     *
     * @return the gradients of the rows; each null if they are not asked for
     */
    Rows backward(Pass pass, INDArray delta, long batch, Step step, Wanted wanted, Space space) {
        INDArray ofJoined = delta;
        if (out != null) {
            Projection.Drops drops = step.drops(out, pass.joined());
            out.gradients(pass.joined(), delta, drops, wanted.views(), wanted.gradient(), space);
            ofJoined = out.back(delta, drops, space);
        }
        DotProductAttention.Gradients inner = DotProductAttention.backward(
                pass.q(), pass.k(), pass.v(), pass.weights(), heads.split(ofJoined, batch, space), space);
        INDArray ofQueries = heads.join(inner.queries(), batch, space);
        Rows memory = backward(pass.rows(), inner.keys(), inner.values(), batch, step, wanted, space);
        return new Rows(
                back(query, pass.rows().queries(), ofQueries, step, wanted, space), memory.keys(), memory.values());
    }

    /** The part of keys and values, from the gradients of their heads; queries are null. */
    Rows backward(Rows rows, INDArray ofKeys, INDArray ofValues, long batch, Step step, Wanted wanted, Space space) {
        return new Rows(
                null,
                back(key, rows.keys(), heads.join(ofKeys, batch, space), step, wanted, space),
                back(value, rows.values(), heads.join(ofValues, batch, space), step, wanted, space));
    }

    private static INDArray back(
            Projection projection, INDArray rows, INDArray delta, Step step, Wanted wanted, Space space) {
        if (projection == null) {
            return wanted.inputs() ? delta : null;
        }
        Projection.Drops drops = step.drops(projection, rows);
        projection.gradients(rows, delta, drops, wanted.views(), wanted.gradient(), space);
        return wanted.inputs() ? projection.back(delta, drops, space) : null;
    }
}
