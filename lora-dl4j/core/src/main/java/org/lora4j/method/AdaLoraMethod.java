/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.config.Initialization;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * AdaLoRA: {@code W' = W + scaling * B diag(E) A}, the shape of a singular value decomposition, so that triplets of a row of A, a
 * value of E and a column of B can be left out one by one: training ends with as many as a budget allows, where they matter most
 * ({@link AdaLoraRule}).
 *
 * <p><i>Shapes</i> (PEFT's names) {@code lora_A [rank, inputs * window]}, {@code lora_E [rank, 1]}, {@code lora_B [outputs,
 * rank]}. After allocation files hold the rows that were kept; where none was, an adapter has one triplet of zeros.
 *
 * <p>A and B start normal with a deviation of 0.02, E at 0: a fresh adapter changes nothing.
 *
 * <p><i>Source:</i> Zhang et al., "AdaLoRA: Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning", 2023, arXiv
 * 2303.10512, equation 3.
 *
 * @apiNote Status: experimental
 */
public final class AdaLoraMethod extends PairMethod {

    static final String A = "lora_A";
    static final String B = "lora_B";
    static final String E = "lora_E";

    static final MethodTraits TRAITS = MethodTraits.builder("AdaLoRA", "ADALORA")
            .place(Place.OUTPUT)
            .stepRule(true)
            .factor(A, "Ea")
            .factor(B, "Eb")
            .factor(E, "Ee")
            .build();

    private static final double DEVIATION = 0.02;

    private final List<Boolean> kept;

    /**
     * Makes the method.
     *
     * @param kept which of the triplets of the start are kept in files; empty before allocation
     */
    public AdaLoraMethod(List<Boolean> kept) {
        this.kept = List.copyOf(kept);
    }

    /**
     * The axis of a factor along which triplets lie.
     *
     * @param suffix a suffix of {@link #factors}
     * @return 0 for rows, 1 for columns
     */
    public static int axisOfTriplets(String suffix) {
        return suffix.equals(B) ? 1 : 0;
    }

    private static Map<String, long[]> factors(long inputs, long outputs, long rank) {
        Map<String, long[]> factors = new LinkedHashMap<>();
        factors.put(A, new long[] {rank, inputs});
        factors.put(B, new long[] {outputs, rank});
        factors.put(E, new long[] {rank, 1});
        return factors;
    }

    @Override
    public MethodTraits traits() {
        return TRAITS;
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        FactorShapes.require(TRAITS.name(), shape, rank, ModuleShape.Kind.LINEAR, ModuleShape.Kind.CONVOLUTION);
        return factors(shape.fanIn(), shape.outputs(), rank);
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int rank) {
        return FactorShapes.problems(factors(-1, -1, rank), found);
    }

    @Override
    public Map<String, INDArray> filed(Map<String, INDArray> factors) {
        INDArray e = factors.get(E);
        int[] rows = IntStream.range(0, kept.size()).filter(kept::get).toArray();
        if (!kept.isEmpty() && rows.length == 0) {
            return withoutTriplets(factors);
        }
        if (e == null || e.size(0) != kept.size() || rows.length == kept.size()) {
            return factors;
        }
        Map<String, INDArray> filed = new LinkedHashMap<>(factors);
        filed.put(A, factors.get(A).getRows(rows));
        filed.put(B, factors.get(B).getColumns(rows));
        filed.put(E, e.getRows(rows));
        return filed;
    }

    /** One triplet of zeros: there are no products of arrays without elements. */
    private static Map<String, INDArray> withoutTriplets(Map<String, INDArray> factors) {
        Map<String, INDArray> filed = new LinkedHashMap<>();
        factors.forEach((suffix, factor) -> {
            long[] shape = factor.shape().clone();
            shape[axisOfTriplets(suffix)] = 1;
            filed.put(suffix, Nd4j.zeros(factor.dataType(), shape));
        });
        return filed;
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        boolean random = start.initialization() == Initialization.RANDOM;
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors(start.shape(), start.rank())
                .forEach((suffix, shape) -> factors.put(
                        suffix,
                        suffix.equals(E) && !random
                                ? Nd4j.zeros(start.dataType(), shape)
                                : RandomStreams.normal(
                                        start.random(), random ? 1 : DEVIATION, start.dataType(), shape)));
        return factors;
    }

    @Override
    <T> T down(WeightAlgebra<T> module, Factors<T> factors) {
        return module.multiply(factors.get(A), factors.get(E));
    }

    @Override
    <T> T up(WeightAlgebra<T> module, Factors<T> factors) {
        return factors.get(B);
    }
}
