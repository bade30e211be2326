/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.config.Initialization;
import org.lora4j.config.RandLoraConfig;
import org.lora4j.config.VeraConfig;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** VeRA, RandLoRA, FourierFT and VB-LoRA by hand, and what modules share when they are fresh. */
class SharedMethodsTest {

    private static INDArray delta(
            AdapterMethod method, ModuleShape shape, Map<String, INDArray> factors, double scale) {
        return method.deltaWeight(shape, Nd4j.zeros(DataType.DOUBLE, shape.weight()), factors, scale);
    }

    private static INDArray row(double... values) {
        return Nd4j.createFromArray(values);
    }

    @Test
    void vera_weighsBothSidesOfTheProjections() {
        Map<String, INDArray> factors = Map.of(
                "vera_lambda_b", row(1, 10),
                "vera_lambda_d", row(2),
                "vera_A", Nd4j.createFromArray(new double[][] {{1, 3, 99}}),
                "vera_B", Nd4j.createFromArray(new double[][] {{1}, {5}, {99}}));

        INDArray delta = delta(new VeraMethod(false, 0, 0.1, true), ModuleShape.linear(2, 2), factors, 1);

        // The last column of A and the last row of B are other modules'.
        assertThat(delta.data().asDouble()).containsExactly(2, 6, 100, 300);
    }

    @Test
    void fourierFt_isTheInverseTransform() {
        Map<String, INDArray> factors = Map.of(
                "fourierft_spectrum", row(4, 8),
                "fourierft_indices", Nd4j.createFromArray(new double[][] {{0, 1}, {0, 1}}));

        INDArray delta = delta(new FourierFtMethod(), ModuleShape.linear(2, 2), factors, 3);

        // 3 / 4 (4 + 8 (-1)^(m + n)).
        assertThat(delta.data().asDouble()).containsExactly(new double[] {9, -3, -3, 9}, offset(1e-12));
    }

    @Test
    void fourierFt_impossiblePositions_areNamed() {
        INDArray positions = Nd4j.createFromArray(new double[][] {{0, 2}, {0, 0}});

        assertThat(new FourierFtMethod().misfits(ModuleShape.linear(2, 2), Map.of("fourierft_indices", positions)))
                .singleElement()
                .asString()
                .contains("position 1 of fourierft_indices is [2.0, 0.0], expected a row below 2");
    }

    @Test
    void vbLora_mixesTheVectorsOfTheLargestLogits() {
        double third = Math.log(1 / 3.0);
        Map<String, INDArray> factors = Map.of(
                "vblora_logits_A", row(0, third, -9).reshape(1, 1, 3),
                "vblora_logits_B", row(-9, 0, third).reshape(1, 1, 3),
                "vblora_vector_bank", Nd4j.createFromArray(new double[][] {{4, 0}, {0, 4}, {8, 8}}));

        INDArray delta = delta(new VbLoraMethod(3, 2, 2, false), ModuleShape.linear(2, 2), factors, 1);

        // A = 3/4 [4, 0] + 1/4 [0, 4], B = 3/4 [0, 4] + 1/4 [8, 8].
        assertThat(delta.data().asDouble()).containsExactly(new double[] {6, 2, 15, 5}, offset(1e-12));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void randLora_freshProjections_haveADeviationOfOne(boolean sparse) {
        RandLoraMethod method = new RandLoraMethod(4, sparse, false, true);

        INDArray b = method.initialize(start(ModuleShape.linear(6, 8), "m")).get("randlora_B");

        assertThat(b.stdNumber().doubleValue()).isCloseTo(1, offset(1e-9));
        if (sparse) {
            assertThat(java.util.Arrays.stream(b.data().asDouble())
                            .map(Math::abs)
                            .distinct()
                            .count())
                    .isEqualTo(2);
        }
    }

    private static FactorStart start(ModuleShape shape, String path) {
        return new FactorStart(
                shape,
                2,
                1,
                Initialization.KAIMING_UNIFORM,
                RandomStreams.of(1, path),
                DataType.DOUBLE,
                AdapterMethods.shared(
                        RandLoraConfig.builder().rank(2).targetModules("a").build(),
                        Map.of("a", ModuleShape.linear(6, 8), "b", ModuleShape.linear(9, 3))),
                () -> null);
    }

    @Test
    void sharedTensors_areAsLargeAsAllModulesTogetherNeedThem() {
        Map<String, ModuleShape> modules = Map.of("a", ModuleShape.linear(6, 8), "b", ModuleShape.linear(9, 3));

        assertThat(AdapterMethods.shared(
                        VeraConfig.builder().rank(2).targetModules("a").build(), modules))
                .hasEntrySatisfying("vera_A", shape -> assertThat(shape).containsExactly(2, 9))
                .hasEntrySatisfying("vera_B", shape -> assertThat(shape).containsExactly(8, 2));
        // As PEFT sizes it: the smaller side of the largest sizes of all, though no module is as large.
        assertThat(AdapterMethods.shared(
                        RandLoraConfig.builder().rank(2).targetModules("a").build(), modules))
                .hasEntrySatisfying("randlora_A", shape -> assertThat(shape).containsExactly(2, 1, 8))
                .hasEntrySatisfying("randlora_B", shape -> assertThat(shape).containsExactly(9, 4, 2));
        assertThat(new RandLoraMethod(4, false, false, true)
                        .initialize(start(ModuleShape.linear(9, 3), "b"))
                        .get("randlora_A"))
                .isEqualTo(new RandLoraMethod(4, false, false, true)
                        .initialize(start(ModuleShape.linear(6, 8), "a"))
                        .get("randlora_A"));
    }

    @Test
    void kindsWithoutSuchAnUpdate_areRefusedByName() {
        assertThatThrownBy(() -> new VeraMethod(false, 0, 0.1, true).factors(ModuleShape.embedding(5, 3), 2))
                .hasMessageContaining("VeRA, module of shape embedding [5, 3]: this kind has no such update;"
                        + " expected a module of kind linear");
        assertThatThrownBy(() -> new VbLoraMethod(3, 2, 2, false).factors(ModuleShape.linear(3, 2), 2))
                .hasMessageContaining("vectorLength = 2; expected a divisor of 3 inputs and 2 outputs");
    }
}
