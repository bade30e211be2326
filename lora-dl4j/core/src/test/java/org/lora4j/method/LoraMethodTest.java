/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.config.Initialization;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class LoraMethodTest {

    private static final ModuleShape LINEAR = ModuleShape.linear(3, 2);
    private static final ModuleShape EMBEDDING = ModuleShape.embedding(3, 2);
    private static final ModuleShape CONVOLUTION = ModuleShape.convolution(1, 2, 1, 2);

    private final LoraMethod method = new LoraMethod();

    private Map<String, INDArray> start(ModuleShape shape, int rank, Initialization rule, DataType type) {
        return method.initialize(new FactorStart(
                shape, rank, 1, rule, RandomStreams.of(1, "m"), type, () -> Nd4j.zeros(type, shape.weight())));
    }

    private static INDArray matrix(double[]... rows) {
        return Nd4j.createFromArray(rows);
    }

    @Test
    void factors_haveTheShapesOfPeft() {
        assertThat(method.factors(LINEAR, 4))
                .containsOnlyKeys("lora_A.weight", "lora_B.weight")
                .containsEntry("lora_A.weight", new long[] {4, 3})
                .containsEntry("lora_B.weight", new long[] {2, 4});
        assertThat(method.factors(EMBEDDING, 4))
                .containsEntry("lora_embedding_A", new long[] {4, 3})
                .containsEntry("lora_embedding_B", new long[] {2, 4});
        assertThat(method.factors(ModuleShape.convolution(3, 5, 7, 9), 4))
                .containsEntry("lora_A.weight", new long[] {4, 3, 7, 9})
                .containsEntry("lora_B.weight", new long[] {5, 4, 1, 1});
    }

    @Test
    void factors_ofRankZero_areRefused() {
        assertThatThrownBy(() -> method.factors(LINEAR, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("rank = 0; expected 1 or more");
    }

    // B A = [[1, 0, 2], [3, 0, 6]]
    @Test
    void deltaWeight_ofALinearModule_isTheScaledProduct() {
        INDArray delta = method.deltaWeight(
                LINEAR,
                Nd4j.zeros(DataType.DOUBLE, 2, 3),
                Map.of(
                        LoraMethod.A,
                        matrix(new double[] {1, 0, 2}),
                        LoraMethod.B,
                        matrix(new double[] {1}, new double[] {3})),
                0.5);

        assertThat(delta).isEqualTo(matrix(new double[] {0.5, 0, 1}, new double[] {1.5, 0, 3}));
    }

    @Test
    void deltaWeight_ofAnEmbedding_isTheTransposedProduct() {
        INDArray delta = method.deltaWeight(
                EMBEDDING,
                Nd4j.zeros(DataType.DOUBLE, 3, 2),
                Map.of(
                        LoraMethod.EMBEDDING_A,
                        matrix(new double[] {1, 0, 2}),
                        LoraMethod.EMBEDDING_B,
                        matrix(new double[] {1}, new double[] {3})),
                1);

        assertThat(delta).isEqualTo(matrix(new double[] {1, 3}, new double[] {0, 0}, new double[] {2, 6}));
    }

    @Test
    void deltaWeight_ofAConvolution_mixesChannelsAtEveryPlaceOfTheWindow() {
        INDArray a = Nd4j.createFromArray(new double[] {5, 7}).reshape(1, 1, 1, 2);
        INDArray b = Nd4j.createFromArray(new double[] {1, -1}).reshape(2, 1, 1, 1);

        INDArray delta = method.deltaWeight(
                CONVOLUTION, Nd4j.zeros(DataType.DOUBLE, 2, 1, 1, 2), Map.of(LoraMethod.A, a, LoraMethod.B, b), 2);

        assertThat(delta)
                .isEqualTo(Nd4j.createFromArray(new double[] {10, 14, -10, -14}).reshape(2, 1, 1, 2));
    }

    @Test
    void mergedWeight_addsTheUpdateAndLeavesTheWeightAlone() {
        INDArray weight = matrix(new double[] {1, 1, 1}, new double[] {1, 1, 1});

        INDArray merged = method.mergedWeight(
                LINEAR,
                weight,
                Map.of(
                        LoraMethod.A,
                        matrix(new double[] {1, 0, 2}),
                        LoraMethod.B,
                        matrix(new double[] {1}, new double[] {3})),
                1);

        assertThat(merged).isEqualTo(matrix(new double[] {2, 1, 3}, new double[] {4, 1, 7}));
        assertThat(weight).isEqualTo(Nd4j.ones(DataType.DOUBLE, 2, 3));
    }

    @Test
    void deltaWeight_ofHalfPrecision_isComputedInSingle() {
        // 2048 + 1 + 1: in half precision every sum would stay at 2048.
        Map<String, INDArray> factors = Map.of(
                LoraMethod.A,
                        matrix(new double[] {2048}, new double[] {1}, new double[] {1})
                                .castTo(DataType.FLOAT16),
                LoraMethod.B, matrix(new double[] {1, 1, 1}).castTo(DataType.FLOAT16));

        INDArray delta = method.deltaWeight(ModuleShape.linear(1, 1), Nd4j.zeros(DataType.FLOAT16, 1, 1), factors, 1);

        assertThat(delta.dataType()).isEqualTo(DataType.FLOAT16);
        assertThat(delta.getDouble(0)).isEqualTo(2050);
    }

    @Test
    void deltaWeight_withFactorsThatDoNotFit_namesBothShapes() {
        assertThatThrownBy(() -> method.deltaWeight(
                        LINEAR,
                        Nd4j.zeros(DataType.DOUBLE, 2, 3),
                        Map.of(LoraMethod.A, Nd4j.ones(DataType.DOUBLE, 4, 5)),
                        1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lora_A.weight [4, 5]")
                .hasMessageContaining("lora_B.weight null")
                .hasMessageContaining("expected [4, 3] and [2, 4]");
    }

    @Test
    void initialize_kaiming_drawsAWithinTheBoundOfItsFanInAndBZero() {
        ModuleShape shape = ModuleShape.convolution(4, 8, 2, 2);

        Map<String, INDArray> factors = start(shape, 16, Initialization.KAIMING_UNIFORM, DataType.FLOAT);

        INDArray a = factors.get(LoraMethod.A);
        assertThat(a.dataType()).isEqualTo(DataType.FLOAT);
        assertThat(a.amaxNumber().doubleValue()).isBetween(0.24, 0.25);
        // Standard deviation of a uniform distribution: bound / sqrt 3; 256 values.
        assertThat(a.stdNumber().doubleValue()).isCloseTo(0.25 / Math.sqrt(3), within(0.02));
        assertThat(factors.get(LoraMethod.B).amaxNumber().doubleValue()).isZero();
    }

    @Test
    void initialize_gaussian_drawsAWithOneOverRank() {
        Map<String, INDArray> factors = start(ModuleShape.linear(500, 3), 4, Initialization.GAUSSIAN, DataType.DOUBLE);

        assertThat(factors.get(LoraMethod.A).stdNumber().doubleValue()).isCloseTo(0.25, within(0.02));
        assertThat(factors.get(LoraMethod.B).amaxNumber().doubleValue()).isZero();
    }

    @Test
    void initialize_random_drawsBoth() {
        Map<String, INDArray> factors = start(LINEAR, 4, Initialization.RANDOM, DataType.DOUBLE);

        assertThat(factors.get(LoraMethod.B).amaxNumber().doubleValue()).isBetween(1e-3, 0.5);
    }

    @Test
    void initialize_anEmbedding_hasAZeroAndBNormal() {
        Map<String, INDArray> factors =
                start(ModuleShape.embedding(7, 500), 4, Initialization.KAIMING_UNIFORM, DataType.DOUBLE);

        assertThat(factors.get(LoraMethod.EMBEDDING_A).amaxNumber().doubleValue())
                .isZero();
        assertThat(factors.get(LoraMethod.EMBEDDING_B).stdNumber().doubleValue())
                .isCloseTo(1, within(0.06));
    }

    @Test
    void moduleShape_withSeveralProblems_listsThem() {
        assertThatThrownBy(() -> new ModuleShape(ModuleShape.Kind.LINEAR, 0, -1, List.of(3L), 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("inputs = 0")
                .hasMessageContaining("outputs = -1")
                .hasMessageContaining("parts = 2, expected 1 for LINEAR")
                .hasMessageContaining("kernel = [3], expected none for LINEAR");
    }

    @Test
    void moduleShape_countsWithTheWindow() {
        ModuleShape shape = ModuleShape.convolution(3, 5, 7, 9);

        assertThat(shape.fanIn()).isEqualTo(189);
        assertThat(shape.parameters()).isEqualTo(945);
        assertThat(shape.weight()).containsExactly(5, 3, 7, 9);
    }
}
