/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import java.util.function.Function;
import java.util.stream.Stream;
import org.lora4j.internal.engine.GradientCheck;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.enums.DataFormat;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.custom.DivideNoNan;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.DeConv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.DeConv3DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.LocalResponseNormalizationConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Pooling2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Pooling3DConfig;
import org.nd4j.linalg.api.ops.impl.reduce.floating.AMean;
import org.nd4j.linalg.api.ops.impl.reduce.same.AMax;
import org.nd4j.linalg.api.ops.impl.reduce.same.AMin;
import org.nd4j.linalg.api.ops.impl.shape.Flatten2D;
import org.nd4j.linalg.api.ops.impl.transforms.custom.ThresholdRelu;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.FloorModOp;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.RealDivOp;
import org.nd4j.linalg.api.ops.impl.transforms.strict.RationalTanh;
import org.nd4j.linalg.api.ops.impl.transforms.strict.RectifiedTanh;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.conditions.Conditions;

/** The ops of SameDiff that have a gradient, beside those of {@link GradientCases}. */
final class OpCases {

    private OpCases() {}

    static Stream<GradientCase> all() {
        return Stream.of(elementwise(), pairs(), reductions(), distances(), shapes(), segments(), convolutions())
                .flatMap(s -> s);
    }

    private static GradientCase c(String name, Function<TestGraph, SDVariable> build) {
        return new GradientCase(name, build);
    }

    /** Values between 0.1 and 0.9. */
    private static SDVariable inner(TestGraph g) {
        return g.variable("a", GradientCheck.values(5, 3, 4).muli(0.4).addi(0.5));
    }

    private static SDVariable a(TestGraph g) {
        return g.var("a", 3, 4);
    }

    private static SDVariable p(TestGraph g) {
        return g.positive("a", 3, 4);
    }

    private static Stream<GradientCase> elementwise() {
        return Stream.of(
                c("acos", g -> g.sd.math.acos(inner(g))),
                c("acosh", g -> g.sd.math.acosh(p(g))),
                c("asin", g -> g.sd.math.asin(inner(g))),
                c("asinh", g -> g.sd.math.asinh(a(g))),
                c("atan", g -> g.sd.math.atan(a(g))),
                c("atanh", g -> g.sd.math.atanh(inner(g))),
                c("abs", g -> g.sd.math.abs(a(g))),
                c("cos", g -> g.sd.math.cos(a(g))),
                c("cosh", g -> g.sd.math.cosh(a(g))),
                c("cube", g -> g.sd.math.cube(a(g))),
                c("erfc", g -> g.sd.math.erfc(a(g))),
                c("exp", g -> g.sd.math.exp(a(g))),
                c("expm1", g -> g.sd.math.expm1(a(g))),
                c("log", g -> g.sd.math.log(p(g))),
                c("log base", g -> g.sd.math.log(p(g), 3)),
                c("log1p", g -> g.sd.math.log1p(p(g))),
                c("neg", g -> g.sd.math.neg(a(g))),
                c("reciprocal", g -> g.sd.math.reciprocal(p(g))),
                c("rsqrt", g -> g.sd.math.rsqrt(p(g))),
                c("sqrt", g -> g.sd.math.sqrt(p(g))),
                c("square", g -> g.sd.math.square(a(g))),
                c("sin", g -> g.sd.math.sin(a(g))),
                c("sinh", g -> g.sd.math.sinh(a(g))),
                c("tan", g -> g.sd.math.tan(a(g))),
                c("pow", g -> g.sd.math.pow(p(g), 2.5)),
                c("step of a product", g -> g.sd.math.step(a(g), 0.0).mul(g.var("b", 3, 4))),
                c("clip by value", g -> g.sd.math.clipByValue(a(g), -0.5, 0.5)),
                c("standardize", g -> g.sd.math.standardize(a(g), 1)),
                c("hard sigmoid", g -> g.sd.nn.hardSigmoid(a(g))),
                c("hard tanh", g -> g.sd.nn.hardTanh(a(g).mul(2))),
                c("leaky relu", g -> g.sd.nn.leakyRelu(a(g), 0.1)),
                c("log sigmoid", g -> g.sd.nn.logSigmoid(a(g))),
                c("log softmax", g -> g.sd.nn.logSoftmax(a(g))),
                c("log softmax over the first axis", g -> g.sd.nn.logSoftmax(a(g), 0)),
                c("relu6", g -> g.sd.nn.relu6(a(g).mul(8), 0.0)),
                c("selu", g -> g.sd.nn.selu(a(g))),
                c("softsign", g -> g.sd.nn.softsign(a(g))),
                c("rational tanh", g -> new RationalTanh(g.sd, a(g), false).outputVariable()),
                c("rectified tanh", g -> new RectifiedTanh(g.sd, a(g), false).outputVariable()),
                c("thresholded relu", g -> new ThresholdRelu(g.sd, a(g), 0.2).outputVariable()),
                c("crelu", g -> g.sd.nn.cReLU(a(g))),
                c("identity", g -> g.sd.identity(a(g))),
                c("replace nans", g -> g.sd.replaceWhere(a(g), 1.0, Conditions.isNan())),
                c("floor times", g -> g.sd.math.floor(a(g)).add(a2(g))),
                c(
                        "round, ceil, sign",
                        g -> g.sd.math
                                .round(a(g))
                                .add(g.sd.math.ceil(a2(g)))
                                .add(g.sd.math.sign(g.var("c", 3, 4)))
                                .add(g.var("d", 3, 4))));
    }

