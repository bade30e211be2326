/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.error.IndexOutOfRangeException;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.SplitExecutor;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.enums.PartitionMode;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.scatter.ScatterNdAdd;
import org.nd4j.linalg.api.ops.impl.scatter.ScatterNdSub;
import org.nd4j.linalg.api.ops.impl.scatter.ScatterNdUpdate;
import org.nd4j.linalg.api.ops.impl.shape.tensorops.EmbeddingLookup;
import org.nd4j.linalg.factory.Nd4j;

/** Indices that the graph itself computes. Without the look at them, these tests read foreign memory or end the JVM. */
class IndicesTest {

    private static final int ROWS = 4;
    private static final int FAR = 1_000_000_000;

    private static final Map<String, INDArray> GOOD = input(ROWS - 1);

    /** Ops on a table [4, 2] and indices of two values, of which the second is given. */
    static Stream<Arguments> ops() {
        return Stream.of(
                op("gather", (g, i) -> g.gather(table(g), i, 0)),
                op("gather of two-dimensional indices", (g, i) -> g.gather(table(g), g.expandDims(i, 0), 0)),
                op("gather along the second axis", (g, i) -> g.gather(g.transpose(table(g)), i, 1)),
                op("gather of longs", (g, i) -> g.gather(table(g), i.castTo(DataType.INT64), 0)),
                op("gatherNd", (g, i) -> g.gatherNd(table(g), g.reshape(i, 2, 1))),
                op("scatterAdd", (g, i) -> g.scatterAdd(table(g), i, rows(g))),
                op("scatterSub", (g, i) -> g.scatterSub(table(g), i, rows(g))),
                op("scatterMul", (g, i) -> g.scatterMul(table(g), i, rows(g))),
                op("scatterDiv", (g, i) -> g.scatterDiv(table(g), i, rows(g))),
                op("scatterMax", (g, i) -> g.scatterMax(table(g), i, rows(g))),
                op("scatterMin", (g, i) -> g.scatterMin(table(g), i, rows(g))),
                op(
                        "embedding lookup",
                        (g, i) -> new EmbeddingLookup(g, table(g), i, PartitionMode.MOD).outputVariable()),
                op(
                        "scatterNdAdd",
                        (g, i) -> new ScatterNdAdd(g, table(g), g.reshape(i, 2, 1), rows(g)).outputVariable()),
                op(
                        "scatterNdSub",
                        (g, i) -> new ScatterNdSub(g, table(g), g.reshape(i, 2, 1), rows(g)).outputVariable()),
                op(
                        "scatterNdUpdate",
                        (g, i) -> new ScatterNdUpdate(g, table(g), g.reshape(i, 2, 1), rows(g)).outputVariable()),
                op(
                        "sparse loss",
                        (g, i) -> g.loss()
                                .sparseSoftmaxCrossEntropy(
                                        g.constant("logits", Nd4j.ones(DataType.FLOAT, 2, ROWS)), i)));
    }

    private static Arguments op(String name, BiFunction<SameDiff, SDVariable, SDVariable> op) {
        return arguments(name, op);
    }

    private static SDVariable table(SameDiff graph) {
        return graph.var("table", Nd4j.ones(DataType.FLOAT, ROWS, 2));
    }

    private static SDVariable rows(SameDiff graph) {
        return graph.constant("rows", Nd4j.ones(DataType.FLOAT, 2, 2));
    }

    private static Map<String, INDArray> input(int last) {
        return Map.of("ids", Nd4j.createFromArray(0, last));
    }

    private static SameDiff graph(BiFunction<SameDiff, SDVariable, SDVariable> op) {
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT32, 2);
        SDVariable one = graph.constant("one", Nd4j.createFromArray(0, 0));
        op.apply(graph, ids.add("computed", one)).sum().rename("loss");
        graph.setLossVariables("loss");
        return graph;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ops")
    void indexOfAnOp_outsideItsRange_isRefusedOnEveryPath(
            String name, BiFunction<SameDiff, SDVariable, SDVariable> op) {
        for (SameDiffExecutor executor : executors(op)) {
            double before = loss(executor, GOOD);
            for (int wrong : new int[] {ROWS, FAR, -1, -FAR}) {
                assertThatThrownBy(() -> executor.output(input(wrong), List.of("loss")))
                        .isInstanceOf(IndexOutOfRangeException.class)
                        .hasMessageContaining("indices from " + Math.min(0, wrong) + " to " + Math.max(0, wrong))
                        .hasMessageContaining("expected 0 to 3");
            }
            assertThat(loss(executor, GOOD)).as("after refusals").isEqualTo(before);
        }
    }

