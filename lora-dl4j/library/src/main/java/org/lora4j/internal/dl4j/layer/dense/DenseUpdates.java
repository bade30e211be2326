/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.dense;

import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraDenseLayer;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.internal.array.Broadcasts;
import org.lora4j.internal.dl4j.layer.LinearInput;
import org.lora4j.internal.dl4j.layer.StepCache;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LayerNorm;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LayerNormBp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A running {@link LoraDenseLayer}.
 *
 * @apiNote Status: internal
 */
public final class DenseUpdates extends RunningDenseLayer {

    private static final long serialVersionUID = 1;

    private final transient LinearPath path;
    private transient List<INDArray> downs = List.of();

    public DenseUpdates(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type, layer);
        this.path = new LinearPath(this, settings, "W");
    }

    @Override
    protected Pair<INDArray, INDArray> preOutputWithPreNorm(
            boolean training, boolean forBackprop, LayerWorkspaceMgr mgr) {
        assertInputSet(forBackprop);
        applyDropOutIfNecessary(training, mgr);
        INDArray w = path.parameter("W", training);
        INDArray x = input.castTo(dataType);
        LinearInput.check(x, w, layerId());
        INDArray z = mgr.createUninitialized(ArrayType.ACTIVATIONS, w.dataType(), x.size(0), w.size(1));
        x.mmuli(w, z);
        downs = path.add(x, z, training, mgr, StepCache.place(training, mgr));
        INDArray preNorm = z;
        if (hasLayerNorm()) {
            preNorm = forBackprop ? z.dup(z.ordering()) : z;
            Nd4j.getExecutioner().exec(new LayerNorm(preNorm, getParam("g"), z, true, 1));
        }
        if (hasBias()) {
            Broadcasts.addRow(z, path.parameter("b", training));
        }
        if (maskArray != null) {
            applyMask(z);
        }
        return new Pair<>(z, preNorm);
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        INDArray z = preOutput(training, mgr);
        // Layer normalization needs its input in the backward pass as well, which computes both again.
        if (StepCache.canKeep(training, mgr) && !hasLayerNorm()) {
            cache.keep(mgr.dup(ArrayType.INPUT, z, z.ordering()), downs, getIterationCount());
        }
        INDArray output = layerConf().getActivationFn().getActivation(z, training);
        if (maskArray != null) {
            applyMask(output);
        }
        return output;
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        INDArray z;
        INDArray preNorm = null;
        if (cache.isValid(getIterationCount())) {
            z = cache.preActivation();
            downs = cache.downs();
        } else {
            Pair<INDArray, INDArray> both = preOutputWithPreNorm(true, true, mgr);
            z = both.getFirst();
            preNorm = both.getSecond();
        }
        // Works in place, which leaves the cache without its array.
        cache.clear();
        INDArray delta = layerConf().getActivationFn().backprop(z, epsilon).getFirst();
        if (maskArray != null) {
            applyMask(delta);
        }
        Gradient gradient = new DefaultGradient();
        if (settings.learns("b")) {
            INDArray b = gradientViews.get("b");
            delta.sum(b, 0);
            gradient.gradientForVariable().put("b", b);
        }
        if (hasLayerNorm()) {
            backwardNorm(preNorm, delta, gradient, mgr);
        }
        INDArray next = path.backward(input.castTo(dataType), delta, downs, gradientViews, gradient, mgr);
        return new Pair<>(gradient, next == null ? null : backpropDropOutIfPresent(next));
    }

    private void backwardNorm(INDArray preNorm, INDArray delta, Gradient gradient, LayerWorkspaceMgr mgr) {
        INDArray gain = getParam("g");
        boolean learns = settings.learns("g");
        INDArray ofGain = learns
                ? gradientViews.get("g")
                : mgr.createUninitialized(ArrayType.BP_WORKING_MEM, gain.dataType(), gain.shape(), 'c');
        Nd4j.getExecutioner().exec(new LayerNormBp(preNorm, gain, delta, delta, ofGain, true, 1));
        if (learns) {
            gradient.gradientForVariable().put("g", ofGain);
        }
    }

    @Override
    void forget() {
        super.forget();
        downs = List.of();
    }
}
