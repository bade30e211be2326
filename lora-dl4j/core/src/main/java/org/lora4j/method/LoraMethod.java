/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Low-rank adaptation: {@code W' = W + scaling * B A}.
 *
 * <p><i>Shapes</i> linear: A {@code [rank, inputs]}, B {@code [outputs, rank]} · embedding: A {@code [rank, inputs]}, B
 * {@code [outputs, rank]}, the update is {@code (B A)^T} · convolution: A {@code [rank, inputs, kernel...]}, B
 * {@code [outputs, rank / groups, 1...]} · experts: A {@code [rank * experts, inputs]}, expert after expert, and B
 * {@code [outputs, rank * experts]}, where the experts alternate. B may have a bias {@code [outputs]}, which is scaled like
 * the update.
 *
 * <p>Start values are those of {@link org.lora4j.config.Initialization}.
 *
 * <p><i>Source:</i> Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021, arXiv 2106.09685, equation 3;
 * rank-stabilized scaling: Kalajdzievski, 2023, arXiv 2312.03732.
 *
 * @apiNote Status: experimental
 */
public final class LoraMethod implements AdapterMethod {

    /** Suffix of A of linear modules and convolutions. */
    public static final String A = "lora_A.weight";

    /** Suffix of B of linear modules and convolutions. */
    public static final String B = "lora_B.weight";

    /** Suffix of the bias of B. */
    public static final String B_BIAS = "lora_B.bias";

    /** Suffix of A of embeddings. */
    public static final String EMBEDDING_A = "lora_embedding_A";

    /** Suffix of B of embeddings. */
    public static final String EMBEDDING_B = "lora_embedding_B";

    static final MethodTraits TRAITS = MethodTraits.builder("LoRA", "LORA")
            .place(Place.OUTPUT)
            .factor(A, "A", FactorTrait.THIN)
            .factor(B, "B", FactorTrait.THIN)
            .otherSuffix(EMBEDDING_A, FactorTrait.THIN)
            .otherSuffix(EMBEDDING_B, FactorTrait.THIN)
            .build();

    static final MethodTraits WITH_BIAS = TRAITS.toBuilder()
            .biasEffect(BiasEffect.ADDS)
            .factor(B_BIAS, "C", FactorTrait.BIAS_OR_GAIN)
            .build();

    private static final MethodTraits WITH_FIXED_UP = TRAITS.toBuilder()
            .variant("trained", "A")
            .factor(B, "B", FactorTrait.THIN, FactorTrait.FIXED)
            .otherSuffix(EMBEDDING_B, FactorTrait.THIN, FactorTrait.FIXED)
            .build();

    private final boolean bias;
    private final boolean fixedUp;

    /** Makes the method without a bias on B. */
    public LoraMethod() {
        this(false);
    }

    /**
     * Makes the method.
     *
     * @param bias whether B has a bias
     */
    public LoraMethod(boolean bias) {
        this(bias, false);
    }

    private LoraMethod(boolean bias, boolean fixedUp) {
        this.bias = bias;
        this.fixedUp = fixedUp;
    }

    /**
     * The variant in which B stays where it started (MiCA).
     *
     * @return the method
     */
    public static LoraMethod withFixedUp() {
        return new LoraMethod(false, true);
    }

    static LoraMethod saved(MethodOptions options) {
        return new LoraMethod(options.bias(), options.values().containsKey("trained"));
    }

    /**
     * The suffix of the factor next to the input.
     *
     * @param shape the module
     * @return the suffix
     */
    public static String down(ModuleShape shape) {
        return shape.kind() == ModuleShape.Kind.EMBEDDING ? EMBEDDING_A : A;
    }

    /**
     * The suffix of the factor next to the output.
     *
     * @param shape the module
     * @return the suffix
     */
    public static String up(ModuleShape shape) {
        return shape.kind() == ModuleShape.Kind.EMBEDDING ? EMBEDDING_B : B;
    }

    @Override
    public MethodTraits traits() {
        return bias ? WITH_BIAS : fixedUp ? WITH_FIXED_UP : TRAITS;
    }

    // The scale sits on the thin side. With B = 0 zeros are added, so the output equals the base's in every value.
    @Override
    public <T> T outputUpdate(ModuleAlgebra<T> module, Factors<T> factors) {
        T thin = factors.gated(module.narrow(factors.drop(module.input()), factors.get(down(module.shape()))));
        T update = module.widen(module.scale(thin, factors.scaling()), factors.get(up(module.shape())));
        return bias
                ? module.add(update, module.alongOutputs(module.scale(factors.get(B_BIAS), factors.scaling())))
                : update;
    }

    @Override
    public <T> T weightUpdate(WeightAlgebra<T> module, Factors<T> factors) {
        return module.update(scaledDown(module, factors), factors.get(up(module.shape())));
    }

    /** {@code s A}. */
    <T> T scaledDown(WeightAlgebra<T> module, Factors<T> factors) {
        return module.scale(factors.get(down(module.shape())), factors.scaling());
    }

    @Override
    public <T> T bias(Algebra<T> algebra, Factors<T> factors, T before) {
        return bias ? algebra.add(before, algebra.scale(factors.get(B_BIAS), factors.scaling())) : before;
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        if (rank < 1) {
            throw new IllegalArgumentException("LoRA, module of shape " + shape + ": rank = " + rank
                    + "; expected 1 or more. Set rank, or the entry of rankPattern that matches this module.");
        }
        checkKind(shape, rank);
        boolean experts = shape.kind() == ModuleShape.Kind.EXPERTS;
        long down = experts ? Math.multiplyExact(rank, shape.parts()) : rank;
        long up = shape.isGrouped() ? rank / shape.parts() : down;
        Map<String, long[]> factors = new LinkedHashMap<>();
        factors.put(down(shape), shape.sized(down, shape.inputs(), false));
        factors.put(up(shape), shape.sized(shape.outputs(), up, true));
        if (bias) {
            factors.put(B_BIAS, new long[] {shape.outputs()});
        }
        return factors;
    }

    private void checkKind(ModuleShape shape, int rank) {
        if (shape.isGrouped() && rank % shape.parts() != 0) {
            throw new IllegalArgumentException("LoRA, module of shape " + shape + ": rank = " + rank
                    + "; expected a multiple of its " + shape.parts() + " groups. Set rank, or the entry of rankPattern"
                    + " that matches this module.");
        }
        if (bias && (shape.kind() == ModuleShape.Kind.EMBEDDING || shape.kind() == ModuleShape.Kind.EXPERTS)) {
            throw new IllegalArgumentException("LoRA, module of shape " + shape
                    + ": loraBias is set; expected a module with a bias. Exclude it or set loraBias to false.");
        }
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        ModuleShape shape = start.shape();
        Map<String, long[]> sizes = factors(shape, start.rank());
        PairStart.Pair pair =
                PairStarts.of(start.initialization()).start(start, sizes.get(down(shape)), sizes.get(up(shape)));
        Map<String, INDArray> factors = new LinkedHashMap<>();
        factors.put(down(shape), pair.a());
        factors.put(up(shape), pair.b());
        if (bias) {
            factors.put(B_BIAS, PairStarts.bias(start, sizes.get(B_BIAS)));
        }
        return factors;
    }

    @Override
    public INDArray deltaWeight(ModuleShape shape, INDArray weight, Map<String, INDArray> factors, double scaling) {
        INDArray a = factors.get(down(shape));
        INDArray b = factors.get(up(shape));
        check(shape, a, b);
        if (shape.isGrouped()) {
            throw new IllegalArgumentException(
                    "LoRA, module of shape " + shape + ": the update of a convolution in groups"
                            + " sees all input channels and has no place in its weight; expected one group. Keep the adapter"
                            + " beside the weight instead of merging it.");
        }
        DataType exact = weight.dataType() == DataType.DOUBLE ? DataType.DOUBLE : DataType.FLOAT;
        INDArray delta = shape.kind() == ModuleShape.Kind.EXPERTS
                ? stacked(shape, a.castTo(exact), b.castTo(exact), scaling)
                : product(shape, a.castTo(exact), b.castTo(exact), scaling);
        return delta.castTo(weight.dataType());
    }

    private static INDArray product(ModuleShape shape, INDArray a, INDArray b, double scaling) {
        long rank = a.size(0);
        // The scale goes onto A, the smaller of the two.
        INDArray product = b.reshape(shape.outputs(), rank)
                .mmul(a.reshape(rank, shape.fanIn()).mul(scaling));
        return shape.kind() == ModuleShape.Kind.EMBEDDING
                ? product.transpose().dup('c')
                : product.dup('c').reshape('c', shape.weight());
    }

    private static INDArray stacked(ModuleShape shape, INDArray a, INDArray b, double scaling) {
        long experts = shape.parts();
        long rank = a.size(0) / experts;
        INDArray delta = Nd4j.create(a.dataType(), shape.weight());
        INDArray ups = b.dup('c').reshape('c', shape.outputs(), rank, experts);
        for (long e = 0; e < experts; e++) {
            INDArray down = a.get(NDArrayIndex.interval(e * rank, (e + 1) * rank), NDArrayIndex.all());
            INDArray up = ups.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.point(e));
            delta.tensorAlongDimension(e, 1, 2)
                    .assign(up.dup('c').mmul(down.dup('c').mul(scaling)));
        }
        return delta;
    }

    @Override
    public INDArray mergedWeight(ModuleShape shape, INDArray weight, Map<String, INDArray> factors, double scaling) {
        return deltaWeight(shape, weight, factors, scaling).addi(weight);
    }

    static void check(ModuleShape shape, INDArray a, INDArray b) {
        int rank = a == null || a.rank() == 0 ? 1 : (int) Math.max(1, a.size(0));
        if (shape.kind() == ModuleShape.Kind.EXPERTS) {
            rank = (int) Math.max(1, rank / shape.parts());
        }
        Map<String, long[]> expected = new LoraMethod().factors(shape, rank);
        long[] foundA = a == null ? null : a.shape();
        long[] foundB = b == null ? null : b.shape();
        if (!Arrays.equals(expected.get(down(shape)), foundA) || !Arrays.equals(expected.get(up(shape)), foundB)) {
            throw new IllegalArgumentException("LoRA, module of shape " + shape + ": found " + down(shape) + " "
                    + Arrays.toString(foundA) + " and " + up(shape) + " " + Arrays.toString(foundB) + "; expected "
                    + Arrays.toString(expected.get(down(shape))) + " and " + Arrays.toString(expected.get(up(shape)))
                    + ". The factors belong to another module or another base model.");
        }
    }
}
