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
 * Vector-based random matrix adaptation: {@code W' = W + diag(b) B diag(d) A}, with random projections A and B that all modules
 * share and that never learn.
 *
 * <p><i>Shapes</i> (PEFT's names) {@code vera_lambda_b [outputs]}, {@code vera_lambda_d [rank]}, {@code vera_A [rank, inputs]},
 * {@code vera_B [outputs, rank]}; of A and B each module uses the first columns and rows.
 *
 * <p>b starts at 0, d at a number of the config: a fresh adapter changes nothing.
 *
 * <p>PVeRA, its probabilistic variant, has twice the rows in A and twice the values in d: halves for the mean and for the
 * logarithm of the variance of what comes out of A. Training draws from that distribution; otherwise the mean counts alone,
 * and that is what is computed here.
 *
 * <p><i>Sources:</i> Kopiczko et al., "VeRA: Vector-based Random Matrix Adaptation", 2023, arXiv 2310.11454, equation 2;
 * Fillioux et al., "PVeRA: Probabilistic Vector-Based Random Matrix Adaptation", 2025, arXiv 2512.07703.
 *
 * @apiNote Status: experimental
 */
public final class VeraMethod extends PairMethod {

    static final MethodTraits TRAITS = traits("VeRA", "VERA", "vera_");
    static final MethodTraits PROBABILISTIC = traits("PVeRA", "PVERA", "pvera_");

    private final boolean probabilistic;
    private final long key;
    private final double initialD;
    private final boolean stored;

    /**
     * Makes the method.
     *
     * @param probabilistic whether this is PVeRA
     * @param key seed of the projections
     * @param initialD start of d
     * @param stored whether files hold the projections
     */
    public VeraMethod(boolean probabilistic, long key, double initialD, boolean stored) {
        this.probabilistic = probabilistic;
        this.key = key;
        this.initialD = initialD;
        this.stored = stored;
    }

    /** The method of a saved network. */
    static VeraMethod of(boolean probabilistic, MethodOptions options) {
        return new VeraMethod(probabilistic, options.integral("key"), options.number("d"), true);
    }

    private static MethodTraits traits(String name, String saved, String prefix) {
        return MethodTraits.builder(name, saved)
                .place(Place.OUTPUT)
                .factor(prefix + "lambda_b", "Vb")
                .factor(prefix + "lambda_d", "Vd")
                .factor(prefix + "A", "Va", FactorTrait.FIXED, FactorTrait.SHARED)
                .factor(prefix + "B", "Vp", FactorTrait.FIXED, FactorTrait.SHARED)
                .build();
    }

    private String suffix(String ending) {
        return (probabilistic ? "pvera_" : "vera_") + ending;
    }

    private Map<String, long[]> factors(long inputs, long outputs, long rank) {
        long rows = probabilistic ? 2 * rank : rank;
        Map<String, long[]> factors = new LinkedHashMap<>();
        factors.put(suffix("lambda_b"), new long[] {outputs});
        factors.put(suffix("lambda_d"), new long[] {rows});
        factors.put(suffix("A"), new long[] {rows, inputs});
        factors.put(suffix("B"), new long[] {outputs, rank});
        return factors;
    }

    @Override
    public MethodTraits traits() {
        return Projections.traits(probabilistic ? PROBABILISTIC : TRAITS, stored)
                .variant("key", key)
                .variant("d", initialD)
                .build();
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        FactorShapes.require(probabilistic ? "PVeRA" : "VeRA", shape, rank, ModuleShape.Kind.LINEAR);
        return factors(shape.inputs(), shape.outputs(), rank);
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int rank) {
        return FactorShapes.problems(factors(-1, -1, rank), found);
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        Map<String, long[]> sizes = factors(start.shape(), start.rank());
        boolean random = start.initialization() == Initialization.RANDOM;
        long[] b = sizes.get(suffix("lambda_b"));
        long[] d = sizes.get(suffix("lambda_d"));
        long[] projectionA = Projections.whole(this, start, suffix("A"));
        long[] projectionB = Projections.whole(this, start, suffix("B"));
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors.put(suffix("lambda_b"), random ? Nd4j.ones(start.dataType(), b) : Nd4j.zeros(start.dataType(), b));
        factors.put(
                suffix("lambda_d"),
                random
                        ? RandomStreams.normal(start.random(), 1, start.dataType(), d)
                        : Nd4j.valueArrayOf(d, initialD, start.dataType()));
        factors.put(suffix("A"), Projections.kaiming(key, suffix("A"), start, projectionA[1], projectionA));
        factors.put(suffix("B"), Projections.kaiming(key, suffix("B"), start, projectionB[1], projectionB));
        return factors;
    }

    @Override
    <T> T down(WeightAlgebra<T> module, Factors<T> factors) {
        return ofMean(module, factors, factors.get(suffix("A")));
    }

    // Both scales go onto B, so that no gradient of the product with A is taken.
    @Override
    <T> T up(WeightAlgebra<T> module, Factors<T> factors) {
        T b = factors.get(suffix("B"));
        T d = module.reshape(ofMean(module, factors, factors.get(suffix("lambda_d"))), 1, module.size(b, 1));
        return module.multiply(module.multiply(b, d), module.reshape(factors.get(suffix("lambda_b")), -1, 1));
    }

    /** The half that counts. */
    private <T> T ofMean(WeightAlgebra<T> module, Factors<T> factors, T tensor) {
        return probabilistic ? module.slice(tensor, 0, 0, module.size(factors.get(suffix("B")), 1)) : tensor;
    }
}