    private static SDVariable a2(TestGraph g) {
        return g.var("b", 3, 4);
    }

    private static Stream<GradientCase> pairs() {
        return Stream.of(
                c("atan2", g -> g.sd.math.atan2(p(g), g.positive("b", 3, 4))),
                c("maximum", g -> g.sd.max(a(g), a2(g))),
                c("minimum", g -> g.sd.min(a(g), a2(g))),
                c("max scalar", g -> g.sd.scalarMax(a(g), 0.1)),
                c("min scalar", g -> g.sd.scalarMin(a(g), 0.1)),
                c("floor mod scalar", g -> g.sd.scalarFloorMod(p(g), 1.3)),
                c("pow of variables", g -> g.sd.math.pow(p(g), g.positive("b", 3, 4))),
                c("pow of variables, broadcast", g -> g.sd.math.pow(p(g), g.positive("b", 4))),
                c("rdiv of variables", g -> p(g).rdiv(g.var("b", 3, 4))),
                c("rdiv of variables, broadcast", g -> p(g).rdiv(g.var("b", 4))),
                c("rsub of variables", g -> p(g).rsub(g.var("b", 3, 4))),
                c("rsub of variables, broadcast", g -> p(g).rsub(g.var("b", 4))),
                c("squared difference", g -> g.sd.math.squaredDifference(a(g), a2(g))),
                c("squared difference, broadcast", g -> g.sd.math.squaredDifference(a(g), g.var("b", 4))),
                c(
                        "floor div",
                        g -> g.sd.math.floorDiv(p(g), g.positive("b", 3, 4)).add(g.var("c", 3, 4))),
                c("merge add", g -> g.sd.math.mergeAdd(a(g), a2(g))),
                c("merge avg", g -> g.sd.math.mergeAvg(a(g), a2(g))),
                c("merge max", g -> g.sd.math.mergeMax(a(g), a2(g))),
                c("divide no nan", g -> new DivideNoNan(g.sd, a(g), g.positive("b", 3, 4)).outputVariable()),
                c(
                        "real div",
                        g -> new RealDivOp(g.sd, new SDVariable[] {a(g), g.positive("b", 3, 4)}, false)
                                .outputVariable()));
    }

