/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.lora4j.config.GraloraConfig;
import org.lora4j.config.Initialization;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Granular low-rank adaptation: the weight is cut into k by k blocks, and the block of output part j and input part n has an
 * update of rank {@code s = rank / k} of its own, {@code scaling * sum over t of B[j, n s + t, o] A[n, i, j s + t]}. An update of
 * the whole weight, LoRA's, may stand beside them.
 *
 * <p><i>Shapes</i> A {@code [k, inputs / k, rank]}, B {@code [k, rank, outputs / k]}; of the whole weight {@code [hybrid,
 * inputs]} and {@code [outputs, hybrid]}.
 *
 * <p>A starts uniform in {@code ±1/sqrt(inputs / k)}, B at zero.
 *
 * <p><i>Source:</i> Jung et al., "GraLoRA: Granular Low-Rank Adaptation for Parameter-Efficient Fine-Tuning", 2025, arXiv
 * 2505.20355, section 3; PEFT: {@code gralora_A}, {@code gralora_B}.
 *
 * @apiNote Status: experimental
 */
public final class GraloraMethod extends PairMethod {

    private static final String A = "gralora_A";
    private static final String B = "gralora_B";
    private static final String WHOLE_A = "gralora_A_general.weight";
    private static final String WHOLE_B = "gralora_B_general.weight";

    static final MethodTraits TRAITS = MethodTraits.builder("GraLoRA", "GRALORA")
            .place(Place.OUTPUT)
            .factor(A, "Ga")
            .factor(B, "Gb")
            .factor(WHOLE_A, "Gc")
            .factor(WHOLE_B, "Gd")
            .build();

    private final int blocks;
    private final int hybrid;

    private GraloraMethod(int blocks, int hybrid) {
        FactorShapes.requireSizes("GraLoRA", 1, Map.of("blocks", blocks));
        FactorShapes.requireSizes("GraLoRA", 0, Map.of("hybridRank", hybrid));
        this.blocks = blocks;
        this.hybrid = hybrid;
    }

    /** The method that a config asks for. */
    GraloraMethod(GraloraConfig config) {
        this(config.blocks(), config.hybridRank());
    }

    /** The variant of a saved network. */
    static GraloraMethod of(MethodOptions options) {
        return new GraloraMethod(options.integer("blocks"), options.integer("hybrid"));
    }

    @Override
    public MethodTraits traits() {
        return TRAITS.toBuilder()
                .variant("blocks", blocks)
                .variant("hybrid", hybrid)
                .only(hybrid > 0 ? TRAITS.allSuffixes() : Set.of(A, B))
                .build();
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        FactorShapes.require("GraLoRA", shape, rank, ModuleShape.Kind.LINEAR);
        if (shape.inputs() % blocks != 0 || shape.outputs() % blocks != 0 || rank % blocks != 0) {
            throw new IllegalArgumentException(
                    "GraLoRA, module of shape " + shape + ": blocks = " + blocks + ", rank = "
                            + rank
                            + "; expected a number of blocks that divides the inputs, the outputs and the rank. Set blocks, or"
                            + " exclude the module.");
        }
        return factors(shape.inputs() / blocks, shape.outputs() / blocks, shape.inputs(), shape.outputs(), rank);
    }

    private Map<String, long[]> factors(long partIn, long partOut, long inputs, long outputs, int rank) {
        Map<String, long[]> factors = new LinkedHashMap<>();
        factors.put(A, new long[] {blocks, partIn, rank});
        factors.put(B, new long[] {blocks, rank, partOut});
        if (hybrid > 0) {
            factors.put(WHOLE_A, new long[] {hybrid, inputs});
            factors.put(WHOLE_B, new long[] {outputs, hybrid});
        }
        return factors;
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int rank) {
        return FactorShapes.problems(factors(-1, -1, -1, -1, rank), found);
    }

    @Override
    public IntStream ranks(ModuleShape shape, Map<String, long[]> found) {
        long[] a = found.getOrDefault(A, new long[0]);
        return a.length == 3 ? IntStream.of(Math.toIntExact(a[2])) : IntStream.empty();
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        boolean random = start.initialization() == Initialization.RANDOM;
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors(start.shape(), start.rank()).forEach((suffix, shape) -> {
            boolean ofInput = suffix.equals(A) || suffix.equals(WHOLE_A);
            // What it is multiplied with has as many values: a part of the input, all of it, or the rank.
            double bound = 1 / Math.sqrt(shape[1]);
            factors.put(
                    suffix,
                    ofInput || random
                            ? RandomStreams.uniform(start.random(), bound, start.dataType(), shape)
                            : Nd4j.zeros(start.dataType(), shape));
        });
        return factors;
    }

    /** A matrix of {@code [k * rank, inputs]}, block by block along its diagonal, with that of the whole weight below. */
    @Override
    <T> T down(WeightAlgebra<T> module, Factors<T> factors) {
        T a = factors.get(A);
        long rank = module.size(a, 2);
        long inputs = module.shape().inputs();
        T rows = module.reshape(module.permute(a, 2, 0, 1), rank, inputs);
        INDArray diagonal = Nd4j.create(module.dataType(), blocks * rank, inputs);
        for (long q = 0; q < diagonal.size(0); q++) {
            for (long i = 0; i < inputs; i++) {
                diagonal.putScalar(q, i, q / rank == i / (inputs / blocks) ? 1 : 0);
            }
        }
        T blockwise =
                module.multiply(module.concatenate(0, Collections.nCopies(blocks, rows)), module.constant(diagonal));
        return hybrid == 0 ? blockwise : module.concatenate(0, List.of(blockwise, factors.get(WHOLE_A)));
    }

    /** A matrix of {@code [outputs, k * rank]}: of the thin values of each input part, output part j takes the s from j s on. */
    @Override
    <T> T up(WeightAlgebra<T> module, Factors<T> factors) {
        T b = factors.get(B);
        long rank = module.size(b, 1);
        long outputs = module.shape().outputs();
        long part = rank / blocks;
        T columns = module.reshape(module.permute(b, 0, 2, 1), outputs, blocks, 1, part);
        T repeated =
                module.reshape(module.concatenate(2, Collections.nCopies(blocks, columns)), outputs, blocks * rank);
        INDArray taken = Nd4j.create(module.dataType(), outputs, blocks * rank);
        for (long o = 0; o < outputs; o++) {
            for (long q = 0; q < taken.size(1); q++) {
                taken.putScalar(o, q, q % rank / part == o / (outputs / blocks) ? 1 : 0);
            }
        }
        T blockwise = module.multiply(repeated, module.constant(taken));
        return hybrid == 0 ? blockwise : module.concatenate(1, List.of(blockwise, factors.get(WHOLE_B)));
    }
}
