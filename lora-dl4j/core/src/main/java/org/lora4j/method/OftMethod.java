/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.config.Initialization;
import org.lora4j.config.OftConfig;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * OFT: inputs are turned block by block, {@code y = W (x R) + b} with R along the diagonal. A block is the rotation of a skew
 * matrix Q, exactly {@code (I - Q) (I + Q)^-1} or by the first terms of the series of its inverse (Cayley and Neumann). Constrained,
 * a Q that is longer than {@code eps / sqrt(blocks)} counts as one of that length; its gradient is taken as if it were that one.
 *
 * <p><i>Shape</i> of R: {@code [blocks, size (size - 1) / 2]}, the numbers above the diagonal of each Q row by row; one row if all
 * blocks are equal. Size times blocks is the number of inputs. It starts at 0, and changes nothing there.
 *
 * <p>On convolutions with a window above 1 it does what PEFT does: windows of the input, moved by 1, are turned and put together
 * in another order, overlaps summed. That is no change of the weight, and a fresh adapter changes the output: such an adapter is
 * neither merged nor converted.
 *
 * <p><i>Source:</i> Qiu et al., "Controlling Text-to-Image Diffusion by Orthogonal Finetuning", 2023, arXiv 2306.07280, section
 * 3; the series: Qiu et al., "Orthogonal Finetuning Made Scalable", 2025, arXiv 2506.19847, section 4.
 *
 * @apiNote Status: experimental
 */
public final class OftMethod implements ReplacingMethod {

    private static final String R = "oft_R.weight";

    /** The adapter that was made active first turns the input first. */
    static final MethodTraits TRAITS = MethodTraits.builder("OFT", "OFT")
            .place(Place.INPUT)
            .multiplies(true)
            .order(Order.LAST_FIRST)
            .factor(R, "R")
            .build();

    /** Of values drawn instead of the start. */
    private static final double DEVIATION = 0.1;

    private final int blocks;
    private final int blockSize;
    private final boolean equal;
    private final Optional<Double> epsilon;
    private final Optional<Integer> terms;

    /**
     * Makes the method.
     *
     * @param config says how
     */
    public OftMethod(OftConfig config) {
        this(
                config.blocks(),
                config.blockSize(),
                config.blockShare(),
                config.coft() ? Optional.of(config.eps()) : Optional.empty(),
                config.cayleyNeumann() ? Optional.of(config.cayleyNeumannTerms()) : Optional.empty());
    }

    private OftMethod(int blocks, int blockSize, boolean equal, Optional<Double> epsilon, Optional<Integer> terms) {
        FactorShapes.requireSizes("OFT", 0, Map.of("blocks", blocks, "blockSize", blockSize));
        FactorShapes.requireSizes(
                "OFT",
                1,
                Map.of("blocks or blockSize", Math.max(blocks, blockSize), "cayleyNeumannTerms", terms.orElse(1)));
        this.blocks = blocks;
        this.blockSize = blockSize;
        this.equal = equal;
        this.epsilon = epsilon;
        this.terms = terms;
    }

    static OftMethod saved(MethodOptions options) {
        int terms = options.integer("terms");
        return new OftMethod(
                options.integer("blocks"),
                options.integer("size"),
                options.flag("equal"),
                options.text("eps").equals("none") ? Optional.empty() : Optional.of(options.number("eps")),
                terms == 0 ? Optional.empty() : Optional.of(terms));
    }

    /** The size of a block in a module: what divides its inputs and is nearest to what was asked for, as in PEFT. */
    private long size(ModuleShape shape) {
        return blockSize > 0
                ? nearestDivisor(shape.fanIn(), blockSize)
                : shape.fanIn() / nearestDivisor(shape.fanIn(), blocks);
    }

    /** The smaller one of two that are equally near. */
    static long nearestDivisor(long number, long wanted) {
        if (wanted >= number) {
            return number;
        }
        long above = wanted;
        while (number % above != 0) {
            above++;
        }
        long below = wanted;
        while (number % below != 0) {
            below--;
        }
        return wanted - below <= above - wanted ? below : above;
    }

