/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.kernel.Multiplier.Factor;
import org.lora4j.exec.kernel.Multiplier.Product;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.onednn.DnnlLibrary;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class OneDnnTest {

    /** Rounding of sums of some dozens of products of numbers below 1. */
    private static final double EXACT = 1e-5;

    @BeforeEach
    void needsTheLibrary() {
        assumeTrue(OneDnn.isAvailable(), "oneDNN has no natives here");
    }

    private static INDArray random(long seed, long... shape) {
        SplittableRandom random = new SplittableRandom(seed);
        INDArray array = Nd4j.create(DataType.FLOAT, shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, (float) (random.nextDouble() - 0.5));
        }
        return array;
    }

    private static double element(INDArray array, boolean transposed, long i, long j) {
        return transposed ? array.getDouble(j, i) : array.getDouble(i, j);
    }

    /** Element by element in double precision. */
    private static void assertProduct(Factor x, Factor w, INDArray before, double kept, INDArray z, double tolerance) {
        for (long i = 0; i < x.rows(); i++) {
            for (long j = 0; j < w.columns(); j++) {
                double sum = kept == 0 ? 0 : before.getDouble(i, j);
                for (long k = 0; k < x.columns(); k++) {
                    sum += element(x.array(), x.transposed(), i, k) * element(w.array(), w.transposed(), k, j);
                }
                assertThat(z.getDouble(i, j)).isCloseTo(sum, within(tolerance));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"false, false, 0", "true, false, 0", "false, true, 1", "true, true, 1", "false, false, 1"})
    void multiply_inEveryDirection_agreesWithTheSumOfProducts(boolean transposeX, boolean transposeW, double kept) {
        Factor x = new Factor(transposeX ? random(1, 17, 5) : random(1, 5, 17), transposeX, false);
        Factor w = new Factor(transposeW ? random(2, 9, 17) : random(2, 17, 9), transposeW, true);
        INDArray z = random(3, 5, 9);
        INDArray before = z.dup();

        OneDnn.products(MathMode.STRICT_F32).multiply(x, w, z, kept);

        assertProduct(x, w, before, kept, z, EXACT);
    }

    @Test
    void multiply_ofVectorsColumnOrderAndViews_agreesWithTheSumOfProducts() {
        Multiplier multiplier = OneDnn.products(MathMode.STRICT_F32);
        INDArray wide = random(4, 6, 20);
        List<INDArray> xs = List.of(
                random(1, 1, 8),
                random(1, 8, 3).transpose(),
                random(1, 4, 8).dup('f'),
                wide.get(NDArrayIndex.all(), NDArrayIndex.interval(3, 11)),
                wide.get(NDArrayIndex.all(), NDArrayIndex.interval(0, 2, 16)));
        List<INDArray> ws = List.of(
                random(5, 8, 1), random(6, 8, 7).dup('f'), random(7, 7, 8).transpose());

        for (INDArray array : xs) {
            for (INDArray weight : ws) {
                Factor x = new Factor(array, false, false);
                Factor w = new Factor(weight, false, true);
                INDArray z = Nd4j.create(DataType.FLOAT, new long[] {x.rows(), w.columns()}, 'c');
                INDArray columns = Nd4j.create(DataType.FLOAT, new long[] {x.rows(), w.columns()}, 'f');
                multiplier.multiply(x, w, z, 0);
                multiplier.multiply(x, w, columns, 0);

                assertProduct(x, w, z, 0, z, EXACT);
                assertProduct(x, w, z, 0, columns, EXACT);
            }
        }
    }

    private static Multiplier bf16() {
        assumeTrue(MathMode.BF16.isSupported(), "oneDNN multiplies no BF16 on this processor");
        return OneDnn.products(MathMode.BF16);
    }

    @Test
    void multiply_inBf16_roundsTheFactorsOfFrozenWeightsAndNoOthers() {
        Multiplier multiplier = bf16();
        // 1 + 2^-9 lies between the BF16 numbers 1 and 1 + 2^-7, closer to 1.
        INDArray x = Nd4j.createFromArray(new float[][] {{1 + 0x1p-9f, 1}});
        INDArray w = Nd4j.createFromArray(new float[][] {{1, 2}, {3, 1 + 0x1p-9f}});
        INDArray frozen = Nd4j.create(DataType.FLOAT, 1, 2);
        INDArray trained = Nd4j.create(DataType.FLOAT, 1, 2);

        multiplier.multiply(new Factor(x, false, false), new Factor(w, false, true), frozen, 0);
        multiplier.multiply(new Factor(x, false, false), new Factor(w, false, false), trained, 0);

        assertThat(frozen.toFloatVector()).containsExactly(4, 3);
        assertThat(trained.toFloatVector()).containsExactly(4 + 0x1p-9f, 3 + 3 * 0x1p-9f);
    }

    @ParameterizedTest
    @CsvSource({"false, 0", "true, 0", "false, 1", "true, 1"})
    void multiply_inBf16_staysWithinItsRounding(boolean transposeW, double kept) {
        Factor x = new Factor(random(1, 5, 40), false, false);
        Factor w = new Factor(transposeW ? random(2, 9, 40) : random(2, 40, 9), transposeW, true);
        INDArray z = random(3, 5, 9);
        INDArray before = z.dup();

        bf16().multiply(x, w, z, kept);

        // 40 products of factors up to 1/2, each with two relative errors of 2^-9.
        assertProduct(x, w, before, kept, z, 40 * 0.25 * 2 * 0x1p-9);
    }

    @Test
    void multiply_inBf16_ofBatches_isStrict() {
        INDArray x = random(1, 2, 5, 40);
        INDArray w = random(2, 2, 40, 9);
        INDArray z = Nd4j.create(DataType.FLOAT, 2, 5, 9);

        bf16().multiply(new Factor(x, false, false), new Factor(w, false, true), z, 0);

        for (int i = 0; i < 2; i++) {
            Factor left = new Factor(x.slice(i), false, false);
            assertProduct(left, new Factor(w.slice(i), false, true), z, 0, z.slice(i), EXACT);
        }
    }

    @Test
    void sum_inBf16_roundsTheProductOfTheFrozenWeightOnly() {
        // In BF16 1 + 2^-9 is 1.
        INDArray w = Nd4j.ones(DataType.FLOAT, 2, 3);
        INDArray fine = Nd4j.ones(DataType.FLOAT, 600, 1).addi(0x1p-9);
        INDArray row = Nd4j.createFromArray(0, 0x1p-9f, 1);
        INDArray z = Nd4j.create(DataType.FLOAT, 600, 3);
        Product frozen = new Product(new Factor(fine, false, false), new Factor(w.getRow(0, true), false, true));
        Product trained = new Product(new Factor(fine, false, false), new Factor(w.getRow(1, true), false, false));

        bf16().sum(List.of(row), List.of(frozen, trained), z);

        for (int i = 0; i < 600; i++) {
            assertThat(z.getRow(i).toFloatVector()).containsExactly(2 + 0x1p-9f, 2 + 0x1p-8f, 3 + 0x1p-9f);
        }
    }

    @Test
    void kernels_inBf16_leaveArraysWithGapsToJava_asFloat() {
        assumeTrue(Bf16Instructions.areHere(), "this processor has no instructions for BF16");
        Multiplier multiplier = bf16();
        Kernel java = Kernel.of((in, out) -> {
            assertThat(List.of(in.get(0).dataType(), out.get(0).dataType())).containsOnly(DataType.FLOAT);
            out.get(0).assign(in.get(0).mul(2));
        });
        INDArray gaps =
                random(1, 5, 12).castTo(DataType.BFLOAT16).get(NDArrayIndex.all(), NDArrayIndex.interval(0, 2, 12));
        INDArray twice = Nd4j.create(DataType.BFLOAT16, 5, 6);

        multiplier.kernel("gelu", java).run(List.of(gaps), List.of(twice));

        assertThat(twice).isEqualTo(gaps.mul(2));
    }

    @Test
    void rounding_ofAnyLayout_isThatOfNd4j() {
        assumeTrue(Bf16Instructions.areHere(), "this processor has no instructions for BF16");
        Kernel java = Kernel.of((in, out) -> out.get(0).assign(in.get(0)));
        Kernel rounding = bf16().kernel(Multiplier.ROUNDING, java);
        INDArray dense = random(2, 7, 33);
        for (INDArray from : List.of(dense, dense.transpose())) {
            INDArray into = Nd4j.create(DataType.BFLOAT16, from.shape());

            rounding.run(List.of(from), List.of(into));

            assertThat(into).isEqualTo(from.castTo(DataType.BFLOAT16));
        }
    }

    @Test
    void multiply_fromSeveralThreads_givesTheBitsOfOne() {
        Multiplier multiplier = bf16();
        Factor x = new Factor(random(1, 32, 64), false, false);
        Factor w = new Factor(random(2, 64, 48), false, true);
        INDArray alone = Nd4j.create(DataType.FLOAT, 32, 48);
        multiplier.multiply(x, w, alone, 0);

        List<CompletableFuture<INDArray>> all = IntStream.range(0, 8)
                .mapToObj(i -> CompletableFuture.supplyAsync(() -> {
                    INDArray z = Nd4j.create(DataType.FLOAT, 32, 48);
                    multiplier.multiply(x, w, z, 0);
                    return z;
                }))
                .toList();

        all.forEach(z -> assertThat(z.join()).isEqualTo(alone));
    }

    private static SameDiff layers() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 12);
        SDVariable first = x.mmul(graph.constant("w1", random(1, 12, 20))).add(graph.constant("b1", random(2, 20)));
        SDVariable a = graph.var("a", random(3, 12, 4));
        SDVariable b = graph.var("b", random(4, 4, 20));
        SDVariable hidden = graph.math().tanh(first.add(x.mmul(a).mmul(b)));
        SDVariable out = hidden.mmul("out", graph.constant("w2", random(5, 20, 3)));
        out.mul(out).mean().rename("loss");
        graph.setLossVariables("loss");
        return graph;
    }

    @ParameterizedTest
    @CsvSource({"STRICT_F32, 1e-5", "BF16, 2e-2"})
    void executor_withProductsOfOneDnn_agreesWithNd4j(MathMode mode, double tolerance) {
        assumeTrue(mode.isSupported(), "oneDNN multiplies no BF16 on this processor");
        SameDiff graph = layers();
        Map<String, INDArray> input = Map.of("x", random(9, 7, 12));
        SameDiffExecutor plain = SameDiffExecutor.forTraining(graph, List.of("a", "b"));
        LossAndGradients expected = plain.gradients(input, 1);

        GraphExecutor executor = plain.withProducts(OneDnn.products(mode));
        LossAndGradients found = executor.gradients(input, 1);

        assertThat(found.loss()).isCloseTo(expected.loss(), within(tolerance * expected.loss()));
        expected.gradients().forEach((name, gradient) -> {
            double scale = gradient.norm2Number().doubleValue();
            assertThat(found.gradients().get(name).sub(gradient).norm2Number().doubleValue())
                    .as(name)
                    .isLessThan(tolerance * scale);
        });
        INDArray out = plain.output(input, List.of("out")).get("out");
        INDArray outFound = executor.output(input, List.of("out")).get("out");
        assertThat(outFound.sub(out).norm2Number().doubleValue())
                .isLessThan(tolerance * out.norm2Number().doubleValue());
        assertThat(outFound.equals(plain.output(input, List.of("out")).get("out")) && mode == MathMode.BF16)
                .as("BF16 rounds, so it is in use")
                .isFalse();
    }

    @Test
    void multiply_inBf16_afterAFrozenWeightWasTrainedElsewhere_takesItsNewValues() {
        Multiplier multiplier = bf16();
        INDArray x = Nd4j.ones(DataType.FLOAT, 1, 4);
        INDArray w = Nd4j.ones(DataType.FLOAT, 4, 2);
        INDArray z = Nd4j.create(DataType.FLOAT, 1, 2);
        multiplier.multiply(new Factor(x, false, false), new Factor(w, false, true), z, 0);

        w.assign(Nd4j.ones(DataType.FLOAT, 4, 2).mul(3));
        multiplier.multiply(new Factor(x, false, false), new Factor(w, false, true), z, 0);

        assertThat(z.toFloatVector()).containsExactly(12, 12);
    }

    @Test
    void executor_inBf16_computesWithAConstantThatLearnsInF32() {
        SameDiff graph = layers();
        List<String> constants = List.of("w1", "w2");
        Map<String, INDArray> input = Map.of("x", random(9, 7, 12));
        SameDiffExecutor plain = SameDiffExecutor.forTraining(graph, constants);
        double expected = plain.gradients(input, 1).loss();

        double found = plain.withProducts(bf16()).gradients(input, 1).loss();

        assertThat(found).isCloseTo(expected, within(EXACT * expected));
    }

    @Test
    void products_inAModeThatTheProcessorLacks_areRefusedWithAdvice() {
        if (MathMode.BF16.isSupported()) {
            assertThat(OneDnn.products(MathMode.BF16).description()).contains("BF16");
        } else {
            assertThatThrownBy(() -> OneDnn.products(MathMode.BF16))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("OneDnn.products(MathMode.BF16): oneDNN has no fast kernel for it on this processor ("
                            + DnnlLibrary.instructions() + "); expected AVX-512, and for speed AVX512-BF16 or AMX."
                            + " Use MathMode.STRICT_F32; MathMode.isSupported() tells beforehand.");
        }
        assertThat(MathMode.STRICT_F32.isSupported()).isTrue();
    }

    @Test
    void description_namesLibraryAndMode() {
        assertThat(bf16().description()).matches("oneDNN 3\\.\\d+ \\(.+\\), BF16, weights copied in BF16");
        assertThat(OneDnn.orNd4j().description()).contains("oneDNN");
    }
}
