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
 * Decoupled low-rank adaptation: {@code W' = W + (lambda / rank) * sum over i of b_i a_i^T / (|b_i| |a_i|)}, with each input
 * multiplied by the length that its column of W had when the adapter started. So lambda alone says how far the weight moves,
 * and A and B where to.
 *
 * <p><i>Shapes</i> A {@code [rank, inputs]}, B {@code [outputs, rank]}, lambda {@code [1]}, the lengths {@code [inputs]}, which
 * are not trained.
 *
 * <p>A starts uniform in {@code ±1/sqrt(inputs)}, B at zero, lambda as the config says.
 *
 * <p><i>Source:</i> Bini et al., "Decoupling Angles and Strength in Low-rank Adaptation", 2025, arXiv 2503.18225, equation 7;
 * PEFT: {@code delora_A}, {@code delora_B}, {@code delora_lambda}, {@code delora_w_norm}.
 *
 * @apiNote Status: experimental
 */
public final class DeloraMethod extends PairMethod {

    private static final String A = "delora_A";
    private static final String B = "delora_B";
    private static final String LAMBDA = "delora_lambda";
    private static final String LENGTHS = "delora_w_norm";

    static final MethodTraits TRAITS = MethodTraits.builder("DeLoRA", "DELORA")
            .place(Place.OUTPUT)
            .factor(A, "Da")
            .factor(B, "Db")
            .factor(LAMBDA, "Dl", FactorTrait.BIAS_OR_GAIN)
            .factor(LENGTHS, "Dw", FactorTrait.FIXED)
            .build();

    /** The square of what PEFT takes for the least length; a vector of zeros is divided by it. */
    private static final double LEAST_SQUARE = 1e-24;

    private final double lambda;

    /**
     * Makes the method.
     *
     * @param lambda what the length of the update starts at
     */
    public DeloraMethod(double lambda) {
        this.lambda = lambda;
    }

    @Override
    public MethodTraits traits() {
        return TRAITS.toBuilder().variant("lambda", lambda).build();
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        FactorShapes.require("DeLoRA", shape, rank, ModuleShape.Kind.LINEAR);
        return factors(shape.inputs(), shape.outputs(), rank);
    }

    private static Map<String, long[]> factors(long inputs, long outputs, int rank) {
        Map<String, long[]> factors = new LinkedHashMap<>();
        factors.put(A, new long[] {rank, inputs});
        factors.put(B, new long[] {outputs, rank});
        factors.put(LAMBDA, new long[] {1});
        factors.put(LENGTHS, new long[] {inputs});
        return factors;
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int rank) {
        return FactorShapes.problems(factors(-1, -1, rank), found);
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        Map<String, long[]> sizes = factors(start.shape(), start.rank());
        INDArray weight = start.weight().get();
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors.put(A, uniform(start, sizes.get(A)));
        factors.put(
                B,
                start.initialization() == Initialization.RANDOM
                        ? uniform(start, sizes.get(B))
                        : Nd4j.zeros(start.dataType(), sizes.get(B)));
        factors.put(LAMBDA, Nd4j.zeros(start.dataType(), 1).addi(lambda));
        factors.put(LENGTHS, weight.norm2(0).reshape(sizes.get(LENGTHS)).castTo(start.dataType()));
        return factors;
    }

    private static INDArray uniform(FactorStart start, long[] shape) {
        return RandomStreams.uniform(start.random(), 1 / Math.sqrt(shape[1]), start.dataType(), shape);
    }

    @Override
    <T> T down(WeightAlgebra<T> module, Factors<T> factors) {
        T lengths = module.reshape(factors.get(LENGTHS), 1, module.shape().inputs());
        return module.multiply(directions(module, factors.get(A), 1), lengths);
    }

    @Override
    <T> T up(WeightAlgebra<T> module, Factors<T> factors) {
        T length = module.reshape(module.scale(factors.get(LAMBDA), 1.0 / module.size(factors.get(A), 0)), 1, 1);
        return module.multiply(directions(module, factors.get(B), 0), length);
    }

    /** The vectors along an axis, each of length one. */
    private static <T> T directions(WeightAlgebra<T> module, T vectors, int axis) {
        T squares = module.sum(module.multiply(vectors, vectors), axis);
        return module.divide(vectors, module.squareRoot(module.plus(squares, LEAST_SQUARE)));
    }
}
