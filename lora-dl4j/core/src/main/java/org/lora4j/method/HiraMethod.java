/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.config.Initialization;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Hadamard high-rank adaptation: {@code W' = W + W * (B A)}, the outer product element by element.
 *
 * <p><i>Shapes</i> those of {@link LoraMethod}: linear A {@code [rank, inputs]}, B {@code [outputs, rank]} · embedding A
 * {@code [rank, vocabulary]}, B {@code [outputs, rank]}, the product turned · convolution A {@code [rank, inputs, kernel...]},
 * B {@code [outputs, rank, 1...]}.
 *
 * <p>Of several adapters in one module each adds its update of the base's weight, as in PEFT: none sees what the others made.
 *
 * <p>A and B start as LoRA's, so that the product starts at zero; {@link Initialization#RANDOM} is standard normal.
 *
 * <p><i>Source:</i> Huang et al., "HiRA: Parameter-Efficient Hadamard High-Rank Adaptation for Large Language Models", ICLR
 * 2025, equation 4; PEFT: {@code hira_A}, {@code hira_B}.
 *
 * @apiNote Status: experimental
 */
public final class HiraMethod implements AdapterMethod {

    private static final String A = "hira_A";
    private static final String B = "hira_B";
    private static final String EMBEDDING_A = "hira_embedding_A";
    private static final String EMBEDDING_B = "hira_embedding_B";

    static final MethodTraits TRAITS = MethodTraits.builder("HiRA", "HIRA")
            .multiplies(true)
            .factor(A, "Ha")
            .factor(B, "Hb")
            .otherSuffix(EMBEDDING_A)
            .otherSuffix(EMBEDDING_B)
            .build();

    /** Makes the method. */
    public HiraMethod() {}

    private static String a(ModuleShape shape) {
        return shape.kind() == ModuleShape.Kind.EMBEDDING ? EMBEDDING_A : A;
    }

    private static String b(ModuleShape shape) {
        return shape.kind() == ModuleShape.Kind.EMBEDDING ? EMBEDDING_B : B;
    }

    @Override
    public MethodTraits traits() {
        return TRAITS;
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        if (shape.kind() == ModuleShape.Kind.EXPERTS || shape.isGrouped()) {
            throw new IllegalArgumentException("HiRA, module of shape " + shape
                    + ": this kind has no such update; expected a linear module, an embedding or a convolution of one group."
                    + " Exclude the module.");
        }
        if (rank < 1) {
            throw new IllegalArgumentException(
                    "HiRA, module of shape " + shape + ": rank = " + rank + "; expected 1 or more. Set rank.");
        }
        Map<String, long[]> factors = new LinkedHashMap<>();
        factors.put(a(shape), shape.sized(rank, shape.inputs(), false));
        factors.put(b(shape), shape.sized(shape.outputs(), rank, true));
        return factors;
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int rank) {
        ModuleShape kind = found.keySet().stream().anyMatch(suffix -> suffix.contains("embedding"))
                ? ModuleShape.embedding(1, 1)
                : ModuleShape.linear(1, 1);
        if (!found.keySet().equals(Set.of(a(kind), b(kind)))) {
            return List.of("found " + FactorShapes.text(found) + ", expected " + a(kind) + " and " + b(kind));
        }
        List<String> problems = new ArrayList<>();
        found.forEach((suffix, shape) -> {
            int axis = suffix.equals(a(kind)) ? 0 : 1;
            if (shape.length < 2 || shape[axis] != rank) {
                problems.add("found " + FactorShapes.text(Map.of(suffix, shape)) + ", expected a size of " + rank
                        + " (rank by the config) on axis " + axis);
            }
        });
        return problems;
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        ModuleShape shape = start.shape();
        Map<String, long[]> sizes = factors(shape, start.rank());
        Map<String, INDArray> factors = new LinkedHashMap<>();
        if (start.initialization() == Initialization.RANDOM) {
            sizes.forEach((suffix, size) ->
                    factors.put(suffix, RandomStreams.normal(start.random(), 1, start.dataType(), size)));
            return factors;
        }
        PairStart.Pair pair =
                PairStarts.of(start.initialization()).start(start, sizes.get(a(shape)), sizes.get(b(shape)));
        factors.put(a(shape), pair.a());
        factors.put(b(shape), pair.b());
        return factors;
    }

    @Override
    public <T> T weightUpdate(WeightAlgebra<T> module, Factors<T> factors) {
        return module.multiply(module.weight(), product(module, factors));
    }

    @Override
    public INDArray mergedWeight(
            ModuleShape shape, INDArray base, INDArray sum, Map<String, INDArray> factors, double scaling) {
        return deltaWeight(shape, base, factors, scaling).addi(sum);
    }

    private static <T> T product(WeightAlgebra<T> module, Factors<T> factors) {
        ModuleShape shape = module.shape();
        T a = factors.get(a(shape));
        T b = factors.get(b(shape));
        long rank = module.size(a, 0);
        return module.asWeight(
                module.matrixProduct(module.reshape(b, shape.outputs(), rank), module.reshape(a, rank, shape.fanIn())));
    }
}
