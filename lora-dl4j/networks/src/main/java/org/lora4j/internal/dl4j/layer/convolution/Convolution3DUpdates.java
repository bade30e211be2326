/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraConvolution3D;
import org.lora4j.dl4j.layer.LoraLayer;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A running {@link LoraConvolution3D}. The frozen convolution is the stock layer's, forward; the rest is done here.
 *
 * @apiNote Status: internal
 */
public final class Convolution3DUpdates extends RunningConvolution3DLayer {

    private static final long serialVersionUID = 1;

    private final transient ConvolutionPath path;

    public Convolution3DUpdates(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type, layer);
        this.path = new ConvolutionPath(this, settings, "W");
    }

    private Convolution3D layerSettings() {
        return (Convolution3D) layerConf();
    }

    @Override
    boolean isChannelsLast() {
        return layerSettings().getDataFormat() == Convolution3D.DataFormat.NDHWC;
    }

    private Patches3D patches(INDArray volume) {
        return Patches3D.of(layerSettings(), convolutionMode, volume);
    }

    @Override
    protected Pair<INDArray, INDArray> preOutput(boolean training, boolean forBackprop, LayerWorkspaceMgr mgr) {
        Pair<INDArray, INDArray> stock = super.preOutput(training, forBackprop, mgr);
        if (settings.adapts()) {
            INDArray volume = image();
            path.add(volume, patches(volume), channelsFirst(stock.getFirst()), training, mgr);
        }
        return stock;
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        INDArray delta = delta(epsilon, mgr);
        INDArray volume = image();
        Gradient gradient = new DefaultGradient();
        INDArray next = path.backward(
                volume, patches(volume), channelsFirst(delta), !settings.lowest(), gradientViews, gradient, mgr);
        return new Pair<>(gradient, next == null ? null : backpropDropOutIfPresent(asFormat(next)));
    }

    @Override
    protected INDArray getParamWithNoise(String name, boolean training, LayerWorkspaceMgr mgr) {
        return path.parameter(name, training);
    }
}
