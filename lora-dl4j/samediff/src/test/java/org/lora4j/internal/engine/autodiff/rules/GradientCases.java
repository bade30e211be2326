/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import java.util.function.Function;
import java.util.stream.Stream;
import org.nd4j.autodiff.loss.LossReduce;
import org.nd4j.autodiff.samediff.SDIndex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.StopGradient;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv1DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv3DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;
import org.nd4j.linalg.api.ops.impl.loss.SoftmaxCrossEntropyWithLogitsLoss;
import org.nd4j.linalg.api.ops.impl.scatter.ScatterAdd;
import org.nd4j.linalg.api.ops.impl.transforms.custom.MatrixInverse;
import org.nd4j.linalg.factory.Nd4j;

/** The computations whose gradients are checked: at least one for each line of {@link GradientRules}. */
final class GradientCases {

    private GradientCases() {}

    static Stream<GradientCase> all() {
        return Stream.of(whereStockIsRight(), ofMethods(), vectors(), tensordot(), gather(), losses())
                .flatMap(Function.identity());
    }

    /** All but those whose stock gradient is wrong, or fails. */
    static Stream<GradientCase> whereStockIsRight() {
        return Stream.of(
                        sumsAndProducts(),
                        functions(),
                        matrixProducts(),
                        linearLayers(),
                        normalizations(),
                        attention(),
                        convolutions(),
                        shapes())
                .flatMap(Function.identity());
    }

    private static GradientCase c(String name, Function<TestGraph, SDVariable> build) {
        return new GradientCase(name, build);
    }

    private static Stream<GradientCase> sumsAndProducts() {
        return Stream.of(
                c("add", g -> g.var("a", 3, 4).add(g.var("b", 3, 4))),
                c("add row", g -> g.var("a", 3, 4).add(g.var("b", 4))),
                c("add row matrix", g -> g.var("a", 3, 4).add(g.var("b", 1, 4))),
                c("add column", g -> g.var("a", 3, 4).add(g.var("b", 3, 1))),
                c("add middle", g -> g.var("a", 2, 3, 4).add(g.var("b", 2, 1, 4))),
                c("add both broadcast", g -> g.var("a", 3, 1).add(g.var("b", 1, 4))),
                c("add leading", g -> g.var("a", 2, 3, 4).add(g.var("b", 3, 4))),
                c("add row to 3d", g -> g.var("a", 2, 3, 4).add(g.var("b", 4))),
                c("add to itself", g -> {
                    SDVariable a = g.var("a", 3, 4);
                    return a.add(a);
                }),
                c("add frozen", g -> g.var("a", 3, 4).add(g.frozen("b", 4))),
                c("sub", g -> g.var("a", 3, 4).sub(g.var("b", 4))),
                c("sub from row", g -> g.var("a", 4).sub(g.var("b", 3, 4))),
                c("mul", g -> g.var("a", 3, 4).mul(g.var("b", 3, 1))),
                c("mul squared", g -> {
                    SDVariable a = g.var("a", 3, 4);
                    return a.mul(a);
                }),
                c("mul 3d", g -> g.var("a", 2, 3, 4).mul(g.var("b", 2, 3, 1))),
                c("div", g -> g.var("a", 3, 4).div(g.positive("b", 4))),
                c("div by matrix", g -> g.var("a", 4).div(g.positive("b", 3, 4))),
                c("reversed with scalars", g -> g.positive("a", 3, 4).rsub(3).rdiv(2)),
                c("with scalars", g -> g.var("a", 3, 4).mul(3).add(1).sub(2).div(3)),
                c("biasadd", g -> g.sd.nn.biasAdd(g.var("a", 3, 4), g.var("b", 4), false)),
                c("biasadd channels first", g -> g.sd.nn.biasAdd(g.var("a", 2, 3, 2, 2), g.var("b", 3), true)));
    }

