/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.convolution.Convolution3DLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A running {@link LoraConvolution3D}. The frozen convolution is the stock layer's, forward; the rest is done here. */
final class Convolution3DUpdates extends Convolution3DLayer {

    private static final long serialVersionUID = 1;

    private final transient LoraSettings settings;
    private final transient ConvolutionPath path;
    private final transient StepCache cache = new StepCache();

    Convolution3DUpdates(NeuralNetConfiguration conf, DataType type, LoraSettings settings) {
        super(conf, type);
        this.settings = settings;
        this.path = new ConvolutionPath(this, settings, "W");
    }

    private Convolution3D layerSettings() {
        return (Convolution3D) layerConf();
    }

    private boolean isChannelsLast() {
        return layerSettings().getDataFormat() == Convolution3D.DataFormat.NDHWC;
    }

    private INDArray channelsFirst(INDArray volume) {
        return isChannelsLast() ? volume.permute(0, 4, 1, 2, 3) : volume;
    }

    private INDArray asFormat(INDArray channelsFirst) {
        return isChannelsLast() ? channelsFirst.permute(0, 2, 3, 4, 1) : channelsFirst;
    }

    private Patches3D patches(INDArray volume) {
        return Patches3D.of(layerSettings(), convolutionMode, volume);
    }

    @Override
    protected Pair<INDArray, INDArray> preOutput(boolean training, boolean forBackprop, LayerWorkspaceMgr mgr) {
        Pair<INDArray, INDArray> stock = super.preOutput(training, forBackprop, mgr);
        if (settings.isAdapted()) {
            INDArray volume = channelsFirst(input.castTo(dataType));
            path.add(volume, patches(volume), channelsFirst(stock.getFirst()), training, mgr);
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
        INDArray volume = channelsFirst(input.castTo(dataType));
        Gradient gradient = new DefaultGradient();
        INDArray next = path.backward(
                volume, patches(volume), channelsFirst(delta), !settings.lowest(), gradientViews, gradient, mgr);
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
