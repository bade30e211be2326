/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraDeconvolution2D;
import org.lora4j.dl4j.layer.LoraLayer;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A running {@link LoraDeconvolution2D}. The frozen layer is the stock one, forward; the rest is done here.
 *
 * @apiNote Status: internal
 */
public final class Deconvolution2DUpdates extends RunningDeconvolution2DLayer {

    private static final long serialVersionUID = 1;

    private final transient DeconvolutionPath path;

    public Deconvolution2DUpdates(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type, layer);
        this.path = new DeconvolutionPath(this, settings);
    }

    @Override
    protected Pair<INDArray, INDArray> preOutput(boolean training, boolean forBackprop, LayerWorkspaceMgr mgr) {
        Pair<INDArray, INDArray> stock = super.preOutput(training, forBackprop, mgr);
        if (settings.adapts()) {
            path.add(image(), channelsFirst(stock.getFirst()), training);
        }
        return stock;
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        INDArray delta = delta(epsilon, mgr);
        Gradient gradient = new DefaultGradient();
        INDArray next = path.backward(image(), channelsFirst(delta), gradientViews, gradient, mgr);
        return new Pair<>(gradient, next == null ? null : backpropDropOutIfPresent(asFormat(next)));
    }

    @Override
    protected INDArray getParamWithNoise(String name, boolean training, LayerWorkspaceMgr mgr) {
        return path.parameter(name, training);
    }
}
