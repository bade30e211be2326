/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.config.RoadVariant;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * RoAD: outputs are turned and stretched in pairs, {@code y = R (W x + b)}. In each group of outputs the i-th of the first half
 * and the i-th of the second make a pair, with {@code y0' = a cos(t) y0 - a sin(t) y1} and {@code y1' = a sin(t) y0 + a cos(t)
 * y1}; of the numbers {@code a} and {@code t} a pair has one, two or four, by the {@linkplain RoadVariant variant}.
 *
 * <p><i>Shapes</i> of theta and alpha: {@code [outputs / 2]}, {@code [outputs]} or {@code [2 outputs]}, group by group. Theta
 * starts at 0 and alpha at 1, and changes nothing there.
 *
 * <p><i>Source:</i> Liao and Monz, "3-in-1: 2D Rotary Adaptation for Efficient Finetuning, Efficient Batching and
 * Composability", 2024, arXiv 2409.00119, section 4.
 *
 * @apiNote Status: experimental
 */
public final class RoadMethod implements ReplacingMethod {

    private static final String THETA = "road_theta";
    private static final String ALPHA = "road_alpha";

    static final MethodTraits TRAITS = MethodTraits.builder("RoAD", "ROAD")
            .place(Place.OUTPUT)
            .biasEffect(BiasEffect.CHANGES)
            .multiplies(true)
            .order(Order.FIRST_FIRST)
            .factor(THETA, "Ta")
            .factor(ALPHA, "Al")
            .build();

    /** Of values drawn instead of the start; as PEFT has it. */
    private static final double DEVIATION = 0.5;

    private final RoadVariant variant;
    private final int group;

    /**
     * Makes the method.
     *
     * @param variant how many numbers a pair has
     * @param group outputs in a group, an even number
     */
    public RoadMethod(RoadVariant variant, int group) {
        if (group < 2 || group % 2 != 0) {
            throw new IllegalArgumentException(
                    "RoAD: groupSize = " + group + ", expected an even number, 2 or more. Set groupSize.");
        }
        this.variant = variant;
        this.group = group;
    }

    static RoadMethod saved(MethodOptions options) {
        return new RoadMethod(options.constant("variant", RoadVariant.class), options.integer("group"));
    }

    @Override
    public MethodTraits traits() {
        return TRAITS.toBuilder()
                .variant("variant", variant)
                .variant("group", group)
                .build();
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        if (shape.kind() != ModuleShape.Kind.LINEAR) {
            throw new IllegalArgumentException("RoAD, module of shape " + shape
                    + ": outputs of this kind are not turned; expected a linear module. Exclude the module.");
        }
        if (shape.outputs() % group != 0) {
            throw new IllegalArgumentException("RoAD, module of shape " + shape + ": groupSize = " + group
                    + " does not divide its " + shape.outputs()
                    + " outputs; expected a divisor. Choose another groupSize, or exclude the module.");
        }
        long values = shape.outputs() * variant.numbersOfPair() / 2;
        Map<String, long[]> factors = new LinkedHashMap<>();
        factors.put(THETA, new long[] {values});
        factors.put(ALPHA, new long[] {values});
        return factors;
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int rank) {
        List<String> problems = new ArrayList<>();
        long step = (long) group * variant.numbersOfPair() / 2;
        boolean same = found.keySet().equals(Set.of(THETA, ALPHA))
                && found.values().stream().allMatch(shape -> shape.length == 1 && shape[0] % step == 0)
                && found.get(THETA)[0] == found.get(ALPHA)[0];
        if (!same) {
            problems.add("found " + FactorShapes.text(found) + ", expected " + THETA + " and " + ALPHA
                    + " of one length, a multiple of " + step + " (" + variant.peftName() + ", groups of " + group
                    + ")");
        }
        return problems;
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        return IdentityStart.of(start, factors(start.shape(), start.rank()), ALPHA, DEVIATION);
    }

    @Override
    public <T> T output(ModuleAlgebra<T> module, Factors<T> factors, T y) {
        return module.fromOutputRows(turned(module, factors, module.outputRows(y)), y);
    }

    @Override
    public <T> T weight(WeightAlgebra<T> module, Factors<T> factors, T w) {
        T columns = module.permute(module.asRows(w), 1, 0);
        return module.asWeight(module.permute(turned(module, factors, columns), 1, 0));
    }

    @Override
    public <T> T bias(Algebra<T> algebra, Factors<T> factors, T bias) {
        long outputs = algebra.size(factors.get(THETA), 0) * 2 / variant.numbersOfPair();
        T row = turned(algebra, factors, algebra.reshape(bias, 1, outputs));
        return algebra.reshape(row, outputs);
    }

    /** The rows {@code [n, outputs]}, each turned. */
    private <T> T turned(Algebra<T> algebra, Factors<T> factors, T rows) {
        long half = group / 2;
        T theta = factors.get(THETA);
        T alpha = factors.get(ALPHA);
        long groups = algebra.size(theta, 0) / (half * variant.numbersOfPair());
        // What stays of an output, and what comes to it from the other one of its pair, as [1, groups, 1 or 2, half].
        T cosine = part(algebra, algebra.multiply(alpha, algebra.cosine(theta)), groups, 0);
        T sine = part(algebra, algebra.multiply(alpha, algebra.sine(theta)), groups, 1);
        boolean one = variant == RoadVariant.ROAD_1;
        T minus = algebra.scale(one ? sine : algebra.slice(sine, 2, 0, 1), -1);
        T signed = algebra.concatenate(2, List.of(minus, one ? sine : algebra.slice(sine, 2, 1, 2)));
        T pairs = algebra.reshape(rows, -1, groups, 2, half);
        T first = algebra.slice(pairs, 2, 0, 1);
        T second = algebra.slice(pairs, 2, 1, 2);
        T swapped = algebra.concatenate(2, List.of(second, first));
        T turned = algebra.add(algebra.multiply(pairs, cosine), algebra.multiply(swapped, signed));
        return algebra.reshape(turned, -1, groups * group);
    }

    /** The numbers of one of both columns of the matrices of pairs. */
    private <T> T part(Algebra<T> algebra, T values, long groups, int column) {
        long half = group / 2;
        if (variant == RoadVariant.ROAD_1) {
            return algebra.reshape(values, 1, groups, 1, half);
        }
        if (variant == RoadVariant.ROAD_2) {
            return algebra.reshape(values, 1, groups, 2, half);
        }
        T columns = algebra.reshape(values, groups, 2, group);
        return algebra.reshape(algebra.slice(columns, 1, column, column + 1), 1, groups, 2, half);
    }
}
