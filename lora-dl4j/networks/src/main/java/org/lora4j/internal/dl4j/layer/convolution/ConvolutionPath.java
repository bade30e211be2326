/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.dl4j.layer.WeightLayout;
import org.lora4j.internal.array.Broadcasts;
import org.lora4j.internal.dl4j.layer.FormedWeight;
import org.lora4j.internal.dl4j.layer.LowRank;
import org.lora4j.internal.dl4j.layer.MatrixProducts;
import org.lora4j.internal.dl4j.layer.PathDropout;
import org.lora4j.internal.dl4j.layer.Running;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The updates of a convolution in a running layer, and the backward pass of the whole convolution, on the patches of its
 * input. Forward the stock operation runs, with the updates added to the weight; only those that drop inputs run here.
 *
 * <p>Images are [batch, channels, sizes...] here; layers convert other formats.
 */
final class ConvolutionPath {

    private final BaseLayer<?> layer;
    private final LoraSettings settings;
    private final String name;
    private final LowRank updates;
    private final SummedWeight weight;

    ConvolutionPath(BaseLayer<?> layer, LoraSettings settings, String weight) {
        this.layer = layer;
        this.settings = settings;
        this.name = weight;
        this.updates = new LowRank(layer, settings, weight);
        this.weight = new SummedWeight(layer, settings, weight);
    }

    /** A parameter as the stock operation is to see it. */
    INDArray parameter(String parameter, boolean training) {
        return weight.parameter(parameter, training);
    }

    private INDArray dropped(LoraSlot slot, INDArray image) {
        return image.mul(mask(slot, image));
    }

    private INDArray mask(LoraSlot slot, INDArray image) {
        return PathDropout.mask(slot, layer.getIterationCount(), image.dataType(), image.shape());
    }

    /**
     * The pre-activations, as one row for each position in F order. The same product as in the stock layer over images, of
     * arrays in the same memory order, so that both give the same values.
     */
    INDArray product(INDArray rows, boolean training, LayerWorkspaceMgr mgr) {
        INDArray w = parameter(name, training);
        INDArray z =
                mgr.createUninitialized(ArrayType.ACTIVATIONS, w.dataType(), new long[] {rows.size(0), w.size(0)}, 'f');
        rows.mmuli(LowRank.matrix(w).transpose(), z);
        return z;
    }

    /** Adds to the output {@code z} what the operation could not: updates that drop inputs, and the biases of B. */
    void add(INDArray image, Patches patches, INDArray z, boolean training, LayerWorkspaceMgr mgr) {
        for (LoraSlot slot : updates.slots()) {
            if (slot.drops(training)) {
                INDArray t = updates.down(slot, patches.rows(dropped(slot, image)), mgr, ArrayType.INPUT);
                INDArray own = Nd4j.create(
                        t.dataType(), new long[] {t.size(0), updates.b(slot).size(0)}, 'f');
                MatrixProducts.set(slot.scaling(), t, false, updates.b(slot), true, own);
                Positions.add(own, z);
            }
        }
        FormedWeight formed = weight.formed();
        List<LoraSlot> dropping = formed.dropping(training);
        FormedWeight.Pass pass = dropping.isEmpty() && !formed.addsBiases() ? null : formed.pass(training);
        if (formed.addsBiases()) {
            Broadcasts.add(z, pass.added(), 1);
        }
        for (LoraSlot slot : dropping) {
            INDArray rows = patches.rows(dropped(slot, image));
            INDArray update = matrix(pass.update(slot));
            INDArray own = Nd4j.create(rows.dataType(), new long[] {rows.size(0), update.size(0)}, 'f');
            MatrixProducts.set(1, rows, false, update, true, own);
            Positions.add(own, z);
        }
        weight.addBiases(z, 1);
    }

    /** A weight of the layer with a row for each output. */
    private INDArray matrix(INDArray ofLayer) {
        return LowRank.matrix(weight.weight().toPeft(ofLayer));
    }

