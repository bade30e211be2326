/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.convolution.Deconvolution2DLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A running {@link LoraDeconvolution2D}. The frozen layer is the stock one, forward; the rest is done here. */
final class Deconvolution2DUpdates extends Deconvolution2DLayer {

    private static final long serialVersionUID = 1;

    private final transient LoraSettings settings;
    private final transient DeconvolutionPath path;
    private final transient StepCache cache = new StepCache();

    Deconvolution2DUpdates(NeuralNetConfiguration conf, DataType type, LoraSettings settings) {
        super(conf, type);
        this.settings = settings;
        this.path = new DeconvolutionPath(this, settings);
    }

    private boolean isChannelsLast() {
        return layerConf().getCnn2dDataFormat() == CNN2DFormat.NHWC;
    }

    private INDArray channelsFirst(INDArray image) {
        return isChannelsLast() ? image.permute(0, 3, 1, 2) : image;
    }

    private INDArray asFormat(INDArray channelsFirst) {
        return isChannelsLast() ? channelsFirst.permute(0, 2, 3, 1) : channelsFirst;
    }

    @Override
    protected Pair<INDArray, INDArray> preOutput(boolean training, boolean forBackprop, LayerWorkspaceMgr mgr) {
        Pair<INDArray, INDArray> stock = super.preOutput(training, forBackprop, mgr);
        if (settings.isAdapted()) {
            path.add(channelsFirst(input.castTo(dataType)), channelsFirst(stock.getFirst()), training);
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
        return ImageActivation.forward(layerConf().getActivationFn(), z, training);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        INDArray z = cache.isValid(getIterationCount())
                ? cache.preActivation()
                : preOutput(true, true, mgr).getFirst();
        cache.clear();
        INDArray delta = ImageActivation.backward(layerConf().getActivationFn(), z, epsilon.castTo(dataType));
        Gradient gradient = new DefaultGradient();
        INDArray next = path.backward(
                channelsFirst(input.castTo(dataType)), channelsFirst(delta), gradientViews, gradient, mgr);
        return new Pair<>(gradient, next == null ? null : backpropDropOutIfPresent(asFormat(next)));
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

    @Override
    protected INDArray getParamWithNoise(String name, boolean training, LayerWorkspaceMgr mgr) {
        return path.parameter(name, training);
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
