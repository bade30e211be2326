/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import static org.nd4j.linalg.indexing.NDArrayIndex.all;

import java.util.Map;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.internal.dl4j.layer.LowRank;
import org.lora4j.internal.dl4j.layer.PathDropout;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The updates of a transposed convolution in a running layer, and the backward pass of the whole layer. Forward the stock
 * operation runs, with the updates added to the weight; only those that drop inputs run here.
 *
 * <p>A transposed convolution multiplies each input position by {@code [in, window * channels]} and folds the result into
 * the output. The way back takes the patches of the output's gradient, one row for each input position: products of these
 * give all gradients, those of A and B included, since folding and taking patches are adjoint.
 *
 * <p>Images are [batch, channels, height, width] here; the layer converts.
 */
final class DeconvolutionPath {

    private static final String WEIGHT = "W";

    private final BaseLayer<?> layer;
    private final LoraSettings settings;
    private final LowRank updates;
    private final SummedWeight weight;

    DeconvolutionPath(BaseLayer<?> layer, LoraSettings settings) {
        this.layer = layer;
        this.settings = settings;
        this.updates = new LowRank(layer, settings, WEIGHT);
        this.weight = new SummedWeight(layer, settings, WEIGHT);
    }

    /** A parameter as the stock operation is to see it. */
    INDArray parameter(String name, boolean training) {
        return weight.parameter(name, training);
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

    private INDArray mask(LoraSlot slot, INDArray image) {
        return PathDropout.mask(slot, layer.getIterationCount(), image.dataType(), image.shape());
    }

    /** A as [in, window * rank]. */
    private INDArray a(LoraSlot slot) {
        INDArray byInput = layer.getParam(slot.a()).permute(1, 2, 3, 0).dup('c');
        return byInput.reshape('c', true, byInput.size(0), byInput.length() / byInput.size(0));
    }

    /** Adds to the output {@code z} what the operation could not: updates that drop inputs, and the biases of B. */
    void add(INDArray image, INDArray z, boolean training) {
        for (LoraSlot slot : updates.slots()) {
            if (slot.drops(training)) {
                INDArray x = Positions.rows(image.mul(mask(slot, image)));
                Patches2D patches = patches(image, z, slot.rank());
                INDArray products = x.mmul(a(slot)).dup('c').reshape('c', true, windowsLast(patches));
                INDArray down = Nd4j.createUninitialized(z.dataType(), patches.image(), 'c');
                patches.spread(channelsFirst(products), down);
                INDArray up = Positions.rows(down).mmul(updates.b(slot).transpose());
                Positions.add(up.muli(slot.scaling()).dup('f'), z);
            }
        }
        weight.addBiases(z, 1);
    }

    private static long[] windowsLast(Patches2D patches) {
        return new long[] {
            patches.image()[0],
            patches.out()[0],
            patches.out()[1],
            patches.kernel()[0],
            patches.kernel()[1],
            patches.image()[1]
        };
    }

    /** Windows [batch, height, width, kernel, kernel, channels] as the native operations take them; a view. */
    private static INDArray channelsFirst(INDArray windows) {
        return windows.permute(0, 5, 3, 4, 1, 2);
    }

    /**
     * Writes all gradients of what learns here.
     *
     * @return the gradient of the image, a new array; null if nothing below needs it
     */
    INDArray backward(
            INDArray image, INDArray delta, Map<String, INDArray> views, Gradient gradient, LayerWorkspaceMgr mgr) {
        if (settings.learns("b")) {
            INDArray b = views.get("b");
            b.assign(Channels.sum(delta, 1));
            gradient.gradientForVariable().put("b", b);
        }
        weight.biasGradients(delta, 1, views, gradient);
        boolean learns = settings.learns(WEIGHT) || updates.learns();
        if (settings.lowest() && !learns) {
            return null;
        }
        Patches2D patches = patches(image, delta, delta.size(1));
        INDArray windows = Nd4j.createUninitialized(delta.dataType(), windowsLast(patches), 'c');
        long[] shape = windows.shape();
        INDArray byWindow = windows.reshape('c', true, shape[0], shape[1] * shape[2], shape[3] * shape[4], shape[5]);
        patches.windows(
                delta,
                (examples, some) -> byWindow.get(examples, all(), all(), all()).assign(some.permute(0, 3, 2, 1)));
        long channels = delta.size(1);
        INDArray byPixel = windows.reshape('c', true, windows.length() / channels, channels);
        long positions = image.length() / image.size(1);
        INDArray byPosition = windows.reshape('c', true, positions, windows.length() / positions);
        if (settings.learns(WEIGHT)) {
            weightGradient(image, byPosition, views.get(WEIGHT), gradient);
        }
        INDArray next = settings.lowest() ? null : byPosition.mmul(matrix().transpose());
        for (LoraSlot slot : updates.slots()) {
            if (slot.learns()) {
                boolean drops = slot.drops(true);
                INDArray mask = drops ? mask(slot, image) : null;
                INDArray u = byPixel.mmul(updates.b(slot))
                        .muli(slot.scaling())
                        .dup('c')
                        .reshape('c', true, positions, byPixel.size(0) / positions * slot.rank());
                gradients(slot, Positions.rows(drops ? image.mul(mask) : image), byPixel, u, views, gradient);
                if (next != null && drops) {
                    next.addi(u.mmul(a(slot).transpose()).muli(Positions.rows(mask)));
                }
            }
        }
        return next == null
                ? null
                : mgr.dup(ArrayType.ACTIVATION_GRAD, Positions.image(next.dup('f'), image.shape()), 'c');
    }

    /** The weight with the updates in it, as [in, window * out]. */
    private INDArray matrix() {
        INDArray w = weight.sum(true).permute(0, 2, 3, 1).dup('c');
        return w.reshape('c', true, w.size(0), w.length() / w.size(0));
    }

    private static void weightGradient(INDArray image, INDArray byPosition, INDArray view, Gradient gradient) {
        INDArray matrix = Positions.rows(image).transpose().mmul(byPosition).dup('c');
        view.assign(matrix.reshape('c', view.size(0), view.size(2), view.size(3), view.size(1))
                .permute(0, 3, 1, 2));
        gradient.setGradientFor(WEIGHT, view, 'c');
    }

    private void gradients(
            LoraSlot slot, INDArray x, INDArray byPixel, INDArray u, Map<String, INDArray> views, Gradient gradient) {
        INDArray a = views.get(slot.a());
        INDArray ofA = x.transpose().mmul(u).dup('c');
        a.assign(ofA.reshape('c', a.size(1), a.size(2), a.size(3), a.size(0)).permute(3, 0, 1, 2));
        gradient.gradientForVariable().put(slot.a(), a);
        if (slot.isTrained(slot.b())) {
            INDArray b = views.get(slot.b());
            INDArray t = x.mmul(a(slot)).dup('c').reshape('c', true, byPixel.size(0), slot.rank());
            INDArray ofB = byPixel.transpose().mmul(t).muli(slot.scaling());
            b.assign(ofB.dup('c').reshape('c', b.shape()));
            gradient.gradientForVariable().put(slot.b(), b);
        }
    }
}