    private static Stream<GradientCase> reductions() {
        return Stream.of(
                c("amax", g -> new AMax(g.sd, a(g), false, new int[] {1}).outputVariable()),
                c("amean", g -> new AMean(g.sd, a(g), false, new int[] {1}).outputVariable()),
                c("amin", g -> new AMin(g.sd, a(g), false, new int[] {1}).outputVariable()),
                c("asum", g -> g.sd.math.asum(a(g), 1)),
                c("entropy", g -> g.sd.math.entropy(inner(g), 1)),
                c("shannon entropy", g -> g.sd.math.shannonEntropy(inner(g), 1)),
                c("log sum exp", g -> g.sd.math.logSumExp(a(g), 1)),
                c("max", g -> a(g).max(1)),
                c("max keeping", g -> a(g).max(true, 1)),
                c("min", g -> a(g).min(1)),
                c("mean", g -> a(g).mean(1)),
                c("mean of all", g -> a(g).mean()),
                c("norm1", g -> a(g).norm1(1)),
                c("norm2", g -> a(g).norm2(1)),
                c("norm max", g -> a(g).normmax(1)),
                c("prod", g -> p(g).prod(1)),
                c("prod of all", g -> p(g).prod()),
                c("squared norm", g -> g.sd.squaredNorm(a(g), 1)),
                c("std", g -> a(g).std(true, 1)),
                c("std of the population", g -> a(g).std(false, 0)),
                c("variance", g -> a(g).std(true, 1).mul(g.sd.variance(a2(g), true, 1))),
                c("variance of the population", g -> g.sd.variance(a(g), false, 0)),
                c("sum", g -> a(g).sum(0)),
                c("moments", g -> {
                    SDVariable[] m = g.sd.math.moments(a(g), new int[] {0}, false);
                    return m[0].add(m[1]);
                }),
                c("cumsum", g -> g.sd.cumsum(a(g), false, false, 1)),
                c("cumsum exclusive, reversed", g -> g.sd.cumsum(a(g), true, true, 0)),
                c("trace", g -> g.sd.math.trace(g.var("a", 4, 4))),
                c("diag", g -> g.sd.math.diag(g.var("a", 4))),
                c("diag part", g -> g.sd.math.diagPart(g.var("a", 4, 4))),
                c("matrix set diag", g -> g.sd.math.setDiag(g.var("a", 4, 4), g.var("b", 4))),
                c("triu", g -> g.sd.linalg.triu(g.var("a", 4, 4), 0)),
                c("l2 loss", g -> g.sd.loss.l2Loss(a(g))));
    }

    private static Stream<GradientCase> distances() {
        return Stream.of(
                c("cosine distance", g -> g.sd.math.cosineDistance(a(g), a2(g), 1)),
                c("cosine similarity", g -> g.sd.math.cosineSimilarity(a(g), a2(g), 1)),
                c("dot", g -> g.sd.dot(a(g), a2(g), 1)),
                c("euclidean distance", g -> g.sd.math.euclideanDistance(a(g), a2(g), 1)),
                c("jaccard distance", g -> g.sd.math.jaccardDistance(p(g), g.positive("b", 3, 4), 1)),
                c("manhattan distance", g -> g.sd.math.manhattanDistance(a(g), a2(g), 1)));
    }

