/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.OutputLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A running {@link LoraOutputLayer}. */
final class OutputUpdates extends OutputLayer {

    private static final long serialVersionUID = 1;

    private final transient LoraSettings settings;
    private final transient OutputPath path;

    OutputUpdates(NeuralNetConfiguration conf, DataType type, LoraSettings settings) {
        super(conf, type);
        this.settings = settings;
        this.path = new OutputPath(this, settings);
    }

    @Override
    protected Pair<INDArray, INDArray> preOutputWithPreNorm(
            boolean training, boolean forBackprop, LayerWorkspaceMgr mgr) {
        assertInputSet(forBackprop);
        applyDropOutIfNecessary(training, mgr);
        INDArray z = path.preOutput(input.castTo(dataType), hasBias(), training, mgr);
        if (maskArray != null) {
            applyMask(z);
        }
        return new Pair<>(z, z);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        INDArray z = preOutput2d(true, mgr);
        INDArray delta = layerConf()
                .getLossFn()
                .computeGradient(
                        getLabels2d(mgr, ArrayType.BP_WORKING_MEM),
                        z,
                        layerConf().getActivationFn(),
                        maskArray);
        Pair<Gradient, INDArray> result = path.backward(input.castTo(dataType), delta, gradientViews, mgr);
        if (result.getSecond() != null) {
            result.setSecond(backpropDropOutIfPresent(result.getSecond()));
        }
        return result;
    }

    @Override
    protected INDArray getLabels2d(LayerWorkspaceMgr mgr, ArrayType place) {
        return LabelCheck.of(this, super.getLabels2d(mgr, place));
    }

    @Override
    public void setInput(INDArray newInput, LayerWorkspaceMgr mgr) {
        path.forget();
        super.setInput(newInput, mgr);
    }

    @Override
    public void clear() {
        super.clear();
        path.forget();
    }

    @Override
    protected INDArray getParamWithNoise(String name, boolean training, LayerWorkspaceMgr mgr) {
        return getParam(name);
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
