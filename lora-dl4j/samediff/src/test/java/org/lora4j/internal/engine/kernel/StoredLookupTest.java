/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.error.IndexOutOfRangeException;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.quant.Quantization;
import org.lora4j.quant.StoredWeights;
import org.lora4j.random.RandomStreams;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Rows of a stored table, which the head reads too. */
class StoredLookupTest {

    private static final INDArray TABLE = RandomStreams.uniform(new SplittableRandom(1), 1, DataType.FLOAT, 20, 16);
    private static final INDArray FACTOR = RandomStreams.uniform(new SplittableRandom(2), 1, DataType.FLOAT, 16, 16);

    private static final INDArray IDS = Nd4j.createFromArray(new int[][] {{3, 19, 0}, {3, 7, 7}});

    static Stream<Quantization> all() {
        return Stream.of(
                Quantization.bf16(),
                Quantization.f16(),
                Quantization.int8(),
                Quantization.nf4(),
                Quantization.nf4DoubleQuantized());
    }

    /** logits = tanh(table[ids] F) table^T, with ids of any shape and integer type. */
    private static SameDiff graph(INDArray table, INDArray ids) {
        SameDiff graph = SameDiff.create();
        long[] open = new long[ids.rank()];
        Arrays.fill(open, -1);
        SDVariable stored = graph.constant("embed.weight", table);
        SDVariable rows = graph.gather("rows", stored, graph.placeHolder("ids", ids.dataType(), open), 0);
        SDVariable hidden = graph.math().tanh(graph.reshape(rows, -1, 16).mmul(graph.var("f", FACTOR.dup())));
        SDVariable logits = graph.mmul("logits", hidden, stored, false, true, false);
        logits.mul(logits).mean("loss");
        graph.setLossVariables("loss");
        return graph;
    }

    private static SameDiff stored(Quantization way, INDArray ids) {
        return way.apply(graph(TABLE, ids), "embed.weight"::equals).graph();
    }

    private static SameDiff expanded(SameDiff stored, INDArray ids) {
        return graph(StoredWeights.value(stored, "embed.weight"), ids);
    }

    private static void assertClose(INDArray found, INDArray expected) {
        assertThat(found.shape()).isEqualTo(expected.shape());
        assertThat(found.sub(expected).amaxNumber().doubleValue())
                .isLessThan(1e-6 * Math.max(1, expected.amaxNumber().doubleValue()));
    }

    @ParameterizedTest
    @MethodSource("all")
    void lookup_ofIdsOfAnyShapeAndType_givesTheRowsToTheBit(Quantization way) {
        List<INDArray> ids = List.of(
                IDS,
                Nd4j.createFromArray(5L, 0L),
                Nd4j.createFromArray(new long[][][] {{{1}, {2}}}),
                Nd4j.createFromArray(new int[][] {{3, 19}, {0, 3}, {7, 7}}).transpose(),
                Nd4j.scalar(DataType.INT32, 11));
        for (INDArray each : ids) {
            SameDiff small = stored(way, each);
            SameDiff wide = expanded(small, each);
            INDArray expected = wide.output(Map.of("ids", each), "rows").get("rows");

            INDArray found = SameDiffExecutor.forInference(small)
                    .withKernels()
                    .output(Map.of("ids", each), List.of("rows"))
                    .get("rows");

            assertThat(found).as("%s", each).isEqualTo(expected);
            assertThat(small.output(Map.of("ids", each), "rows").get("rows")).isEqualTo(expected);
        }
    }

