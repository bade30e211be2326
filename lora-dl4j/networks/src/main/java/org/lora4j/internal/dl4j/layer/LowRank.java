/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.internal.array.Broadcasts;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The updates of one weight in a running layer, on matrices: the rows X that the weight multiplies, one for each output
 * row.
 *
 * <p>{@code Z += s (X A^T) B^T + s c}. With {@code T = X A^T}, {@code U = s D B} and D the gradient of Z, the gradients are
 * {@code gA = U^T X}, {@code gB = s D^T T}, {@code gC = s sum(D)} and {@code gX += U A}.
 *
 * <p>Convolutions use the patches of their input as rows, with the windows of A flattened.
 *
 * @apiNote Status: internal
 */
public final class LowRank {

    private final Function<String, INDArray> parameters;
    private final List<LoraSlot> slots;

    public LowRank(Layer layer, LoraSettings settings, String weight) {
        this(layer::getParam, settings, weight);
    }

    /** For what is no layer: {@code parameters} finds a parameter by its name. */
    public LowRank(Function<String, INDArray> parameters, LoraSettings settings, String weight) {
        this.parameters = parameters;
        this.slots = SlotOrder.added(settings, weight);
    }

    public List<LoraSlot> slots() {
        return slots;
    }

    public boolean learns() {
        return slots.stream().anyMatch(LoraSlot::learns);
    }

    /** A as [rank, columns of X]. */
    public INDArray a(LoraSlot slot) {
        return matrix(parameters.apply(slot.a()));
    }

    /** B as [outputs, rank]. */
    public INDArray b(LoraSlot slot) {
        return matrix(parameters.apply(slot.b()));
    }

    /** A factor, or its gradient, as a matrix; a view. */
    public static INDArray matrix(INDArray factor) {
        return factor.rank() == 2
                ? factor
                : factor.reshape('c', true, factor.size(0), factor.length() / factor.size(0));
    }

    /** T. */
    public INDArray down(LoraSlot slot, INDArray rows, LayerWorkspaceMgr mgr, ArrayType place) {
        INDArray t = emptyDown(slot, rows, rows.size(0), mgr, place);
        MatrixProducts.set(1, rows, false, a(slot), true, t);
        return t;
    }

    /** An array for T, to be written, each row in one piece. */
    INDArray emptyDown(LoraSlot slot, INDArray like, long rows, LayerWorkspaceMgr mgr, ArrayType place) {
        return mgr.createUninitialized(place, like.dataType(), new long[] {rows, slot.rank()}, 'c');
    }

    /** Adds the update to Z. */
    public void up(LoraSlot slot, INDArray t, INDArray z) {
        MatrixProducts.add(slot.scaling(), t, false, b(slot), true, z);
        if (slot.bias()) {
            Broadcasts.addRow(z, parameters.apply(slot.c()).mul(slot.scaling()));
        }
    }

    /** U. */
    public INDArray back(LoraSlot slot, INDArray delta, LayerWorkspaceMgr mgr) {
        INDArray u = mgr.createUninitialized(
                ArrayType.BP_WORKING_MEM, delta.dataType(), new long[] {delta.size(0), slot.rank()}, 'f');
        MatrixProducts.set(slot.scaling(), delta, false, b(slot), false, u);
        return u;
    }

    /** Writes the gradients of B, unless it stays as it started, and of its bias. */
    public void upGradients(LoraSlot slot, INDArray t, INDArray delta, Map<String, INDArray> views, Gradient gradient) {
        if (slot.isTrained(slot.b())) {
            INDArray b = views.get(slot.b());
            MatrixProducts.set(slot.scaling(), delta, true, t, false, matrix(b));
            gradient.gradientForVariable().put(slot.b(), b);
        }
        if (slot.bias()) {
            INDArray c = views.get(slot.c());
            delta.sum(c, 0);
            c.muli(slot.scaling());
            gradient.gradientForVariable().put(slot.c(), c);
        }
    }

    /** Writes the gradient of A. */
    public void downGradient(LoraSlot slot, INDArray rows, INDArray u, Map<String, INDArray> views, Gradient gradient) {
        MatrixProducts.set(1, u, true, rows, false, downGradient(slot, views, gradient));
    }

    /** The array for the gradient of A as [rank, columns of X], to be written. */
    public INDArray downGradient(LoraSlot slot, Map<String, INDArray> views, Gradient gradient) {
        INDArray a = views.get(slot.a());
        gradient.gradientForVariable().put(slot.a(), a);
        return matrix(a);
    }
}