    private static Stream<GradientCase> shapes() {
        return Stream.of(
                c("cast", g -> a(g).castTo(DataType.DOUBLE)),
                c("expand dims", g -> g.sd.expandDims(a(g), 1)),
                c("flatten 2d", g -> new Flatten2D(g.sd, g.var("a", 2, 3, 2), 1).outputVariable()),
                c(
                        "pad",
                        g -> g.sd.nn.pad(a(g), g.sd.constant(Nd4j.createFromArray(new int[][] {{1, 0}, {0, 2}})), 0.0)),
                c("permute", g -> g.var("a", 2, 3, 4).permute(2, 0, 1)),
                c("reshape", g -> a(g).reshape(2, 6)),
                c("reverse", g -> g.sd.reverse(a(g), 1)),
                c("reverse sequence", g -> g.sd.reverseSequence(a(g), integers(g, 2, 4, 1), 1, 0)),
                c("slice", g -> g.sd.slice(a(g), new int[] {1, 0}, 2, 3)),
                c("strided slice", g -> g.sd.stridedSlice(a(g), new long[] {0, 1}, new long[] {3, 4}, 2, 2)),
                c("split", g -> g.sd.split(a(g), 2, 1)[1]),
                c("stack", g -> g.sd.stack(1, a(g), a2(g))),
                c("unstack", g -> g.sd.unstack(a(g), 0, 3)[1]),
                c("tile", g -> g.sd.tile(a(g), 2, 1)),
                c("transpose", g -> g.sd.transpose(a(g))),
                c("transpose 3d", g -> g.sd.permute(g.var("a", 2, 3, 4), 0, 2, 1)),
                c("dynamic partition", g -> {
                    SDVariable[] m = g.sd.dynamicPartition(a(g), integers(g, 0, 1, 0), 2);
                    return m[0].sum().add(m[1].sum().mul(2));
                }),
                c(
                        "dynamic stitch",
                        g -> g.sd.dynamicStitch(
                                new SDVariable[] {integers(g, 0, 2), integers(g, 1, 3)},
                                g.var("a", 2, 3),
                                g.var("b", 2, 3))),
                c("depth to space", g -> g.sd.cnn.depthToSpace(g.var("a", 1, 2, 2, 4), 2, DataFormat.NHWC)),
                c("space to depth", g -> g.sd.cnn.spaceToDepth(g.var("a", 1, 4, 4, 1), 2, DataFormat.NHWC)),
                c(
                        "batch to space",
                        g -> g.sd.cnn.batchToSpace(g.var("a", 4, 1, 2, 1), new int[] {2, 2}, new int[] {0, 0}, 0, 0)),
                c(
                        "space to batch",
                        g -> g.sd.cnn.spaceToBatch(g.var("a", 1, 2, 4, 1), new int[] {2, 2}, new int[] {0, 0}, 0, 0)),
                c(
                        "invert permutation beside",
                        g -> g.sd.gather(a(g), g.sd.invertPermutation(integers(g, 2, 0, 1)), 0)));
    }

    private static SDVariable integers(TestGraph g, int... values) {
        return g.sd.constant(Nd4j.createFromArray(values));
    }

    private static SDVariable segmentIds(TestGraph g) {
        return integers(g, 0, 0, 1);
    }

    private static Stream<GradientCase> segments() {
        return Stream.of(
                c("segment max", g -> g.sd.segmentMax(a(g), segmentIds(g))),
                c("segment mean", g -> g.sd.segmentMean(a(g), segmentIds(g))),
                c("segment min", g -> g.sd.segmentMin(a(g), segmentIds(g))),
                c("segment prod", g -> g.sd.segmentProd(p(g), segmentIds(g))),
                c("segment sum", g -> g.sd.segmentSum(a(g), segmentIds(g))),
                c("unsorted segment max", g -> g.sd.unsortedSegmentMax(a(g), segmentIds(g), 2)),
                c("unsorted segment mean", g -> g.sd.unsortedSegmentMean(a(g), segmentIds(g), 2)),
                c("unsorted segment min", g -> g.sd.unsortedSegmentMin(a(g), segmentIds(g), 2)),
                c("unsorted segment prod", g -> g.sd.unsortedSegmentProd(p(g), segmentIds(g), 2)),
                c("unsorted segment sqrt n", g -> g.sd.unsortedSegmentSqrtN(a(g), segmentIds(g), 2)),
                c("unsorted segment sum", g -> g.sd.unsortedSegmentSum(a(g), segmentIds(g), 2)),
                c("scatter add", g -> g.sd.scatterAdd(g.var("a", 4, 3), integers(g, 0, 2), g.var("b", 2, 3))),
                c("scatter sub", g -> g.sd.scatterSub(g.var("a", 4, 3), integers(g, 0, 2), g.var("b", 2, 3))),
                c("scatter mul", g -> g.sd.scatterMul(g.var("a", 4, 3), integers(g, 0, 2), g.var("b", 2, 3))),
                c("scatter div", g -> g.sd.scatterDiv(g.var("a", 4, 3), integers(g, 0, 2), g.positive("b", 2, 3))),
                c("scatter max", g -> g.sd.scatterMax(g.var("a", 4, 3), integers(g, 0, 2), g.var("b", 2, 3))),
                c("scatter min", g -> g.sd.scatterMin(g.var("a", 4, 3), integers(g, 0, 2), g.var("b", 2, 3))));
    }

