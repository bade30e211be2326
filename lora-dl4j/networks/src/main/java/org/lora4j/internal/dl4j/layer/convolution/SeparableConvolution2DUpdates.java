/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.dl4j.layer.LoraSeparableConvolution2D;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.internal.dl4j.layer.PathDropout;
import org.lora4j.internal.dl4j.layer.StepCache;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A running {@link LoraSeparableConvolution2D}. The stock operation hides what lies between its two steps, which the updates
 * of the second need: here they are two operations, which give the same values.
 *
 * @apiNote Status: internal
 */
public final class SeparableConvolution2DUpdates extends RunningSeparableConvolution2DLayer {

    private static final long serialVersionUID = 1;
    private static final String DEPTH = "W";
    private static final String POINT = "pW";
    private static final int[] ONE = {1, 1};
    private static final int[] ZERO = {0, 0};
    private static final int CHANNELS = 1;

    private final transient SummedWeight depth;
    private final transient ConvolutionPath point;
    private transient INDArray between;

    public SeparableConvolution2DUpdates(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type, layer);
        this.depth = new SummedWeight(this, settings, DEPTH);
        this.point = new ConvolutionPath(this, settings, POINT);
    }

    // The operation takes no view.
    @Override
    INDArray channelsFirst(INDArray image) {
        return isChannelsLast() ? super.channelsFirst(image).dup('c') : image;
    }

    private Depthwise operation(INDArray image) {
        return Depthwise.of(layerConf(), convolutionMode, image, CNN2DFormat.NCHW);
    }

    private INDArray mask(LoraSlot slot, INDArray image) {
        return PathDropout.mask(slot, getIterationCount(), image.dataType(), image.shape());
    }

    /** A depth-wise weight as the operation takes it. */
    private static INDArray kernelFirst(INDArray weight) {
        return weight.permute(2, 3, 1, 0);
    }

    private INDArray between(INDArray image, boolean training) {
        Depthwise operation = operation(image);
        INDArray between = operation.forward(image, kernelFirst(depth.sum(training)));
        for (LoraSlot slot : depth.slots()) {
            if (slot.drops(training)) {
                INDArray dropped = image.mul(mask(slot, image));
                between.addi(operation.forward(dropped, kernelFirst(depth.delta(slot))));
            }
        }
        depth.addBiases(between, CHANNELS);
        return between;
    }

    @Override
    protected Pair<INDArray, INDArray> preOutput(boolean training, boolean forBackprop, LayerWorkspaceMgr mgr) {
        assertInputSet(false);
        validateInputRank();
        validateInputDepth(layerConf().getNIn());
        between = mgr.dup(StepCache.place(training, mgr), between(image(), training), 'c');
        INDArray z = pointwise(training, mgr);
        point.add(between, patches(), z, training, mgr);
        return new Pair<>(asFormat(z), null);
    }

    /** The second step, by the operation that the stock layer uses inside. */
    private INDArray pointwise(boolean training, LayerWorkspaceMgr mgr) {
        INDArray w = point.parameter(POINT, training);
        INDArray z = mgr.create(
                ArrayType.ACTIVATIONS,
                w.dataType(),
                new long[] {between.size(0), w.size(0), between.size(2), between.size(3)},
                'c');
        INDArray weight = w.permute(2, 3, 1, 0);
        Nd4j.exec(DynamicCustomOp.builder("conv2d")
                .addInputs(
                        hasBias() ? new INDArray[] {between, weight, getParam("b")} : new INDArray[] {between, weight})
                .addIntegerArguments(1, 1, 1, 1, 0, 0, 1, 1, 0, 0)
                .addOutputs(z)
                .build());
        return z;
    }

    @Override
    INDArray between() {
        return between;
    }

    private Patches2D patches() {
        int[] out = {(int) between.size(2), (int) between.size(3)};
        return new Patches2D(ONE, ONE, ZERO, ONE, false, between.shape(), out);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        cache.get(getIterationCount()).ifPresent(pass -> between = pass.between());
        INDArray delta = delta(epsilon, mgr);
        Gradient gradient = new DefaultGradient();
        boolean needed = !settings.lowest() || depth.learns();
        INDArray ofBetween =
                point.backward(between, patches(), channelsFirst(delta), needed, gradientViews, gradient, mgr);
        if (!needed) {
            return new Pair<>(gradient, null);
        }
        INDArray next = depthGradients(ofBetween, gradient);
        return new Pair<>(
                gradient,
                settings.lowest()
                        ? null
                        : backpropDropOutIfPresent(asFormat(mgr.dup(ArrayType.ACTIVATION_GRAD, next, 'c'))));
    }

    /** Writes the gradients of the depth-wise weight and of its updates; returns that of the image. */
    private INDArray depthGradients(INDArray delta, Gradient gradient) {
        depth.biasGradients(delta, CHANNELS, gradientViews, gradient);
        INDArray image = image();
        Depthwise operation = operation(image);
        Pair<INDArray, INDArray> both = operation.backward(image, kernelFirst(depth.sum(true)), delta);
        INDArray next = both.getFirst();
        if (settings.learns(DEPTH)) {
            INDArray view = gradientViews.get(DEPTH);
            view.assign(kernelLast(both.getSecond()));
            gradient.setGradientFor(DEPTH, view, 'c');
        }
        for (LoraSlot slot : depth.slots()) {
            INDArray ofWeight = both.getSecond();
            if (slot.drops(true)) {
                INDArray mask = mask(slot, image);
                Pair<INDArray, INDArray> own =
                        operation.backward(image.mul(mask), kernelFirst(depth.delta(slot)), delta);
                next.addi(own.getFirst().muli(mask));
                ofWeight = own.getSecond();
            }
            if (slot.learns()) {
                depth.gradients(slot, kernelLast(ofWeight), gradientViews, gradient);
            }
        }
        return next;
    }

    private static INDArray kernelLast(INDArray weight) {
        return weight.permute(3, 2, 0, 1);
    }

    @Override
    void forget() {
        super.forget();
        between = null;
    }
}
