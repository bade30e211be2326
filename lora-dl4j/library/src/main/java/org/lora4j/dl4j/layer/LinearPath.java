/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.array.Broadcasts;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The updates of a linear weight {@code [in, out]} in a running layer, and the backward pass of the whole product. */
final class LinearPath {

    private final BaseLayer<?> layer;
    private final LoraSettings settings;
    private final String weight;
    private final LowRank updates;
    private final Magnitudes magnitudes;
    private final FormedWeight formed;

    LinearPath(BaseLayer<?> layer, LoraSettings settings, String weight) {
        this.layer = layer;
        this.settings = settings;
        this.weight = weight;
        this.updates = new LowRank(layer, settings, weight);
        Supplier<LayerWeight> kind = () -> LayerKinds.weight(layer.layerConf(), weight);
        this.magnitudes = new Magnitudes(layer::getParam, kind, updates);
        this.formed = new FormedWeight(layer::getParam, kind, settings, weight);
    }

    /** A parameter as the layer is to multiply or add it, before {@link #add} adds thin products. */
    INDArray parameter(String name) {
        return formed.parameter(name);
    }

    private INDArray dropped(LoraSlot slot, INDArray x) {
        return x.mul(mask(slot, x));
    }

    private INDArray mask(LoraSlot slot, INDArray x) {
        return PathDropout.mask(slot, layer.getIterationCount(), x.dataType(), x.shape());
    }

    /**
     * Adds all updates to {@code z = x W}.
     *
     * @return what the backward pass needs, kept in {@code place}: {@code x A} by slot, then the lengths of each slot of DoRA,
     *     then for each of them that learns the product that its magnitudes scale
     */
    List<INDArray> add(INDArray x, INDArray z, boolean training, LayerWorkspaceMgr mgr, ArrayType place) {
        List<INDArray> kept = downs(x, training, mgr, place);
        List<LoraSlot> slots = updates.slots();
        for (LoraSlot slot : slots) {
            if (slot.decomposes()) {
                kept.add(mgr.dup(place, magnitudes.lengths(slot)));
            }
        }
        boolean keeps = training && slots.stream().anyMatch(LinearPath::learnsMagnitudes);
        INDArray product = keeps ? mgr.dup(place, z, z.ordering()) : z;
        INDArray factor = magnitudes.factor(slot -> !slot.drops(training), slot -> lengths(slot, kept));
        if (factor != null) {
            Broadcasts.mulRow(z, factor);
        }
        for (int i = 0; i < slots.size(); i++) {
            LoraSlot slot = slots.get(i);
            INDArray own = product;
            if (slot.decomposes() && slot.drops(training)) {
                own = product(dropped(slot, x), z, mgr, place);
                magnitudes.add(slot, kept.get(i), own, lengths(slot, kept), z);
            } else {
                updates.up(slot, kept.get(i), scale(slot, kept), z);
            }
            if (keeps && learnsMagnitudes(slot)) {
                kept.add(own);
            }
        }
        return kept;
    }

    private static boolean learnsMagnitudes(LoraSlot slot) {
        return slot.decomposes() && slot.learns();
    }

    /** The lengths of a slot of DoRA among what was kept. */
    private INDArray lengths(LoraSlot slot, List<INDArray> kept) {
        return kept.get(updates.slots().size() + before(slot, LoraSlot::decomposes));
    }

    /** The product that the magnitudes of a learning slot of DoRA scale, among what was kept. */
    private INDArray product(LoraSlot slot, List<INDArray> kept) {
        int all = (int) updates.slots().stream().filter(LoraSlot::decomposes).count();
        return kept.get(updates.slots().size() + all + before(slot, LinearPath::learnsMagnitudes));
    }

    private int before(LoraSlot slot, Predicate<LoraSlot> condition) {
        List<LoraSlot> slots = updates.slots();
        return (int)
                slots.subList(0, slots.indexOf(slot)).stream().filter(condition).count();
    }

    private INDArray scale(LoraSlot slot, List<INDArray> kept) {
        return slot.decomposes() ? magnitudes.scale(slot, lengths(slot, kept)) : null;
    }

    private INDArray product(INDArray x, INDArray like, LayerWorkspaceMgr mgr, ArrayType place) {
        INDArray product = mgr.createUninitialized(place, like.dataType(), like.shape(), 'f');
        return x.mmuli(formed.weight(), product);
    }

