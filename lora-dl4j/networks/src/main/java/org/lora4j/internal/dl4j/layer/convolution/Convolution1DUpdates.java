/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import java.util.HashMap;
import java.util.Map;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraConvolution1D;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.internal.array.Broadcasts;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A running {@link LoraConvolution1D}. The frozen convolution is the stock layer's, forward; the rest is done here.
 *
 * @apiNote Status: internal
 */
public final class Convolution1DUpdates extends RunningConvolution1DLayer {

    private static final long serialVersionUID = 1;

    private final transient ConvolutionPath path;
    private final transient Map<String, INDArray> formed = new HashMap<>();

    public Convolution1DUpdates(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type, layer);
        this.path = new ConvolutionPath(this, settings, "W");
    }

    @Override
    boolean isChannelsLast() {
        return layerConf().getRnnDataFormat() == RNNFormat.NWC;
    }

    private Patches1D patches(INDArray series) {
        return Patches1D.of(layerConf(), convolutionMode, series);
    }

    @Override
    protected Pair<INDArray, INDArray> preOutput(boolean training, boolean forBackprop, LayerWorkspaceMgr mgr) {
        Pair<INDArray, INDArray> stock;
        try {
            INDArray weight = path.parameter("W", training);
            formed.put("b", path.parameter("b", training));
            formed.put("W", weight);
            stock = super.preOutput(training, forBackprop, mgr);
        } finally {
            formed.clear();
        }
        if (settings.adapts()) {
            INDArray series = image();
            path.add(series, patches(series), channelsFirst(stock.getFirst()), training, mgr);
        }
        return stock;
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        INDArray output = layerConf().getActivationFn().getActivation(preActivation(training, mgr), training);
        return mgr.leverageTo(ArrayType.ACTIVATIONS, masked(output));
    }

    /** Writes zeros to the steps that the mask leaves out. */
    private INDArray masked(INDArray output) {
        if (maskArray == null) {
            return output;
        }
        INDArray mask = feedForwardMaskArray(maskArray, MaskState.Active, (int) output.size(0))
                .getFirst();
        return Broadcasts.mul(output, mask.castTo(output.dataType()), 0, isChannelsLast() ? 1 : 2);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        INDArray above =
                maskArray == null ? epsilon : masked(epsilon.castTo(dataType).dup());
        INDArray delta = delta(above, mgr);
        INDArray series = image();
        Gradient gradient = new DefaultGradient();
        INDArray next = path.backward(
                series, patches(series), channelsFirst(delta), !settings.lowest(), gradientViews, gradient, mgr);
        return new Pair<>(gradient, next == null ? null : backpropDropOutIfPresent(asFormat(next)));
    }

    // The stock layer over time asks here and not for parameters with noise.
    @Override
    public INDArray getParam(String name) {
        INDArray now = formed.get(name);
        return now == null ? super.getParam(name) : now;
    }
}
