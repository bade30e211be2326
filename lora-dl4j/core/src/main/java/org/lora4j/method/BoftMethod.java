/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.config.BoftConfig;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * BOFT: {@code W' = s * W (Bm ... B1)^T}, a number for each output times the weight turned by butterfly factors {@code B = P D P^T}. D
 * has blocks along its diagonal, Cayley's rotations of {@code (R - R^T) / 2}; P brings inputs that lie far from each other into
 * one block, twice as far in each further factor, and is the identity in the first.
 *
 * <p><i>Shapes</i> R {@code [factors, blocks, size, size]}, s {@code [outputs, 1]}, of a convolution {@code [1, outputs]}. Size times
 * blocks is the number of inputs times the window. R starts at 0 and s at 1, and changes nothing there.
 *
 * <p><i>Source:</i> Liu et al., "Parameter-Efficient Orthogonal Finetuning via Butterfly Factorization", 2023, arXiv 2311.06243,
 * section 4.
 *
 * @apiNote Status: experimental
 */
public final class BoftMethod implements ReplacingMethod {

    /** Suffix of the matrices [factors, blocks, size, size]. */
    public static final String R = "boft_R";

    private static final String S = "boft_s";

    static final MethodTraits TRAITS = MethodTraits.builder("BOFT", "BOFT")
            .multiplies(true)
            .order(Order.FIRST_FIRST)
            .factor(R, "R")
            .factor(S, "S")
            .build();

    /** Of values drawn instead of the start; as PEFT has it. */
    private static final double DEVIATION = 0.1;

    /** With more, no weight has enough blocks. */
    private static final int MOST_FACTORS = 30;

    private final int blocks;
    private final int blockSize;
    private final int butterflies;

    /**
     * Makes the method.
     *
     * @param config says how
     */
    public BoftMethod(BoftConfig config) {
        this(config.blocks(), config.blockSize(), config.butterflyFactors());
    }

    private BoftMethod(int blocks, int blockSize, int butterflies) {
        FactorShapes.requireSizes("BOFT", 0, Map.of("blocks", blocks, "blockSize", blockSize));
        FactorShapes.requireSizes(
                "BOFT", 1, Map.of("blocks or blockSize", Math.max(blocks, blockSize), "butterflyFactors", butterflies));
        if (butterflies > MOST_FACTORS) {
            throw new IllegalArgumentException("BOFT: butterflyFactors = " + butterflies + ", expected " + MOST_FACTORS
                    + " or fewer. Set butterflyFactors.");
        }
        this.blocks = blocks;
        this.blockSize = blockSize;
        this.butterflies = butterflies;
    }

    static BoftMethod saved(MethodOptions options) {
        return new BoftMethod(options.integer("blocks"), options.integer("size"), options.integer("factors"));
    }

    @Override
    public MethodTraits traits() {
        return TRAITS.toBuilder()
                .variant("blocks", blocks)
                .variant("size", blockSize)
                .variant("factors", butterflies)
                .build();
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        boolean convolution =
                shape.kind() == ModuleShape.Kind.CONVOLUTION && shape.kernel().size() == 2 && !shape.isGrouped();
        if (shape.kind() != ModuleShape.Kind.LINEAR && !convolution) {
            throw new IllegalArgumentException("BOFT, module of shape " + shape
                    + ": inputs of this kind are not turned; expected a linear module, or a convolution over two axes of one"
                    + " group. Exclude the module.");
        }
        long inputs = shape.fanIn();
        long asked = blockSize > 0 ? blockSize : blocks;
        long size = blockSize > 0 ? blockSize : Math.max(1, inputs / asked);
        long apart = 1L << (butterflies - 1);
        boolean even = butterflies == 1 || size % 2 == 0 && inputs / size % 2 == 0;
        if (inputs % asked != 0 || inputs % (size * apart) != 0 || !even) {
            throw new IllegalArgumentException("BOFT, module of shape " + shape + ": its " + inputs
                    + " inputs are not to be split for " + (blockSize > 0 ? "blockSize = " : "blocks = ") + asked
                    + " and butterflyFactors = " + butterflies
                    + "; expected a divisor, and with several factors an even size"
                    + " and a multiple of " + apart + " blocks. Choose other sizes, or exclude the module.");
        }
        Map<String, long[]> factors = new LinkedHashMap<>();
        factors.put(R, new long[] {butterflies, inputs / size, size, size});
        factors.put(S, convolution ? new long[] {1, shape.outputs()} : new long[] {shape.outputs(), 1});
        return factors;
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int rank) {
        long[] r = found.get(R);
        long[] s = found.get(S);
        List<String> problems = new ArrayList<>();
        boolean sound = found.keySet().equals(Set.of(R, S))
                && r.length == 4
                && r[0] == butterflies
                && (blockSize > 0 ? r[2] == blockSize : r[1] == blocks)
                && r[2] == r[3]
                && s.length == 2
                && FactorShapes.length(s) == Math.max(s[0], s[1]);
        if (!sound) {
            problems.add("found " + FactorShapes.text(found) + ", expected " + R + " [" + butterflies + ", "
                    + (blockSize > 0 ? "blocks, " + blockSize + ", " + blockSize : blocks + ", size, size") + "] and "
                    + S
                    + " of a number for each output");
        }
        return problems;
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        return IdentityStart.of(start, factors(start.shape(), start.rank()), S, DEVIATION);
    }

    @Override
    public <T> T weight(WeightAlgebra<T> module, Factors<T> factors, T w) {
        T r = factors.get(R);
        long count = module.size(r, 1);
        long size = module.size(r, 2);
        T stack = module.reshape(r, butterflies * count, size, size);
        T skew = module.scale(module.subtract(stack, BlockRotations.transposed(module, stack)), 0.5);
        T rotations = BlockRotations.cayley(module, skew, butterflies * count, size);
        T rows = module.asRows(w);
        for (int i = 0; i < butterflies; i++) {
            T back = BlockRotations.transposed(module, module.slice(rotations, 0, i * count, (i + 1) * count));
            T near = exchanged(module, rows, count * size, size, i, true);
            T turned = BlockRotations.timesBlocks(module, near, back, count, size, false);
            rows = exchanged(module, turned, count * size, size, i, false);
        }
        T perOutput = module.reshape(factors.get(S), module.shape().outputs());
        return module.multiply(module.asWeight(rows), module.alongWeight(perOutput));
    }

    /**
     * Columns as a factor has them, or back: in stretches of {@code 2^(factor + 1)} half blocks, every second half block goes
     * behind the others.
     */
    private static <T> T exchanged(Algebra<T> algebra, T rows, long inputs, long size, int factor, boolean back) {
        if (factor == 0) {
            return rows;
        }
        long pairs = 1L << factor;
        long half = size / 2;
        T apart = back ? algebra.reshape(rows, -1, 2, pairs, half) : algebra.reshape(rows, -1, pairs, 2, half);
        return algebra.reshape(algebra.permute(apart, 0, 2, 1, 3), -1, inputs);
    }
}
