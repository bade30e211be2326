/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.attention;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.LoraRecurrentAttentionLayer;
import org.lora4j.internal.array.Broadcasts;
import org.lora4j.internal.dl4j.layer.Running;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A running {@link LoraRecurrentAttentionLayer}:
 * {@code y_t = f(x_t W + b + attention(y_(t-1), x) RW)}, without the last part at the first step.
 *
 * <p>Keys and values are projected once; the gradients of the maps within the recurrence are computed for all steps at once.
 *
 * @apiNote Status: internal
 */
public final class RecurrentAttentionUpdates extends AttentionUpdates<RecurrentAttentionUpdates.Pass> {

    private static final long serialVersionUID = 1;

    private final transient LoraRecurrentAttentionLayer layer;
    private final transient IActivation activation;
    private final transient MultiHeadAttention attention;
    private final transient Projection input2out;
    private final transient Projection recurrent;

    public RecurrentAttentionUpdates(NeuralNetConfiguration conf, DataType type, LoraRecurrentAttentionLayer layer) {
        super(conf, type, layer);
        this.layer = layer;
        this.activation = GraphActivations.of(layer.getActivation(), layerId());
        this.attention = new MultiHeadAttention(layer.getNHeads(), this::getParam, layer.lora(), weights());
        Map<String, LayerWeight> byName =
                weights().stream().collect(Collectors.toMap(LayerWeight::name, weight -> weight));
        this.input2out = new Projection(this::getParam, layer.lora(), byName.get("W"));
        this.recurrent = new Projection(this::getParam, layer.lora(), byName.get("RW"));
    }

    /**
     * All steps of a forward pass. {@code z} and {@code y} are [time, batch, out]; what belongs to the recurrence has a row
     * less, as the first step has none: {@code q} and {@code joined} [time - 1, batch, heads * size], {@code weights}
     * [time - 1, batch * heads, 1, time], {@code found} [time - 1, batch, out]; it is null for a single step.
     */
    record Pass(
            INDArray rows,
            INDArray k,
            INDArray v,
            INDArray z,
            INDArray y,
            INDArray q,
            INDArray weights,
            INDArray joined,
            INDArray found,
            INDArray output)
            implements AttentionUpdates.Pass {

        @Override
        public List<INDArray> arrays() {
            return Stream.of(rows, k, v, z, y, q, weights, joined, found, output)
                    .filter(Objects::nonNull)
                    .toList();
        }

        long time() {
            return z.size(0);
        }

        long batch() {
            return z.size(1);
        }
    }

    /** The dropout of the maps within the recurrence, over all steps but the first. */
    private record Drops(Projection.Drops query, Projection.Drops out, Projection.Drops recurrent) {

        private Drops of(long step, long batch) {
            return new Drops(part(query, step, batch), part(out, step, batch), part(recurrent, step, batch));
        }

        private static Projection.Drops part(Projection.Drops all, long step, long batch) {
            return all == null ? null : all.rows(step * batch, (step + 1) * batch);
        }
    }

    private Drops drops(boolean training, long rows) {
        return new Drops(
                drops(attention.query(), training, rows),
                drops(attention.out(), training, rows),
                drops(recurrent, training, rows));
    }

    private Projection.Drops drops(Projection projection, boolean training, long rows) {
        return projection == null ? null : projection.drops(training, getIterationCount(), dataType, rows);
    }

    @Override
    long size() {
        return layer.getNIn();
    }

    private static INDArray slice(INDArray steps, long step) {
        return steps.get(NDArrayIndex.point(step));
    }

    /** All steps as rows, [time * batch, size]. */
    private static INDArray flat(INDArray steps) {
        return steps.reshape('c', true, steps.size(0) * steps.size(1), steps.size(2));
    }

    /** [batch * time, size] as [time, batch, size], or with batch and time the other way round. */
    private static INDArray swap(INDArray rows, long outer, Space space) {
        return space.copy(
                rows.reshape('c', outer, rows.size(0) / outer, rows.size(1)).permute(1, 0, 2));
    }

    @Override
    Pass forward(INDArray series, boolean training, Space space) {
        long batch = series.size(0);
        long time = series.size(2);
        MultiHeadAttention.Step step = step(training);
        INDArray rows = Series.rows(series, space);
        INDArray k = attention.keys(rows, batch, step, space);
        INDArray v = attention.values(rows, batch, step, space);
        INDArray z = swap(input2out.forward(rows, step.drops(input2out, rows), space), batch, space);
        if (layer.isHasBias()) {
            Broadcasts.addRow(flat(z), getParam("b"));
        }
        INDArray y = space.array(dataType, z.shape());
        long between = time - 1;
        long width = k.size(2) * attention.heads().count();
        INDArray q = between == 0 ? null : space.array(dataType, between, batch, width);
        INDArray weights = between == 0 ? null : space.array(dataType, between, k.size(0), 1, time);
        INDArray joined = between == 0 ? null : space.array(dataType, between, batch, width);
        INDArray found = between == 0 ? null : space.array(dataType, between, batch, recurrentSize());
        Pass pass = new Pass(rows, k, v, z, y, q, weights, joined, found, null);
        activate(pass, 0, training);
        Drops drops = between == 0 ? null : drops(training, between * batch);
        for (long t = 1; t < time; t++) {
            attend(pass, t, drops.of(t - 1, batch), space);
            activate(pass, t, training);
        }
        return new Pass(rows, k, v, z, y, q, weights, joined, found, flat(swap(flat(y), time, space)));
    }

    private long recurrentSize() {
        return layer.getNOut();
    }

    private void activate(Pass pass, long t, boolean training) {
        INDArray z = slice(pass.z(), t);
        slice(pass.y(), t).assign(activation.getActivation(z.dup('c'), training));
    }

