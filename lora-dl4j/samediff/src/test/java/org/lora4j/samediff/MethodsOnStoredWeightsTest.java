/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.TrainableTokens;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.model.AdapterMethodContract;
import org.lora4j.quant.HalfPrecision;
import org.lora4j.quant.StoredWeights;
import org.lora4j.random.RandomStreams;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Every method on a graph as decoders are built: weights in 16 bits as a file has them, {@code [out, in]} or {@code [in, out]},
 * and a table that is the head, too. All must be as on the F32 graph of the same values.
 */
class MethodsOnStoredWeightsTest {

    /** F32 sums of a few dozen numbers, in two orders, relative. */
    private static final double ROUNDING = 1e-5;

    private static final Map<String, INDArray> INPUT =
            Map.of("ids", Nd4j.createFromArray(new int[][] {{3, 5, 0}, {3, 1, 1}}));

    private interface Weight {
        SDVariable in(SameDiff graph, String name, INDArray values);
    }

    /** embed, up [8, 4], down [8, 4] as Conv1D has it, head tied. */
    private static SameDiff graph(DataType type, Weight weight) {
        SplittableRandom random = new SplittableRandom(7);
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT32, -1, 3);
        SDVariable table = weight.in(graph, "model.embed.weight", values(random, type, 6, 4));
        SDVariable rows = graph.reshape(graph.gather("found", table, ids, 0), -1, 4);
        SDVariable up = graph.mmul(
                "up", rows, weight.in(graph, "model.up.weight", values(random, type, 8, 4)), false, true, false);
        SDVariable down = graph.math()
                .tanh(up)
                .mmul(weight.in(graph, "model.down.weight", values(random, type, 8, 4)))
                .add("down", graph.constant("model.down.bias", values(random, DataType.FLOAT, 4)));
        SDVariable logits = graph.mmul("logits", graph.math().tanh(down), table, false, true, false);
        logits.mul(logits.add(1)).sum("loss");
        graph.setLossVariables("loss");
        return graph;
    }

    private static INDArray values(SplittableRandom random, DataType type, long... shape) {
        return RandomStreams.uniform(random, 1, DataType.FLOAT, shape).castTo(type);
    }

    private static SameDiff stored(DataType type) {
        return graph(type, (graph, name, values) -> StoredWeights.add(graph, name, new HalfPrecision(values)));
    }

    private static SameDiff widened(DataType type) {
        return graph(type, (graph, name, values) -> graph.constant(name, values.castTo(DataType.FLOAT)));
    }

    static Stream<Arguments> cases() {
        List<Arguments> cases = new ArrayList<>();
        AdapterMethodContract.methods().keySet().forEach(method -> cases.add(Arguments.of(method, DataType.BFLOAT16)));
        cases.add(Arguments.of("LoRA", DataType.FLOAT16));
        cases.add(Arguments.of("DoRA", DataType.FLOAT16));
        return cases.stream();
    }

    private static AdaptedSameDiff adapted(String method, SameDiff graph) {
        AdapterConfig.Builder<?> config =
                AdapterMethodContract.methods().get(method).get();
        if (config instanceof Ia3Config.Builder ia3) {
            ia3.feedforwardModules(method.contains("feed") ? new String[] {"up", "down"} : new String[0]);
        }
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(graph), config.targetModules("up", "down").build(), 1);
        SplittableRandom random = new SplittableRandom(3);
        // Away from the start, which changes nothing.
        model.trainableParameters()
                .forEach(each -> each.value()
                        .addi(RandomStreams.uniform(
                                random, 0.3, DataType.FLOAT, each.value().shape())));
        return model;
    }

    private static INDArray logits(AdaptedSameDiff model) {
        return model.output(INPUT, "logits").get("logits");
    }

    private static void assertClose(INDArray found, INDArray expected) {
        double scale = Math.max(1e-3, expected.amaxNumber().doubleValue());
        assertThat(found.shape()).isEqualTo(expected.shape());
        assertThat(found.sub(expected).amaxNumber().doubleValue()).isLessThan(ROUNDING * scale);
    }

    private static void assertAlike(AdaptedSameDiff found, AdaptedSameDiff expected) {
        LossAndGradients reference = expected.executor().gradients(INPUT, 1);
        LossAndGradients pass = found.executor().gradients(INPUT, 1);
        assertThat(Math.abs(pass.loss() - reference.loss())).isLessThan(ROUNDING * Math.abs(reference.loss()));
        assertThat(pass.gradients().keySet())
                .isEqualTo(reference.gradients().keySet())
                .isNotEmpty();
        reference
                .gradients()
                .forEach((name, gradient) -> assertClose(pass.gradients().get(name), gradient));
        assertClose(logits(found), logits(expected));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void method_onStoredWeights_isThatOnTheirValues(String method, DataType type) {
        AdaptedSameDiff found = adapted(method, stored(type));
        AdaptedSameDiff expected = adapted(method, widened(type));

        assertAlike(found, expected);
        INDArray active = logits(found);
        found.merge();
        expected.merge();
        assertClose(logits(found), logits(expected));
        found.unmerge();
        assertThat(logits(found)).isEqualTo(active);
        found.disable();
        assertThat(logits(found)).isEqualTo(stored(type).output(INPUT, "logits").get("logits"));
        found.enable();
        SameDiff unloaded = found.mergeAndUnload();
        assertClose(unloaded.output(INPUT, "logits").get("logits"), active);
        assertThat(GraphOrder.ancestors(unloaded, List.of("logits"))).contains("model.embed.weight");
        assertThat(Stream.of("model.up.weight", "model.down.weight").map(unloaded::getVariable))
                .extracting(SDVariable::getVariableType)
                .containsOnly(VariableType.CONSTANT);
    }

    @Test
    void modules_ofStoredWeights_areThoseOfTheirValues() {
        GraphModules found = GraphModules.find(stored(DataType.BFLOAT16));
        GraphModules expected = GraphModules.find(widened(DataType.BFLOAT16));

        assertThat(found.paths()).isEqualTo(expected.paths()).contains("model.embed", "model.up", "model.down");
        for (String path : found.paths()) {
            assertThat(found.get(path).shape()).isEqualTo(expected.get(path).shape());
            assertThat(found.get(path).weightLayout())
                    .isEqualTo(expected.get(path).weightLayout());
        }
        assertThat(found.notAdaptable()).isEmpty();
        assertThat(AdaptedSameDiff.of(stored(DataType.FLOAT16))
                        .parameterSummary()
                        .total())
                .isEqualTo(6 * 4 + 2 * 8 * 4 + 4);
    }

    @Test
    void lora_ofATableThatIsTheHeadToo_isThatOnItsValues() {
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .initialization(Initialization.RANDOM)
                .targetModules("embed", "up")
                .build();

        AdaptedSameDiff found = DefaultAdapter.fresh(AdaptedSameDiff.of(stored(DataType.BFLOAT16)), config, 1);
        AdaptedSameDiff expected = DefaultAdapter.fresh(AdaptedSameDiff.of(widened(DataType.BFLOAT16)), config, 1);

        assertAlike(found, expected);
        INDArray active = logits(found);
        found.merge();
        assertClose(logits(found), active);
    }

    @Test
    void trainableTokens_ofAStoredTable_areThoseOfItsValues() {
        LoraConfig config = LoraConfig.builder()
                .trainableTokens(TrainableTokens.of(Map.of("embed", List.of(1, 3))))
                .build();
        AdaptedSameDiff found = DefaultAdapter.fresh(AdaptedSameDiff.of(stored(DataType.BFLOAT16)), config, 1);
        AdaptedSameDiff expected = DefaultAdapter.fresh(AdaptedSameDiff.of(widened(DataType.BFLOAT16)), config, 1);

        assertThat(found.trainableParameters().get(0).value())
                .isEqualTo(expected.trainableParameters().get(0).value());
        for (AdaptedSameDiff model : List.of(found, expected)) {
            model.trainableParameters().get(0).value().muli(-2);
        }
        assertAlike(found, expected);
    }

    @Test
    void products_ofOnePiece_areThoseOfF32ToTheBit() {
        LoraConfig config =
                LoraConfig.builder().rank(2).targetModules("up", "down").build();

        LossAndGradients found = DefaultAdapter.fresh(AdaptedSameDiff.of(stored(DataType.BFLOAT16)), config, 1)
                .executor()
                .gradients(INPUT, 1);
        LossAndGradients expected = DefaultAdapter.fresh(AdaptedSameDiff.of(widened(DataType.BFLOAT16)), config, 1)
                .executor()
                .gradients(INPUT, 1);

        assertThat(found.loss()).isEqualTo(expected.loss());
        assertThat(found.gradients()).isEqualTo(expected.gradients());
    }
}
