/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.autodiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.exec.GradientCheck.values;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.exec.GradientCheck;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.StockExecutor;
import org.nd4j.autodiff.loss.LossReduce;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv1DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv3DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;
import org.nd4j.linalg.factory.Nd4j;

/** Every rule of the table, and the stock rules that adapted graphs meet, against numeric gradients. */
class GradientRulesTest {

    /** A graph under test: leaves are declared through it, the loss weighs every output value differently. */
    private static final class Graph {
        final SameDiff sd = SameDiff.create();
        final List<String> variables = new ArrayList<>();
        final Map<String, INDArray> placeholders = new LinkedHashMap<>();

        SDVariable var(String name, long... shape) {
            variables.add(name);
            return sd.var(name, values(name.hashCode(), shape));
        }

        SDVariable positive(String name, long... shape) {
            variables.add(name);
            return sd.var(name, values(name.hashCode(), shape).addi(2));
        }

        SDVariable frozen(String name, long... shape) {
            return sd.constant(name, values(name.hashCode(), shape));
        }

        SDVariable input(String name, long... shape) {
            placeholders.put(name, values(name.hashCode(), shape));
            long[] dynamic = shape.clone();
            dynamic[0] = -1;
            return sd.placeHolder(name, DataType.DOUBLE, dynamic);
        }

        SDVariable ids(String name, int[][] ids) {
            placeholders.put(name, Nd4j.createFromArray(ids));
            return sd.placeHolder(name, DataType.INT32, -1, -1);
        }
    }

    private static Arguments of(String name, Function<Graph, SDVariable> build) {
        return Arguments.of(name, build);
    }

