/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.config.Initialization;
import org.lora4j.random.RandomStreams;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class PairStartsTest {

    private static final Path PEFT = Path.of("src/test/resources/peft");

    private static FactorStart start(Initialization rule, INDArray weight, int rank, double scaling) {
        return new FactorStart(
                ModuleShape.linear(weight.size(1), weight.size(0)),
                rank,
                scaling,
                rule,
                RandomStreams.of(5, "fc"),
                weight.dataType(),
                () -> weight);
    }

    private static double largest(INDArray array) {
        return array.amaxNumber().doubleValue();
    }

    /** Signs of singular vectors and of columns of Q are free, the part taken off the base is not. */
    @ParameterizedTest
    @CsvSource({"init-pissa, PISSA, fc1", "init-pissa, PISSA, fc2", "init-olora, OLORA, fc1", "init-olora, OLORA, fc2"})
    void start_fromTheWeight_takesOffTheBaseWhatPeftDoes(String name, Initialization rule, String module)
            throws IOException {
        try (ModelWeights base = ModelWeights.open(PEFT.resolve(name).resolve("base.safetensors"));
                ModelWeights io = ModelWeights.open(PEFT.resolve(name).resolve("io.safetensors"))) {
            INDArray weight = base.get(module + ".weight");
            INDArray a = io.get("init.base_model.model." + module + ".lora_A.weight");
            INDArray b = io.get("init.base_model.model." + module + ".lora_B.weight");
            INDArray residual = io.get("resid." + module + ".weight");
            double scaling = weight.sub(residual).norm2Number().doubleValue()
                    / b.mmul(a).norm2Number().doubleValue();

            Map<String, INDArray> factors = new LoraMethod().initialize(start(rule, weight, (int) a.size(0), scaling));
            INDArray delta = new LoraMethod()
                    .deltaWeight(ModuleShape.linear(weight.size(1), weight.size(0)), weight, factors, scaling);

            assertThat(factors.get("lora_A.weight").shape()).isEqualTo(a.shape());
            assertThat(factors.get("lora_B.weight").shape()).isEqualTo(b.shape());
            assertThat(largest(weight.sub(delta).sub(residual))).isLessThan(2e-6);
        }
    }

    /** W = diag(3, 2, 1) has the singular values 3, 2, 1; rank 2 and scaling 4 leave diag(0, 0, 1). */
    @Test
    void pissa_takesTheLargestSingularValues() {
        INDArray weight = Nd4j.diag(Nd4j.createFromArray(3.0, 2.0, 1.0));

        Map<String, INDArray> factors = new LoraMethod().initialize(start(Initialization.PISSA, weight, 2, 4));

        INDArray product = factors.get("lora_B.weight").mmul(factors.get("lora_A.weight"));
        assertThat(largest(product.mul(4).sub(Nd4j.diag(Nd4j.createFromArray(3.0, 2.0, 0.0)))))
                .isLessThan(1e-12);
    }

    @Test
    void olora_ofAWeightWithAZeroColumn_isStillOrthonormal() {
        INDArray weight = Nd4j.createFromArray(new double[][] {{0, 1, 2}, {0, 1, 0}, {0, 0, 1}});

        Map<String, INDArray> factors = new LoraMethod().initialize(start(Initialization.OLORA, weight, 3, 1));

        INDArray q = factors.get("lora_B.weight");
        assertThat(largest(q.transpose().mmul(q).sub(Nd4j.eye(3).castTo(DataType.DOUBLE))))
                .isLessThan(1e-12);
        assertThat(largest(q.mmul(factors.get("lora_A.weight")).sub(weight))).isLessThan(1e-12);
    }

    @Test
    void orthogonal_startsBothFactorsAndNoUpdate() {
        INDArray weight = Nd4j.zeros(DataType.DOUBLE, 16, 12);

        Map<String, INDArray> factors = new LoraMethod().initialize(start(Initialization.ORTHOGONAL, weight, 4, 1));

        INDArray a = factors.get("lora_A.weight");
        INDArray b = factors.get("lora_B.weight");
        assertThat(largest(a)).isGreaterThan(0.01);
        assertThat(largest(b)).isGreaterThan(0.01);
        assertThat(largest(b.mmul(a))).isLessThan(1e-14);
        // Entries of X Q / 10 with a normal X and an orthonormal Q have the variance (r / 2) / r / 100.
        assertThat(a.norm2Number().doubleValue() / Math.sqrt(a.length())).isCloseTo(Math.sqrt(0.005), within(0.03));
    }

    @Test
    void orthogonal_ofAnOddRank_isRefused() {
        assertThatThrownBy(() -> new LoraMethod()
                        .initialize(start(Initialization.ORTHOGONAL, Nd4j.zeros(DataType.FLOAT, 4, 4), 3, 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ORTHOGONAL, module of shape linear [4, 4], rank 3")
                .hasMessageContaining("even rank");
    }

    @ParameterizedTest
    @EnumSource(
            value = Initialization.class,
            names = {"PISSA", "OLORA", "ORTHOGONAL"})
    void start_madeForMatrices_refusesAConvolution(Initialization rule) {
        ModuleShape shape = ModuleShape.convolution(4, 4, 3);
        INDArray weight = Nd4j.zeros(DataType.FLOAT, 4, 4, 3);

        assertThatThrownBy(() -> new LoraMethod()
                        .initialize(new FactorStart(
                                shape, 2, 1, rule, RandomStreams.of(1, "c"), DataType.FLOAT, () -> weight)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(rule + ", module of shape convolution [4, 4, 3]");
    }

    @Test
    void bias_startsAtZeroUnlessTheUpdateIsRandom() {
        INDArray weight = Nd4j.zeros(DataType.FLOAT, 6, 4);
        LoraMethod method = new LoraMethod(true);

        assertThat(largest(method.initialize(start(Initialization.KAIMING_UNIFORM, weight, 2, 1))
                        .get("lora_B.bias")))
                .isZero();
        INDArray random =
                method.initialize(start(Initialization.RANDOM, weight, 2, 1)).get("lora_B.bias");
        assertThat(random.shape()).containsExactly(6);
        assertThat(largest(random)).isBetween(0.05, 1 / Math.sqrt(2));
    }
}
