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
import org.nd4j.linalg.factory.Nd4j;

/**
 * The updates of a convolution in a running layer, and the backward pass of the whole convolution, on the patches of its
 * input: A is a product of patches, B one of what A gives.
 *
 * <p>Images are [batch, channels, sizes...] here; layers convert other formats.
 */
final class ConvolutionPath {

    private static final String WEIGHT = "W";

    private final BaseLayer<?> layer;
    private final LoraSettings settings;
    private final LowRank updates;

    ConvolutionPath(BaseLayer<?> layer, LoraSettings settings) {
        this.layer = layer;
        this.settings = settings;
        this.updates = new LowRank(layer, settings, WEIGHT);
    }

    private INDArray dropped(LoraSlot slot, INDArray image) {
        return image.mul(mask(slot, image));
    }

    private INDArray mask(LoraSlot slot, INDArray image) {
        return PathDropout.mask(slot, layer.getIterationCount(), image.dataType(), image.shape());
    }

    private static boolean drops(LoraSlot slot, boolean training) {
        return training && slot.learns() && slot.dropout() > 0;
    }

    /** Adds all updates to the output {@code z}; returns what each A gives, by slot. */
    List<INDArray> add(INDArray image, Patches patches, INDArray z, boolean training, LayerWorkspaceMgr mgr) {
        List<INDArray> downs = new ArrayList<>(updates.slots().size());
        INDArray shared = null;
        INDArray sum = null;
        for (LoraSlot slot : updates.slots()) {
            INDArray rows;
            if (drops(slot, training)) {
                rows = patches.rows(dropped(slot, image));
            } else {
                shared = shared == null ? patches.rows(image) : shared;
                rows = shared;
            }
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
     * @return the gradient of the image, a new array; null if nothing below needs it
     */
    INDArray backward(
            INDArray image,
            Patches patches,
            INDArray gradientOfOutput,
            List<INDArray> downs,
            Map<String, INDArray> views,
            Gradient gradient,
            LayerWorkspaceMgr mgr) {
        INDArray delta = Positions.rows(gradientOfOutput);
        if (settings.learns("b")) {
            INDArray b = views.get("b");
            delta.sum(b, 0);
            gradient.gradientForVariable().put("b", b);
        }
        INDArray shared = null;
        if (settings.learns(WEIGHT)) {
            shared = patches.rows(image);
            weightGradient(shared, delta, views.get(WEIGHT), gradient);
        }
        INDArray columns = settings.lowest() ? null : delta.mmul(matrix()).dup('c');
        INDArray masked = null;
        for (int i = 0; i < updates.slots().size(); i++) {
            LoraSlot slot = updates.slots().get(i);
            if (!slot.learns() && columns == null) {
                continue;
            }
            INDArray u = updates.back(slot, delta, mgr);
            boolean drops = drops(slot, true);
            if (slot.learns()) {
                shared = shared == null && !drops ? patches.rows(image) : shared;
                updates.upGradients(slot, downs.get(i), delta, views, gradient);
                INDArray rows = drops ? patches.rows(dropped(slot, image)) : shared;
                updates.downGradient(slot, rows, u, views, gradient);
            }
            if (columns != null && drops) {
                INDArray own = u.mmul(updates.a(slot)).dup('c');
                INDArray part = patches.fold(own, Nd4j.createUninitialized(image.dataType(), image.shape(), 'c'))
                        .muli(mask(slot, image));
                masked = masked == null ? part : masked.addi(part);
            } else if (columns != null) {
                Products.add(1, u, false, updates.a(slot), false, columns);
            }
        }
        if (columns == null) {
            return null;
        }
        INDArray next = mgr.createUninitialized(ArrayType.ACTIVATION_GRAD, image.dataType(), image.shape(), 'c');
        patches.fold(columns, next);
        return masked == null ? next : next.addi(masked);
    }

    private LayerWeight weight() {
        return LayerKinds.weight(layer.layerConf(), WEIGHT);
    }

    /** The weight as [out, in * window]. */
    private INDArray matrix() {
        INDArray w = weight().toPeft(layer.getParam(WEIGHT));
        return w.reshape('c', true, w.size(0), w.length() / w.size(0));
    }

    private void weightGradient(INDArray rows, INDArray delta, INDArray view, Gradient gradient) {
        INDArray matrix = delta.transpose().mmul(rows);
        LayerWeight weight = weight();
        view.assign(weight.layout()
                .fromPeft(matrix.dup('c').reshape('c', weight.shape().weight()), view.shape()));
        gradient.setGradientFor(WEIGHT, view, 'c');
    }
}