    static Stream<Arguments> cases() {
        return Stream.of(
                of("add", g -> g.var("a", 3, 4).add(g.var("b", 3, 4))),
                of("add row", g -> g.var("a", 3, 4).add(g.var("b", 4))),
                of("add row matrix", g -> g.var("a", 3, 4).add(g.var("b", 1, 4))),
                of("add column", g -> g.var("a", 3, 4).add(g.var("b", 3, 1))),
                of("add middle", g -> g.var("a", 2, 3, 4).add(g.var("b", 2, 1, 4))),
                of("add both broadcast", g -> g.var("a", 3, 1).add(g.var("b", 1, 4))),
                of("add leading", g -> g.var("a", 2, 3, 4).add(g.var("b", 3, 4))),
                of("add row to 3d", g -> g.var("a", 2, 3, 4).add(g.var("b", 4))),
                of("add to itself", g -> {
                    SDVariable a = g.var("a", 3, 4);
                    return a.add(a);
                }),
                of("add frozen", g -> g.var("a", 3, 4).add(g.frozen("b", 4))),
                of("sub", g -> g.var("a", 3, 4).sub(g.var("b", 4))),
                of("sub from row", g -> g.var("a", 4).sub(g.var("b", 3, 4))),
                of("mul", g -> g.var("a", 3, 4).mul(g.var("b", 3, 1))),
                of("mul squared", g -> {
                    SDVariable a = g.var("a", 3, 4);
                    return a.mul(a);
                }),
                of("mul 3d", g -> g.var("a", 2, 3, 4).mul(g.var("b", 2, 3, 1))),
                of("div", g -> g.var("a", 3, 4).div(g.positive("b", 4))),
                of("div by matrix", g -> g.var("a", 4).div(g.positive("b", 3, 4))),
                of(
                        "rsub, rdiv, scalar ops",
                        g -> g.positive("a", 3, 4)
                                .rsub(3)
                                .rdiv(2)
                                .mul(3)
                                .add(1)
                                .sub(2)
                                .div(3)),
                of("biasadd", g -> g.sd.nn.biasAdd(g.var("a", 3, 4), g.var("b", 4), false)),
                of("biasadd channels first", g -> g.sd.nn.biasAdd(g.var("a", 2, 3, 4, 4), g.var("b", 3), true)),
                of("erf", g -> g.sd.math.erf(g.var("a", 3, 4))),
                of("exact gelu", g -> {
                    SDVariable x = g.var("a", 3, 4);
                    return x.mul(g.sd.math.erf(x.mul(Math.sqrt(0.5))).add(1).mul(0.5));
                }),
                of("mmul", g -> g.var("a", 3, 4).mmul(g.var("b", 4, 2))),
                of("mmul frozen right", g -> g.var("a", 3, 4).mmul(g.frozen("b", 4, 2))),
                of("mmul frozen left", g -> g.frozen("a", 3, 4).mmul(g.var("b", 4, 2))),
                of("mmul tA", g -> g.sd.mmul(g.var("a", 4, 3), g.var("b", 4, 2), true, false, false)),
                of("mmul tB", g -> g.sd.mmul(g.var("a", 3, 4), g.var("b", 2, 4), false, true, false)),
                of("mmul tA tB", g -> g.sd.mmul(g.var("a", 4, 3), g.var("b", 2, 4), true, true, false)),
                of("mmul 3d", g -> g.var("a", 2, 3, 4).mmul(g.var("b", 2, 4, 5))),
                of("mmul 4d tB", g -> g.sd.mmul(g.var("a", 2, 2, 3, 4), g.var("b", 2, 2, 5, 4), false, true, false)),
                of("mmul 3d tA", g -> g.sd.mmul(g.var("a", 2, 4, 3), g.var("b", 2, 4, 5), true, false, false)),
                of("mmul shared weight", g -> {
                    SDVariable w = g.var("w", 4, 4);
                    return g.input("x", 3, 4).mmul(w).mmul(w);
                }),
                of("linear", g -> g.sd.nn.linear(g.var("x", 3, 4), g.var("w", 4, 2), g.var("b", 2))),
                of("linear frozen", g -> g.sd.nn.linear(g.var("x", 3, 4), g.frozen("w", 4, 2), g.frozen("b", 2))),
                of("relu layer", g -> g.sd.nn.reluLayer(g.var("x", 3, 4), g.var("w", 4, 2), g.var("b", 2))),
                of(
                        "tensordot",
                        g -> g.sd.tensorMmul(g.var("x", 2, 3, 4), g.var("w", 4, 5), new int[] {2}, new int[] {0})),
                of(
                        "tensordot transposed",
                        g -> g.sd.tensorMmul(g.var("x", 2, 3, 4), g.var("w", 5, 4), new int[] {2}, new int[] {1})),
                of(
                        "tensordot middle",
                        g -> g.sd.tensorMmul(g.var("x", 2, 4, 3), g.var("w", 4, 5), new int[] {1}, new int[] {0})),
                of(
                        "tensordot 2d",
                        g -> g.sd.tensorMmul(g.var("x", 3, 4), g.var("w", 4, 5), new int[] {1}, new int[] {0})),
                of("layer norm", g -> g.sd.nn.layerNorm(g.var("x", 3, 5), g.var("g", 5), g.var("b", 5), false, 1)),
                of(
                        "layer norm frozen gain",
                        g -> g.sd.nn.layerNorm(g.var("x", 3, 5), g.frozen("g", 5), g.frozen("b", 5), false, 1)),
                of("layer norm no bias", g -> g.sd.nn.layerNorm(g.var("x", 3, 5), g.var("g", 5), false, 1)),
                of(
                        "layer norm 3d",
                        g -> g.sd.nn.layerNorm(g.var("x", 2, 3, 5), g.var("g", 5), g.var("b", 5), false, 2)),
                of(
                        "layer norm channels first",
                        g -> g.sd.nn.layerNorm(g.var("x", 2, 3, 5), g.var("g", 3), g.var("b", 3), true, 1, 2)),
                of("softmax", g -> g.sd.nn.softmax(g.var("a", 3, 4))),
                of("softmax 3d last", g -> g.sd.nn.softmax(g.var("a", 2, 3, 4), -1)),
                of("softmax 3d middle", g -> g.sd.nn.softmax(g.var("a", 2, 3, 4), 1)),
                of(
                        "gather",
                        g -> g.sd.gather(g.var("table", 6, 3), g.ids("ids", new int[][] {{0, 2, 2}, {5, 0, 1}}), 0)),
                of(
                        "gather of one-dimensional ids",
                        g -> g.sd.gather(
                                g.var("table", 6, 3), g.sd.reshape(g.ids("ids", new int[][] {{4, 4, 1}}), 3), 0)),
                of(
                        "gather from three dimensions",
                        g -> g.sd.gather(g.var("table", 4, 3, 2), g.ids("ids", new int[][] {{0, 2, 2}}), 0)),
                of(
                        "one-hot",
                        g -> g.sd.oneHot(g.sd.reshape(g.ids("ids", new int[][] {{4, 4, 1}}), 3), 6)
                                .castTo(DataType.DOUBLE)
                                .mmul(g.var("table", 6, 3))),
                of("attention", g -> {
                    SDVariable q = g.var("q", 2, 3, 4);
                    SDVariable k = g.var("k", 2, 3, 4);
                    SDVariable v = g.var("v", 2, 3, 4);
                    return g.sd.nn
                            .softmax(g.sd.mmul(q, k, false, true, false).mul(0.5), -1)
                            .mmul(v);
                }),
                of(
                        "dot product attention",
                        g -> g.sd.nn.dotProductAttention(
                                g.var("q", 2, 4, 3), g.var("k", 2, 4, 5), g.var("v", 2, 4, 5), null, true)),
                of(
                        "multi-head attention",
                        g -> g.sd.nn.multiHeadDotProductAttention(
                                g.var("q", 2, 4, 3),
                                g.var("k", 2, 4, 3),
                                g.var("v", 2, 4, 3),
                                g.var("wq", 2, 2, 4),
                                g.var("wk", 2, 2, 4),
                                g.var("wv", 2, 2, 4),
                                g.var("wo", 4, 4),
                                null,
                                true)),
                of(
                        "conv1d",
                        g -> g.sd.cnn.conv1d(
                                g.var("x", 2, 3, 6),
                                g.var("w", 3, 3, 2),
                                g.var("b", 2),
                                Conv1DConfig.builder()
                                        .k(3)
                                        .s(1)
                                        .p(1)
                                        .d(1)
                                        .paddingMode(PaddingMode.VALID)
                                        .build())),
                of(
                        "conv2d",
                        g -> g.sd.cnn.conv2d(
                                g.var("x", 2, 2, 4, 4),
                                g.var("w", 2, 2, 2, 3),
                                g.var("b", 3),
                                Conv2DConfig.builder()
                                        .kH(2)
                                        .kW(2)
                                        .sH(1)
                                        .sW(1)
                                        .paddingMode(PaddingMode.SAME)
                                        .build())),
                of(
                        "conv3d",
                        g -> g.sd.cnn.conv3d(
                                g.var("x", 1, 2, 3, 3, 3),
                                g.var("w", 2, 2, 2, 2, 2),
                                g.var("b", 2),
                                Conv3DConfig.builder()
                                        .kD(2)
                                        .kH(2)
                                        .kW(2)
                                        .sD(1)
                                        .sH(1)
                                        .sW(1)
                                        .dataFormat("NCDHW")
                                        .build())),
                of("activations", g -> {
                    SDVariable a = g.var("a", 3, 4);
                    return g.sd.math
                            .tanh(a)
                            .add(g.sd.nn.sigmoid(a))
                            .add(g.sd.nn.swish(a))
                            .add(g.sd.nn.elu(a))
                            .add(g.sd.nn.softplus(a))
                            .add(g.sd.nn.gelu(a));
                }),
                of("relu", g -> g.sd.nn.relu(g.var("a", 3, 4), 0)),
                of(
                        "shapes",
                        g -> g.sd.concat(1, g.var("a", 2, 3), g.var("b", 2, 2).mul(2))
                                .reshape(5, 2)
                                .permute(1, 0)
                                .get(
                                        org.nd4j.autodiff.samediff.SDIndex.all(),
                                        org.nd4j.autodiff.samediff.SDIndex.interval(1, 4))),
                of(
                        "squeeze, expand, stack",
                        g -> g.sd.stack(0, g.var("a", 2, 3), g.var("b", 2, 3))
                                .sum(0)
                                .add(g.sd.squeeze(g.sd.expandDims(g.var("c", 2, 3), 1), 1))),
                of("reductions", g -> {
                    SDVariable a = g.positive("a", 3, 4);
                    return a.mean(0)
                            .add(a.sum(0))
                            .add(a.norm2(0))
                            .add(a.max(0))
                            .add(g.sd.math.sqrt(a).std(true, 0));
                }),
                of("one output of several", g -> g.sd.split(g.var("a", 4, 3), 2, 0)[1].mul(g.var("b", 2, 3))),
                of(
                        "cross entropy",
                        g -> g.sd.loss.softmaxCrossEntropy(
                                "ce",
                                g.sd.constant(Nd4j.createFromArray(new double[][] {{0, 1, 0}, {1, 0, 0}})),
                                g.var("a", 2, 3),
                                null,
                                LossReduce.MEAN_BY_WEIGHT,
                                0.0)),
                of(
                        "unreduced cross entropy",
                        g -> g.sd.loss.softmaxCrossEntropy(
                                "ce",
                                g.sd.constant(Nd4j.createFromArray(new double[][] {{0, 1, 0}, {1, 0, 0}})),
                                g.var("a", 2, 3),
                                null,
                                LossReduce.NONE,
                                0.0)),
                of(
                        "sparse cross entropy",
                        g -> g.sd.loss.sparseSoftmaxCrossEntropy(
                                g.var("a", 2, 3), g.sd.constant(Nd4j.createFromArray(2, 0)))),
                of(
                        "sigmoid cross entropy",
                        g -> g.sd.loss.sigmoidCrossEntropy(
                                "sce",
                                g.sd.constant(Nd4j.createFromArray(new double[][] {{0, 1, 1}, {1, 0, 0}})),
                                g.var("a", 2, 3),
                                null,
                                LossReduce.SUM,
                                0.0)),
                of(
                        "mean squared error",
                        g -> g.sd.loss.meanSquaredError(
                                "mse", g.frozen("t", 2, 3), g.var("a", 2, 3), null, LossReduce.MEAN_BY_WEIGHT)),
                of(
                        "unreduced squared error",
                        g -> g.sd.loss.meanSquaredError(
                                "mse", g.frozen("t", 2, 3), g.var("a", 2, 3), null, LossReduce.NONE)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void gradient_equalsTheNumericOne(String name, Function<Graph, SDVariable> build) {
        Graph graph = lossOf(build);

        assertThat(GradientCheck.check(graph.sd, graph.placeholders, graph.variables))
                .isLessThan(GradientCheck.TOLERANCE);
    }

    private static Graph lossOf(Function<Graph, SDVariable> build) {
        Graph graph = new Graph();
        SDVariable y = build.apply(graph);
        // A different weight for each value, so that a transposed or permuted gradient cannot pass.
        INDArray shape = graph.sd.output(graph.placeholders, y.name()).get(y.name());
        SDVariable weights =
                graph.sd.constant("weights", shape.isScalar() ? Nd4j.scalar(1.5) : values(7, shape.shape()));
        graph.sd.math.tanh(y.mul(0.3)).mul(weights).sum().rename("loss");
        graph.sd.setLossVariables("loss");
        return graph;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("whereStockIsRight")
    void gradient_equalsTheStockOne(String name, Function<Graph, SDVariable> build) {
        Graph graph = lossOf(build);

        LossAndGradients own =
                StockExecutor.forTraining(graph.sd, graph.variables).gradients(graph.placeholders, 0);
        Map<String, INDArray> stock = graph.sd.calculateGradients(graph.placeholders, graph.variables);

        for (String v : graph.variables) {
            assertThat(own.gradients().get(v).equalsWithEps(stock.get(v), 1e-10))
                    .as(v)
                    .isTrue();
        }
    }

    private static final List<String> STOCK_IS_WRONG_OR_ABSENT =
            List.of("gather", "tensordot", "cross entropy", "squared error");

    static Stream<Arguments> whereStockIsRight() {
        return cases().filter(a -> STOCK_IS_WRONG_OR_ABSENT.stream().noneMatch(((String) a.get()[0])::contains));
    }

    @Test
    void layerNorm_ofARowOfEqualValues_hasGradientZero() {
        Graph graph = new Graph();
        SDVariable x = graph.sd.var("x", Nd4j.createFromArray(new double[][] {{2, 2, 2}, {1, 2, 4}}));
        graph.variables.add("x");
        graph.sd
                .nn
                .layerNorm(x, graph.frozen("g", 3), false, 1)
                .mul(graph.frozen("w", 2, 3))
                .sum()
                .rename("loss");
        graph.sd.setLossVariables("loss");

        INDArray gradient = StockExecutor.forTraining(graph.sd, graph.variables)
                .gradients(Map.of(), 0)
                .gradients()
                .get("x");

        assertThat(gradient.getRow(0).amaxNumber().doubleValue()).isZero();
        assertThat(gradient.getRow(1).amaxNumber().doubleValue()).isGreaterThan(1e-3);
    }

    @Test
    void gradient_ofSeveralLosses_isThatOfTheirSum() {
        Graph graph = new Graph();
        SDVariable a = graph.var("a", 3);
        a.mul(a).sum().rename("first");
        graph.sd.math.tanh(a).sum().rename("second");
        graph.sd.setLossVariables("first", "second");

        GradientCheck.check(graph.sd, graph.placeholders, graph.variables);
    }

    @Test
    void gradient_ofAVariableTheLossDoesNotReach_isZero() {
        Graph graph = new Graph();
        graph.var("a", 3).sum().rename("loss");
        graph.var("unused", 2, 2);
        graph.sd.setLossVariables("loss");

        LossAndGradients result =
                StockExecutor.forTraining(graph.sd, graph.variables).gradients(Map.of(), 0);

        assertThat(result.gradients().get("unused")).isEqualTo(Nd4j.zeros(DataType.DOUBLE, 2, 2));
    }

    @Test
    void gradientGraph_hasNoOpForFrozenWeights_norBelowTheLowestTrainable() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 4);
        SDVariable h = sd.math.tanh(x.mmul(sd.constant("w0", values(1, 4, 4))));
        SDVariable a = sd.var("a", values(2, 4, 4));
        h.mmul(a).mmul(sd.constant("w1", values(3, 4, 4))).sum().rename("loss");
        int before = sd.getOps().size();

        Map<String, String> gradients = ReversePass.extend(
                sd,
                List.of("loss"),
                List.of("a"),
                new org.lora4j.autodiff.rules.Shapes() {
                    @Override
                    public int rank(String variable) {
                        return 2;
                    }

                    @Override
                    public int[] broadcastDimensions(String input, String output) {
                        return new int[0];
                    }
                },
                org.lora4j.autodiff.rules.GradientRules::of);

        assertThat(gradients).containsOnlyKeys("a");
        // Backwards of sum, dX of w1's product, dW of a's product: no dW of w1, nothing for tanh and w0.
        List<String> added = new ArrayList<>(sd.getOps().keySet())
                .subList(before, sd.getOps().size());
        assertThat(added.stream()
                        .filter(o -> sd.getOps().get(o).getOp().opName().equals("matmul")))
                .hasSize(2);
        assertThat(added).noneMatch(o -> sd.getOps().get(o).getOp().opName().contains("tanh"));
    }

    @Test
    void gradient_throughAnOpWithout_isRefusedByName() {
        Graph graph = new Graph();
        SDVariable table = graph.var("table", 3, 2);
        graph.sd
                .gatherNd("picked", table, graph.sd.constant(Nd4j.createFromArray(new int[][] {{0, 1}, {2, 0}})))
                .sum()
                .rename("loss");
        graph.sd.setLossVariables("loss");
        StockExecutor executor = StockExecutor.forTraining(graph.sd, graph.variables);

        assertThatThrownBy(() -> executor.gradients(Map.of(), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("gather_nd")
                .hasMessageContaining("no gradient");
    }
}
