/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Products with what surrounds them in one op, against the same ops one by one. */
class FusedProductsTest {

    /** Float roundings of sums of a few dozen terms of size 1. */
    private static final double TOLERANCE = 3e-6;

    /** ND4J's own sum of the loss's terms, up to 27003 of them, rounds more than the kernels. */
    private static final double LOSS_TOLERANCE = 1e-5;

    private final SameDiff sd = SameDiff.create();

    private record Case(String name, Builder builder) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** Adds ops whose result is called y. */
    @FunctionalInterface
    private interface Builder {
        void build(Leaves leaves);
    }

    /** Leaves with fixed random values, in a graph of a type. */
    private record Leaves(SameDiff sd, DataType type) {

        SDVariable get(String name, long... shape) {
            return sd.var(name, values(name.hashCode(), shape).castTo(type));
        }
    }

    private static void attention(Leaves leaves, boolean shapesInTheGraph) {
        SameDiff sd = leaves.sd();
        SDVariable heads = sd.constant(Nd4j.createFromArray(3L, 5L, 2L, 7L));
        SDVariable[] split = new SDVariable[3];
        for (int i = 0; i < 3; i++) {
            SDVariable flat = leaves.get("x" + i, 15, 14);
            SDVariable byHead = shapesInTheGraph ? flat.reshape(heads) : flat.reshape(3, 5, 2, 7);
            split[i] = byHead.permute(0, 2, 1, 3);
        }
        SDVariable shares = sd.nn().softmax(sd.mmul(split[0], split[1], false, true, false), -1);
        SDVariable joined = sd.mmul(shares, split[2]).permute(0, 2, 1, 3);
        (shapesInTheGraph ? joined.reshape(sd.constant(Nd4j.createFromArray(15L, 14L))) : joined.reshape(-1, 14))
                .rename("y");
    }