    /** What the arithmetic of adapter methods is made of in graphs. */
    private static Stream<GradientCase> ofMethods() {
        return Stream.of(
                c("values at places", g -> {
                    SDVariable zeros = g.sd.constant(Nd4j.zeros(DataType.DOUBLE, 12, 1));
                    SDVariable places = g.sd.constant(Nd4j.createFromArray(7, 2, 9));
                    SDVariable values = g.sd.reshape(g.var("a", 3), 3, 1);
                    return new ScatterAdd(g.sd, zeros, places, values).outputVariable();
                }),
                c("inverse by Newton", g -> {
                    SDVariable a = g.positive("a", 2, 3, 3)
                            .add(g.sd.constant(
                                    Nd4j.eye(3).castTo(DataType.DOUBLE).mul(4)));
                    SDVariable inverse =
                            new StopGradient(g.sd, new MatrixInverse(g.sd, a, false).outputVariable()).outputVariable();
                    return inverse.mul(2).sub(g.sd.mmul(inverse, g.sd.mmul(a, inverse)));
                }),
                c("a part of the second axis", g -> g.var("a", 3, 5, 2).get(SDIndex.all(), SDIndex.interval(1L, 3L))),
                c("sum of an axis that stays", g -> g.sd.sum(g.var("a", 3, 5, 2), true, 1)),
                c("sine and cosine", g -> g.sd.math.sin(g.var("a", 4)).mul(g.sd.math.cos(g.var("b", 4)))),
                c("root", g -> g.sd.math.sqrt(g.positive("a", 4))));
    }

    private static Stream<GradientCase> functions() {
        return Stream.of(
                c("erf", g -> g.sd.math.erf(g.var("a", 3, 4))),
                c("exact gelu", g -> {
                    SDVariable x = g.var("a", 3, 4);
                    return x.mul(g.sd.math.erf(x.mul(Math.sqrt(0.5))).add(1).mul(0.5));
                }),
                c("tanh", g -> g.sd.math.tanh(g.var("a", 3, 4))),
                c("sigmoid", g -> g.sd.nn.sigmoid(g.var("a", 3, 4))),
                c("swish", g -> g.sd.nn.swish(g.var("a", 3, 4))),
                c("elu", g -> g.sd.nn.elu(g.var("a", 3, 4))),
                c("softplus", g -> g.sd.nn.softplus(g.var("a", 3, 4))),
                c("gelu", g -> g.sd.nn.gelu(g.var("a", 3, 4))),
                c("relu", g -> g.sd.nn.relu(g.var("a", 3, 4), 0)));
    }

    private static Stream<GradientCase> matrixProducts() {
        return Stream.of(
                c("mmul", g -> g.var("a", 3, 4).mmul(g.var("b", 4, 2))),
                c("mmul frozen right", g -> g.var("a", 3, 4).mmul(g.frozen("b", 4, 2))),
                c("mmul frozen left", g -> g.frozen("a", 3, 4).mmul(g.var("b", 4, 2))),
                c("mmul tA", g -> mmul(g, g.var("a", 4, 3), true, g.var("b", 4, 2), false)),
                c("mmul tB", g -> mmul(g, g.var("a", 3, 4), false, g.var("b", 2, 4), true)),
                c("mmul tA tB", g -> mmul(g, g.var("a", 4, 3), true, g.var("b", 2, 4), true)),
                c("mmul 3d", g -> g.var("a", 2, 3, 4).mmul(g.var("b", 2, 4, 5))),
                c("mmul 4d tB", g -> mmul(g, g.var("a", 2, 2, 3, 4), false, g.var("b", 2, 2, 5, 4), true)),
                c("mmul 3d tA", g -> mmul(g, g.var("a", 2, 4, 3), true, g.var("b", 2, 4, 5), false)),
                c("mmul shared weight", g -> {
                    SDVariable w = g.var("w", 4, 4);
                    return g.input("x", 3, 4).mmul(w).mmul(w);
                }),
                c(
                        "one-hot",
                        g -> g.sd.oneHot(g.sd.reshape(g.ids("ids", new int[] {4, 4, 1}), 3), 6)
                                .castTo(DataType.DOUBLE)
                                .mmul(g.var("table", 6, 3))));
    }

    private static SDVariable mmul(TestGraph g, SDVariable a, boolean transposeA, SDVariable b, boolean transposeB) {
        return g.sd.mmul(a, b, transposeA, transposeB, false);
    }

    private static Stream<GradientCase> linearLayers() {
        return Stream.of(
                c("linear", g -> g.sd.nn.linear(g.var("x", 3, 4), g.var("w", 4, 2), g.var("b", 2))),
                c("linear frozen", g -> g.sd.nn.linear(g.var("x", 3, 4), g.frozen("w", 4, 2), g.frozen("b", 2))),
                c("relu layer", g -> g.sd.nn.reluLayer(g.var("x", 3, 4), g.var("w", 4, 2), g.var("b", 2))));
    }

    private static Stream<GradientCase> vectors() {
        return Stream.of(
                c("mmul dot of vectors", g -> g.sd.mmul(g.var("v", 4), g.var("w", 4))),
                c("mmul with a vector", g -> g.sd.mmul(g.var("x", 3, 4), g.var("v", 4))),
                c("mmul with a vector, square", g -> g.sd.mmul(g.var("x", 4, 4), g.var("v", 4))),
                c("mmul of a vector", g -> g.sd.mmul(g.var("v", 4), g.var("x", 4, 3))));
    }

