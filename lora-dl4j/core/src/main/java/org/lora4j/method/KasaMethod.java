/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Knowledge-aware singular-value adaptation: {@code W' = W - T + scaling * B diag(d) A}, where T has the smallest singular values
 * of W, as many as the rank. So a fresh adapter, of which B is zero, does change the output.
 *
 * <p><i>Shapes</i> A {@code [rank, inputs]}, B {@code [outputs, rank]}, d {@code [rank]}.
 *
 * <p>A and B start as LoRA's, d standard normal.
 *
 * <p><i>Source:</i> Wang et al., "KaSA: Knowledge-Aware Singular-Value Adaptation of Large Language Models", 2024, arXiv
 * 2412.06071, equations 5 and 6; PEFT: {@code lora_diag}.
 *
 * @apiNote Status: experimental
 */
public final class KasaMethod extends PairMethod {

    /** Suffix of the diagonal. */
    public static final String DIAGONAL = "lora_diag";

    static final MethodTraits TRAITS = MethodTraits.builder("KaSA", "KASA")
            .option("kasa")
            .place(Place.OUTPUT)
            .single(true)
            .factor(LoraMethod.A, "Ka")
            .factor(LoraMethod.B, "Kb")
            .factor(DIAGONAL, "Kd")
            .build();

    /** Makes the method. */
    public KasaMethod() {}

    @Override
    public MethodTraits traits() {
        return TRAITS;
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        FactorShapes.require("KaSA", shape, rank, ModuleShape.Kind.LINEAR);
        if (rank >= Math.min(shape.inputs(), shape.outputs())) {
            throw new IllegalArgumentException("KaSA, module of shape " + shape + ": rank = " + rank
                    + "; expected less than its smaller side, so that the base keeps some of its singular values. Set rank, or"
                    + " exclude the module.");
        }
        Map<String, long[]> factors = new LinkedHashMap<>();
        factors.put(LoraMethod.A, new long[] {rank, shape.inputs()});
        factors.put(LoraMethod.B, new long[] {shape.outputs(), rank});
        factors.put(DIAGONAL, new long[] {rank});
        return factors;
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        Map<String, long[]> sizes = factors(start.shape(), start.rank());
        PairStart.Pair pair =
                PairStarts.of(start.initialization()).start(start, sizes.get(LoraMethod.A), sizes.get(LoraMethod.B));
        return factors(
                pair.a(), pair.b(), RandomStreams.normal(start.random(), 1, start.dataType(), sizes.get(DIAGONAL)));
    }

    private static Map<String, INDArray> factors(INDArray a, INDArray b, INDArray diagonal) {
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors.put(LoraMethod.A, a);
        factors.put(LoraMethod.B, b);
        factors.put(DIAGONAL, diagonal);
        return factors;
    }

    /** The smallest singular values with their vectors, spread over A and B as a start is. */
    @Override
    public Map<String, INDArray> given(FactorStart start, Map<String, INDArray> fresh) {
        if (start.scaling() <= 0) {
            throw new IllegalArgumentException("KaSA: scaling = " + start.scaling()
                    + "; expected above 0, because the singular values are divided by it. Set alpha.");
        }
        Map<String, long[]> sizes = factors(start.shape(), start.rank());
        SingularValues all = SingularValues.of(
                Matrix.of(start.weight().get(), Math.toIntExact(start.shape().outputs())));
        int kept = all.values().length - start.rank();
        double[] roots = Arrays.stream(all.values())
                .skip(kept)
                .map(value -> Math.sqrt(value / start.scaling()))
                .toArray();
        return factors(
                all.right().lastRows(start.rank()).scaledRows(roots).toArray(start.dataType(), sizes.get(LoraMethod.A)),
                all.left()
                        .lastRows(start.rank())
                        .scaledRows(roots)
                        .transposed()
                        .toArray(start.dataType(), sizes.get(LoraMethod.B)),
                Nd4j.ones(start.dataType(), start.rank()));
    }

    /**
     * The factors of LoRA with the same update.
     *
     * @param factors the factors by suffix
     * @return A and B, of which A has the diagonal in it
     */
    public static Map<String, INDArray> plain(Map<String, INDArray> factors) {
        Map<String, INDArray> plain = new LinkedHashMap<>(factors);
        INDArray diagonal = plain.remove(DIAGONAL);
        if (diagonal != null) {
            plain.put(LoraMethod.A, plain.get(LoraMethod.A).mul(diagonal.reshape(diagonal.length(), 1)));
        }
        return plain;
    }

    @Override
    <T> T down(WeightAlgebra<T> module, Factors<T> factors) {
        T a = factors.get(LoraMethod.A);
        return module.multiply(a, module.reshape(factors.get(DIAGONAL), module.size(a, 0), 1));
    }

    @Override
    <T> T up(WeightAlgebra<T> module, Factors<T> factors) {
        return factors.get(LoraMethod.B);
    }
}
