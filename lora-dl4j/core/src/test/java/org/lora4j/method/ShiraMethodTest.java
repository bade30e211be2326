/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.config.Initialization;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class ShiraMethodTest {

    private static final ModuleShape SHAPE = ModuleShape.linear(3, 6);

    private final ShiraMethod method = new ShiraMethod();

    @Test
    void values_comeToTheirPlaces() {
        Map<String, INDArray> factors = Map.of(
                "shira_weight", Nd4j.arange(1, 10).castTo(DataType.DOUBLE),
                "shira_indices",
                        Nd4j.createFromArray(
                                new double[][] {{0, 0, 1, 2, 3, 4, 5, 5, 5}, {0, 2, 1, 0, 1, 2, 0, 1, 2}}));

        INDArray delta = method.deltaWeight(SHAPE, Nd4j.zeros(DataType.DOUBLE, 6, 3), factors, 1);

        assertThat(delta.data().asDouble()).containsExactly(1, 0, 2, 0, 3, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6, 7, 8, 9);
    }

    @Test
    void freshPlaces_areDifferentAndInOrder() {
        INDArray places = method.initialize(new FactorStart(
                        SHAPE,
                        1,
                        1,
                        Initialization.KAIMING_UNIFORM,
                        RandomStreams.of(1, "m"),
                        DataType.FLOAT,
                        () -> null))
                .get("shira_indices");

        TreeSet<Integer> flat = new TreeSet<>();
        int last = -1;
        for (int i = 0; i < 9; i++) {
            int place = places.getInt(0, i) * 3 + places.getInt(1, i);
            assertThat(place).isGreaterThan(last).isLessThan(18);
            flat.add(place);
            last = place;
        }
        assertThat(flat).hasSize(9);
    }

    @ParameterizedTest
    @CsvSource({"6, 0", "-1, 0", "0, 3", "0.5, 0", "1, 1"})
    void impossiblePlace_isNamed(double row, double column) {
        INDArray places = Nd4j.createFromArray(new double[][] {{1, row}, {1, column}});

        assertThat(method.misfits(SHAPE, Map.of("shira_indices", places)))
                .singleElement()
                .asString()
                .contains("shira_indices has at 1", "expected places of the weight linear [6, 3], each once");
    }

    @Test
    void moreValuesThanTheWeightHas_areRefused() {
        assertThatThrownBy(() -> method.factors(SHAPE, 3))
                .hasMessageContaining("rank = 3 asks for 27 values of the weight; expected at most its 18");
    }
}