    private static Pooling2DConfig pool2(PaddingMode mode) {
        return Pooling2DConfig.builder()
                .kH(2)
                .kW(2)
                .sH(1)
                .sW(2)
                .dH(1)
                .dW(1)
                .paddingMode(mode)
                .build();
    }

    private static Pooling2DConfig pool2nhwc() {
        return Pooling2DConfig.builder()
                .kH(2)
                .kW(2)
                .sH(1)
                .sW(2)
                .dH(1)
                .dW(1)
                .paddingMode(PaddingMode.VALID)
                .isNHWC(true)
                .build();
    }

    private static Pooling3DConfig pool3(boolean same) {
        return Pooling3DConfig.builder()
                .kD(2)
                .kH(2)
                .kW(2)
                .sD(1)
                .sH(1)
                .sW(2)
                .dD(1)
                .dH(1)
                .dW(1)
                .isSameMode(same)
                .isNCDHW(true)
                .build();
    }

    private static Stream<GradientCase> convolutions() {
        return Stream.of(
                c("max pool 2d", g -> g.sd.cnn.maxPooling2d(g.var("a", 2, 2, 4, 4), pool2(PaddingMode.VALID))),
                c("max pool 2d, same", g -> g.sd.cnn.maxPooling2d(g.var("a", 2, 2, 4, 5), pool2(PaddingMode.SAME))),
                c("max pool 2d, channels last", g -> g.sd.cnn.maxPooling2d(g.var("a", 2, 4, 4, 2), pool2nhwc())),
                c("average pool 2d", g -> g.sd.cnn.avgPooling2d(g.var("a", 2, 2, 4, 4), pool2(PaddingMode.VALID))),
                c("average pool 2d, same", g -> g.sd.cnn.avgPooling2d(g.var("a", 2, 2, 4, 5), pool2(PaddingMode.SAME))),
                c("average pool 2d, channels last", g -> g.sd.cnn.avgPooling2d(g.var("a", 2, 4, 4, 2), pool2nhwc())),
                c("max pool 3d", g -> g.sd.cnn.maxPooling3d(g.var("a", 1, 2, 3, 3, 4), pool3(false))),
                c("max pool 3d, same", g -> g.sd.cnn.maxPooling3d(g.var("a", 1, 2, 3, 3, 4), pool3(true))),
                c("average pool 3d", g -> g.sd.cnn.avgPooling3d(g.var("a", 1, 2, 3, 3, 4), pool3(false))),
                c("average pool 3d, same", g -> g.sd.cnn.avgPooling3d(g.var("a", 1, 2, 3, 3, 4), pool3(true))),
                c(
                        "depthwise conv2d",
                        g -> g.sd.cnn.depthWiseConv2d(
                                g.var("a", 1, 2, 4, 4),
                                g.var("w", 2, 2, 2, 2),
                                g.var("b", 4),
                                Conv2DConfig.builder()
                                        .kH(2)
                                        .kW(2)
                                        .sH(1)
                                        .sW(1)
                                        .paddingMode(PaddingMode.VALID)
                                        .build())),
                c(
                        "separable conv2d",
                        g -> g.sd.cnn.separableConv2d(
                                g.var("a", 1, 2, 4, 4),
                                g.var("w", 2, 2, 2, 2),
                                g.var("v", 1, 1, 4, 3),
                                g.var("b", 3),
                                Conv2DConfig.builder()
                                        .kH(2)
                                        .kW(2)
                                        .sH(1)
                                        .sW(1)
                                        .paddingMode(PaddingMode.VALID)
                                        .build())),
                c(
                        "deconv2d",
                        g -> g.sd.cnn.deconv2d(
                                g.var("a", 1, 2, 3, 3),
                                g.var("w", 2, 2, 3, 2),
                                g.var("b", 3),
                                DeConv2DConfig.builder().kH(2).kW(2).sH(1).sW(1).build())),
                c(
                        "deconv3d",
                        g -> g.sd.cnn.deconv3d(
                                g.var("a", 1, 2, 2, 2, 2),
                                g.var("w", 2, 2, 2, 3, 2),
                                g.var("b", 3),
                                DeConv3DConfig.builder()
                                        .kD(2)
                                        .kH(2)
                                        .kW(2)
                                        .sD(1)
                                        .sH(1)
                                        .sW(1)
                                        .dD(1)
                                        .dH(1)
                                        .dW(1)
                                        .dataFormat("NCDHW")
                                        .build())),
                c("upsampling 2d", g -> g.sd.cnn.upsampling2d(g.var("a", 1, 2, 2, 2), 2, 3, true)),
                c("upsampling 3d", g -> g.sd.cnn.upsampling3d(g.var("a", 1, 2, 2, 2, 2), true, 2, 2, 2)),
                c(
                        "im2col",
                        g -> g.sd.cnn.im2Col(
                                g.var("a", 1, 2, 4, 4),
                                Conv2DConfig.builder()
                                        .kH(2)
                                        .kW(2)
                                        .sH(1)
                                        .sW(1)
                                        .paddingMode(PaddingMode.VALID)
                                        .build())),
                c(
                        "batch norm",
                        g -> g.sd.nn.batchNorm(
                                g.var("a", 3, 4),
                                g.var("m", 4),
                                g.positive("v", 4),
                                g.var("g", 4),
                                g.var("b", 4),
                                0.1,
                                1)),
                c(
                        "batch norm of images",
                        g -> g.sd.nn.batchNorm(
                                g.var("a", 2, 3, 2, 2),
                                g.frozen("m", 3),
                                g.sd.math.exp(g.frozen("v", 3)),
                                g.var("g", 3),
                                g.var("b", 3),
                                0.1,
                                1)));
    }

