/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraDepthwiseConvolution2D;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.internal.dl4j.layer.PathDropout;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A running {@link LoraDepthwiseConvolution2D}: the stock layer with updates added to its weight.
 *
 * @apiNote Status: internal
 */
public final class DepthwiseConvolution2DUpdates extends RunningDepthwiseConvolution2DLayer {

    private static final long serialVersionUID = 1;
    private static final String WEIGHT = "W";

    private final transient SummedWeight weight;

    public DepthwiseConvolution2DUpdates(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type, layer);
        this.weight = new SummedWeight(this, settings, WEIGHT);
    }

    private CNN2DFormat format() {
        return layerConf().getCnn2dDataFormat();
    }

    private int channelAxis() {
        return isChannelsLast() ? 3 : 1;
    }

    private Depthwise operation(INDArray image) {
        return Depthwise.of(layerConf(), convolutionMode, image, format());
    }

    private INDArray mask(LoraSlot slot, INDArray image) {
        return PathDropout.mask(slot, getIterationCount(), image.dataType(), image.shape());
    }

    @Override
    protected Pair<INDArray, INDArray> preOutput(boolean training, boolean forBackprop, LayerWorkspaceMgr mgr) {
        Pair<INDArray, INDArray> stock = super.preOutput(training, forBackprop, mgr);
        INDArray image = input.castTo(dataType);
        for (LoraSlot slot : weight.slots()) {
            if (slot.drops(training)) {
                stock.getFirst().addi(operation(image).forward(image.mul(mask(slot, image)), weight.delta(slot)));
            }
        }
        weight.addBiases(stock.getFirst(), channelAxis());
        return stock;
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        INDArray delta = delta(epsilon, mgr);
        Gradient gradient = new DefaultGradient();
        if (settings.learns("b")) {
            INDArray b = gradientViews.get("b");
            b.assign(Channels.sum(delta, channelAxis()));
            gradient.gradientForVariable().put("b", b);
        }
        weight.biasGradients(delta, channelAxis(), gradientViews, gradient);
        if (settings.lowest() && !weight.learns()) {
            return new Pair<>(gradient, null);
        }
        INDArray next = weightGradients(delta, gradient);
        return new Pair<>(
                gradient,
                settings.lowest() ? null : backpropDropOutIfPresent(mgr.dup(ArrayType.ACTIVATION_GRAD, next, 'c')));
    }

    /** Writes the gradients of the weight and of all updates; returns that of the input. */
    private INDArray weightGradients(INDArray delta, Gradient gradient) {
        INDArray image = input.castTo(dataType);
        Depthwise operation = operation(image);
        Pair<INDArray, INDArray> both = operation.backward(image, weight.sum(true), delta);
        if (settings.learns(WEIGHT)) {
            INDArray view = gradientViews.get(WEIGHT);
            view.assign(both.getSecond());
            gradient.setGradientFor(WEIGHT, view, 'c');
        }
        INDArray next = both.getFirst();
        for (LoraSlot slot : weight.slots()) {
            INDArray ofWeight = both.getSecond();
            if (slot.drops(true)) {
                INDArray mask = mask(slot, image);
                Pair<INDArray, INDArray> own = operation.backward(image.mul(mask), weight.delta(slot), delta);
                next.addi(own.getFirst().muli(mask));
                ofWeight = own.getSecond();
            }
            if (slot.learns()) {
                weight.gradients(slot, ofWeight, gradientViews, gradient);
            }
        }
        return next;
    }

    @Override
    protected INDArray getParamWithNoise(String name, boolean training, LayerWorkspaceMgr mgr) {
        return weight.parameter(name, training);
    }
}
