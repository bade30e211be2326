/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.internal.dl4j.layer.PathDropout;
import org.lora4j.internal.dl4j.layer.StepCache;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The products of a running locally connected layer: one weight [in, out] and one pair of factors for each position.
 *
 * <p>Arrays of windows are [positions, batch, in] and those of values [positions, batch, out]. A is stored [rank *
 * positions, in], position after position, B [out, rank * positions], where positions alternate: PEFT's form for stacked
 * linear maps.
 */
final class LocalPath {

    private static final String WEIGHT = "W";

    private final Layer layer;
    private final LoraSettings settings;
    private final List<LoraSlot> slots;

    LocalPath(Layer layer, LoraSettings settings) {
        this.layer = layer;
        this.settings = settings;
        this.slots = settings.of(WEIGHT);
    }

    /** {@code c = factor * op(a) op(b)} for each position, or added to c: one native call, as a call takes longer than a product. */
    private static void products(
            double factor, INDArray a, boolean transposeA, INDArray b, boolean transposeB, boolean keep, INDArray c) {
        Nd4j.exec(DynamicCustomOp.builder("matmul")
                .addInputs(a, b)
                .addOutputs(c)
                .addIntegerArguments(transposeA ? 1 : 0, transposeB ? 1 : 0, 0)
                .addFloatingPointArguments(factor, keep ? 1.0 : 0.0)
                .build());
    }

    private static INDArray empty(INDArray like, long... shape) {
        return Nd4j.createUninitialized(like.dataType(), shape, 'c');
    }

    /** A as [positions, rank, in]; a view. */
    private static INDArray byPosition(INDArray a, LoraSlot slot) {
        return a.reshape('c', true, a.size(0) / slot.rank(), slot.rank(), a.size(1));
    }

    /** B as [positions, out, rank]; a copy. */
    private INDArray b(LoraSlot slot) {
        INDArray b = layer.getParam(slot.b());
        return b.reshape('c', true, b.size(0), slot.rank(), b.size(1) / slot.rank())
                .permute(2, 0, 1)
                .dup('c');
    }

    private INDArray mask(LoraSlot slot, LocalWindows windows, INDArray x) {
        // Of the input and not of the windows, which overlap: a dropped value is dropped for all that see it.
        return windows.inputs(PathDropout.mask(slot, layer.getIterationCount(), x.dataType(), windows.inputShape()));
    }

    /** The frozen products. */
    INDArray base(INDArray x) {
        INDArray w = layer.getParam(WEIGHT);
        INDArray z = empty(x, x.size(0), x.size(1), w.size(2));
        products(1, x, false, w, false, false, z);
        return z;
    }

    /** Adds all updates; returns what each A gives, by slot. */
    Map<LoraSlot, INDArray> add(INDArray x, LocalWindows windows, INDArray z, boolean training, LayerWorkspaceMgr mgr) {
        Map<LoraSlot, INDArray> downs = new LinkedHashMap<>();
        for (LoraSlot slot : slots) {
            INDArray seen = slot.drops(training) ? x.mul(mask(slot, windows, x)) : x;
            INDArray t = mgr.createUninitialized(
                    StepCache.place(training, mgr), x.dataType(), new long[] {x.size(0), x.size(1), slot.rank()}, 'c');
            products(1, seen, false, byPosition(layer.getParam(slot.a()), slot), true, false, t);
            products(slot.scaling(), t, false, b(slot), true, true, z);
            downs.put(slot, t);
        }
        return downs;
    }

    /**
     * Writes the gradients of the weight and of all factors that learn.
     *
     * @return the gradient of the windows; null if nothing below needs it
     */
    INDArray backward(
            INDArray x,
            LocalWindows windows,
            INDArray delta,
            Map<LoraSlot, INDArray> downs,
            Map<String, INDArray> views,
            Gradient gradient) {
        if (settings.learns(WEIGHT)) {
            products(1, x, true, delta, false, false, views.get(WEIGHT));
            gradient.gradientForVariable().put(WEIGHT, views.get(WEIGHT));
        }
        INDArray next = null;
        if (!settings.lowest()) {
            next = empty(x, x.shape());
            products(1, delta, false, layer.getParam(WEIGHT), true, false, next);
        }
        for (LoraSlot slot : slots) {
            if (!slot.learns() && next == null) {
                continue;
            }
            INDArray u = empty(x, x.size(0), x.size(1), slot.rank());
            products(slot.scaling(), delta, false, b(slot), false, false, u);
            INDArray mask = slot.drops(true) ? mask(slot, windows, x) : null;
            if (slot.learns()) {
                gradients(slot, mask == null ? x : x.mul(mask), u, delta, downs.get(slot), views, gradient);
            }
            if (next != null) {
                spread(slot, u, mask, next);
            }
        }
        return next;
    }

    private void gradients(
            LoraSlot slot,
            INDArray x,
            INDArray u,
            INDArray delta,
            INDArray t,
            Map<String, INDArray> views,
            Gradient gradient) {
        INDArray a = views.get(slot.a());
        products(1, u, true, x, false, false, byPosition(a, slot));
        gradient.gradientForVariable().put(slot.a(), a);
        if (slot.isTrained(slot.b())) {
            INDArray b = views.get(slot.b());
            INDArray byPosition = empty(x, x.size(0), b.size(0), slot.rank());
            products(slot.scaling(), delta, true, t, false, false, byPosition);
            b.assign(byPosition.permute(1, 2, 0).dup('c').reshape('c', b.shape()));
            gradient.gradientForVariable().put(slot.b(), b);
        }
    }

    private void spread(LoraSlot slot, INDArray u, INDArray mask, INDArray next) {
        INDArray a = byPosition(layer.getParam(slot.a()), slot);
        if (mask == null) {
            products(1, u, false, a, false, true, next);
        } else {
            INDArray own = empty(next, next.shape());
            products(1, u, false, a, false, false, own);
            next.addi(own.muli(mask));
        }
    }
}
