/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * VB-LoRA: {@code W' = W + B A}, where each stretch of a row of A and of a column of B is a mixture of few vectors of a bank that
 * all modules share: those of the largest logits, weighted by the softmax of these.
 *
 * <p><i>Shapes</i> (PEFT's names) {@code vblora_logits_A [rank, inputs / length, vectors]}, {@code vblora_logits_B [outputs / length,
 * rank, vectors]}, {@code vblora_vector_bank [vectors, length]}. Files may hold {@code ..._topk_indices [.., .., top]} and {@code
 * ..._topk_weights [.., .., top - 1]} in the place of logits; the last weight is what is left to 1.
 *
 * <p>Nothing of it is trained here: the bank's gradient is a sum over modules.
 *
 * <p><i>Source:</i> Li et al., "VB-LoRA: Extreme Parameter Efficient Fine-Tuning with Vector Banks", 2024, arXiv 2405.15179,
 * equations 2 and 3.
 *
 * @apiNote Status: experimental
 */
public final class VbLoraMethod extends PairMethod {

    private static final String BANK = "vblora_vector_bank";
    private static final String LOGITS = "vblora_logits_";
    private static final String INDICES = "_topk_indices";
    private static final String WEIGHTS = "_topk_weights";

    /** Every factor of both kinds of files. */
    static final MethodTraits TRAITS = traits(
            LOGITS + "A",
            LOGITS + "B",
            LOGITS + "A" + INDICES,
            LOGITS + "A" + WEIGHTS,
            LOGITS + "B" + INDICES,
            LOGITS + "B" + WEIGHTS,
            BANK);

    private final int vectors;
    private final int length;
    private final int top;
    private final boolean savesTop;

    /**
     * Makes the method.
     *
     * @param vectors number of vectors in the bank
     * @param length number of values in a vector
     * @param top how many vectors are mixed
     * @param savesTop whether files hold those that are mixed in the place of all logits
     */
    public VbLoraMethod(int vectors, int length, int top, boolean savesTop) {
        FactorShapes.requireSizes("VB-LoRA", 1, Map.of("vectors", vectors, "vectorLength", length, "top", top));
        this.vectors = vectors;
        this.length = length;
        this.top = top;
        this.savesTop = savesTop;
    }

    /** The method of a saved network. */
    static VbLoraMethod of(MethodOptions options) {
        return new VbLoraMethod(
                options.integer("vectors"), options.integer("length"), options.integer("top"), options.flag("saved"));
    }

    private static MethodTraits traits(String... suffixes) {
        MethodTraits.Builder traits = MethodTraits.builder("VB-LoRA", "VBLORA").place(Place.OUTPUT);
        for (int i = 0; i < suffixes.length; i++) {
            String shortName = "Q" + (char) ('a' + i);
            if (suffixes[i].equals(BANK)) {
                traits.factor(BANK, shortName, FactorTrait.FIXED, FactorTrait.SHARED);
            } else if (suffixes[i].endsWith(INDICES)) {
                traits.factor(suffixes[i], shortName, FactorTrait.FIXED, FactorTrait.INTEGER);
            } else {
                traits.factor(suffixes[i], shortName, FactorTrait.FIXED);
            }
        }
        return traits.build();
    }

    @Override
    public MethodTraits traits() {
        return traits(factors(1, 1, 1).keySet().toArray(String[]::new)).toBuilder()
                .variant("vectors", vectors)
                .variant("length", length)
                .variant("top", top)
                .variant("saved", savesTop)
                .build();
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        FactorShapes.require(TRAITS.name(), shape, rank, ModuleShape.Kind.LINEAR);
        if (shape.inputs() % length != 0 || shape.outputs() % length != 0) {
            throw new IllegalArgumentException("VB-LoRA, module of shape " + shape + ": vectorLength = " + length
                    + "; expected a divisor of " + shape.inputs() + " inputs and " + shape.outputs()
                    + " outputs. Exclude the module, or set vectorLength.");
        }
        return factors(shape.inputs() / length, shape.outputs() / length, rank);
    }

    private Map<String, long[]> factors(long inputs, long outputs, long rank) {
        Map<String, long[]> factors = new LinkedHashMap<>();
        put(factors, "A", rank, inputs);
        put(factors, "B", outputs, rank);
        factors.put(BANK, new long[] {vectors, length});
        return factors;
    }