    /** As positions are looked up: the indices are a constant, or computed from one. */
    @ParameterizedTest
    @MethodSource("all")
    void lookup_ofIndicesThatThePlanKnows_givesTheRowsToTheBit(Quantization way) {
        SameDiff wide = SameDiff.create();
        SDVariable table = wide.constant("embed.weight", TABLE);
        SDVariable positions = wide.constant("positions", Nd4j.createFromArray(4L, 0L, 19L));
        wide.gather("fixed", table, positions, 0);
        wide.gather("computed", table, wide.reshape(positions, 3, 1), 0);
        SDVariable x = wide.placeHolder("x", DataType.FLOAT, 16);
        wide.getVariable("fixed").add(x).add("sum", wide.getVariable("computed"));
        SameDiff small = way.apply(wide, "embed.weight"::equals).graph();
        wide.associateArrayWithVariable(StoredWeights.value(small, "embed.weight"), table);
        Map<String, INDArray> input = Map.of("x", FACTOR.getRow(0).dup());
        INDArray expected = wide.output(input, "sum").get("sum");

        for (GraphExecutor executor : List.<GraphExecutor>of(
                SameDiffExecutor.forInference(small),
                SameDiffExecutor.forInference(small).withKernels(),
                SameDiffExecutor.forInference(small).fastest())) {
            assertThat(executor.output(input, List.of("sum")).get("sum")).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void tiedHead_givesOutputsAndGradientsOfTheValues(Quantization way) {
        SameDiff small = stored(way, IDS);
        SameDiff wide = expanded(small, IDS);
        Map<String, INDArray> input = Map.of("ids", IDS);
        LossAndGradients expected =
                SameDiffExecutor.forTraining(wide, List.of("f")).withKernels().gradients(input, 1);

        SameDiffExecutor kernels =
                SameDiffExecutor.forTraining(small, List.of("f")).withKernels();
        for (GraphExecutor executor : List.of(kernels, kernels.fastest())) {
            LossAndGradients found = executor.gradients(input, 1);
            assertThat(Math.abs(found.loss() - expected.loss())).isLessThan(1e-6 * expected.loss());
            assertClose(found.gradients().get("f"), expected.gradients().get("f"));
            assertClose(
                    executor.output(input, List.of("logits")).get("logits"),
                    wide.output(input, "logits").get("logits"));
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void fuse_ofLookupAndTiedHead_computesNoWholeTable(Quantization way) {
        SameDiff small = stored(way, IDS);

        SameDiff forOutputs = Kernels.fuseStoredWeights(small);

        assertThat(GraphOrder.ancestors(forOutputs, List.of("logits")))
                .as("leaves of the table")
                .noneMatch(name -> name.startsWith("embed.weight"));
    }

    @Test
    void apply_toATable_givesEachRowAScale() {
        SameDiff small = stored(Quantization.int8(), IDS);

        assertThat(small.getVariable("embed.weight.scale").getArr().shape()).containsExactly(20, 1);
    }

    @Test
    void lookup_ofAnIdBeyondTheTable_isRefused() {
        INDArray ids = Nd4j.createFromArray(3, 20);
        SameDiff graph = stored(Quantization.bf16(), ids);
        SameDiff computed = SameDiff.create();
        SDVariable table = computed.constant("embed.weight", TABLE);
        SDVariable x = computed.placeHolder("x", DataType.INT32, -1);
        computed.gather("rows", table, x.add(1), 0);
        SameDiff small =
                Quantization.int8().apply(computed, "embed.weight"::equals).graph();

        assertThatThrownBy(() ->
                        SameDiffExecutor.forInference(graph).withKernels().output(Map.of("ids", ids), List.of("rows")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("placeholder \"ids\" holds 20, expected 0 to 19 (20 rows of \"embed.weight\")");
        for (int wrong : new int[] {19, -2}) {
            assertThatThrownBy(() -> SameDiffExecutor.forInference(small)
                            .withKernels()
                            .output(Map.of("x", Nd4j.createFromArray(3, wrong)), List.of("rows")))
                    .isInstanceOf(IndexOutOfRangeException.class)
                    .hasMessageContaining("variable \"rows\" (lora4j_stored_lookup)")
                    .hasMessageContaining("expected 0 to 19, as \"embed.weight\" has 20");
        }
    }
}
