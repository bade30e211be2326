/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.config.Initialization;
import org.lora4j.config.LohaConfig;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Low-rank Hadamard product: {@code W' = W + scaling * (A1 B1) * (A2 B2)}, the outer product element by element.
 *
 * <p><i>Shapes</i> A {@code [outputs, rank]}, B {@code [rank, inputs * window]}. With a factor for the window (Tucker's form)
 * each of both products is {@code sum over i, j of T[i, j, window] A[i, outputs] B[j, inputs]} with T {@code [rank, rank,
 * window...]}, A {@code [rank, outputs]} and B {@code [rank, inputs]}.
 *
 * <p>All factors start uniform in {@code ±1/sqrt(fan-in)}, B2 at zero: a fresh adapter changes nothing.
 *
 * <p><i>Source:</i> Hyeon-Woo et al., "FedPara: Low-Rank Hadamard Product for Communication-Efficient Federated Learning",
 * 2022, arXiv 2108.06098, sections 2.1 and 2.2 (proposition 3).
 *
 * @apiNote Status: experimental
 */
public final class LohaMethod implements AdapterMethod {

    private static final String T = "hada_t";
    private static final String W = "hada_w";

    static final MethodTraits TRAITS = MethodTraits.builder("LoHa", "LOHA")
            .factor(W + "1_a", "Fa")
            .factor(W + "1_b", "Fb")
            .factor(W + "2_a", "Ga")
            .factor(W + "2_b", "Gb")
            .build();

    static final MethodTraits OF_WINDOWS = MethodTraits.builder("LoHa", "LOHA_TUCKER")
            .factor(T + "1", "Ft")
            .factor(W + "1_a", "Fa")
            .factor(W + "1_b", "Fb")
            .factor(T + "2", "Gt")
            .factor(W + "2_a", "Ga")
            .factor(W + "2_b", "Gb")
            .build();

    private final boolean effective;
    private final boolean tucker;
    private final UpdateDropout dropout;

    /**
     * Makes the method.
     *
     * @param effective whether windows of convolutions larger than 1 have factors of their own
     */
    public LohaMethod(boolean effective) {
        this(effective, false, UpdateDropout.NONE);
    }

    /** What a config asks for. */
    LohaMethod(LohaConfig config) {
        this(
                config.effectiveConvolution(),
                false,
                new UpdateDropout(config.rankDropout(), config.rankDropout() > 0, config.moduleDropout()));
    }

    private LohaMethod(boolean effective, boolean tucker, UpdateDropout dropout) {
        this.effective = effective;
        this.tucker = tucker;
        this.dropout = dropout;
    }

    /** The variant of a saved network, with factors for windows or not. */
    static LohaMethod saved(boolean tucker, MethodOptions options) {
        return new LohaMethod(tucker, tucker, UpdateDropout.of(options));
    }

    @Override
    public MethodTraits traits() {
        return (tucker ? OF_WINDOWS : TRAITS).toBuilder().updateDropout(dropout).build();
    }

    @Override
    public AdapterMethod of(ModuleShape shape) {
        boolean window = shape.kernel().stream().anyMatch(size -> size > 1);
        return new LohaMethod(effective, effective && window, dropout);
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        boolean convolution = shape.kind() == ModuleShape.Kind.CONVOLUTION;
        if (!convolution && shape.kind() != ModuleShape.Kind.LINEAR || shape.isGrouped()) {
            throw new IllegalArgumentException("LoHa, module of shape " + shape
                    + ": this kind has no such update; expected a linear module or a convolution of one group. Exclude the"
                    + " module.");
        }
        if (rank < 1) {
            throw new IllegalArgumentException("LoHa, module of shape " + shape + ": rank = " + rank
                    + "; expected 1 or more. Set rank, or the entry of rankPattern that matches this module.");
        }
        Map<String, long[]> factors = new LinkedHashMap<>();
        for (int i = 1; i <= 2; i++) {
            if (tucker) {
                factors.put(T + i, TuckerForm.core(shape, rank));
            }
            factors.put(W + i + "_a", tucker ? new long[] {rank, shape.outputs()} : new long[] {shape.outputs(), rank});
            factors.put(W + i + "_b", new long[] {rank, tucker ? shape.inputs() : shape.fanIn()});
        }
        return factors;
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int rank) {
        boolean core = found.containsKey(T + 1) || found.containsKey(T + 2);
        List<String> problems = new ArrayList<>();
        if (core && !effective) {
            problems.add("found " + T + "1 or " + T + "2, but the config does not set effectiveConvolution");
        }
        LohaMethod variant = new LohaMethod(effective, core, dropout);
        Map<String, long[]> of = variant.factors(ModuleShape.convolution(1, 1, 1, 1), rank);
        if (!of.keySet().equals(found.keySet())) {
            problems.add("found " + FactorShapes.text(found) + ", expected " + of.keySet());
        }
        of.keySet().stream().filter(found::containsKey).forEach(suffix -> {
            long[] shape = found.get(suffix);
            int axis = suffix.endsWith("_a") && !core ? 1 : 0;
            boolean fits = suffix.startsWith(T)
                    ? shape.length >= 4 && shape[0] == rank && shape[1] == rank
                    : shape.length == 2 && shape[axis] == rank;
            if (!fits) {
                problems.add("found " + FactorShapes.text(Map.of(suffix, shape)) + ", expected a size of " + rank
                        + " (rank by the config) on axis " + axis);
            }
        });
        return problems;
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors(start.shape(), start.rank()).forEach((suffix, shape) -> {
            boolean zero = suffix.equals(W + "2_b") && start.initialization() != Initialization.RANDOM;
            double bound = 1 / Math.sqrt(FactorShapes.length(shape) / (double) shape[0]);
            factors.put(
                    suffix,
                    zero
                            ? Nd4j.zeros(start.dataType(), shape)
                            : RandomStreams.uniform(start.random(), bound, start.dataType(), shape));
        });
        return factors;
    }

    // The products with thin factors of rank^2, forwards and backwards, against the gradient of a formed weight.
    @Override
    public Place place(ModuleShape shape, int rank) {
        long thin = 3L * rank * rank * (shape.inputs() + shape.outputs());
        boolean cheaper = shape.kind() == ModuleShape.Kind.LINEAR && thin < shape.parameters();
        return cheaper ? Place.OUTPUT : Place.WEIGHT;
    }

    /** The product of two sums is a sum of products: {@code W = sum over i, j of (a1_i * a2_j) (b1_i * b2_j)}. */
    @Override
    public <A> A outputUpdate(ModuleAlgebra<A> module, Factors<A> factors) {
        long rank = module.size(factors.get(W + "1_b"), 0);
        INDArray ofFirst = Nd4j.create(module.dataType(), rank * rank, rank);
        INDArray ofSecond = Nd4j.create(module.dataType(), rank * rank, rank);
        for (long pair = 0; pair < rank * rank; pair++) {
            ofFirst.putScalar(pair, pair / rank, 1);
            ofSecond.putScalar(pair, pair % rank, 1);
        }
        A first = module.constant(ofFirst);
        A second = module.constant(ofSecond);
        A b = module.multiply(
                module.matrixProduct(first, factors.get(W + "1_b")),
                module.matrixProduct(second, factors.get(W + "2_b")));
        A a = module.multiply(
                module.matrixProduct(factors.get(W + "1_a"), module.permute(first, 1, 0)),
                module.matrixProduct(factors.get(W + "2_a"), module.permute(second, 1, 0)));
        return UpdateDropout.ofOutput(module, factors, PairMethod.product(module, factors, b, a));
    }

    @Override
    public <A> A weightUpdate(WeightAlgebra<A> module, Factors<A> factors) {
        A both = module.multiply(part(module, factors, 1), part(module, factors, 2));
        return UpdateDropout.ofWeight(module, factors, module.asWeight(module.scale(both, factors.scaling())));
    }

    private <A> A part(WeightAlgebra<A> module, Factors<A> factors, int i) {
        A a = factors.get(W + i + "_a");
        A b = factors.get(W + i + "_b");
        if (!tucker) {
            return module.matrixProduct(a, b);
        }
        return TuckerForm.product(
                module,
                factors.get(T + i),
                a,
                b,
                module.shape().outputs(),
                module.shape().inputs());
    }
}
