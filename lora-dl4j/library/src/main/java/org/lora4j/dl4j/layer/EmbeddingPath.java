/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.HashMap;
import java.util.Map;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.array.Broadcasts;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.scatter.ScatterUpdate;
import org.nd4j.linalg.factory.Nd4j;

/** The updates of a table in a running lookup layer. Looking up is a product too: with rows that hold a single 1. */
final class EmbeddingPath {

    private static final int ROWS = 1;

    private final Map<LoraSlot, INDArray> lengths = new HashMap<>();

    private final BaseLayer<?> layer;
    private final LoraSettings settings;
    private final LowRank updates;
    private final Magnitudes magnitudes;

    EmbeddingPath(BaseLayer<?> layer, LoraSettings settings) {
        this.layer = layer;
        this.settings = settings;
        this.updates = new LowRank(layer, settings, "W");
        this.magnitudes = new Magnitudes(layer::getParam, () -> LayerKinds.weight(layer.layerConf(), "W"), updates);
    }

    /** Adds all updates to {@code z}, one row for each index. */
    void add(int[] indexes, INDArray z) {
        for (LoraSlot slot : updates.slots()) {
            if (slot.decomposes()) {
                magnitudes.add(slot, down(slot, indexes), looked(indexes), lengths(slot), z);
            } else {
                updates.up(slot, down(slot, indexes), z);
            }
        }
    }

    /** Tells that parameters or the input may have changed. */
    void forget() {
        lengths.clear();
    }

    /** The lengths are sums over the whole table, and a step wants them twice. */
    private INDArray lengths(LoraSlot slot) {
        return lengths.computeIfAbsent(slot, own -> TimeSeries.detached(magnitudes.lengths(own), 'c'));
    }

    private INDArray looked(int[] indexes) {
        return Nd4j.pullRows(layer.getParam("W"), ROWS, indexes);
    }

    private INDArray down(LoraSlot slot, int[] indexes) {
        return Nd4j.pullRows(layer.getParam(slot.a()).transpose(), ROWS, indexes);
    }

    /** Writes the gradients of what learns here; an index has none. */
    Gradient backward(int[] indexes, INDArray delta, Map<String, INDArray> views, LayerWorkspaceMgr mgr) {
        Gradient gradient = new DefaultGradient();
        if (settings.learns("W")) {
            INDArray view = views.get("W");
            scatter(indexes, ofTable(delta), view);
            gradient.gradientForVariable().put("W", view);
        }
        if (settings.learns("b")) {
            INDArray b = views.get("b");
            delta.sum(b, 0);
            gradient.gradientForVariable().put("b", b);
        }
        for (LoraSlot slot : updates.slots()) {
            if (slot.learns()) {
                INDArray t = down(slot, indexes);
                INDArray scale = null;
                if (slot.decomposes()) {
                    scale = magnitudes.scale(slot, lengths(slot));
                    magnitudes.gradients(slot, t, looked(indexes), lengths(slot), delta, views, gradient);
                } else {
                    updates.upGradients(slot, t, delta, views, gradient);
                }
                INDArray u = updates.back(slot, delta, scale, mgr);
                INDArray a = views.get(slot.a());
                scatter(indexes, u.dup('c'), a.transpose());
                gradient.gradientForVariable().put(slot.a(), a);
            }
        }
        return gradient;
    }

    /** The gradient of what was looked up in the table itself. */
    private INDArray ofTable(INDArray delta) {
        INDArray factor = magnitudes.factor(slot -> true, this::lengths);
        return factor == null ? delta : Broadcasts.mulRow(delta.dup(), factor);
    }

    // What the stock layer calls, too.
    @SuppressWarnings("deprecation")
    private static void scatter(int[] indexes, INDArray rows, INDArray table) {
        table.assign(0);
        Nd4j.scatterUpdate(ScatterUpdate.UpdateOp.ADD, table, Nd4j.createFromArray(indexes), rows, new int[] {ROWS});
    }
}
