/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.Initialization;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class DoraMethodTest {

    private final DoraMethod method = new DoraMethod();

    static Stream<ModuleShape> shapes() {
        return Stream.of(
                ModuleShape.linear(5, 3),
                ModuleShape.embedding(7, 3),
                ModuleShape.convolution(2, 3, 4),
                ModuleShape.convolution(2, 3, 2, 2),
                ModuleShape.convolution(2, 3, 1, 2, 2));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void initialize_changesNothingButTheLastBits(ModuleShape shape) {
        INDArray weight = RandomStreams.uniform(RandomStreams.of(1, "w"), 1, DataType.DOUBLE, shape.weight());
        FactorStart start = new FactorStart(
                shape, 2, 0.5, Initialization.KAIMING_UNIFORM, RandomStreams.of(2, "m"), DataType.DOUBLE, () -> weight);

        Map<String, INDArray> factors = method.initialize(start);

        method.factors(shape, 2)
                .forEach((suffix, size) ->
                        assertThat(factors.get(suffix).shape()).as(suffix).isEqualTo(size));
        INDArray delta = method.deltaWeight(shape, weight, factors, 0.5);
        assertThat(delta.amaxNumber().doubleValue()).isLessThan(1e-15);
    }

    /** V = [[3, 4], [0, 1]] + 2 [[0], [1]] [[0, 1]] = [[3, 4], [0, 3]]; lengths 5 and 3. */
    @Test
    void mergedWeight_hasTheMagnitudesAsLengths() {
        INDArray weight = Nd4j.createFromArray(new double[][] {{3, 4}, {0, 1}});
        Map<String, INDArray> factors = Map.of(
                "lora_A.weight", Nd4j.createFromArray(new double[][] {{0, 1}}),
                "lora_B.weight", Nd4j.createFromArray(new double[][] {{0}, {1}}),
                "lora_magnitude_vector", Nd4j.createFromArray(10.0, 6.0));

        INDArray merged = method.mergedWeight(ModuleShape.linear(2, 2), weight, factors, 2);

        assertThat(merged.sub(Nd4j.createFromArray(new double[][] {{6, 8}, {0, 6}}))
                        .amaxNumber()
                        .doubleValue())
                .isLessThan(1e-14);
        assertThat(weight.getDouble(1, 1)).isEqualTo(1);
    }

    @Test
    void mergedWeight_ofAnOutputThatIsZero_staysZero() {
        INDArray weight = Nd4j.zeros(DataType.FLOAT, 1, 2);
        Map<String, INDArray> factors = Map.of(
                "lora_A.weight", Nd4j.ones(DataType.FLOAT, 1, 2),
                "lora_B.weight", Nd4j.zeros(DataType.FLOAT, 1, 1),
                "lora_magnitude_vector", Nd4j.zeros(DataType.FLOAT, 1));

        assertThat(method.mergedWeight(ModuleShape.linear(2, 1), weight, factors, 1))
                .isEqualTo(weight);
    }

    @Test
    void mergedWeight_withTheMagnitudesOfAnotherModule_saysSo() {
        INDArray weight = Nd4j.zeros(DataType.FLOAT, 2, 2);
        Map<String, INDArray> factors = Map.of("lora_magnitude_vector", Nd4j.zeros(DataType.FLOAT, 3));

        assertThatThrownBy(() -> method.mergedWeight(ModuleShape.linear(2, 2), weight, factors, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("found 3 magnitudes; expected 2");
    }

    @Test
    void factors_ofAConvolutionInGroups_areRefused() {
        assertThatThrownBy(() -> method.factors(ModuleShape.groupedConvolution(4, 4, 2, 3), 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has no magnitudes");
    }
}
