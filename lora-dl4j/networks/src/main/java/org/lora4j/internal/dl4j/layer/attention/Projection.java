/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.attention;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.deeplearning4j.nn.gradient.Gradient;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.dl4j.layer.WeightLayout;
import org.lora4j.internal.dl4j.layer.LowRank;
import org.lora4j.internal.dl4j.layer.MatrixProducts;
import org.lora4j.internal.dl4j.layer.PathDropout;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A linear map of rows, X [rows, in] to [rows, out], with the updates of its weight. A weight of several heads
 * [heads, size, in] is the map of all heads together, [heads * size, in].
 *
 * <p>Forward, gradient of the rows and gradients of the parameters are separate, so that a layer that applies a map once for
 * each time step can compute the gradients of the parameters for all steps in one product.
 */
final class Projection {

    private final Function<String, INDArray> parameters;
    private final LoraSettings settings;
    private final LayerWeight weight;
    private final LowRank updates;

    Projection(Function<String, INDArray> parameters, LoraSettings settings, LayerWeight weight) {
        this.parameters = parameters;
        this.settings = settings;
        this.weight = weight;
        this.updates = new LowRank(parameters, settings, weight.name());
    }

    /** What dropout leaves of the rows on the way to A, by slots that drop values. */
    record Drops(Map<LoraSlot, INDArray> masks) {

        /** The part of some of the rows. */
        Drops rows(long from, long to) {
            Map<LoraSlot, INDArray> part = new HashMap<>(masks);
            part.replaceAll((slot, mask) -> mask.get(NDArrayIndex.interval(from, to), NDArrayIndex.all()));
            return new Drops(part);
        }

        private INDArray apply(LoraSlot slot, INDArray rows) {
            INDArray mask = masks.get(slot);
            return mask == null ? rows : rows.mul(mask);
        }
    }

    private long in() {
        return weight.shape().weight()[1];
    }

    private long out() {
        return weight.shape().weight()[0];
    }

    /** The dropout of an iteration, the same in all its passes. */
    Drops drops(boolean training, int iteration, DataType type, long rows) {
        Map<LoraSlot, INDArray> masks = new HashMap<>();
        for (LoraSlot slot : updates.slots()) {
            if (slot.drops(training)) {
                masks.put(slot, PathDropout.mask(slot, iteration, type, rows, in()));
            }
        }
        return new Drops(masks);
    }

    private boolean isTransposed() {
        return weight.layout() == WeightLayout.TRANSPOSED;
    }

    /** The weight as it lies in memory: [out, in], or [in, out] if transposed. */
    private INDArray matrix(INDArray array) {
        return isTransposed() ? array : array.reshape('c', true, out(), in());
    }

    INDArray forward(INDArray x, Drops drops, Space space) {
        INDArray z = space.array(x.dataType(), x.size(0), out());
        MatrixProducts.set(1, x, false, matrix(parameters.apply(weight.name())), !isTransposed(), z);
        for (LoraSlot slot : updates.slots()) {
            updates.up(slot, updates.down(slot, drops.apply(slot, x), space.mgr(), space.place()), z);
        }
        return z;
    }

    /** The gradient of the rows, a new array. */
    INDArray back(INDArray delta, Drops drops, Space space) {
        INDArray epsilon = space.array(delta.dataType(), delta.size(0), in());
        MatrixProducts.set(1, delta, false, matrix(parameters.apply(weight.name())), isTransposed(), epsilon);
        for (LoraSlot slot : updates.slots()) {
            INDArray u = updates.back(slot, delta, space.mgr());
            if (drops.masks().containsKey(slot)) {
                epsilon.addi(drops.apply(slot, u.mmul(updates.a(slot))));
            } else {
                MatrixProducts.add(1, u, false, updates.a(slot), false, epsilon);
            }
        }
        return epsilon;
    }

    /** Writes the gradients of the parameters that learn. */
    void gradients(
            INDArray x, INDArray delta, Drops drops, Map<String, INDArray> views, Gradient gradient, Space space) {
        if (settings.learns(weight.name())) {
            INDArray view = views.get(weight.name());
            INDArray left = isTransposed() ? x : delta;
            MatrixProducts.set(1, left, true, isTransposed() ? delta : x, false, matrix(view));
            gradient.gradientForVariable().put(weight.name(), view);
        }
        for (LoraSlot slot : updates.slots()) {
            if (slot.learns()) {
                INDArray rows = drops.apply(slot, x);
                INDArray t = updates.down(slot, rows, space.mgr(), space.place());
                updates.upGradients(slot, t, delta, views, gradient);
                updates.downGradient(slot, rows, updates.back(slot, delta, space.mgr()), views, gradient);
            }
        }
    }

    /** Writes gradients of zero, where the map was not applied. */
    void noGradients(Map<String, INDArray> views, Gradient gradient) {
        views.forEach((name, view) -> {
            boolean own = name.equals(weight.name())
                    || updates.slots().stream().anyMatch(slot -> slot.names().contains(name));
            if (own) {
                view.assign(0);
                gradient.gradientForVariable().put(name, view);
            }
        });
    }
}
