/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Kernel.Rounded;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.exec.kernel.Multiplier.Product;
import org.lora4j.internal.array.Addends;
import org.lora4j.quant.StoredWeight;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The op {@code z = addends + s0 op(X0) op(W0) + s1 op(X1) op(W1) + ..} on FLOAT matrices, an addend being a matrix or a row for
 * all rows: a linear layer with its bias, its adapters and the residual connection passes memory as often as there are
 * products, or less ({@link Multiplier#sum}).
 *
 * <p>An op of our own, which only {@link KernelSession} can run and no copy of a graph can carry.
 */
final class ProductSum extends OwnOp {

    /**
     * One product.
     *
     * @param scale what it is multiplied by; 1 for a stored right operand
     * @param x whether its left operand is transposed
     * @param w whether its right operand is transposed
     * @param overBatch whether it sums over the rows of a batch
     * @param stored the right operand in its stored form, which is then no input of the op; else null
     */
    record Term(double scale, boolean x, boolean w, boolean overBatch, StoredWeight stored) {

        long columns(INDArray right) {
            if (stored == null) {
                return right.size(w ? 0 : 1);
            }
            return w ? stored.rows() : stored.columns();
        }
    }

    private final List<Term> products;
    private final boolean[] frozen;
    private final int operands;

    /** {@code operands} are X0, W0, X1, W1 and so on, without those that are stored. */
    ProductSum(SameDiff graph, List<Term> products, List<SDVariable> operands, List<SDVariable> addends) {
        super(1, graph, joined(operands, addends));
        this.products = List.copyOf(products);
        this.frozen = new boolean[products.size()];
        int at = 0;
        for (int i = 0; i < frozen.length; i++) {
            at++;
            if (products.get(i).stored() == null) {
                frozen[i] = operands.get(at++).getVariableType() == VariableType.CONSTANT;
            }
        }
        this.operands = operands.size();
    }

    private static SDVariable[] joined(List<SDVariable> operands, List<SDVariable> addends) {
        List<SDVariable> all = new ArrayList<>(operands);
        all.addAll(addends);
        return all.toArray(new SDVariable[0]);
    }

    @Override
    public String opName() {
        return "lora4j_product_sum";
    }

    @Override
    List<long[]> shapes(List<INDArray> in) {
        Term first = products.get(0);
        INDArray w = first.stored() == null ? in.get(1) : null;
        return List.of(new long[] {in.get(0).size(first.x() ? 1 : 0), first.columns(w)});
    }

    @Override
    long multiplications(List<long[]> in, List<long[]> out) {
        long inner = 0;
        int at = 0;
        for (Term product : products) {
            inner += in.get(at)[product.x() ? 0 : 1];
            at += product.stored() == null ? 2 : 1;
        }
        return inner * out.get(0)[0] * out.get(0)[1];
    }

    @Override
    Kernel kernel(Multiplier multiplier) {
        Kernel kernel = Kernel.of((in, out) -> run(in, out.get(0), multiplier));
        return multiplier.rounds() ? kernel.rounding(this::rounded) : kernel;
    }

    // The sum itself if it is one layer's: of several layers, or with a residual connection, it would be rounded again
    // and again.
    private Rounded rounded(List<INDArray> in) {
        if (products.stream().anyMatch(product -> product.stored() != null)) {
            return Rounded.NONE;
        }
        Set<Integer> wanted = new HashSet<>();
        Set<Integer> factors = new HashSet<>();
        for (int i = 0; i < products.size(); i++) {
            factors.add(2 * i);
            if (frozen[i]) {
                wanted.add(2 * i);
            } else {
                factors.add(2 * i + 1);
            }
        }
        boolean ofLayer =
                wanted.size() == 1 && in.subList(operands, in.size()).stream().allMatch(addend -> addend.rank() == 1);
        return new Rounded(wanted, factors, ofLayer ? Set.of(0) : Set.of(), false);
    }

    private void run(List<INDArray> inputs, INDArray z, Multiplier multiplier) {
        List<INDArray> addends = inputs.subList(operands, inputs.size());
        if (products.stream().allMatch(product -> product.stored() == null)) {
            multiplier.sum(addends, factors(inputs), z);
        } else {
            ofStored(addends, inputs, z, multiplier);
        }
    }

    private List<Product> factors(List<INDArray> inputs) {
        List<Product> factors = new ArrayList<>();
        for (int i = 0; i < products.size(); i++) {
            Term term = products.get(i);
            factors.add(new Product(
                    term.scale(),
                    new Factor(inputs.get(2 * i), term.x(), false),
                    new Factor(inputs.get(2 * i + 1), term.w(), frozen[i]),
                    term.overBatch()));
        }
        return factors;
    }

    // One at a time: the buffer that a stored weight is computed into holds one.
    private void ofStored(List<INDArray> addends, List<INDArray> inputs, INDArray z, Multiplier multiplier) {
        if (!addends.isEmpty()) {
            Addends.write(addends, z);
        }
        int at = 0;
        for (int i = 0; i < products.size(); i++) {
            double kept = i == 0 && addends.isEmpty() ? 0 : 1;
            Term term = products.get(i);
            Factor x = new Factor(inputs.get(at++), term.x(), false);
            if (term.stored() == null) {
                Factor w = new Factor(inputs.get(at++), term.w(), frozen[i]);
                multiplier.multiply(new Product(term.scale(), x, w, term.overBatch()), z, kept);
            } else {
                StoredProduct.multiply(multiplier, x, term.stored(), term.w(), z, kept);
            }
        }
    }
}
