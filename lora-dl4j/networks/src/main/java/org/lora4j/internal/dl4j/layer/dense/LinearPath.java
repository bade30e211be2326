/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.dense;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.internal.dl4j.layer.KeptPass;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.lora4j.internal.dl4j.layer.LinearInput;
import org.lora4j.internal.dl4j.layer.LowRank;
import org.lora4j.internal.dl4j.layer.MatrixProducts;
import org.lora4j.internal.dl4j.layer.MethodSlots;
import org.lora4j.internal.dl4j.layer.PathDropout;
import org.lora4j.internal.dl4j.layer.StepCache;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A linear weight {@code [in, out]} in a running layer with its updates, forward and backward.
 *
 * @apiNote Status: internal
 */
public final class LinearPath {

    private final BaseLayer<?> layer;
    private final LoraSettings settings;
    private final String weight;
    private final LowRank updates;
    private final MethodSlots others;

    public LinearPath(BaseLayer<?> layer, LoraSettings settings, String weight) {
        this.layer = layer;
        this.settings = settings;
        this.weight = weight;
        this.updates = new LowRank(layer, settings, weight);
        this.others = new MethodSlots(
                layer::getParam,
                () -> LayerKinds.weight(layer.layerConf(), weight),
                settings,
                weight,
                layer::getIterationCount);
    }

    /**
     * What a forward pass leaves.
     *
     * @param z the output
     * @param downs {@code x A} by slot
     * @param others the methods that are no thin products; null if there are none
     */
    record Product(INDArray z, Map<LoraSlot, INDArray> downs, MethodPass others) implements KeptPass {

        /** The same with a copy of the output, where the output itself will be written to. */
        Product withCopy(LayerWorkspaceMgr mgr) {
            return new Product(mgr.dup(ArrayType.INPUT, z, z.ordering()), downs, others);
        }

        @Override
        public List<INDArray> arrays() {
            List<INDArray> arrays = new ArrayList<>(downs.values());
            arrays.add(z);
            if (others != null) {
                arrays.add(others.input());
                arrays.add(others.output());
            }
            return arrays;
        }
    }

    private INDArray mask(LoraSlot slot, INDArray x) {
        return PathDropout.mask(slot, layer.getIterationCount(), x.dataType(), x.shape());
    }

    /** {@code x W} with all updates, without the bias, in a new array in an order. */
    Product product(INDArray x, boolean training, char order, String where, LayerWorkspaceMgr mgr) {
        INDArray w = layer.getParam(weight);
        LinearInput.check(x, w, where);
        INDArray z =
                mgr.createUninitialized(ArrayType.ACTIVATIONS, w.dataType(), new long[] {x.size(0), w.size(1)}, order);
        MethodPass pass = others.list().isEmpty() ? null : pass(x, training, mgr);
        if (pass == null) {
            x.mmuli(w, z);
        } else {
            z.assign(pass.output());
        }
        Map<LoraSlot, INDArray> downs = downs(x, training, mgr, StepCache.place(training, mgr));
        downs.forEach((slot, down) -> updates.up(slot, down, z));
        return new Product(z, downs, pass);
    }

    @SuppressWarnings("try") // The scope of a step is entered and left, not used.
    private MethodPass pass(INDArray x, boolean training, LayerWorkspaceMgr mgr) {
        try (MemoryWorkspace step =
                StepCache.canKeep(training, mgr) ? mgr.notifyScopeBorrowed(ArrayType.INPUT) : null) {
            return new MethodPass(others, settings, layer.getParam(weight), x, training, slot -> mask(slot, x));
        }
    }

    /** The bias that the layer is to add to a product. */
    INDArray bias(Product product) {
        INDArray changed = product.others() == null ? null : product.others().bias();
        return changed == null ? layer.getParam("b") : changed;
    }

    /** {@code x A} by slot, kept in {@code place}. */
    public Map<LoraSlot, INDArray> downs(INDArray x, boolean training, LayerWorkspaceMgr mgr, ArrayType place) {
        Map<LoraSlot, INDArray> downs = new LinkedHashMap<>();
        for (LoraSlot slot : updates.slots()) {
            INDArray rows = slot.drops(training) ? x.mul(mask(slot, x)) : x;
            downs.put(slot, updates.down(slot, rows, mgr, place));
        }
        return downs;
    }

    /**
     * Writes all gradients of what learns here.
     *
     * @return the gradient of x, a new array; null if nothing below needs it
     */
    INDArray backward(
            INDArray x,
            INDArray delta,
            Product product,
            Map<String, INDArray> views,
            Gradient gradient,
            LayerWorkspaceMgr mgr) {
        if (product.others() == null) {
            return backward(x, delta, product.downs(), views, gradient, mgr);
        }
        INDArray own = product.others().backward(delta, views, gradient);
        INDArray epsilon = own == null ? null : mgr.dup(ArrayType.ACTIVATION_GRAD, own, 'c');
        thinGradients(x, delta, product.downs(), epsilon, views, gradient, mgr);
        return epsilon;
    }

    /** As above where all updates are thin products. */
    public INDArray backward(
            INDArray x,
            INDArray delta,
            Map<LoraSlot, INDArray> downs,
            Map<String, INDArray> views,
            Gradient gradient,
            LayerWorkspaceMgr mgr) {
        if (settings.learns(weight)) {
            MatrixProducts.set(1, x, true, delta, false, views.get(weight));
            gradient.gradientForVariable().put(weight, views.get(weight));
        }
        INDArray epsilon = settings.lowest() ? null : base(layer.getParam(weight), delta, mgr);
        thinGradients(x, delta, downs, epsilon, views, gradient, mgr);
        return epsilon;
    }

    /** Writes the gradients of thin products, and adds to that of x. */
    private void thinGradients(
            INDArray x,
            INDArray delta,
            Map<LoraSlot, INDArray> downs,
            INDArray epsilon,
            Map<String, INDArray> views,
            Gradient gradient,
            LayerWorkspaceMgr mgr) {
        downs.forEach((slot, down) -> {
            if (!slot.learns() && epsilon == null) {
                return;
            }
            INDArray u = updates.back(slot, delta, mgr);
            INDArray mask = slot.drops(true) ? mask(slot, x) : null;
            if (slot.learns()) {
                updates.upGradients(slot, down, delta, views, gradient);
                updates.downGradient(slot, mask == null ? x : x.mul(mask), u, views, gradient);
            }
            if (epsilon != null && mask == null) {
                MatrixProducts.add(1, u, false, updates.a(slot), false, epsilon);
            } else if (epsilon != null) {
                epsilon.addi(u.mmul(updates.a(slot)).muli(mask));
            }
        });
    }

    // As the stock layer does it, so that both give the same values.
    private static INDArray base(INDArray w, INDArray delta, LayerWorkspaceMgr mgr) {
        INDArray transposed = mgr.createUninitialized(
                ArrayType.ACTIVATION_GRAD, delta.dataType(), new long[] {w.size(0), delta.size(0)}, 'f');
        return w.mmuli(delta.transpose(), transposed).transpose();
    }
}
