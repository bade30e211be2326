/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.deeplearning4j.nn.gradient.Gradient;
import org.lora4j.array.Broadcasts;
import org.lora4j.method.DoraMethod;
import org.lora4j.method.ModuleShape;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.BooleanIndexing;
import org.nd4j.linalg.indexing.conditions.Conditions;

/**
 * The updates of {@link DoraMethod} to one weight in a running layer, on rows X as in {@link LowRank}.
 *
 * <p>{@code Z += (g - 1) P + g s (X A^T) B^T} with {@code P = X W^T} and, for each output, {@code g = m / |V|}, {@code V = W +
 * s B A}. Lengths |V| count as constants, and as 1 where V is zero. With D the gradient of Z the gradient of m is the sum over
 * the rows of {@code D (P + s (X A^T) B^T) / |V|}; A and B see {@code g D}, and X sees {@code (g - 1) D} through W.
 *
 * <p>Where inputs are dropped, both terms see the dropped rows and the product of the base does not. Beside other updates V has
 * the weight without them. Both as in PEFT.
 */
final class Magnitudes {

    private final Function<String, INDArray> parameters;
    private final Supplier<LayerWeight> weight;
    private final LowRank updates;

    Magnitudes(Function<String, INDArray> parameters, Supplier<LayerWeight> weight, LowRank updates) {
        this.parameters = parameters;
        this.weight = weight;
        this.updates = updates;
    }

    /** W with a row for each output, as for rows X: a new array, or a view of one. */
    INDArray base() {
        LayerWeight kind = weight.get();
        INDArray w = kind.toPeft(parameters.apply(kind.name()));
        return kind.shape().kind() == ModuleShape.Kind.EMBEDDING
                ? w.transpose()
                : w.reshape('c', w.size(0), w.length() / w.size(0));
    }

    /** |V| [outputs]. */
    INDArray lengths(LoraSlot slot) {
        INDArray v = base();
        Products.add(slot.scaling(), updates.b(slot), false, updates.a(slot), false, v);
        return lengths(v);
    }

    private static INDArray lengths(INDArray v) {
        INDArray lengths = v.norm2(1);
        BooleanIndexing.replaceWhere(lengths, 1, Conditions.equals(0));
        return lengths;
    }

    /** g [outputs]. */
    INDArray scale(LoraSlot slot, INDArray lengths) {
        INDArray magnitudes = parameters.apply(slot.m());
        return magnitudes.reshape(magnitudes.length()).div(lengths);
    }

    /**
     * What the gradient of P is of the gradient of Z, for each output: 1 and the sum of {@code g - 1}.
     *
     * @param undropped the updates that see the same rows as the product of the base
     * @param lengths finds the lengths of an update
     * @return a new array [outputs]; null for 1
     */
    INDArray factor(Predicate<LoraSlot> undropped, Function<LoraSlot, INDArray> lengths) {
        INDArray factor = null;
        for (LoraSlot slot : updates.slots()) {
            if (slot.decomposes() && undropped.test(slot)) {
                INDArray scale = scale(slot, lengths.apply(slot));
                factor = factor == null ? scale : factor.addi(scale).subi(1);
            }
        }
        return factor;
    }

    /** {@code g V - W} with a row for each output: what an update adds to the weight. */
    INDArray delta(LoraSlot slot) {
        INDArray base = base();
        INDArray v = base.dup('c');
        Products.add(slot.scaling(), updates.b(slot), false, updates.a(slot), false, v);
        return Broadcasts.mulColumn(v, scale(slot, lengths(v))).subi(base);
    }

    /** Adds an update to Z; {@code product} is P of the rows that T comes from, which is not changed. */
    void add(LoraSlot slot, INDArray t, INDArray product, INDArray lengths, INDArray z) {
        INDArray scale = scale(slot, lengths);
        z.addi(Broadcasts.mulRow(product.dup(), scale.sub(1)));
        updates.up(slot, t, scale, z);
    }

    /**
     * Writes the gradients of m and B.
     *
     * @param product P of the rows that T comes from; only read
     */
    void gradients(
            LoraSlot slot,
            INDArray t,
            INDArray product,
            INDArray lengths,
            INDArray delta,
            Map<String, INDArray> views,
            Gradient gradient) {
        updates.upGradients(slot, t, delta, views, gradient);
        INDArray b = views.get(slot.b());
        INDArray ofB = b.reshape('c', true, b.size(0), b.length() / b.size(0));
        // The sum over the rows of D s T B^T is that over the columns of B and s D^T T.
        INDArray sums = product.mul(delta).sum(0).addi(updates.b(slot).mul(ofB).sum(1));
        INDArray m = views.get(slot.m());
        m.assign(sums.divi(lengths).reshape(m.shape()));
        gradient.gradientForVariable().put(slot.m(), m);
        Broadcasts.mulColumn(ofB, scale(slot, lengths));
    }
}
