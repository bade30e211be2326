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
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/** The second step of a running separable convolution, with windows of 1 x 1, and the updates of its weight. */
final class PointwisePath {

    private static final String WEIGHT = "pW";

    private final BaseLayer<?> layer;
    private final LoraSettings settings;
    private final LowRank updates;

    PointwisePath(BaseLayer<?> layer, LoraSettings settings) {
        this.layer = layer;
        this.settings = settings;
        this.updates = new LowRank(layer, settings, WEIGHT);
    }

    private static boolean drops(LoraSlot slot, boolean training) {
        return training && slot.learns() && slot.dropout() > 0;
    }

    private INDArray mask(LoraSlot slot, INDArray image) {
        return PathDropout.mask(slot, layer.getIterationCount(), image.dataType(), image.shape());
    }

    /** The frozen step, by the operation that the stock layer uses inside. */
    INDArray base(INDArray image, boolean hasBias, LayerWorkspaceMgr mgr) {
        INDArray w = layer.getParam(WEIGHT);
        INDArray z = mgr.create(
                ArrayType.ACTIVATIONS,
                w.dataType(),
                new long[] {image.size(0), w.size(0), image.size(2), image.size(3)},
                'c');
        INDArray weight = w.permute(2, 3, 1, 0);
        Nd4j.exec(DynamicCustomOp.builder("conv2d")
                .addInputs(
                        hasBias ? new INDArray[] {image, weight, layer.getParam("b")} : new INDArray[] {image, weight})
                .addIntegerArguments(1, 1, 1, 1, 0, 0, 1, 1, 0, 0)
                .addOutputs(z)
                .build());
        return z;
    }

    /** Adds all updates to the output {@code z}; returns what each A gives, by slot. */
    List<INDArray> add(INDArray image, INDArray z, boolean training, LayerWorkspaceMgr mgr) {
        List<INDArray> downs = new ArrayList<>(updates.slots().size());
        INDArray sum = null;
        for (LoraSlot slot : updates.slots()) {
            INDArray rows = Positions.rows(drops(slot, training) ? image.mul(mask(slot, image)) : image);
            INDArray t = updates.down(slot, rows, mgr, ArrayType.INPUT);
            sum = sum == null ? Nd4j.create(z.dataType(), new long[] {t.size(0), z.size(1)}, 'f') : sum;
            updates.up(slot, t, sum);
            downs.add(t);
        }
        if (sum != null) {
            Positions.add(sum, z);
        }
        return downs;
    }

    /**
     * Writes all gradients of what learns here.
     *
     * @return the gradient of the image, a new array; null if it is not needed
     */
    INDArray backward(
            INDArray image,
            INDArray gradientOfOutput,
            List<INDArray> downs,
            boolean needed,
            Map<String, INDArray> views,
            Gradient gradient,
            LayerWorkspaceMgr mgr) {
        INDArray delta = Positions.rows(gradientOfOutput);
        if (settings.learns("b")) {
            INDArray b = views.get("b");
            delta.sum(b, 0);
            gradient.gradientForVariable().put("b", b);
        }
        INDArray rows = Positions.rows(image);
        if (settings.learns(WEIGHT)) {
            INDArray view = views.get(WEIGHT);
            view.assign(delta.transpose().mmul(rows).dup('c').reshape('c', view.shape()));
            gradient.setGradientFor(WEIGHT, view, 'c');
        }
        INDArray w = layer.getParam(WEIGHT).dup('c');
        INDArray next =
                needed ? delta.mmul(w.reshape('c', true, w.size(0), w.size(1))).dup('f') : null;
        for (int i = 0; i < updates.slots().size(); i++) {
            LoraSlot slot = updates.slots().get(i);
            if (!slot.learns() && next == null) {
                continue;
            }
            INDArray u = updates.back(slot, delta, mgr);
            INDArray mask = drops(slot, true) ? Positions.rows(mask(slot, image)) : null;
            if (slot.learns()) {
                updates.upGradients(slot, downs.get(i), delta, views, gradient);
                updates.downGradient(slot, mask == null ? rows : rows.mul(mask), u, views, gradient);
            }
            if (next != null && mask == null) {
                Products.add(1, u, false, updates.a(slot), false, next);
            } else if (next != null) {
                next.addi(u.mmul(updates.a(slot)).muli(mask));
            }
        }
        return next == null ? null : Positions.image(next, image.shape());
    }
}
