/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.config.Initialization;
import org.lora4j.config.LokrConfig;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class LokrMethodTest {

    private static AdapterMethod method(LokrConfig.Builder config, ModuleShape shape) {
        return AdapterMethods.of(config.targetModules("any").build(), "any", shape);
    }

    @Test
    void convolutionOverOneAxis_wholeRightSide_isMultipliedAsByPeft() {
        ModuleShape shape = ModuleShape.convolution(1, 4, 2);
        INDArray left = Nd4j.createFromArray(1.0, 2.0).reshape(2, 1);
        INDArray right = Nd4j.createFromArray(1.0, 2.0, 3.0, 4.0).reshape(2, 1, 2);

        INDArray delta = method(LokrConfig.builder(), shape)
                .deltaWeight(shape, Nd4j.zeros(DataType.DOUBLE, 4, 1, 2), Map.of("lokr_w1", left, "lokr_w2", right), 1);

        // torch.kron([[1], [2]], [[[1, 2]], [[3, 4]]]).reshape(4, 1, 2)
        assertThat(delta.data().asDouble()).containsExactly(1, 2, 2, 4, 3, 4, 6, 8);
    }

    @ParameterizedTest
    @CsvSource({"127, -1, 1, 127", "128, -1, 8, 16", "128, 4, 4, 32", "18, 4, 3, 6", "4, 6, 2, 2", "4, 4, 4, 1"})
    void sizes_areSplitAsByPeft(long size, int factor, long first, long second) {
        ModuleShape shape = ModuleShape.linear(size, size);

        Map<String, long[]> factors = method(
                        LokrConfig.builder().decomposeFactor(factor).rank(1000), shape)
                .factors(shape, 1000);

        assertThat(factors.get("lokr_w1")).containsExactly(first, first);
        assertThat(factors.get("lokr_w2")).containsExactly(second, second);
    }

    @Test
    void lycorisStart_hasTheOtherSideZero() {
        ModuleShape shape = ModuleShape.linear(8, 16);
        AdapterMethod method = method(LokrConfig.builder().rank(1), shape);

        Map<String, INDArray> factors = method.initialize(new FactorStart(
                shape, 1, 1, Initialization.LYCORIS, RandomStreams.of(1, "any"), DataType.DOUBLE, () -> null));

        assertThat(factors.get("lokr_w2_b").sumNumber().doubleValue()).isZero();
        assertThat(factors.get("lokr_w1").minNumber().doubleValue()).isNotZero();
    }

    @Test
    void impossibleFactor_isRefusedWithTheOtherProblems() {
        assertThatThrownBy(() -> LokrConfig.builder()
                        .rank(0)
                        .decomposeFactor(0)
                        .initialization(Initialization.GAUSSIAN)
                        .targetModules("any")
                        .build())
                .hasMessageContaining("rank = 0, expected 1 or more")
                .hasMessageContaining("decomposeFactor = 0, expected 1 or more, or -1")
                .hasMessageContaining("initialization = GAUSSIAN, expected one of");
    }
}