    private static List<SameDiffExecutor> executors(BiFunction<SameDiff, SDVariable, SDVariable> op) {
        SameDiffExecutor plain = SameDiffExecutor.forInference(graph(op));
        return List.of(plain, plain.withKernels());
    }

    private static double loss(GraphExecutor executor, Map<String, INDArray> input) {
        return executor.output(input, List.of("loss")).get("loss").getDouble(0);
    }

    private static SameDiffExecutor learning() {
        SameDiff graph = graph((g, i) -> g.gather(table(g), i, 0).mul(2));
        return SameDiffExecutor.forTraining(graph, List.of("table"));
    }

    static Stream<Arguments> trainingPaths() {
        return Stream.of(
                arguments("plain", learning()),
                arguments("kernels", learning().withKernels()),
                arguments("recomputing", learning().withKernels().recomputing()),
                arguments("fork", learning().withKernels().fork()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("trainingPaths")
    void gradients_ofAnIndexBeyondItsTable_areRefused(String name, GraphExecutor executor) {
        LossAndGradients before = executor.gradients(GOOD, 1);

        assertThatThrownBy(() -> executor.gradients(input(FAR), 1)).isInstanceOf(IndexOutOfRangeException.class);

        assertThat(executor.gradients(GOOD, 1).gradients()).isEqualTo(before.gradients());
    }

    @Test
    void frozenPrefix_withAnIndexBeyondItsTable_isRefused() {
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT32, 2);
        SDVariable frozen = graph.constant("frozen", Nd4j.ones(DataType.FLOAT, ROWS, 2));
        SDVariable looked = graph.gather(frozen, ids.add("computed", ids), 0);
        graph.math()
                .tanh(looked)
                .mmul(graph.var("w", Nd4j.ones(DataType.FLOAT, 2, 1)))
                .sum()
                .rename("loss");
        graph.setLossVariables("loss");
        SplitExecutor split =
                SameDiffExecutor.forTraining(graph, List.of("w")).withKernels().split();

        assertThatThrownBy(() -> split.prefix(input(2)))
                .isInstanceOf(IndexOutOfRangeException.class)
                .hasMessageContaining("indices from 0 to 4");
        assertThat(split.prefix(input(1))).isNotEmpty();
    }

    @Test
    void positionsOfTheGraph_beyondTheirTable_areRefused() {
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT32, -1, -1);
        SDVariable positions = graph.range(
                "positions",
                graph.constant("first", Nd4j.scalar(0L)),
                graph.sizeAt(ids, 1),
                graph.constant("step", Nd4j.scalar(1L)),
                DataType.INT64);
        graph.gather("embedded", graph.constant("table", Nd4j.ones(DataType.FLOAT, ROWS, 2)), positions, 0);
        SameDiffExecutor plain = SameDiffExecutor.forInference(graph);

        for (SameDiffExecutor executor : List.of(plain, plain.withKernels())) {
            assertThatThrownBy(() -> executor.output(
                            Map.of("ids", Nd4j.zeros(DataType.INT32, 1, ROWS + 1)), List.of("embedded")))
                    .isInstanceOf(IndexOutOfRangeException.class)
                    .hasMessageStartingWith(
                            "graph input: variable \"embedded\" (gather), \"positions\": indices from 0 to 4;"
                                    + " expected 0 to 3, as \"table\" has 4. Positions: cut the texts");
            assertThat(executor.output(Map.of("ids", Nd4j.zeros(DataType.INT32, 1, ROWS)), List.of("embedded"))
                            .get("embedded")
                            .shape())
                    .containsExactly(ROWS, 2);
        }
    }

    @Test
    void indexInTheGraphItself_beyondItsTable_isRefused() {
        SameDiff graph = SameDiff.create();
        graph.gather("rows", graph.constant("table", Nd4j.ones(DataType.FLOAT, ROWS, 2)), new int[] {0, FAR}, 0);
        SameDiffExecutor plain = SameDiffExecutor.forInference(graph);

        for (SameDiffExecutor executor : List.of(plain, plain.withKernels())) {
            assertThatThrownBy(() -> executor.output(Map.of(), List.of("rows")))
                    .isInstanceOf(IndexOutOfRangeException.class);
        }
    }
}