    private static Stream<GradientCase> tensordot() {
        return Stream.of(
                c("tensordot", g -> tensordot(g, g.var("x", 2, 3, 4), 2, g.var("w", 4, 5), 0)),
                c("tensordot transposed", g -> tensordot(g, g.var("x", 2, 3, 4), 2, g.var("w", 5, 4), 1)),
                c("tensordot middle", g -> tensordot(g, g.var("x", 2, 4, 3), 1, g.var("w", 4, 5), 0)),
                c("tensordot 2d", g -> tensordot(g, g.var("x", 3, 4), 1, g.var("w", 4, 5), 0)));
    }

    private static SDVariable tensordot(TestGraph g, SDVariable x, int axisOfX, SDVariable w, int axisOfW) {
        return g.sd.tensorMmul(x, w, new int[] {axisOfX}, new int[] {axisOfW});
    }

    private static Stream<GradientCase> normalizations() {
        return Stream.of(
                c("layer norm", g -> g.sd.nn.layerNorm(g.var("x", 3, 5), g.var("g", 5), g.var("b", 5), false, 1)),
                c(
                        "layer norm frozen gain",
                        g -> g.sd.nn.layerNorm(g.var("x", 3, 5), g.frozen("g", 5), g.frozen("b", 5), false, 1)),
                c("layer norm no bias", g -> g.sd.nn.layerNorm(g.var("x", 3, 5), g.var("g", 5), false, 1)),
                c("layer norm 3d", g -> g.sd.nn.layerNorm(g.var("x", 2, 3, 5), g.var("g", 5), g.var("b", 5), false, 2)),
                c(
                        "layer norm channels first",
                        g -> g.sd.nn.layerNorm(g.var("x", 2, 3, 5), g.var("g", 3), g.var("b", 3), true, 1, 2)),
                c("softmax", g -> g.sd.nn.softmax(g.var("a", 3, 4))),
                c("softmax 3d last", g -> g.sd.nn.softmax(g.var("a", 2, 3, 4), -1)),
                c("softmax 3d middle", g -> g.sd.nn.softmax(g.var("a", 2, 3, 4), 1)));
    }

    private static Stream<GradientCase> gather() {
        return Stream.of(
                c(
                        "gather",
                        g -> g.sd.gather(
                                g.var("table", 6, 3), g.ids("ids", new int[] {0, 2, 2}, new int[] {5, 0, 1}), 0)),
                c(
                        "gather of one-dimensional ids",
                        g -> g.sd.gather(g.var("table", 6, 3), g.sd.reshape(g.ids("ids", new int[] {4, 4, 1}), 3), 0)),
                c(
                        "gather from three dimensions",
                        g -> g.sd.gather(g.var("table", 4, 3, 2), g.ids("ids", new int[] {0, 2, 2}), 0)));
    }