    /** The ops of {@link WrongGradient}. */
    static Stream<GradientCase> refused() {
        return Stream.of(
                c("clip by norm of rows", g -> g.sd.math.clipByNorm(a(g), 0.7, 1)),
                c("hard tanh derivative", g -> g.sd.nn.hardTanhDerivative(a(g)).mul(g.var("b", 3, 4))),
                c("compare and replace", g -> g.sd.replaceWhere(a(g), g.var("b", 3, 4), Conditions.lessThan(0))),
                c("mod", g -> g.sd.math.mod(p(g), g.positive("b", 3, 4))),
                c("fmod", g -> new FloorModOp(g.sd, p(g), g.positive("b", 3, 4)).outputVariable()),
                c("cross", g -> g.sd.linalg.cross(g.var("a", 2, 3), g.var("b", 2, 3))),
                c("cumprod", g -> g.sd.cumprod(p(g), false, false, 1)),
                c("cumprod exclusive", g -> g.sd.cumprod(p(g), true, false, 1)),
                c(
                        "matrix inverse",
                        g -> g.sd.linalg.matrixInverse(g.variable(
                                "a",
                                GradientCheck.values(3, 3, 3)
                                        .addi(Nd4j.eye(3)
                                                .castTo(DataType.DOUBLE)
                                                .mul(3))))),
                c("max pool with argmax", g -> g.sd.cnn.maxPoolWithArgmax(g.var("a", 1, 4, 4, 2), pool2nhwc())[0]),
                c("meshgrid", g -> {
                    SDVariable[] m = g.sd.math.meshgrid(new SDVariable[] {g.var("a", 3), g.var("b", 4)}, true);
                    return m[0].mul(m[1]);
                }),
                c(
                        "local response normalization",
                        g -> g.sd.cnn.localResponseNormalization(
                                g.var("a", 1, 4, 3, 3),
                                LocalResponseNormalizationConfig.builder()
                                        .alpha(0.1)
                                        .beta(0.75)
                                        .bias(1)
                                        .depth(2)
                                        .build())));
    }
}