    static Stream<Case> cases() {
        return Stream.of(
                new Case("layer, adapter, bias and residual connection", l -> {
                    SDVariable x = l.get("x", 7, 5);
                    SDVariable delta = x.mmul(l.get("a", 5, 2)).mul(0.7).mmul(l.get("b", 2, 3));
                    SDVariable layer = x.mmul(l.get("w", 5, 3)).add(delta).add(l.get("bias", 3));
                    layer.add(l.get("r", 7, 3)).rename("y");
                }),
                new Case("an adapter that is scaled at its end", l -> {
                    SDVariable x = l.get("x", 7, 5);
                    SDVariable delta = x.mmul(l.get("a", 5, 2)).mmul(l.get("b", 2, 3));
                    delta.mul(0.7).add(x.mmul(l.get("w", 5, 3))).rename("y");
                }),
                new Case("scaled products, alone, transposed, broadcast, and needed as they are", l -> {
                    SDVariable x = l.get("x", 7, 5);
                    SDVariable alone = x.mmul(l.get("w", 5, 7)).mul(-1.3);
                    SDVariable transposed = l.sd().mmul(x, l.get("v", 7, 7), true, false, false);
                    SDVariable again = l.sd().mmul(transposed.mul(0.3), x, true, true, false);
                    SDVariable read = alone.mmul(l.get("u", 7, 7));
                    SDVariable row = l.get("one", 1, 5).mmul(l.get("t", 5, 7)).mul(0.9);
                    read.mul(3).add(read).add(row).add(alone.mmul(again)).rename("y");
                }),
                new Case("three layers on one input", l -> {
                    SDVariable x = l.get("x", 1, 6);
                    SDVariable q = l.sd().math().tanh(x.mmul(l.get("q", 6, 4)).add(l.get("qb", 4)));
                    SDVariable k = l.sd().math().tanh(x.mmul(l.get("k", 6, 4)).add(l.get("kb", 4)));
                    SDVariable v = l.sd().math().tanh(x.mmul(l.get("v", 6, 4)).add(l.get("vb", 4)));
                    q.mul(k).mul(v).rename("y");
                }),
                new Case("both operands transposed", l -> {
                    SDVariable product = l.sd().mmul(l.get("x", 5, 7), l.get("w", 3, 5), true, true, false);
                    product.add(l.get("bias", 3)).rename("y");
                }),
                new Case(
                        "bias first",
                        l -> l.get("bias", 3)
                                .add(l.get("x", 7, 5).mmul(l.get("w", 5, 3)))
                                .rename("y")),
                new Case(
                        "bias as a matrix of one row",
                        l -> l.get("x", 7, 5)
                                .mmul(l.get("w", 5, 3))
                                .add(l.get("bias", 1, 3))
                                .rename("y")),
                new Case(
                        "bias for each row",
                        l -> l.get("x", 7, 5)
                                .mmul(l.get("w", 5, 3))
                                .add(l.get("bias", 7, 1))
                                .rename("y")),
                new Case(
                        "a product that is broadcast",
                        l -> l.get("x", 1, 5)
                                .mmul(l.get("w", 5, 3))
                                .add(l.get("r", 7, 3))
                                .rename("y")),
                new Case("a product added to itself", l -> {
                    SDVariable product = l.get("x", 7, 5).mmul(l.get("w", 5, 3));
                    product.add(product).rename("y");
                }),
                new Case("a product that two read", l -> {
                    SDVariable product = l.get("x", 7, 5).mmul(l.get("w", 5, 3));
                    product.add(l.get("bias", 3)).mul(product).rename("y");
                }),
                new Case(
                        "rows wider than a block",
                        l -> l.get("x", 3, 2)
                                .mmul(l.get("w", 2, 9001))
                                .add(l.get("bias", 9001))
                                .rename("y")),
                new Case(
                        "batches of matrices",
                        l -> l.get("x", 2, 7, 5)
                                .mmul(l.get("w", 2, 5, 3))
                                .add(l.get("bias", 3))
                                .rename("y")),
                new Case("attention, shapes as variables", l -> attention(l, true)),
                new Case("attention, shapes as numbers", l -> attention(l, false)),
                new Case(
                        "batches permuted, not reshaped",
                        l -> l.sd().mmul(
                                        l.get("x", 2, 3, 4).permute(1, 0, 2),
                                        l.get("w", 5, 3, 4).permute(1, 2, 0))
                                .permute(2, 1, 0)
                                .rename("y")),
                new Case("a permutation that is read elsewhere", l -> {
                    SDVariable x = l.get("x", 2, 3, 4).permute(1, 0, 2);
                    x.mmul(l.get("w", 3, 4, 4)).add(x).rename("y");
                }),
                new Case("a wide input and a thin factor", l -> {
                    SDVariable x = l.sd().math().tanh(l.get("x", 9, 70));
                    x.mmul(l.get("a", 70, 3)).mmul(l.get("b", 3, 70)).add(x).rename("y");
                }));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void lossAndGradients_agreeWithThePlainOpsInDouble(Case c) {
        assertAgrees(c, Multiplier.nd4j());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void lossAndGradients_byOneDnn_agreeWithThePlainOpsInDouble(Case c) {
        assertAgrees(c, OneDnn.orNd4j());
    }

    private static void assertAgrees(Case c, Multiplier multiplier) {
        LossAndGradients actual =
                executor(c, DataType.FLOAT).withProducts(multiplier).gradients(Map.of(), 0);
        LossAndGradients expected = executor(c, DataType.DOUBLE).gradients(Map.of(), 0);

        assertThat(actual.loss() / expected.loss()).isCloseTo(1, Offset.offset(LOSS_TOLERANCE));
        expected.gradients()
                .forEach((name, gradient) -> assertClose(actual.gradients().get(name), gradient));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 64})
    void anAdapterWhoseBIsZero_changesNoValueOfTheLoss(int rows) {
        for (Multiplier multiplier : List.of(Multiplier.nd4j(), OneDnn.orNd4j())) {
            double base = loss(rows, false, multiplier);
            double adapted = loss(rows, true, multiplier);

            assertThat(adapted).as(multiplier.description()).isEqualTo(base);
        }
    }

    private static double loss(int rows, boolean adapted, Multiplier multiplier) {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.constant("x", values(1, rows, 33));
        SDVariable layer = x.mmul(sd.constant("w", values(2, 33, 17)));
        if (adapted) {
            SDVariable zero = sd.var("b", Nd4j.zeros(DataType.FLOAT, 4, 17));
            layer = layer.add(x.mmul(sd.var("a", values(3, 33, 4))).mul(2).mmul(zero));
        }
        SDVariable y = layer.add(sd.var("bias", values(4, 17))).add(sd.constant("r", values(5, rows, 17)));
        sd.math().tanh(y).sum().rename("loss");
        sd.setLossVariables("loss");
        return SameDiffExecutor.forTraining(sd, List.of("bias"))
                .withProducts(multiplier)
                .gradients(Map.of(), 0)
                .loss();
    }

    @Test
    void fuse_makesAllTermsOfALayer_oneOp() {
        cases().findFirst().orElseThrow().builder().build(new Leaves(sd, DataType.FLOAT));

        SameDiff fused = Kernels.fuseProducts(sd, new ArrayShapes(sd), List.of("y"));

        // The other one is the thin activation, with its scale.
        assertThat(live(fused, "y")).containsExactlyInAnyOrder("lora4j_product_sum", "lora4j_product_sum");
        assertClose(run(fused, "y"), sd.output(Map.of(), "y").get("y").castTo(DataType.DOUBLE));
    }

    @Test
    void fuse_leavesAProductThatIsAskedFor() {
        SDVariable product = sd.var("x", values(1, 7, 5)).mmul("p", sd.var("w", values(2, 5, 3)));
        product.add("y", sd.var("bias", values(3, 3)));

        SameDiff fused = Kernels.fuseProducts(sd, new ArrayShapes(sd), List.of("y", "p"));

        assertThat(live(fused, "y")).containsExactlyInAnyOrder("add", "matmul");
    }

    @Test
    void fuse_leavesDoubleAlone() {
        cases().findFirst().orElseThrow().builder().build(new Leaves(sd, DataType.DOUBLE));

        SameDiff fused = Kernels.fuseProducts(sd, new ArrayShapes(sd), List.of("y"));

        assertThat(live(fused, "y")).noneMatch(op -> op.startsWith("lora4j"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void fuse_leavesNoPermutationAroundTheProductsOfAttention(boolean shapesInTheGraph) {
        attention(new Leaves(sd, DataType.FLOAT), shapesInTheGraph);

        SameDiff fused = Kernels.fuseProducts(sd, new ArrayShapes(sd), List.of("y"));

        assertThat(live(fused, "y")).containsExactlyInAnyOrder("lora4j_view_product", "softmax", "lora4j_view_product");
        assertClose(run(fused, "y"), sd.output(Map.of(), "y").get("y").castTo(DataType.DOUBLE));
    }

    private static SameDiffExecutor executor(Case c, DataType type) {
        SameDiff sd = SameDiff.create();
        c.builder().build(new Leaves(sd, type));
        SDVariable y = sd.getVariable("y");
        long[] shape = sd.output(Map.of(), "y").get("y").shape();
        y.mul(sd.constant("weights", values(99, shape).castTo(type))).sum().rename("loss");
        sd.setLossVariables("loss");
        List<String> leaves = sd.variables().stream()
                .filter(v -> v.getVariableType() == VariableType.VARIABLE)
                .map(SDVariable::name)
                .toList();
        return SameDiffExecutor.forTraining(sd, leaves);
    }

    private static List<String> live(SameDiff graph, String output) {
        LiveOps live = new LiveOps(graph, List.of(output));
        return graph.getOps().values().stream()
                .filter(live::contains)
                .map(op -> op.getOp().opName())
                .toList();
    }

    static INDArray run(SameDiff fused, String output) {
        At at = At.builder().operation(Operation.INFERENCE).build();
        return Kernels.session(fused, Kernels.of(fused, Multiplier.nd4j()))
                .output(List.of(output), Map.of(), null, Set.of(), List.of(), at)
                .get(output);
    }

    private static INDArray values(int seed, long... shape) {
        SplittableRandom random = new SplittableRandom(seed);
        INDArray array = Nd4j.create(DataType.FLOAT, shape);
        float[] values = new float[(int) array.length()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return Nd4j.create(values, shape, 'c');
    }

    private static void assertClose(INDArray actual, INDArray expected) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        double scale = Math.max(1, expected.amaxNumber().doubleValue());
        double error = actual.castTo(DataType.DOUBLE).sub(expected).amaxNumber().doubleValue();
        assertThat(error / scale).isLessThan(TOLERANCE);
    }
}