    /** {@code x A} by slot, kept in {@code place}. */
    List<INDArray> downs(INDArray x, boolean training, LayerWorkspaceMgr mgr, ArrayType place) {
        List<INDArray> downs = new ArrayList<>(updates.slots().size());
        for (LoraSlot slot : updates.slots()) {
            INDArray rows = slot.drops(training) ? dropped(slot, x) : x;
            downs.add(updates.down(slot, rows, mgr, place));
        }
        return downs;
    }

    /**
     * Writes all gradients of what learns here.
     *
     * @param kept what the forward pass returned
     * @return the gradient of x, a new array; null if nothing below needs it
     */
    INDArray backward(
            INDArray x,
            INDArray delta,
            List<INDArray> kept,
            Map<String, INDArray> views,
            Gradient gradient,
            LayerWorkspaceMgr mgr) {
        INDArray ofProduct = ofProduct(delta, kept);
        INDArray ofWeight = formed.wantsGradient() ? ofWeight(x, ofProduct, views) : null;
        INDArray epsilon = settings.lowest() ? null : base(ofProduct, mgr);
        for (int i = 0; i < updates.slots().size(); i++) {
            LoraSlot slot = updates.slots().get(i);
            if (!slot.learns() && epsilon == null) {
                continue;
            }
            INDArray scale = scale(slot, kept);
            INDArray u = updates.back(slot, delta, scale, mgr);
            INDArray mask = slot.drops(true) ? mask(slot, x) : null;
            INDArray rows = mask == null ? x : x.mul(mask);
            if (slot.learns()) {
                gradients(i, delta, kept, views, gradient);
                updates.downGradient(slot, rows, u, views, gradient);
            }
            // Of x W as the slot's own dropout left it; null where there is none.
            INDArray own = mask == null || scale == null ? null : Broadcasts.mulRow(delta.dup(), scale.sub(1));
            if (own != null && ofWeight != null) {
                Products.add(1, rows, true, own, false, ofWeight);
            }
            if (epsilon != null && mask == null) {
                Products.add(1, u, false, updates.a(slot), false, epsilon);
            } else if (epsilon != null) {
                INDArray masked = u.mmul(updates.a(slot));
                if (own != null) {
                    masked.addi(own.mmul(formed.weight().transpose()));
                }
                epsilon.addi(masked.muli(mask));
            }
        }
        if (ofWeight != null) {
            formed.backward(ofWeight, () -> delta.sum(0), views, gradient);
        }
        return epsilon;
    }

    /** The gradient of the weight that was multiplied, in the array for it if there is one. */
    private INDArray ofWeight(INDArray x, INDArray ofProduct, Map<String, INDArray> views) {
        INDArray place = settings.learns(weight)
                ? views.get(weight)
                : Nd4j.createUninitialized(x.dataType(), new long[] {x.size(1), ofProduct.size(1)}, 'f');
        Products.set(1, x, true, ofProduct, false, place);
        return place;
    }

    private void gradients(int i, INDArray delta, List<INDArray> kept, Map<String, INDArray> views, Gradient gradient) {
        LoraSlot slot = updates.slots().get(i);
        if (slot.decomposes()) {
            magnitudes.gradients(slot, kept.get(i), product(slot, kept), lengths(slot, kept), delta, views, gradient);
        } else {
            updates.upGradients(slot, kept.get(i), delta, views, gradient);
        }
    }

    /** The gradient of {@code x W}, which magnitudes of slots that drop nothing scale. */
    private INDArray ofProduct(INDArray delta, List<INDArray> kept) {
        INDArray factor = magnitudes.factor(slot -> !slot.drops(true), slot -> lengths(slot, kept));
        return factor == null ? delta : Broadcasts.mulRow(delta.dup(), factor);
    }

    // As the stock layer does it, so that both give the same values.
    private INDArray base(INDArray delta, LayerWorkspaceMgr mgr) {
        INDArray w = formed.weight();
        INDArray transposed = mgr.createUninitialized(
                ArrayType.ACTIVATION_GRAD, delta.dataType(), new long[] {w.size(0), delta.size(0)}, 'f');
        return w.mmuli(delta.transpose(), transposed).transpose();
    }
}
