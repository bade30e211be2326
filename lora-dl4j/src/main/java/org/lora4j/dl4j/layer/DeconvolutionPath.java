/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The updates of a transposed convolution in a running layer, and the backward pass of the whole layer.
 *
 * <p>A transposed convolution multiplies each input position by {@code [in, channels * window]} and folds the result into
 * the output; A does so with {@code rank} channels, and B maps these to the outputs, position by position. The way back takes
 * the patches of the output's gradient.
 *
 * <p>Images are [batch, channels, height, width] here; the layer converts.
 */
final class DeconvolutionPath {

    private static final String WEIGHT = "W";

    private final BaseLayer<?> layer;
    private final LoraSettings settings;
    private final LowRank updates;

    DeconvolutionPath(BaseLayer<?> layer, LoraSettings settings) {
        this.layer = layer;
        this.settings = settings;
        this.updates = new LowRank(layer, settings, WEIGHT);
    }

    /** The patches that an output of a number of channels is folded from, one for each input position. */
    private Patches2D patches(INDArray image, INDArray output, long channels) {
        ConvolutionLayer conf = (ConvolutionLayer) layer.layerConf();
        boolean same = conf.getConvolutionMode() == ConvolutionMode.Same;
        int[] in = {(int) image.size(2), (int) image.size(3)};
        int[] padding = conf.getPadding();
        if (same) {
            padding = new int[2];
            for (int i = 0; i < 2; i++) {
                int window = (conf.getKernelSize()[i] - 1) * conf.getDilation()[i] + 1;
                padding[i] = ((in[i] - 1) * conf.getStride()[i] + window - (int) output.size(2 + i)) / 2;
            }
        }
        long[] shape = {output.size(0), channels, output.size(2), output.size(3)};
        return new Patches2D(conf.getKernelSize(), conf.getStride(), padding, conf.getDilation(), same, shape, in);
    }

    private static boolean drops(LoraSlot slot, boolean training) {
        return training && slot.learns() && slot.dropout() > 0;
    }

    private INDArray mask(LoraSlot slot, INDArray image) {
        return PathDropout.mask(slot, layer.getIterationCount(), image.dataType(), image.shape());
    }

    /** A as [in, rank * window]. */
    private INDArray a(LoraSlot slot) {
        INDArray byInput = layer.getParam(slot.a()).permute(1, 0, 2, 3).dup('c');
        return byInput.reshape('c', true, byInput.size(0), byInput.length() / byInput.size(0));
    }

    /** Adds all updates to the output {@code z}; returns what each A gives, by slot. */
    List<INDArray> add(INDArray image, INDArray z, boolean training, LayerWorkspaceMgr mgr) {
        List<INDArray> downs = new ArrayList<>(updates.slots().size());
        INDArray sum = null;
        for (LoraSlot slot : updates.slots()) {
            INDArray x = Positions.rows(drops(slot, training) ? image.mul(mask(slot, image)) : image);
            Patches2D patches = patches(image, z, slot.rank());
            INDArray folded = Nd4j.createUninitialized(z.dataType(), patches.image(), 'c');
            patches.fold(x.mmul(a(slot)).dup('c'), folded);
            INDArray t = mgr.dup(ArrayType.INPUT, Positions.rows(folded), 'f');
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
            INDArray delta,
            List<INDArray> downs,
            Map<String, INDArray> views,
            Gradient gradient,
            LayerWorkspaceMgr mgr) {
        INDArray rows = Positions.rows(delta);
        if (settings.learns("b")) {
            INDArray b = views.get("b");
            rows.sum(b, 0);
            gradient.gradientForVariable().put("b", b);
        }
        INDArray next = base(image, delta, views, gradient);
        for (int i = 0; i < updates.slots().size(); i++) {
            LoraSlot slot = updates.slots().get(i);
            if (!slot.learns() && next == null) {
                continue;
            }
            INDArray u = Positions.image(
                    updates.back(slot, rows, mgr), delta.size(0), slot.rank(), delta.size(2), delta.size(3));
            INDArray patches = patches(image, delta, slot.rank()).rows(u);
            INDArray mask = drops(slot, true) ? mask(slot, image) : null;
            if (slot.learns()) {
                updates.upGradients(slot, downs.get(i), rows, views, gradient);
                downGradient(slot, mask == null ? image : image.mul(mask), patches, views, gradient);
            }
            if (next != null) {
                INDArray part =
                        Positions.image(patches.mmul(a(slot).transpose()).dup('f'), image.shape());
                next.addi(mask == null ? part : part.muli(mask));
            }
        }
        return next == null ? null : mgr.dup(ArrayType.ACTIVATION_GRAD, next, 'c');
    }

    private INDArray base(INDArray image, INDArray delta, Map<String, INDArray> views, Gradient gradient) {
        if (settings.lowest() && !settings.learns(WEIGHT)) {
            return null;
        }
        INDArray patches = patches(image, delta, delta.size(1)).rows(delta);
        if (settings.learns(WEIGHT)) {
            INDArray view = views.get(WEIGHT);
            INDArray matrix = Positions.rows(image).transpose().mmul(patches);
            view.assign(matrix.dup('c').reshape('c', view.shape()));
            gradient.setGradientFor(WEIGHT, view, 'c');
        }
        if (settings.lowest()) {
            return null;
        }
        INDArray w = layer.getParam(WEIGHT).dup('c');
        INDArray matrix = w.reshape('c', true, w.size(0), w.length() / w.size(0));
        return Positions.image(patches.mmul(matrix.transpose()).dup('f'), image.shape());
    }

    private static void downGradient(
            LoraSlot slot, INDArray image, INDArray patches, Map<String, INDArray> views, Gradient gradient) {
        INDArray a = views.get(slot.a());
        INDArray byInput = Positions.rows(image).transpose().mmul(patches).dup('c');
        a.assign(
                byInput.reshape('c', a.size(1), a.size(0), a.size(2), a.size(3)).permute(1, 0, 2, 3));
        gradient.gradientForVariable().put(slot.a(), a);
    }
}