    private static Stream<GradientCase> attention() {
        return Stream.of(
                c("attention of plain ops", g -> {
                    SDVariable scores = mmul(g, g.var("q", 2, 3, 4), false, g.var("k", 2, 3, 4), true);
                    return g.sd.nn.softmax(scores.mul(0.5), -1).mmul(g.var("v", 2, 3, 4));
                }),
                c(
                        "dot product attention",
                        g -> g.sd.nn.dotProductAttention(
                                g.var("q", 2, 4, 3), g.var("k", 2, 4, 5), g.var("v", 2, 4, 5), null, true)),
                c(
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
                                true)));
    }

    private static Stream<GradientCase> convolutions() {
        Conv1DConfig one = Conv1DConfig.builder()
                .k(3)
                .s(1)
                .p(1)
                .d(1)
                .paddingMode(PaddingMode.VALID)
                .build();
        Conv2DConfig two = Conv2DConfig.builder()
                .kH(2)
                .kW(2)
                .sH(1)
                .sW(1)
                .paddingMode(PaddingMode.SAME)
                .build();
        Conv3DConfig three = Conv3DConfig.builder()
                .kD(2)
                .kH(2)
                .kW(2)
                .sD(1)
                .sH(1)
                .sW(1)
                .dataFormat("NCDHW")
                .build();
        return Stream.of(
                c("conv1d", g -> g.sd.cnn.conv1d(g.var("x", 2, 3, 6), g.var("w", 3, 3, 2), g.var("b", 2), one)),
                c("conv2d", g -> g.sd.cnn.conv2d(g.var("x", 2, 2, 4, 4), g.var("w", 2, 2, 2, 3), g.var("b", 3), two)),
                c(
                        "conv3d",
                        g -> g.sd.cnn.conv3d(
                                g.var("x", 1, 2, 3, 3, 3), g.var("w", 2, 2, 2, 2, 2), g.var("b", 2), three)));
    }

    private static Stream<GradientCase> shapes() {
        return Stream.of(
                c(
                        "concat, reshape, permute, slice",
                        g -> g.sd.concat(1, g.var("a", 2, 3), g.var("b", 2, 2).mul(2))
                                .reshape(5, 2)
                                .permute(1, 0)
                                .get(SDIndex.all(), SDIndex.interval(1, 4))),
                c(
                        "stack",
                        g -> g.sd.stack(0, g.var("a", 2, 3), g.var("b", 2, 3)).sum(0)),
                c("squeeze, expand", g -> g.sd.squeeze(g.sd.expandDims(g.var("c", 2, 3), 1), 1)),
                c("reductions", g -> {
                    SDVariable a = g.positive("a", 3, 4);
                    return a.mean(0).add(a.sum(0)).add(a.norm2(0)).add(a.max(0));
                }),
                c("deviation", g -> g.sd.math.sqrt(g.positive("a", 3, 4)).std(true, 0)),
                c("one output of several", g -> g.sd.split(g.var("a", 4, 3), 2, 0)[1].mul(g.var("b", 2, 3))));
    }

    private static Stream<GradientCase> losses() {
        return Stream.of(
                c("cross entropy", g -> crossEntropy(g, LossReduce.MEAN_BY_WEIGHT)),
                c("unreduced cross entropy", g -> crossEntropy(g, LossReduce.NONE)),
                c(
                        "sparse cross entropy",
                        g -> g.sd.loss.sparseSoftmaxCrossEntropy(
                                g.var("a", 2, 3), g.sd.constant(Nd4j.createFromArray(2, 0)))),
                c(
                        "cross entropy with logits",
                        g -> new SoftmaxCrossEntropyWithLogitsLoss(g.sd, g.var("a", 2, 3), oneHot(g), 1)
                                .outputVariable()),
                c(
                        "sigmoid cross entropy",
                        g -> g.sd.loss.sigmoidCrossEntropy(oneHot(g), g.var("a", 2, 3), null, LossReduce.SUM, 0.0)),
                c("mean squared error", g -> squaredError(g, LossReduce.MEAN_BY_WEIGHT)),
                c("unreduced squared error", g -> squaredError(g, LossReduce.NONE)),
                c(
                        "pairwise squared error",
                        g -> g.sd.loss.meanPairwiseSquaredError(
                                g.frozen("t", 2, 3), g.var("a", 2, 3), null, LossReduce.SUM)),
                c(
                        "absolute difference",
                        g -> g.sd.loss.absoluteDifference(
                                g.frozen("t", 2, 3), g.var("a", 2, 3), null, LossReduce.MEAN_BY_WEIGHT)),
                c(
                        "cosine distance",
                        g -> g.sd.loss.cosineDistance(g.frozen("t", 2, 3), g.var("a", 2, 3), null, LossReduce.SUM, 1)),
                c("hinge", g -> g.sd.loss.hingeLoss(oneHot(g), g.var("a", 2, 3), null, LossReduce.SUM)),
                c("huber", g -> g.sd.loss.huberLoss(g.frozen("t", 2, 3), g.var("a", 2, 3), null, LossReduce.SUM, 0.5)),
                c(
                        "log loss",
                        g -> g.sd.loss.logLoss(
                                oneHot(g), g.sd.nn.sigmoid(g.var("a", 2, 3)), null, LossReduce.SUM, 1e-7)),
                c("poisson", g -> g.sd.loss.logPoisson(oneHot(g), g.var("a", 2, 3), null, LossReduce.SUM, false)));
    }

    private static SDVariable crossEntropy(TestGraph g, LossReduce reduce) {
        return g.sd.loss.softmaxCrossEntropy(oneHot(g), g.var("a", 2, 3), null, reduce, 0.0);
    }

    private static SDVariable squaredError(TestGraph g, LossReduce reduce) {
        return g.sd.loss.meanSquaredError(g.frozen("t", 2, 3), g.var("a", 2, 3), null, reduce);
    }

    private static SDVariable oneHot(TestGraph g) {
        return g.rows(new double[] {0, 1, 0}, new double[] {1, 0, 0});
    }
}
