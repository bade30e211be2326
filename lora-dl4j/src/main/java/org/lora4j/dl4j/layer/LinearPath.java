/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The updates of a linear weight {@code [in, out]} in a running layer, and the backward pass of the whole product. */
final class LinearPath {

    private final BaseLayer<?> layer;
    private final LoraSettings settings;
    private final String weight;
    private final LowRank updates;

    LinearPath(BaseLayer<?> layer, LoraSettings settings, String weight) {
        this.layer = layer;
        this.settings = settings;
        this.weight = weight;
        this.updates = new LowRank(layer, settings, weight);
    }

    private INDArray dropped(LoraSlot slot, INDArray x) {
        return x.mul(mask(slot, x));
    }

    private INDArray mask(LoraSlot slot, INDArray x) {
        return PathDropout.mask(slot, layer.getIterationCount(), x.dataType(), x.shape());
    }

    private static boolean drops(LoraSlot slot, boolean training) {
        return training && slot.learns() && slot.dropout() > 0;
    }

    /** Adds all updates to {@code z = x W}; returns {@code x A} by slot, kept in {@code place}. */
    List<INDArray> add(INDArray x, INDArray z, boolean training, LayerWorkspaceMgr mgr, ArrayType place) {
        List<INDArray> downs = downs(x, training, mgr, place);
        for (int i = 0; i < downs.size(); i++) {
            updates.up(updates.slots().get(i), downs.get(i), z);
        }
        return downs;
    }

    /** {@code x A} by slot, kept in {@code place}. */
    List<INDArray> downs(INDArray x, boolean training, LayerWorkspaceMgr mgr, ArrayType place) {
        List<INDArray> downs = new ArrayList<>(updates.slots().size());
        for (LoraSlot slot : updates.slots()) {
            INDArray rows = drops(slot, training) ? dropped(slot, x) : x;
            downs.add(updates.down(slot, rows, mgr, place));
        }
        return downs;
    }

    /**
     * Writes all gradients of what learns here.
     *
     * @return the gradient of x, a new array; null if nothing below needs it
     */
    INDArray backward(
            INDArray x,
            INDArray delta,
            List<INDArray> downs,
            Map<String, INDArray> views,
            Gradient gradient,
            LayerWorkspaceMgr mgr) {
        if (settings.learns(weight)) {
            INDArray view = views.get(weight);
            Products.set(1, x, true, delta, false, view);
            gradient.gradientForVariable().put(weight, view);
        }
        INDArray epsilon = settings.lowest() ? null : base(delta, mgr);
        for (int i = 0; i < updates.slots().size(); i++) {
            LoraSlot slot = updates.slots().get(i);
            if (!slot.learns() && epsilon == null) {
                continue;
            }
            INDArray u = updates.back(slot, delta, mgr);
            INDArray mask = drops(slot, true) ? mask(slot, x) : null;
            if (slot.learns()) {
                updates.upGradients(slot, downs.get(i), delta, views, gradient);
                updates.downGradient(slot, mask == null ? x : x.mul(mask), u, views, gradient);
            }
            if (epsilon != null && mask == null) {
                Products.add(1, u, false, updates.a(slot), false, epsilon);
            } else if (epsilon != null) {
                epsilon.addi(u.mmul(updates.a(slot)).muli(mask));
            }
        }
        return epsilon;
    }

    // As the stock layer does it, so that both give the same values.
    private INDArray base(INDArray delta, LayerWorkspaceMgr mgr) {
        INDArray w = layer.getParam(weight);
        INDArray transposed = mgr.createUninitialized(
                ArrayType.ACTIVATION_GRAD, delta.dataType(), new long[] {w.size(0), delta.size(0)}, 'f');
        return w.mmuli(delta.transpose(), transposed).transpose();
    }
}
