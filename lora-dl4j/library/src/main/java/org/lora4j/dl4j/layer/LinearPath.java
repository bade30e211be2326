/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The updates of a linear weight {@code [in, out]} in a running layer, and the backward pass of the whole product. */
final class LinearPath {

    private final BaseLayer<?> layer;
    private final LoraSettings settings;
    private final String weight;
    private final LowRank updates;
    private final FormedWeight formed;

    LinearPath(BaseLayer<?> layer, LoraSettings settings, String weight) {
        this.layer = layer;
        this.settings = settings;
        this.weight = weight;
        this.updates = new LowRank(layer, settings, weight);
        this.formed =
                new FormedWeight(layer::getParam, () -> LayerKinds.weight(layer.layerConf(), weight), settings, weight);
    }

    /** A parameter as the layer is to multiply or add it, before {@link #add} adds the rest. */
    INDArray parameter(String name, boolean training) {
        return formed.parameter(name, training);
    }

    private INDArray dropped(LoraSlot slot, INDArray x) {
        return x.mul(mask(slot, x));
    }

    private INDArray mask(LoraSlot slot, INDArray x) {
        return PathDropout.mask(slot, layer.getIterationCount(), x.dataType(), x.shape());
    }

    /**
     * Adds to {@code z = x W} the updates that are not in W.
     *
     * @return what the backward pass needs, kept in {@code place}: {@code x A} by slot
     */
    List<INDArray> add(INDArray x, INDArray z, boolean training, LayerWorkspaceMgr mgr, ArrayType place) {
        List<INDArray> downs = downs(x, training, mgr, place);
        for (int i = 0; i < downs.size(); i++) {
            updates.up(updates.slots().get(i), downs.get(i), z);
        }
        for (LoraSlot slot : formed.dropping(training)) {
            Products.add(1, dropped(slot, x), false, formed.pass(true).update(slot), false, z);
        }
        return downs;
    }

    /** {@code x A} by slot, kept in {@code place}. */
    List<INDArray> downs(INDArray x, boolean training, LayerWorkspaceMgr mgr, ArrayType place) {
        List<INDArray> downs = new ArrayList<>(updates.slots().size());
        for (LoraSlot slot : updates.slots()) {
            INDArray rows = slot.drops(training) ? dropped(slot, x) : x;
            downs.add(updates.down(slot, rows, mgr, place));
        }
        return downs;
    }

    /**
     * Writes all gradients of what learns here.
     *
     * @param downs what the forward pass returned
     * @return the gradient of x, a new array; null if nothing below needs it
     */
    INDArray backward(
            INDArray x,
            INDArray delta,
            List<INDArray> downs,
            Map<String, INDArray> views,
            Gradient gradient,
            LayerWorkspaceMgr mgr) {
        FormedWeight.Pass pass = formed.pass(true);
        INDArray epsilon = settings.lowest() ? null : base(pass.weight(), delta, mgr);
        if (formed.wantsGradient()) {
            Map<LoraSlot, INDArray> ofUpdates = new LinkedHashMap<>();
            for (LoraSlot slot : formed.dropping(true)) {
                ofUpdates.put(slot, ofWeight(dropped(slot, x), delta));
            }
            // Where the weight alone learns, its gradient goes to its place without a detour.
            INDArray place = formed.isPlain() ? views.get(weight) : null;
            INDArray ofWeight = place == null ? ofWeight(x, delta) : place;
            if (place != null) {
                Products.set(1, x, true, delta, false, place);
            }
            pass.backward(ofWeight, ofUpdates, () -> delta.sum(0), views, gradient);
        }
        for (LoraSlot slot : epsilon == null ? List.<LoraSlot>of() : formed.dropping(true)) {
            epsilon.addi(delta.mmul(pass.update(slot).transpose()).muli(mask(slot, x)));
        }
        for (int i = 0; i < updates.slots().size(); i++) {
            LoraSlot slot = updates.slots().get(i);
            if (!slot.learns() && epsilon == null) {
                continue;
            }
            INDArray u = updates.back(slot, delta, mgr);
            INDArray mask = slot.drops(true) ? mask(slot, x) : null;
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

    private static INDArray ofWeight(INDArray x, INDArray delta) {
        INDArray matrix = Nd4j.createUninitialized(x.dataType(), new long[] {x.size(1), delta.size(1)}, 'f');
        Products.set(1, x, true, delta, false, matrix);
        return matrix;
    }

    // As the stock layer does it, so that both give the same values.
    private static INDArray base(INDArray w, INDArray delta, LayerWorkspaceMgr mgr) {
        INDArray transposed = mgr.createUninitialized(
                ArrayType.ACTIVATION_GRAD, delta.dataType(), new long[] {w.size(0), delta.size(0)}, 'f');
        return w.mmuli(delta.transpose(), transposed).transpose();
    }
}
