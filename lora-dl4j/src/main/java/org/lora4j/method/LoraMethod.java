/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.array.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Low-rank adaptation: {@code W' = W + scaling * B A}.
 *
 * <p><i>Shapes</i> linear: A {@code [rank, inputs]}, B {@code [outputs, rank]} · embedding: A {@code [rank, inputs]}, B
 * {@code [outputs, rank]}, the update is {@code (B A)^T} · convolution: A {@code [rank, inputs, kernel...]}, B
 * {@code [outputs, rank, 1...]}.
 *
 * <p>Start values are PEFT's: A uniform in ±1/sqrt(fan-in) (Kaiming with a = sqrt 5) and B zero; embeddings have A zero
 * and B normal; {@code GAUSSIAN} draws A with standard deviation 1/rank; {@code RANDOM} draws both, so that the adapted
 * module differs from the base from the start.
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

    /** Suffix of A of embeddings. */
    public static final String EMBEDDING_A = "lora_embedding_A";

    /** Suffix of B of embeddings. */
    public static final String EMBEDDING_B = "lora_embedding_B";

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
    public String name() {
        return "LoRA";
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        if (rank < 1) {
            throw new IllegalArgumentException("LoRA, module of shape " + shape + ": rank = " + rank
                    + "; expected 1 or more. Set rank, or the entry of rankPattern that matches this module.");
        }
        Map<String, long[]> factors = new LinkedHashMap<>();
        factors.put(down(shape), shape.sized(rank, shape.inputs(), false));
        factors.put(up(shape), shape.sized(shape.outputs(), rank, true));
        return factors;
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        ModuleShape shape = start.shape();
        Map<String, long[]> sizes = factors(shape, start.rank());
        DataType type = start.dataType();
        Map<String, INDArray> factors = new LinkedHashMap<>();
        if (shape.kind() == ModuleShape.Kind.EMBEDDING) {
            factors.put(EMBEDDING_A, embeddingA(start, type, sizes.get(EMBEDDING_A)));
            factors.put(EMBEDDING_B, RandomStreams.normal(start.random(), 1, type, sizes.get(EMBEDDING_B)));
        } else {
            factors.put(A, linearA(start, type, sizes.get(A)));
            factors.put(B, linearB(start, type, sizes.get(B)));
        }
        return factors;
    }

    private static INDArray embeddingA(FactorStart start, DataType type, long[] size) {
        return switch (start.initialization()) {
            case KAIMING_UNIFORM, GAUSSIAN -> Nd4j.zeros(type, size);
            case RANDOM -> RandomStreams.normal(start.random(), 1, type, size);
        };
    }

    private static INDArray linearA(FactorStart start, DataType type, long[] size) {
        SplittableRandom random = start.random();
        return switch (start.initialization()) {
            case KAIMING_UNIFORM, RANDOM -> kaiming(random, start.shape().fanIn(), type, size);
            case GAUSSIAN -> RandomStreams.normal(random, 1.0 / start.rank(), type, size);
        };
    }

    private static INDArray linearB(FactorStart start, DataType type, long[] size) {
        return switch (start.initialization()) {
            case KAIMING_UNIFORM, GAUSSIAN -> Nd4j.zeros(type, size);
            case RANDOM -> kaiming(start.random(), start.rank(), type, size);
        };
    }

    // kaiming_uniform with a = sqrt(5): the bound is sqrt(6 / ((1 + a^2) * fanIn)) = 1 / sqrt(fanIn).
    private static INDArray kaiming(SplittableRandom random, long fanIn, DataType type, long[] size) {
        return RandomStreams.uniform(random, 1 / Math.sqrt(fanIn), type, size);
    }

    @Override
    public INDArray deltaWeight(ModuleShape shape, INDArray weight, Map<String, INDArray> factors, double scaling) {
        INDArray a = factors.get(down(shape));
        INDArray b = factors.get(up(shape));
        check(shape, a, b);
        DataType exact = weight.dataType() == DataType.DOUBLE ? DataType.DOUBLE : DataType.FLOAT;
        long rank = a.size(0);
        // The scale goes onto A, the smaller of the two.
        INDArray scaledA = a.castTo(exact).reshape(rank, shape.fanIn()).mul(scaling);
        INDArray product = b.castTo(exact).reshape(shape.outputs(), rank).mmul(scaledA);
        INDArray delta = shape.kind() == ModuleShape.Kind.EMBEDDING
                ? product.transpose().dup('c')
                : product.reshape('c', shape.weight());
        return delta.castTo(weight.dataType());
    }

    private void check(ModuleShape shape, INDArray a, INDArray b) {
        int rank = a == null || a.rank() == 0 ? 1 : (int) Math.max(1, a.size(0));
        Map<String, long[]> expected = factors(shape, rank);
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