    /** Adds what the last output finds in the series to the pre-activation of a step. */
    private void attend(Pass pass, long t, Drops drops, Space space) {
        long before = t - 1;
        long batch = pass.batch();
        INDArray last = slice(pass.y(), before);
        slice(pass.q(), before)
                .assign(attention.query() == null ? last : attention.query().forward(last, drops.query(), space));
        INDArray q = attention.heads().split(slice(pass.q(), before), batch, space);
        slice(pass.weights(), before).assign(DotProductAttention.weights(q, pass.k(), maskArray, space));
        INDArray mixed = DotProductAttention.mix(slice(pass.weights(), before), pass.v(), space);
        INDArray joined = slice(pass.joined(), before).assign(attention.heads().join(mixed, batch, space));
        INDArray found = slice(pass.found(), before)
                .assign(attention.out() == null ? joined : attention.out().forward(joined, drops.out(), space));
        slice(pass.z(), t).addi(recurrent.forward(found, drops.recurrent(), space));
    }

    /** The gradients of what a pass computed, in its shapes. */
    private record Deltas(INDArray z, INDArray found, INDArray q, INDArray k, INDArray v) {}

    @Override
    INDArray backward(Pass pass, INDArray epsilon, Gradient gradient, LayerWorkspaceMgr mgr) {
        Space space = Space.backward(mgr);
        boolean single = pass.time() == 1;
        Deltas deltas = new Deltas(
                space.array(dataType, pass.z().shape()),
                single ? null : space.array(dataType, pass.found().shape()),
                single ? null : space.array(dataType, pass.q().shape()),
                space.array(dataType, pass.k().shape()).assign(0),
                space.array(dataType, pass.v().shape()).assign(0));
        Drops drops = single ? null : drops(true, (pass.time() - 1) * pass.batch());
        INDArray steps = space.copy(epsilon.permute(2, 0, 1));
        INDArray own = slice(steps, pass.time() - 1);
        for (long t = pass.time() - 1; t >= 0; t--) {
            INDArray z = slice(pass.z(), t).dup('c');
            slice(deltas.z(), t).assign(activation.backprop(z, own).getFirst());
            if (t > 0) {
                own = slice(steps, t - 1).addi(backStep(pass, deltas, t, drops.of(t - 1, pass.batch()), space));
            }
        }
        recurrentGradients(pass, deltas, drops, gradient, space);
        return inputGradients(pass, deltas, gradient, mgr);
    }

    /** From the gradient of a pre-activation to that of the output before. */
    private INDArray backStep(Pass pass, Deltas deltas, long t, Drops drops, Space space) {
        long before = t - 1;
        long batch = pass.batch();
        INDArray found =
                slice(deltas.found(), before).assign(recurrent.back(slice(deltas.z(), t), drops.recurrent(), space));
        INDArray joined = attention.out() == null ? found : attention.out().back(found, drops.out(), space);
        DotProductAttention.Gradients inner = DotProductAttention.backward(
                attention.heads().split(slice(pass.q(), before), batch, space),
                pass.k(),
                pass.v(),
                slice(pass.weights(), before),
                attention.heads().split(joined, batch, space),
                space);
        deltas.k().addi(inner.keys());
        deltas.v().addi(inner.values());
        INDArray q = slice(deltas.q(), before).assign(attention.heads().join(inner.queries(), batch, space));
        return attention.query() == null ? q : attention.query().back(q, drops.query(), space);
    }

    private void recurrentGradients(Pass pass, Deltas deltas, Drops drops, Gradient gradient, Space space) {
        if (pass.time() == 1) {
            recurrent.noGradients(views(), gradient);
            if (attention.query() != null) {
                attention.query().noGradients(views(), gradient);
                attention.out().noGradients(views(), gradient);
            }
            return;
        }
        long batch = pass.batch();
        INDArray later = flat(deltas.z()).get(NDArrayIndex.interval(batch, pass.time() * batch), NDArrayIndex.all());
        recurrent.gradients(flat(pass.found()), later, drops.recurrent(), views(), gradient, space);
        if (attention.query() != null) {
            INDArray earlier =
                    flat(pass.y()).get(NDArrayIndex.interval(0, (pass.time() - 1) * batch), NDArrayIndex.all());
            attention.query().gradients(earlier, flat(deltas.q()), drops.query(), views(), gradient, space);
            attention.out().gradients(flat(pass.joined()), flat(deltas.found()), drops.out(), views(), gradient, space);
        }
    }

    private INDArray inputGradients(Pass pass, Deltas deltas, Gradient gradient, LayerWorkspaceMgr mgr) {
        Space space = Space.backward(mgr);
        long batch = pass.batch();
        Running.biasGradient(settings, flat(deltas.z()), views(), gradient);
        INDArray delta = flat(swap(flat(deltas.z()), pass.time(), space));
        Projection.Drops drops = step(true).drops(input2out, pass.rows());
        input2out.gradients(pass.rows(), delta, drops, views(), gradient, space);
        boolean inputs = !settings.lowest();
        MultiHeadAttention.Rows memory = attention.backward(
                new MultiHeadAttention.Rows(null, pass.rows(), pass.rows()),
                deltas.k(),
                deltas.v(),
                batch,
                step(true),
                new MultiHeadAttention.Wanted(views(), gradient, inputs),
                space);
        if (!inputs) {
            return null;
        }
        INDArray sum = input2out.back(delta, drops, space).addi(memory.keys()).addi(memory.values());
        return Series.of(sum, batch, new Space(mgr, ArrayType.ACTIVATION_GRAD));
    }
}
