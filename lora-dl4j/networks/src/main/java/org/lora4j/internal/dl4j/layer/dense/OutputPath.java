/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.dense;

import java.util.Map;
import java.util.Optional;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.internal.array.Broadcasts;
import org.lora4j.internal.dl4j.layer.Running;
import org.lora4j.internal.dl4j.layer.StepCache;
import org.lora4j.internal.dl4j.layer.dense.LinearPath.Product;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The product of a running output layer. A training step asks for it twice, for the gradient and for the score, and gets the
 * same values.
 */
final class OutputPath {

    private final BaseLayer<?> layer;
    private final LoraSettings settings;
    private final LinearPath path;
    private final StepCache<Product> cache = new StepCache<>();
    private Product last;

    OutputPath(BaseLayer<?> layer, LoraSettings settings) {
        this.layer = layer;
        this.settings = settings;
        this.path = new LinearPath(layer, settings, "W");
    }

    /** x W + updates + b, in an array that the caller may overwrite. */
    INDArray preOutput(INDArray x, boolean hasBias, boolean training, LayerWorkspaceMgr mgr) {
        return preOutput(x, hasBias, training, 'c', mgr);
    }

    /** As above in another order, if it is new: activations are computed in it, and their last bits differ by it. */
    INDArray preOutput(INDArray x, boolean hasBias, boolean training, char order, LayerWorkspaceMgr mgr) {
        // A step that drops inputs may ask with and without.
        boolean repeats = training && layer.layerConf().getIDropout() == null;
        Optional<Product> known = repeats ? cache.get(layer.getIterationCount()) : Optional.empty();
        if (known.isPresent()) {
            last = known.get();
            return mgr.dup(ArrayType.ACTIVATIONS, last.z(), last.z().ordering());
        }
        last = path.product(x, training, order, layer.getClass().getSimpleName() + " " + layer.getIndex(), mgr);
        INDArray z = last.z();
        if (hasBias) {
            Broadcasts.addRow(z, path.bias(last));
        }
        if (repeats && StepCache.canKeep(training, mgr)) {
            cache.keep(last.withCopy(mgr), layer.getIterationCount());
        }
        return z;
    }

    /** All gradients from the gradient of the product; the second is null if nothing below needs it. */
    Pair<Gradient, INDArray> backward(INDArray x, INDArray delta, Map<String, INDArray> views, LayerWorkspaceMgr mgr) {
        Gradient gradient = new DefaultGradient();
        Running.biasGradient(settings, delta, views, gradient);
        return new Pair<>(gradient, path.backward(x, delta, last, views, gradient, mgr));
    }

    void forget() {
        cache.clear();
        last = null;
    }
}
