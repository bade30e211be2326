/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.convolution.Convolution1DLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.array.Broadcasts;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A running {@link LoraConvolution1D}. The frozen convolution is the stock layer's, forward; the rest is done here. */
final class Convolution1DUpdates extends Convolution1DLayer {

    private static final long serialVersionUID = 1;

    private final transient LoraSettings settings;
    private final transient ConvolutionPath path;
    private final transient StepCache cache = new StepCache();
    private final transient Map<String, INDArray> formed = new HashMap<>();

    Convolution1DUpdates(NeuralNetConfiguration conf, DataType type, LoraSettings settings) {
        super(conf, type);
        this.settings = settings;
        this.path = new ConvolutionPath(this, settings, "W");
    }

    private boolean isTimeInside() {
        return layerConf().getRnnDataFormat() == RNNFormat.NWC;
    }

    private INDArray swapped(INDArray series) {
        return isTimeInside() ? series.permute(0, 2, 1) : series;
    }

    private INDArray series() {
        return swapped(input.castTo(dataType));
    }

    private Patches1D patches(INDArray series) {
        return Patches1D.of(layerConf(), convolutionMode, series);
    }

    @Override
    protected Pair<INDArray, INDArray> preOutput(boolean training, boolean forBackprop, LayerWorkspaceMgr mgr) {
        Pair<INDArray, INDArray> stock;
        try {
            Map<String, INDArray> now = new HashMap<>();
            paramTable().keySet().forEach(name -> now.put(name, path.parameter(name, training)));
            formed.putAll(now);
            stock = super.preOutput(training, forBackprop, mgr);
        } finally {
            formed.clear();
        }
        if (settings.isAdapted()) {
            INDArray series = series();
            path.add(series, patches(series), swapped(stock.getFirst()), training, mgr);
        }
        return stock;
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        assertInputSet(false);
        applyDropOutIfNecessary(training, mgr);
        INDArray z = preOutput(training, false, mgr).getFirst();
        if (training) {
            cache.keep(mgr.dup(ArrayType.INPUT, z, z.ordering()), List.of(), getIterationCount());
        }
        INDArray output = layerConf().getActivationFn().getActivation(z, training);
        return mgr.leverageTo(ArrayType.ACTIVATIONS, masked(output));
    }

    /** Writes zeros to the steps that the mask leaves out. */
    private INDArray masked(INDArray output) {
        if (maskArray == null) {
            return output;
        }
        INDArray mask = feedForwardMaskArray(maskArray, MaskState.Active, (int) output.size(0))
                .getFirst();
        return Broadcasts.mul(output, mask.castTo(output.dataType()), 0, isTimeInside() ? 1 : 2);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        INDArray z = cache.isValid(getIterationCount())
                ? cache.preActivation()
                : preOutput(true, true, mgr).getFirst();
        cache.clear();
        INDArray above = masked(
                maskArray == null
                        ? epsilon.castTo(dataType)
                        : epsilon.castTo(dataType).dup());
        INDArray delta = ImageActivation.backward(layerConf().getActivationFn(), z, above);
        INDArray series = series();
        Gradient gradient = new DefaultGradient();
        INDArray next = path.backward(
                series, patches(series), swapped(delta), !settings.lowest(), gradientViews, gradient, mgr);
        return new Pair<>(gradient, next == null ? null : backpropDropOutIfPresent(swapped(next)));
    }

    @Override
    public void setInput(INDArray newInput, LayerWorkspaceMgr mgr) {
        cache.clear();
        super.setInput(newInput, mgr);
    }

    @Override
    public void clear() {
        super.clear();
        cache.clear();
    }

    // The stock layer over time asks here and not for parameters with noise.
    @Override
    public INDArray getParam(String name) {
        INDArray now = formed.get(name);
        return now == null ? super.getParam(name) : now;
    }

    @Override
    public boolean updaterDivideByMinibatch(String name) {
        return settings.learns(name);
    }

    @Override
    public void setParams(INDArray params) {
        Running.assign(paramsFlattened, params);
    }
}
