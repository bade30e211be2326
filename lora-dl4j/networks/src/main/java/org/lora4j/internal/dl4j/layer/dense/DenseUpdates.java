/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.dense;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraDenseLayer;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.internal.array.Broadcasts;
import org.lora4j.internal.dl4j.layer.Running;
import org.lora4j.internal.dl4j.layer.StepCache;
import org.lora4j.internal.dl4j.layer.dense.LinearPath.Product;
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
    private final transient StepCache<Product> cache = new StepCache<>();

    public DenseUpdates(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type, layer);
        this.path = new LinearPath(this, settings, "W");
    }

    /** The pre-activations before and after normalization, the same without it. */
    private record Sums(Product product, INDArray preNorm) {}

    private Sums sums(boolean training, boolean keepsPreNorm, LayerWorkspaceMgr mgr) {
        assertInputSet(keepsPreNorm);
        applyDropOutIfNecessary(training, mgr);
        Product product = path.product(input.castTo(dataType), training, 'c', layerId(), mgr);
        INDArray z = product.z();
        INDArray preNorm = z;
        if (hasLayerNorm()) {
            preNorm = keepsPreNorm ? z.dup(z.ordering()) : z;
            Nd4j.getExecutioner().exec(new LayerNorm(preNorm, getParam("g"), z, true, 1));
        }
        if (hasBias()) {
            Broadcasts.addRow(z, path.bias(product));
        }
        if (maskArray != null) {
            applyMask(z);
        }
        return new Sums(product, preNorm);
    }

    @Override
    protected Pair<INDArray, INDArray> preOutputWithPreNorm(
            boolean training, boolean forBackprop, LayerWorkspaceMgr mgr) {
        Sums sums = sums(training, forBackprop, mgr);
        return new Pair<>(sums.product().z(), sums.preNorm());
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        Product product = sums(training, false, mgr).product();
        // Layer normalization needs its input in the backward pass as well, which computes both again.
        if (StepCache.canKeep(training, mgr) && !hasLayerNorm()) {
            cache.keep(product.withCopy(mgr), getIterationCount());
        }
        INDArray output = layerConf().getActivationFn().getActivation(product.z(), training);
        if (maskArray != null) {
            applyMask(output);
        }
        return output;
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        // The activation works in place, which leaves the cache without its array.
        Sums sums = cache.take(getIterationCount())
                .map(product -> new Sums(product, null))
                .orElseGet(() -> sums(true, true, mgr));
        INDArray z = sums.product().z();
        INDArray delta = layerConf().getActivationFn().backprop(z, epsilon).getFirst();
        if (maskArray != null) {
            applyMask(delta);
        }
        Gradient gradient = new DefaultGradient();
        Running.biasGradient(settings, delta, gradientViews, gradient);
        if (hasLayerNorm()) {
            backwardNorm(sums.preNorm(), delta, gradient, mgr);
        }
        INDArray next = path.backward(input.castTo(dataType), delta, sums.product(), gradientViews, gradient, mgr);
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
        cache.clear();
    }
}
