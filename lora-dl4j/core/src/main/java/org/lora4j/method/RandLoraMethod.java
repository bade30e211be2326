/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.config.Initialization;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * RandLoRA: {@code W' = W + scaling * sum over n of B_n diag(l_n) A diag(g_n)}, a sum of low-rank products of random projections
 * that has full rank; weights of the parts learn, the projections, which all modules share, do not.
 *
 * <p><i>Shapes</i> (PEFT's names), with {@code min} and {@code max} of inputs and outputs and {@code bases = min / rank} rounded
 * up: {@code randlora_lambda [rank, bases]}, {@code randlora_gamma [bases, min]}, {@code randlora_A [rank, 1, min]}, {@code
 * randlora_B [max, bases, rank]}; of A and B each module uses the first values along each axis. If there are more inputs than
 * outputs the sum is transposed. PEFT counts the pairs of rank and base in one order in A and in the other one in B, and so
 * does this.
 *
 * <p>lambda starts at 0: a fresh adapter changes nothing. Projections have a standard deviation of 1.
 *
 * <p><i>Source:</i> Albert et al., "RandLoRA: Full-rank parameter-efficient fine-tuning of large models", 2025, arXiv
 * 2502.00987, equation 4; sparse projections: section 4.
 *
 * @apiNote Status: experimental
 */
public final class RandLoraMethod extends PairMethod {

    private static final String LAMBDA = "randlora_lambda";
    private static final String GAMMA = "randlora_gamma";
    private static final String A = "randlora_A";
    private static final String B = "randlora_B";

    static final MethodTraits TRAITS = MethodTraits.builder("RandLoRA", "RANDLORA")
            .place(Place.OUTPUT)
            .factor(LAMBDA, "Rl")
            .factor(GAMMA, "Rg")
            .factor(A, "Ra", FactorTrait.FIXED, FactorTrait.SHARED, FactorTrait.REPEATED)
            .factor(B, "Rb", FactorTrait.FIXED, FactorTrait.SHARED, FactorTrait.REPEATED)
            .build();

    /** Of sparse projections one value in three is not zero. */
    private static final double SPARSITY = 3;

    private final long key;
    private final boolean sparse;
    private final boolean verySparse;
    private final boolean stored;

    /**
     * Makes the method.
     *
     * @param key seed of the projections
     * @param sparse whether projections consist of zeros, and of ones of both signs
     * @param verySparse whether they do, with zeros prevailing
     * @param stored whether files hold the projections
     */
    public RandLoraMethod(long key, boolean sparse, boolean verySparse, boolean stored) {
        this.key = key;
        this.sparse = sparse;
        this.verySparse = verySparse;
        this.stored = stored;
    }

    /** The method of a saved network. */
    static RandLoraMethod of(MethodOptions options) {
        return new RandLoraMethod(options.integral("key"), options.flag("sparse"), options.flag("verySparse"), true);
    }

    @Override
    public MethodTraits traits() {
        return Projections.traits(TRAITS, stored)
                .variant("key", key)
                .variant("sparse", sparse)
                .variant("verySparse", verySparse)
                .build();
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        FactorShapes.require(TRAITS.name(), shape, rank, ModuleShape.Kind.LINEAR);
        long min = Math.min(shape.inputs(), shape.outputs());
        long max = Math.max(shape.inputs(), shape.outputs());
        return factors(rank, (min + rank - 1) / rank, min, max);
    }

    private static Map<String, long[]> factors(long rank, long bases, long min, long max) {
        Map<String, long[]> factors = new LinkedHashMap<>();
        factors.put(LAMBDA, new long[] {rank, bases});
        factors.put(GAMMA, new long[] {bases, min});
        factors.put(A, new long[] {rank, 1, min});
        factors.put(B, new long[] {max, bases, rank});
        return factors;
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int rank) {
        return FactorShapes.problems(factors(rank, -1, -1, -1), found);
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        Map<String, long[]> sizes = factors(start.shape(), start.rank());
        boolean random = start.initialization() == Initialization.RANDOM;
        long[] lambda = sizes.get(LAMBDA);
        long[] gamma = sizes.get(GAMMA);
        long all = random ? Math.max(start.shape().inputs(), start.shape().outputs()) : Math.max(gamma[0], gamma[1]);
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors.put(
                LAMBDA,
                random
                        ? RandomStreams.normal(start.random(), 1, start.dataType(), lambda)
                        : Nd4j.zeros(start.dataType(), lambda));
        factors.put(GAMMA, Nd4j.valueArrayOf(gamma, 1.0 / all, start.dataType()));
        factors.put(A, projection(start, A));
        factors.put(B, projection(start, B));
        return factors;
    }

    private INDArray projection(FactorStart start, String suffix) {
        long[] shape = Projections.whole(this, start, suffix);
        if (!sparse && !verySparse) {
            return Projections.ofUnitDeviation(key, suffix, start, shape);
        }
        long[] a = Projections.whole(this, start, A);
        return Projections.sparse(key, suffix, start, verySparse ? Math.sqrt(a[2]) : SPARSITY, shape);
    }

    /** The smaller side with its weights, [rank * bases, min]. */
    private static <T> T scaled(WeightAlgebra<T> module, Factors<T> factors) {
        T lambda = factors.get(LAMBDA);
        T gamma = factors.get(GAMMA);
        long rank = module.size(lambda, 0);
        long bases = module.size(lambda, 1);
        long min = module.size(gamma, 1);
        // For each of the rank the outer product of its weights and its row of A.
        T weighted = module.matrixProduct(module.reshape(lambda, rank, bases, 1), factors.get(A));
        return module.reshape(module.multiply(weighted, module.reshape(gamma, 1, bases, min)), rank * bases, min);
    }

    /** The larger side, [max, bases * rank]. */
    private static <T> T larger(WeightAlgebra<T> module, Factors<T> factors) {
        T b = factors.get(B);
        return module.reshape(b, module.size(b, 0), module.size(b, 1) * module.size(b, 2));
    }

    private static boolean inputsAreFewer(ModuleShape shape) {
        return shape.inputs() <= shape.outputs();
    }

    @Override
    <T> T down(WeightAlgebra<T> module, Factors<T> factors) {
        return inputsAreFewer(module.shape()) ? scaled(module, factors) : module.permute(larger(module, factors), 1, 0);
    }

    @Override
    <T> T up(WeightAlgebra<T> module, Factors<T> factors) {
        return inputsAreFewer(module.shape()) ? larger(module, factors) : module.permute(scaled(module, factors), 1, 0);
    }
}