    @Override
    public MethodTraits traits() {
        return TRAITS.toBuilder()
                .variant("blocks", blocks)
                .variant("size", blockSize)
                .variant("equal", equal)
                .variant("eps", epsilon.map(String::valueOf).orElse("none"))
                .variant("terms", terms.orElse(0))
                .build();
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        boolean convolution =
                shape.kind() == ModuleShape.Kind.CONVOLUTION && shape.kernel().size() == 2 && !shape.isGrouped();
        if (shape.kind() != ModuleShape.Kind.LINEAR && !convolution) {
            throw new IllegalArgumentException("OFT, module of shape " + shape
                    + ": inputs of this kind are not turned; expected a linear module, or a convolution over two axes of one"
                    + " group. Exclude the module.");
        }
        long size = size(shape);
        if (size < 2) {
            throw new IllegalArgumentException("OFT, module of shape " + shape + ": blocks of size " + size + " of its "
                    + shape.inputs()
                    + " inputs cannot turn; expected 2 or more. Choose another blockSize, or exclude the"
                    + " module.");
        }
        return Map.of(R, new long[] {equal ? 1 : shape.fanIn() / size, size * (size - 1) / 2});
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int rank) {
        long[] r = found.get(R);
        boolean sound = found.size() == 1 && r != null && r.length == 2 && (!equal || r[0] == 1) && isTriangle(r[1]);
        return sound
                ? List.of()
                : List.of("found " + FactorShapes.text(found) + ", expected " + R + " [" + (equal ? "1" : "blocks")
                        + ", size (size - 1) / 2]");
    }

    private static boolean isTriangle(long numbers) {
        long size = Math.round((1 + Math.sqrt(1 + 8.0 * numbers)) / 2);
        return numbers > 0 && size * (size - 1) / 2 == numbers;
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        long[] shape = factors(start.shape(), start.rank()).get(R);
        return Map.of(
                R,
                start.initialization() == Initialization.RANDOM
                        ? RandomStreams.normal(start.random(), DEVIATION, start.dataType(), shape)
                        : Nd4j.zeros(start.dataType(), shape));
    }

    @Override
    public boolean changesWeight(ModuleShape shape) {
        return shape.fanIn() == shape.inputs();
    }

    @Override
    public <T> T input(ModuleAlgebra<T> module, Factors<T> factors, T x) {
        T rotations = rotations(module, factors);
        return changesWeight(module.shape())
                ? module.fromInputRows(turned(module, module.inputRows(x), rotations), x)
                : module.fromPatchRows(turned(module, module.patchRows(x), rotations), x);
    }

    @Override
    public <T> T weight(WeightAlgebra<T> module, Factors<T> factors, T w) {
        if (!changesWeight(module.shape())) {
            throw new IllegalArgumentException("OFT, module of shape " + module.shape()
                    + ": with a window above 1 its forward pass is PEFT's, which no weight computes; expected a window of"
                    + " 1. Use the adapter unmerged, in a SameDiff graph.");
        }
        T back = BlockRotations.transposed(module, rotations(module, factors));
        return module.asWeight(turned(module, module.asRows(w), back));
    }

    private <T> T turned(WeightAlgebra<T> module, T rows, T rotations) {
        long size = size(module.shape());
        return BlockRotations.timesBlocks(
                module, rows, rotations, module.shape().fanIn() / size, size, equal);
    }

    private <T> T rotations(WeightAlgebra<T> module, Factors<T> factors) {
        long size = size(module.shape());
        T r = factors.get(R);
        long count = module.size(r, 0);
        T skew = skew(module, constrained(module, r, count), count, size);
        return terms.isPresent()
                ? BlockRotations.series(module, skew, terms.get(), count, size)
                : BlockRotations.cayley(module, skew, count, size);
    }

    /** The value is the projected one, the gradient that of the factor: a step starts from the projection. */
    private <T> T constrained(Algebra<T> algebra, T r, long count) {
        if (epsilon.isEmpty()) {
            return r;
        }
        double longest = epsilon.get() / Math.sqrt(count);
        // Each number stands in Q twice.
        T squares = algebra.multiply(algebra.held(r), algebra.held(r));
        // ND4J cannot sum along an axis of one element in a graph that is run without its values.
        T sums = algebra.size(r, 1) == 1 ? squares : algebra.sum(squares, 1);
        T length = algebra.squareRoot(algebra.scale(sums, 2));
        T part = algebra.divide(algebra.atMost(length, longest), algebra.oneForZero(length));
        return algebra.add(r, algebra.held(algebra.multiply(r, algebra.plus(part, -1))));
    }

    private static <T> T skew(Algebra<T> algebra, T r, long count, long size) {
        long triangle = size * (size - 1) / 2;
        long[] places = new long[Math.toIntExact(count * triangle)];
        int at = 0;
        for (long block = 0; block < count; block++) {
            for (long row = 0; row < size; row++) {
                for (long column = row + 1; column < size; column++) {
                    places[at++] = (block * size + row) * size + column;
                }
            }
        }
        T upper = algebra.placed(algebra.reshape(r, count * triangle), places, count, size, size);
        return algebra.subtract(upper, BlockRotations.transposed(algebra, upper));
    }
}