    /**
     * Writes all gradients of what learns here.
     *
     * @param needed whether anything below needs the gradient of the image
     * @return the gradient of the image, a new array; null if it is not needed
     */
    INDArray backward(
            INDArray image,
            Patches patches,
            INDArray gradientOfOutput,
            boolean needed,
            Map<String, INDArray> views,
            Gradient gradient,
            LayerWorkspaceMgr mgr) {
        INDArray delta = Positions.rows(gradientOfOutput);
        Running.biasGradient(settings, delta, views, gradient);
        INDArray shared = sharesPatches() ? patches.rows(image) : null;
        INDArray next = needed ? base(image, patches, delta, mgr) : null;
        for (LoraSlot slot : updates.slots()) {
            if (!slot.learns()) {
                continue;
            }
            boolean drops = slot.drops(true);
            INDArray rows = drops ? patches.rows(dropped(slot, image)) : shared;
            INDArray t = updates.down(slot, rows, mgr, ArrayType.BP_WORKING_MEM);
            INDArray u = updates.back(slot, delta, mgr);
            updates.upGradients(slot, t, delta, views, gradient);
            updates.downGradient(slot, rows, u, views, gradient);
            if (drops && next != null) {
                next.addi(through(slot, image, patches, rows(u, updates.a(slot))));
            }
        }
        FormedWeight formed = weight.formed();
        FormedWeight.Pass pass = formed.pass(true);
        if (formed.wantsGradient()) {
            Map<LoraSlot, INDArray> ofUpdates = new LinkedHashMap<>();
            for (LoraSlot slot : formed.dropping(true)) {
                ofUpdates.put(slot, weightGradient(patches.rows(dropped(slot, image)), delta));
            }
            pass.backward(weightGradient(shared, delta), ofUpdates, () -> delta.sum(0), views, gradient);
        }
        for (LoraSlot slot : next == null ? List.<LoraSlot>of() : formed.dropping(true)) {
            next.addi(through(slot, image, patches, rows(delta, matrix(pass.update(slot)))));
        }
        return next;
    }

    /** The gradient of the image by way of an update that drops inputs, from that of the patches. */
    private INDArray through(LoraSlot slot, INDArray image, Patches patches, INDArray columns) {
        INDArray own = Nd4j.createUninitialized(image.dataType(), image.shape(), 'c');
        return patches.fold(columns, own).muli(mask(slot, image));
    }

    private boolean sharesPatches() {
        return weight.formed().wantsGradient()
                || updates.slots().stream().anyMatch(slot -> slot.learns() && !slot.drops(true));
    }

    /** The gradient of the image by way of the weight, with the updates in it. */
    private INDArray base(INDArray image, Patches patches, INDArray delta, LayerWorkspaceMgr mgr) {
        LayerWeight module = weight.weight();
        INDArray sum = weight.sum(true);
        INDArray w = module.layout() == WeightLayout.SAME ? sum : module.toPeft(sum);
        INDArray next = mgr.createUninitialized(ArrayType.ACTIVATION_GRAD, image.dataType(), image.shape(), 'c');
        return patches.fold(rows(delta, LowRank.matrix(w)), next);
    }

    private static INDArray rows(INDArray left, INDArray right) {
        INDArray rows = Nd4j.createUninitialized(left.dataType(), new long[] {left.size(0), right.size(1)}, 'c');
        MatrixProducts.set(1, left, false, right, false, rows);
        return rows;
    }

    /** The gradient of a weight, in the layout of the layer, from the rows that it was multiplied with. */
    private INDArray weightGradient(INDArray rows, INDArray delta) {
        INDArray matrix = Nd4j.createUninitialized(delta.dataType(), new long[] {delta.size(1), rows.size(1)}, 'c');
        MatrixProducts.set(1, delta, true, rows, false, matrix);
        LayerWeight module = weight.weight();
        return module.layout()
                .fromPeft(
                        matrix.reshape('c', module.shape().weight()),
                        layer.getParam(name).shape());
    }
}
