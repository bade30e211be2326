/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.config.MissConfig;
import org.lora4j.config.MissVariant;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Matrix shard sharing: the input, cut into parts of {@code rank} values, is summed over its parts and multiplied with one
 * small matrix, {@code y = W x + D^T sum over parts of x}; the last part counts as filled up with zeros. As a weight {@code
 * W'[o, i] = W[o, i] + D[i mod rank, o]}, which has the rank of D.
 *
 * <p><i>Shapes</i> D {@code [rank, outputs]}; {@link MissVariant#MINI}: {@code [rank, m]}, repeated over the outputs; {@link
 * MissVariant#BAT}: {@code [outputs / rank, rank, rank]}, of which block p changes the rows of W that make part p of the
 * outputs, {@code W'_pq = W_pq + W_pq D_p + D_p} for each part q of the inputs.
 *
 * <p>D starts at zero.
 *
 * <p><i>Source:</i> Kang and Yin, "MiSS: Revisiting the Trade-off in LoRA with an Efficient Shard-Sharing Structure", 2024,
 * arXiv 2409.15371, equations 6 and 7; PEFT: {@code miss_block}.
 *
 * @apiNote Status: experimental
 */
public final class MissMethod implements AdapterMethod {

    private static final String D = "miss_block";

    static final MethodTraits TRAITS =
            MethodTraits.builder("MiSS", "MISS").factor(D, "D").build();

    private final MissVariant variant;
    private final int miniRank;

    /**
     * Makes the method.
     *
     * @param variant the kind of update
     * @param miniRank columns of the repeated matrix, if it is of that kind
     */
    MissMethod(MissVariant variant, int miniRank) {
        FactorShapes.requireSizes("MiSS", 1, Map.of("miniRank", miniRank));
        this.variant = variant;
        this.miniRank = miniRank;
    }

    /** The method that a config asks for. */
    MissMethod(MissConfig config) {
        this(config.variant(), config.miniRank());
    }

    /** The variant of a saved network. */
    static MissMethod of(MethodOptions options) {
        return new MissMethod(options.constant("variant", MissVariant.class), options.integer("mini"));
    }

    // What is repeated or summed over keeps its rank: A is a fixed pattern of ones of that rank.
    @Override
    public MethodTraits traits() {
        boolean bat = variant == MissVariant.BAT;
        return TRAITS.toBuilder()
                .variant("variant", variant)
                .variant("mini", miniRank)
                .place(bat ? Place.WEIGHT : Place.OUTPUT)
                .multiplies(bat)
                .keepsRank(!bat)
                .build();
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        if (shape.kind() != ModuleShape.Kind.LINEAR) {
            throw new IllegalArgumentException("MiSS, module of shape " + shape
                    + ": this kind has no such update; expected a linear module. Exclude the module.");
        }
        if (rank < 1) {
            throw new IllegalArgumentException(
                    "MiSS, module of shape " + shape + ": rank = " + rank + "; expected 1 or more. Set rank.");
        }
        return switch (variant) {
            case STANDARD, RANDOM -> Map.of(D, new long[] {rank, shape.outputs()});
            case BAT -> {
                if (shape.inputs() % rank != 0 || shape.outputs() % rank != 0) {
                    throw new IllegalArgumentException("MiSS of variant BAT, module of shape " + shape + ": rank = "
                            + rank + "; expected a divisor of inputs and outputs. Set rank, or exclude the module.");
                }
                yield Map.of(D, new long[] {shape.outputs() / rank, rank, rank});
            }
            case MINI -> {
                if (shape.outputs() % miniRank != 0) {
                    throw new IllegalArgumentException(
                            "MiSS of variant MINI, module of shape " + shape + ": miniRank = " + miniRank
                                    + "; expected a divisor of the outputs. Set miniRank, or exclude the module.");
                }
                yield Map.of(D, new long[] {rank, miniRank});
            }
        };
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int rank) {
        long[] d = found.get(D);
        boolean fits = d != null
                && found.size() == 1
                && (variant == MissVariant.BAT
                        ? d.length == 3 && d[1] == rank && d[2] == rank
                        : d.length == 2 && d[0] == rank && (variant != MissVariant.MINI || d[1] == miniRank));
        return fits
                ? List.of()
                : List.of("found " + FactorShapes.text(found) + ", expected " + D + " of shape "
                        + switch (variant) {
                            case BAT -> "[outputs / " + rank + ", " + rank + ", " + rank + "]";
                            case MINI -> "[" + rank + ", " + miniRank + "]";
                            default -> "[" + rank + ", outputs]";
                        }
                        + " by the config");
    }

    @Override
    public IntStream ranks(ModuleShape shape, Map<String, long[]> found) {
        long[] d = found.getOrDefault(D, new long[0]);
        return variant == MissVariant.BAT && d.length == 3
                ? IntStream.of(Math.toIntExact(d[1]))
                : AdapterMethod.super.ranks(shape, found);
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors(start.shape(), start.rank()).forEach((suffix, shape) -> {
            double bound = 1 / Math.sqrt(shape[1]);
            factors.put(
                    suffix,
                    variant == MissVariant.RANDOM
                            ? RandomStreams.uniform(start.random(), bound, start.dataType(), shape)
                            : Nd4j.zeros(start.dataType(), shape));
        });
        return factors;
    }

    @Override
    public <T> T outputUpdate(ModuleAlgebra<T> module, Factors<T> factors) {
        T d = factors.get(D);
        T thin = module.narrow(factors.drop(module.input()), module.thin(parts(module, module.size(d, 0))));
        return module.widen(thin, module.thin(perOutput(module, d)));
    }

    @Override
    public <T> T weightUpdate(WeightAlgebra<T> module, Factors<T> factors) {
        T d = factors.get(D);
        if (variant == MissVariant.BAT) {
            return weight(module, factors, module.weight(), false);
        }
        return module.asWeight(module.matrixProduct(perOutput(module, d), parts(module, module.size(d, 0))));
    }

    @Override
    public <T> T weight(WeightAlgebra<T> module, Factors<T> factors, T w) {
        return variant == MissVariant.BAT
                ? weight(module, factors, w, true)
                : module.add(w, weightUpdate(module, factors));
    }

    /** {@code (W + I) D} for each block, with or without W added. */
    private <T> T weight(WeightAlgebra<T> module, Factors<T> factors, T w, boolean whole) {
        T d = factors.get(D);
        long outputs = module.size(d, 0);
        long rank = module.size(d, 1);
        long inputs = module.shape().inputs() / rank;
        T rows = module.reshape(module.asRows(w), outputs, rank * inputs, rank);
        T product = module.reshape(module.matrixProduct(rows, d), outputs, rank, inputs, rank);
        T both = module.add(product, module.reshape(d, outputs, rank, 1, rank));
        T update = module.asWeight(
                module.reshape(both, module.shape().outputs(), module.shape().inputs()));
        return whole ? module.add(w, update) : update;
    }

    /** {@code [rank, inputs]}, 1 where an input is at a place of its part: sums over the parts. */
    private static <T> T parts(WeightAlgebra<T> module, long rank) {
        INDArray parts = Nd4j.create(module.dataType(), rank, module.shape().inputs());
        for (long i = 0; i < module.shape().inputs(); i++) {
            parts.putScalar(i % rank, i, 1);
        }
        return module.constant(parts);
    }

    /** {@code [outputs, rank]}. */
    private <T> T perOutput(WeightAlgebra<T> module, T d) {
        if (variant != MissVariant.MINI) {
            return module.permute(d, 1, 0);
        }
        INDArray repeated = Nd4j.create(module.dataType(), module.shape().outputs(), miniRank);
        for (long o = 0; o < module.shape().outputs(); o++) {
            repeated.putScalar(o, o % miniRank, 1);
        }
        return module.matrixProduct(module.constant(repeated), module.permute(d, 1, 0));
    }
}