    private void put(Map<String, long[]> factors, String side, long first, long second) {
        if (!savesTop) {
            factors.put(LOGITS + side, new long[] {first, second, vectors});
            return;
        }
        factors.put(LOGITS + side + INDICES, new long[] {first, second, top});
        if (top > 1) {
            factors.put(LOGITS + side + WEIGHTS, new long[] {first, second, top - 1});
        }
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int rank) {
        return FactorShapes.problems(factors(-1, -1, rank), found);
    }

    @Override
    public List<String> misfits(ModuleShape shape, Map<String, INDArray> found) {
        List<String> problems = new ArrayList<>();
        Stream.of("A", "B").filter(side -> savesTop).forEach(side -> {
            for (double index : values(found.get(LOGITS + side + INDICES))) {
                if (index != Math.rint(index) || index < 0 || index >= vectors) {
                    problems.add("found the vector " + index + " in " + LOGITS + side + INDICES
                            + ", expected a number below " + vectors);
                    return;
                }
            }
        });
        return problems;
    }

    private static double[] values(INDArray array) {
        return array.dup('c').data().asDouble();
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors(start.shape(), start.rank()).forEach((suffix, shape) -> {
            INDArray array = suffix.endsWith(INDICES)
                    ? Nd4j.zeros(start.dataType(), shape)
                    : RandomStreams.uniform(start.random(), 1.0 / vectors, start.dataType(), shape);
            factors.put(suffix, array);
        });
        return factors;
    }

    @Override
    <T> T down(WeightAlgebra<T> module, Factors<T> factors) {
        double[][] stretches = stretches(module, factors, "A");
        return matrix(
                module, stretches, stretches.length * length / module.shape().inputs());
    }

    /** B has the stretches of a column below each other. */
    @Override
    <T> T up(WeightAlgebra<T> module, Factors<T> factors) {
        double[][] stretches = stretches(module, factors, "B");
        long outputs = module.shape().outputs();
        int rank = Math.toIntExact(stretches.length * length / outputs);
        double[][] columns = new double[stretches.length][];
        for (int i = 0; i < stretches.length; i++) {
            columns[i % rank * (stretches.length / rank) + i / rank] = stretches[i];
        }
        return module.permute(matrix(module, columns, rank), 1, 0);
    }

    private <T> T matrix(WeightAlgebra<T> module, double[][] stretches, long rows) {
        double[] all =
                Stream.of(stretches).flatMapToDouble(java.util.Arrays::stream).toArray();
        return module.constant(
                Nd4j.createFromArray(all).reshape('c', rows, all.length / rows).castTo(module.dataType()));
    }

    /** The mixtures of one side, in the order of its logits. */
    private <T> double[][] stretches(WeightAlgebra<T> module, Factors<T> factors, String side) {
        double[] bank = values(module.known(factors.get(BANK)));
        double[] indices = null;
        double[] weights = null;
        double[] logits = null;
        if (savesTop) {
            indices = values(module.known(factors.get(LOGITS + side + INDICES)));
            weights = top > 1 ? values(module.known(factors.get(LOGITS + side + WEIGHTS))) : new double[0];
        } else {
            logits = values(module.known(factors.get(LOGITS + side)));
        }
        double[][] stretches = new double[(savesTop ? indices.length / top : logits.length / vectors)][length];
        for (int i = 0; i < stretches.length; i++) {
            Map<Integer, Double> mixture = savesTop ? saved(indices, weights, i) : largest(logits, i * vectors);
            double[] stretch = stretches[i];
            mixture.forEach((vector, weight) -> {
                for (int j = 0; j < length; j++) {
                    stretch[j] += weight * bank[vector * length + j];
                }
            });
        }
        return stretches;
    }

    private Map<Integer, Double> saved(double[] indices, double[] weights, int place) {
        Map<Integer, Double> mixture = new LinkedHashMap<>();
        double left = 1;
        for (int k = 0; k < top; k++) {
            double weight = k < top - 1 ? weights[place * (top - 1) + k] : left;
            left -= weight;
            mixture.merge((int) indices[place * top + k], weight, Double::sum);
        }
        return mixture;
    }

    private Map<Integer, Double> largest(double[] logits, int from) {
        List<Integer> chosen = IntStream.range(0, vectors)
                .boxed()
                .sorted(Comparator.comparingDouble(vector -> -logits[from + vector]))
                .limit(top)
                .toList();
        double most = logits[from + chosen.get(0)];
        double sum = chosen.stream()
                .mapToDouble(vector -> Math.exp(logits[from + vector] - most))
                .sum();
        return chosen.stream()
                .collect(Collectors.toMap(vector -> vector, vector -> Math.exp(logits[from + vector] - most) / sum));
    }
}
