/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.ModuleShape;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What an adapter does to one weight. Arrays are made when asked for, and are DOUBLE in PEFT's layout: linear {@code
 * [out, in]}, convolution {@code [out, in, k...]}, embedding {@code [vocabulary, dimension]}. As a matrix a weight has
 * its first axis as rows.
 *
 * <p><b>State.</b> Reads the adapter and the base, which is to stay open. <b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class WeightChange {

    /**
     * A change of low rank that need not be formed.
     *
     * @param left [rows of the weight, k]
     * @param right [k, columns of the weight]; the change is {@code left * right}, the scaling included
     * @apiNote Status: experimental
     */
    public record Product(INDArray left, INDArray right) {}

    private final Adapter adapter;
    private final ModelWeights base;
    private final WeightSite site;

    WeightChange(Adapter adapter, ModelWeights base, WeightSite site) {
        this.adapter = adapter;
        this.base = base;
        this.site = site;
    }

    /**
     * The module within the adapter.
     *
     * @return its path
     */
    public String module() {
        return site.module();
    }

    /**
     * What the module is.
     *
     * @return kind and sizes
     */
    public ModuleShape shape() {
        return site.shape();
    }

    /**
     * Whether the change is a product of the module's A and B alone, and so can be replaced by another such product.
     *
     * @return true for LoRA; false for its variants, other methods, and where the start of training moved the base
     */
    public boolean isPair() {
        return site.method() instanceof LoraMethod && !startCounts();
    }

    /**
     * The factor on the product of A and B.
     *
     * @return PEFT's scaling of the module
     */
    public double scaling() {
        return site.scaling();
    }

    /**
     * The rank that the config gives the module.
     *
     * @return 1 or more
     */
    public int rank() {
        return site.rank();
    }

    /**
     * The weight that is changed: the base's, or the one that the adapter brings along.
     *
     * @return not to be written to
     */
    public INDArray before() {
        INDArray saved = adapter.savedParameters().get(site.weight());
        return site.turned(saved == null ? base.get(site.weight()) : saved).castTo(DataType.DOUBLE);
    }

    /**
     * The change of the weight.
     *
     * @return a new array of the shape of {@link #before}
     * @throws IncompatibleBaseException if the start of training, which moved the base, cannot be had of this base
     */
    public INDArray change() throws IncompatibleBaseException {
        INDArray weight = before();
        INDArray delta = delta(weight, exact(tensors()));
        if (startCounts()) {
            delta.subi(delta(weight, exact(start())));
        }
        return delta;
    }

    /**
     * The change as a product, where it is one.
     *
     * @return the factors; empty for methods other than LoRA
     * @throws IncompatibleBaseException as {@link #change}
     */
    public Optional<Product> product() throws IncompatibleBaseException {
        if (!(site.method() instanceof LoraMethod)) {
            return Optional.empty();
        }
        Product own = product(exact(tensors()), site.scaling());
        if (!startCounts()) {
            return Optional.of(own);
        }
        Product taken = product(exact(start()), -site.scaling());
        return Optional.of(new Product(Nd4j.hstack(own.left(), taken.left()), Nd4j.vstack(own.right(), taken.right())));
    }

    private Product product(Map<String, INDArray> factors, double scaling) {
        ModuleShape shape = site.shape();
        INDArray a = factors.get(LoraMethod.down(shape));
        INDArray b = factors.get(LoraMethod.up(shape));
        long rank = a.size(0);
        INDArray down = a.mul(scaling).reshape('c', rank, shape.fanIn());
        INDArray up = b.reshape('c', shape.outputs(), rank);
        return shape.kind() == ModuleShape.Kind.EMBEDDING
                ? new Product(down.transpose().dup('c'), up.transpose().dup('c'))
                : new Product(up, down);
    }

    private INDArray delta(INDArray weight, Map<String, INDArray> factors) {
        return site.method().deltaWeight(site.shape(), weight, factors, site.scaling());
    }

    /** A weight that the adapter brings along has been moved already. */
    private boolean startCounts() {
        return adapter.config().movesBase() && !adapter.savedParameters().containsKey(site.weight());
    }

    private Map<String, INDArray> start() throws IncompatibleBaseException {
        return WeightMerge.start(base, adapter.config(), site);
    }

    private Map<String, INDArray> tensors() {
        return WeightMerge.updateOf(adapter.modules().get(site.module()));
    }

    static Map<String, INDArray> exact(Map<String, INDArray> factors) {
        Map<String, INDArray> exact = new LinkedHashMap<>();
        factors.forEach((suffix, factor) -> exact.put(suffix, factor.castTo(DataType.DOUBLE)));
        return exact;
    }

    /** What keeps the effect of the adapter on this module from being a change of one matrix. */
    Optional<String> obstacle() {
        ModuleShape shape = site.shape();
        if (shape.kind() == ModuleShape.Kind.EXPERTS) {
            return Optional.of(shape + ", a stack of experts");
        }
        if (shape.isGrouped()) {
            return Optional.of(shape + " in " + shape.parts() + " groups");
        }
        return site.method().changesWeight(shape)
                ? Optional.empty()
                : Optional.of(shape + ", on which " + site.method().traits().name() + " is no change of the weight");
    }

    @Override
    public String toString() {
        return "WeightChange[" + site.module() + ", " + site.shape() + ", "
                + site.method().traits().name() + "]";
    }
}
