/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.random.RandomStreams;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Biases that more than one part of a graph reads: what changes one of them would change the others as well. */
class BiasReadersTest {

    private static final INDArray X = RandomStreams.uniform(new SplittableRandom(5), 1, DataType.DOUBLE, 3, 4);

    private static SDVariable weight(SameDiff graph, String name, long... shape) {
        return graph.var(name, RandomStreams.uniform(new SplittableRandom(name.hashCode()), 1, DataType.DOUBLE, shape));
    }

    private static SameDiff twoLayers() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.DOUBLE, -1, 4);
        SDVariable bias = weight(graph, "bias", 4);
        SDVariable first = x.mmul(weight(graph, "one.weight", 4, 4)).add(bias);
        graph.math().tanh(first).mmul(weight(graph, "two.weight", 4, 4)).add("y", bias);
        return graph;
    }

    private static SameDiff readElsewhere() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.DOUBLE, -1, 4);
        SDVariable bias = weight(graph, "bias", 4);
        x.mmul(weight(graph, "one.weight", 4, 4)).add(bias).mul("y", bias);
        return graph;
    }

    private static SameDiff usesWithOtherBiases() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.DOUBLE, -1, 4);
        SDVariable shared = weight(graph, "one.weight", 4, 4);
        SDVariable first = x.mmul(shared).add(weight(graph, "first", 4));
        graph.math().tanh(first).mmul(shared).add("y", weight(graph, "second", 4));
        return graph;
    }

    static Stream<Named<SameDiff>> graphs() {
        return Stream.of(
                Named.of("two layers", twoLayers()),
                Named.of("read elsewhere", readElsewhere()),
                Named.of("uses with other biases", usesWithOtherBiases()));
    }

    private static double[] output(AdaptedSameDiff model) {
        return model.output(Map.of("x", X), "y").get("y").dup('c').data().asDouble();
    }

    @ParameterizedTest
    @MethodSource("graphs")
    void biasOnB_acts_andIsNotMergedIntoABiasOfOthers(SameDiff graph) {
        AdaptedSameDiff model = AdaptedSameDiff.of(graph);
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .loraBias(true)
                .initialization(Initialization.RANDOM)
                .targetModules("one")
                .build();
        model.addAdapter("a", config, 1);
        model.activate("a");
        double[] attached = output(model);

        assertThatThrownBy(model::merge)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("modules \"one\"", "another part of the model reads");
        assertThatThrownBy(model::mergeAndUnload).isInstanceOf(IllegalStateException.class);
        assertThat(output(model)).isEqualTo(attached);
    }

    @ParameterizedTest
    @MethodSource("graphs")
    void methodThatChangesTheBias_isRefusedByName(SameDiff graph) {
        AdaptedSameDiff model = AdaptedSameDiff.of(graph);

        assertThatThrownBy(() -> model.addAdapter(
                        "a", Ia3Config.builder().targetModules("one").build(), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("adapter \"a\"", "module \"one\"", "IA3 changes the bias");
        assertThat(model.adapterNames()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("graphs")
    void methodThatLeavesTheBias_isMerged(SameDiff graph) {
        AdaptedSameDiff model = AdaptedSameDiff.of(graph);
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .initialization(Initialization.RANDOM)
                .targetModules("one")
                .build();
        model.addAdapter("a", config, 1);
        model.activate("a");
        double[] attached = output(model);

        model.merge();

        assertThat(output(model)).containsExactly(attached, offset(1e-12));
    }
}
