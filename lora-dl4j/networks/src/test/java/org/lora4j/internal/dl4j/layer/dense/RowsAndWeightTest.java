/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.dense;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.LohaConfig;
import org.lora4j.config.LokrConfig;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethod.Place;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.ArrayTape.Node;
import org.lora4j.method.ArrayTape.Recorded;
import org.lora4j.method.ModuleShape;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Methods that act on rows where that is cheaper, in modules large enough for it, against their formed weight. */
class RowsAndWeightTest {

    private static final ModuleShape SHAPE = ModuleShape.linear(24, 36);
    private static final double ROUNDING = 1e-10;

    static List<AdapterConfig> configs() {
        return Stream.of(
                        LohaConfig.builder().rank(2).alpha(3),
                        LokrConfig.builder().rank(1).alpha(3),
                        LokrConfig.builder().rank(1).alpha(3).decomposeBoth(true))
                .<AdapterConfig>map(config -> config.targetModules("any").build())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("configs")
    void rows_giveWhatTheFormedWeightGives_withItsGradients(AdapterConfig config) {
        AdapterMethod method = AdapterMethods.of(config, "any", SHAPE);

        assertThat(method.place(SHAPE, config.rankOf("any"))).isEqualTo(Place.OUTPUT);
        Map<String, INDArray> byRows = pass(method, config, true);
        Map<String, INDArray> byWeight = pass(method, config, false);
        assertThat(byRows.keySet()).isEqualTo(byWeight.keySet());
        byRows.forEach((what, value) -> assertThat(
                        value.sub(byWeight.get(what)).amaxNumber().doubleValue())
                .as(what)
                .isCloseTo(0, offset(ROUNDING)));
    }

    /** The output and the gradients of the input and of the factors. */
    private static Map<String, INDArray> pass(AdapterMethod method, AdapterConfig config, boolean rows) {
        SplittableRandom random = new SplittableRandom(5);
        LinearTape tape = new LinearTape(SHAPE, uniform(random, 36, 24), false, uniform(random, 7, 24), true);
        Map<String, Node> factors = new LinkedHashMap<>();
        method.factors(SHAPE, config.rankOf("any"))
                .forEach((suffix, shape) -> factors.put(suffix, tape.leaf(uniform(random, shape))));
        Recorded recorded = new Recorded(factors, 1.5);
        Node y = rows
                ? method.output(tape, recorded, tape.withoutBias())
                : tape.product(tape.input(), method.weight(tape, recorded, tape.weight()));
        tape.backward(Map.of(y, uniform(random, 7, 36)));
        Map<String, INDArray> results =
                new LinkedHashMap<>(Map.of("y", y.value(), "x", tape.input().gradient()));
        factors.forEach((suffix, node) -> results.put(suffix, node.gradient()));
        return results;
    }

    private static INDArray uniform(SplittableRandom random, long... shape) {
        return RandomStreams.uniform(random, 1, DataType.DOUBLE, shape);
    }
}
