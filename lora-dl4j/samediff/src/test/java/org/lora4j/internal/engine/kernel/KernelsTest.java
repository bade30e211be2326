/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.engine.autodiff.ReversePass;
import org.lora4j.internal.engine.plan.Plan;
import org.nd4j.autodiff.samediff.SDIndex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.scatter.ScatterAdd;
import org.nd4j.linalg.factory.Nd4j;

/** Kernels in float against the plain ops in double, whose gradients are checked numerically elsewhere. */
class KernelsTest {

    /** A few float roundings, relative to the largest value. */
    private static final double TOLERANCE = 2e-6;

    /** Numbers by rows and columns: to draw them takes longer than to compute with them. */
    private static final Map<List<Integer>, float[]> RANDOM = new HashMap<>();

    private record Case(String name, int rows, int width, UnaryOperator<SDVariable> function) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static SDVariable erfPart(SDVariable x) {
        return x.getSameDiff().math().erf(x.mul(Math.sqrt(0.5))).add(1);
    }

    private static SDVariable norm(SDVariable x, boolean bias) {
        SameDiff sd = x.getSameDiff();
        DataType type = x.dataType();
        SDVariable gain = sd.var("gain", random(type, 3, 384).getRow(1).dup());
        return bias
                ? sd.nn.layerNorm(
                        x, gain, sd.var("bias", random(type, 4, 384).getRow(2).dup()), false, 1)
                : sd.nn.layerNorm(x, gain, false, 1);
    }

    private static SDVariable folded(SDVariable x, UnaryOperator<SDVariable> function) {
        return function.apply(x.reshape(7, 10, 384)).reshape(70, 384);
    }

    private static SDVariable norm3d(SDVariable x) {
        SameDiff sd = x.getSameDiff();
        return sd.nn.layerNorm(
                x, sd.var("gain", random(x.dataType(), 3, 384).getRow(1).dup()), false, 2);
    }

    private static SDVariable frozenNorm(SDVariable x) {
        SameDiff sd = x.getSameDiff();
        return sd.nn.layerNorm(
                x, sd.constant("gain", random(x.dataType(), 3, 384).getRow(1).dup()), false, 1);
    }

    private static SDVariable frozenBias(SDVariable x) {
        SameDiff sd = x.getSameDiff();
        DataType type = x.dataType();
        SDVariable bias = sd.constant("bias", random(type, 4, 384).getRow(2).dup());
        return sd.nn.layerNorm(x, sd.var("gain", random(type, 3, 384).getRow(1).dup()), bias, false, 1);
    }

    static Stream<Case> cases() {
        return Stream.of(
                new Case("gelu x(s/2)", 70, 384, x -> x.mul(erfPart(x).mul(0.5))),
                new Case("gelu (xs)/2", 70, 384, x -> x.mul(erfPart(x)).mul(0.5)),
                new Case("gelu (x/2)s", 70, 384, x -> x.mul(0.5).mul(erfPart(x))),
                new Case("gelu (xs) div 2", 70, 384, x -> erfPart(x).mul(x).div(2)),
                new Case("not a gelu", 7, 384, x -> x.mul(erfPart(x)).mul(0.25)),
                new Case("layer norm", 70, 384, x -> norm(x, true)),
                new Case("layer norm without bias", 70, 384, x -> norm(x, false)),
                new Case("layer norm of one row", 1, 384, x -> norm(x, true)),
                new Case("layer norm of three dimensions", 70, 384, x -> folded(x, KernelsTest::norm3d)),
                new Case("pairs of one cosine", 70, 384, x -> pairs(x, 1)),
                new Case("pairs of two cosines", 70, 384, x -> pairs(x, 2)),
                new Case("root mean square norm", 70, 384, x -> rmsNorm(x, 1, false)),
                new Case("root mean square norm with frozen gains", 70, 384, x -> rmsNorm(x, 1, true)),
                new Case("root mean square norm of one row", 1, 384, x -> rmsNorm(x, 1, false)),
                new Case(
                        "root mean square norm of three dimensions",
                        70,
                        384,
                        x -> folded(x, y -> rmsNorm(y, 2, false))),
                new Case("epsilon norm", 70, 384, x -> epsilonNorm(x, 1, false, false)),
                new Case("epsilon norm with biases", 70, 384, x -> epsilonNorm(x, 1, true, false)),
                new Case("epsilon norm with frozen gains and biases", 70, 384, x -> epsilonNorm(x, 1, true, true)),
                new Case("epsilon norm of one row", 1, 384, x -> epsilonNorm(x, 1, true, false)),
                new Case(
                        "epsilon norm of three dimensions",
                        70,
                        384,
                        x -> folded(x, y -> epsilonNorm(y, 2, true, false))),
                new Case("epsilon norm whose product is read twice", 70, 384, x -> {
                    SDVariable y = epsilonNorm(x, 1, false, false);
                    return y.add(row(x)).mul(y);
                }),
                new Case("relu", 70, 384, x -> x.getSameDiff().nn().relu(x, 0)),
                new Case("relu above a half", 70, 384, x -> x.getSameDiff().nn().relu(x, 0.5)),
                new Case("silu", 70, 384, x -> silu(x)),
                new Case("silu times another", 70, 384, x -> silu(x).mul(other(x))),
                new Case("another times silu", 70, 384, x -> other(x).mul(silu(x))),
                new Case("silu times a row", 70, 384, x -> silu(x).mul(row(x))),
                new Case("silu times itself", 70, 384, x -> {
                    SDVariable y = silu(x);
                    return y.mul(y);
                }),
                new Case("gelu by tanh", 70, 384, x -> tanhGelu(x)),
                new Case("gelu by tanh times another", 70, 384, x -> tanhGelu(x).mul(other(x))),
                new Case("turned heads", 70, 384, x -> turned(x, 2, 64, 2, 1, 1)),
                new Case("turned heads, scaled", 70, 384, x -> turned(x, 2, 64, 2, 1, 0.125)),
                new Case("turned heads, the same for all examples", 70, 384, x -> turned(x, 2, 64, 1, 1, 1)),
                new Case("turned heads, each another way", 70, 384, x -> turned(x, 2, 64, 2, 6, 1)),
                new Case("turned heads, in part", 70, 384, x -> turned(x, 4, 64, 2, 1, 0.5)),
                new Case("one turned head", 70, 384, x -> turned(x, 2, 384, 2, 1, 1)),
                new Case("turned heads, by angles that are computed", 70, 384, x -> turned(x, true)),
                new Case("heads with angles that learn", 70, 384, x -> turned(x, false)),
                new Case("numbers put to places", 7, 12, KernelsTest::placed),
                new Case("numbers taken from places", 7, 12, KernelsTest::taken),
                new Case("few numbers in a weight", 70, 384, x -> sparse(x, 384, 900)),
                new Case("few numbers in a weight, several tiles and odd sizes", 1111, 67, x -> sparse(x, 67, 5)),
                new Case("many numbers in a weight", 70, 12, x -> sparse(x, 12, 100)),
                new Case("rows of a table, some of them twice", 70, 384, KernelsTest::looked),
                new Case("layer norm with a frozen gain", 70, 384, KernelsTest::frozenNorm),
                new Case("layer norm with a frozen bias", 70, 384, KernelsTest::frozenBias),
                new Case(
                        "softmax of rows wider than a block",
                        2,
                        9001,
                        x -> x.getSameDiff().nn().softmax(x, -1)),
                new Case("softmax", 70, 384, x -> x.getSameDiff().nn().softmax(x, -1)),
                new Case(
                        "softmax of three dimensions",
                        70,
                        384,
                        x -> folded(x, y -> y.getSameDiff().nn().softmax(y, -1))),
                new Case(
                        "softmax of odd width", 33, 7, x -> x.getSameDiff().nn().softmax(x, 1)),
                new Case("softmax of columns", 33, 7, x -> x.getSameDiff().nn().softmax(x, 0)));
    }

    private static SDVariable pairs(SDVariable x, int cosines) {
        SameDiff sd = x.getSameDiff();
        SDVariable c = sd.var("c", random(x.dataType(), 3, 64 * cosines).reshape(1, 6, cosines, 32));
        SDVariable s = sd.var("s", random(x.dataType(), 2, 192).reshape(1, 6, 2, 32));
        SDVariable groups = sd.reshape(x, -1, 6, 2, 32);
        SDVariable first = groups.get(SDIndex.all(), SDIndex.all(), SDIndex.interval(0, 1));
        SDVariable second = groups.get(SDIndex.all(), SDIndex.all(), SDIndex.interval(1, 2));
        return sd.reshape(groups.mul(c).add(sd.concat(2, second, first).mul(s)), -1, 384);
    }

    private static SDVariable rmsNorm(SDVariable x, int axis, boolean frozen) {
        SameDiff sd = x.getSameDiff();
        INDArray values = random(x.dataType(), 3, 384).getRow(1).dup();
        SDVariable gains = frozen ? sd.constant("gain", values) : sd.var("gain", values);
        SDVariable size = sd.math().sqrt(sd.math().square(x).mean(true, axis).add(0.1));
        return x.div(size).mul(gains);
    }

    private static SDVariable epsilonNorm(SDVariable x, int axis, boolean biased, boolean frozen) {
        SameDiff sd = x.getSameDiff();
        SDVariable centered = x.sub(x.mean(true, axis));
        SDVariable normed = rmsNorm(centered, axis, frozen);
        INDArray values = random(x.dataType(), 4, 384).getRow(2).dup();
        return biased ? normed.add(frozen ? sd.constant("bias", values) : sd.var("bias", values)) : normed;
    }

    private static SDVariable silu(SDVariable x) {
        return x.mul(x.getSameDiff().nn().sigmoid(x));
    }

    private static SDVariable other(SDVariable x) {
        return x.getSameDiff().var("other", random(x.dataType(), 70, 384).mul(0.5));
    }

    private static SDVariable row(SDVariable x) {
        return x.getSameDiff()
                .var("other", random(x.dataType(), 3, 384).getRow(1).dup());
    }

    private static SDVariable tanhGelu(SDVariable x) {
        SDVariable inner = x.mul(x.mul(x).mul(0.044715).add(1)).mul(Math.sqrt(2 / Math.PI));
        return x.mul(x.getSameDiff().math().tanh(inner).add(1)).mul(0.5);
    }

    /** As encoders do it: cosines and sines are computed in the graph. */
    private static SDVariable turned(SDVariable x, boolean frozen) {
        SameDiff sd = x.getSameDiff();
        INDArray values = random(x.dataType(), 35, 32).reshape(1, 1, 35, 32);
        SDVariable angles = frozen ? sd.constant("angles", values) : sd.var("angles", values);
        return turned(x, 2, 64, sd.math().cos(angles), sd.math().sin(angles), 1);
    }

    /** Two examples of 35 tokens, of which the first half or, in four parts, the first quarter meets the second. */
    private static SDVariable turned(SDVariable x, int parts, int size, int examples, int heads, double factor) {
        SameDiff sd = x.getSameDiff();
        long[] angles = {examples, heads, 35, size / parts};
        SDVariable c = sd.constant(
                "c", random(x.dataType(), 35, examples * heads * size / parts).reshape(angles));
        SDVariable s = sd.constant(
                "s",
                random(x.dataType(), 70, examples * heads * size / parts / 2).reshape(angles));
        return turned(x, parts, size, c, s, factor);
    }

    private static SDVariable turned(SDVariable x, int parts, int size, SDVariable c, SDVariable s, double factor) {
        SameDiff sd = x.getSameDiff();
        SDVariable sizes = sd.constant("sizes", Nd4j.createFromArray(2L, 35L, 384L / size, (long) size));
        SDVariable split = sd.permute(sd.reshape(x, sizes), 0, 2, 1, 3);
        String[] names = new String[parts];
        Arrays.setAll(names, i -> "part" + i);
        SDVariable[] part = sd.split(names, split, parts, 3);
        List<SDVariable> all = new ArrayList<>(Arrays.asList(part));
        all.set(0, part[0].mul(c).sub(part[1].mul(s)));
        all.set(1, part[1].mul(c).add(part[0].mul(s)));
        SDVariable turned = sd.concat(3, all.toArray(SDVariable[]::new));
        return sd.reshape(factor == 1 ? turned : turned.mul(factor), 70, 384);
    }

    private static SDVariable placed(SDVariable x) {
        SameDiff sd = x.getSameDiff();
        SDVariable into = sd.constant(Nd4j.ones(x.dataType(), 7 * 12, 1));
        int[] places = new int[7 * 12];
        Arrays.setAll(places, i -> 5 * i % (7 * 12));
        SDVariable numbers = sd.reshape(x, 7 * 12, 1);
        SDVariable flat = new ScatterAdd(sd, into, sd.constant(Nd4j.createFromArray(places)), numbers).outputVariable();
        return sd.reshape(flat, 7, 12);
    }

    private static SDVariable taken(SDVariable x) {
        SameDiff sd = x.getSameDiff();
        int[] places = new int[7 * 12];
        Arrays.setAll(places, i -> 5 * i % (7 * 12));
        SDVariable numbers = sd.reshape(x, 7 * 12, 1);
        return sd.reshape(sd.gather(numbers, sd.constant(Nd4j.createFromArray(places)), 0), 7, 12);
    }

    /** A product with a frozen weight and numbers at places of it, every seventh. */
    private static SDVariable sparse(SDVariable x, int width, int count) {
        SameDiff sd = x.getSameDiff();
        int[] places = new int[count];
        Arrays.setAll(places, i -> 7 * i % (width * width));
        SDVariable into = sd.constant(Nd4j.zeros(x.dataType(), (long) width * width, 1));
        SDVariable numbers = sd.var("numbers", random(x.dataType(), count, 1));
        SDVariable flat = new ScatterAdd(sd, into, sd.constant(Nd4j.createFromArray(places)), numbers).outputVariable();
        SDVariable weight =
                sd.constant("frozen", random(x.dataType(), width, width).mul(0.05));
        return x.mmul(weight.add(sd.reshape(flat, width, width)));
    }

    private static SDVariable looked(SDVariable x) {
        SameDiff sd = x.getSameDiff();
        int[] rows = new int[70];
        Arrays.setAll(rows, i -> i * i % 70);
        SDVariable table = sd.var("table", random(x.dataType(), 71, 384));
        SDVariable indices = sd.constant(Nd4j.createFromArray(rows).reshape(2, 35));
        return sd.reshape(sd.gather(table, indices, 0), 70, 384).mul(x);
    }

    SameDiffExecutor withKernels(SameDiffExecutor executor) {
        return executor.withKernels();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void output_andGradients_agreeWithThePlainOpsInDouble(Case c) {
        SameDiff single = graph(c, DataType.FLOAT);
        SameDiff twice = graph(c, DataType.DOUBLE);
        List<String> names = leaves(single);
        SameDiffExecutor kernels = withKernels(SameDiffExecutor.forTraining(single, names));
        SameDiffExecutor plain = SameDiffExecutor.forTraining(twice, names);

        LossAndGradients actual = kernels.gradients(Map.of(), 0);
        LossAndGradients expected = plain.gradients(Map.of(), 0);

        assertClose(
                "y",
                kernels.output(Map.of(), List.of("y")).get("y"),
                plain.output(Map.of(), List.of("y")).get("y"));
        for (String name : names) {
            assertClose(name, actual.gradients().get(name), expected.gradients().get(name));
        }
    }

    @Test
    void fuse_replacesEveryGrouping_ofTheExactGeluOnly() {
        List<String> fused = cases().filter(c ->
                        Kernels.fuse(graph(c, DataType.FLOAT), List.of()).getOps().values().stream()
                                .anyMatch(op -> op.getOp().opName().equals("gelu")))
                .map(Case::name)
                .toList();

        assertThat(fused).containsExactly("gelu x(s/2)", "gelu (xs)/2", "gelu (x/2)s", "gelu (xs) div 2");
    }

    @Test
    void fuse_replacesPairs() {
        List<String> fused = cases().filter(c ->
                        Kernels.fuse(graph(c, DataType.FLOAT), List.of()).getOps().keySet().stream()
                                .anyMatch(op -> op.contains("kernel.pairs")))
                .map(Case::name)
                .toList();

        assertThat(fused).containsExactly("pairs of one cosine", "pairs of two cosines");
    }

    @Test
    void fuseProducts_samplesTheGradient_ofFewNumbersInAWeight() {
        List<String> fused = cases().filter(c -> {
                    SameDiff graph = graph(c, DataType.FLOAT);
                    List<String> asked = List.copyOf(ReversePass.extend(
                                    graph, List.of("loss"), leaves(graph), new ArrayShapes(graph), Kernels::rule)
                            .gradients()
                            .values());
                    return !SampledProduct.find(graph, new LiveOps(graph, asked))
                            .isEmpty();
                })
                .map(Case::name)
                .toList();

        assertThat(fused)
                .containsExactlyElementsOf(cases().map(Case::name)
                        .filter(name -> name.contains("numbers in a weight"))
                        .toList());
    }

    @ParameterizedTest
    @MethodSource("fusedOps")
    void fuseOps_replacesWhatDecodersSpellOut(String op, List<String> names) {
        List<String> fused = cases().filter(c -> {
                    SameDiff graph = graph(c, DataType.FLOAT);
                    return Kernels.fuseOps(graph, new ArrayShapes(graph), List.of("loss"), true, Multiplier.nd4j())
                            .getOps()
                            .values()
                            .stream()
                            .anyMatch(found -> found.getOp().opName().equals(op));
                })
                .map(Case::name)
                .toList();

        assertThat(fused).containsExactlyElementsOf(names);
    }

    static Stream<Arguments> fusedOps() {
        return Stream.of(
                Arguments.of(
                        "lora4j_row_norm",
                        cases().map(Case::name)
                                .filter(name -> name.startsWith("root") || name.startsWith("epsilon"))
                                .toList()),
                Arguments.of(
                        "lora4j_sigmoid_gate",
                        cases().map(Case::name)
                                .filter(name -> name.contains("silu") || name.contains("tanh"))
                                .toList()),
                Arguments.of(
                        "lora4j_turned_heads",
                        cases().map(Case::name)
                                .filter(name -> name.contains("turned"))
                                .toList()));
    }

    @Test
    void gradientOfATable_isOneStep() {
        Case looked = cases().filter(c -> c.name().startsWith("rows of a table"))
                .findFirst()
                .orElseThrow();
        SameDiff graph = graph(looked, DataType.FLOAT);
        List<String> works = Collections.synchronizedList(new ArrayList<>());
        Plan.watch((step, work) -> {
            works.add(step.work());
            work.run();
        });
        try {
            withKernels(SameDiffExecutor.forTraining(graph, leaves(graph))).gradients(Map.of(), 0);
        } finally {
            Plan.watch(null);
        }

        assertThat(works).containsOnlyOnce(TableGradient.NAME).doesNotContain("scatter_add", "zeroslike", "zeros_as");
    }

    @Test
    void gelu_isExactFarOut_andAtZero() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.var("x", Nd4j.createFromArray(0f, 1f, -1f, 40f, -40f, 1e30f));
        x.mul(erfPart(x).mul(0.5)).rename("y");

        INDArray y = withKernels(SameDiffExecutor.forInference(sd))
                .output(Map.of(), List.of("y"))
                .get("y");

        // Phi(1) = 0.8413447460685429.
        assertThat(y.getDouble(0)).isZero();
        assertThat(y.getDouble(1)).isCloseTo(0.8413447460685429, within(3e-7));
        assertThat(y.getDouble(2)).isCloseTo(-0.15865525393145707, within(3e-7));
        assertThat(y.getDouble(3)).isCloseTo(40, within(1e-5));
        assertThat(y.getDouble(4)).isCloseTo(0, within(1e-5));
        assertThat(y.getFloat(5)).isCloseTo(1e30f, within(1e24f));
    }

    @Test
    void gelu_ofANonFiniteValue_isNotFiniteEither() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.var("x", Nd4j.createFromArray(Float.NaN, Float.POSITIVE_INFINITY));
        x.mul(erfPart(x).mul(0.5)).rename("y");

        INDArray y = withKernels(SameDiffExecutor.forInference(sd))
                .output(Map.of(), List.of("y"))
                .get("y");

        assertThat(y.getFloat(0)).isNaN();
        assertThat(y.getFloat(1)).matches(value -> !Float.isFinite(value));
    }

    @Test
    void softmax_ofMaskedScores_isExactlyZeroThere_andNaNOnlyInItsRow() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.var("x", Nd4j.create(new float[][] {
            {3, 3 - 1e9f, 3}, {Float.NaN, 1, 1}, {-1e9f, -1e9f, -1e9f}, {1000, 0, 1000}
        }));
        sd.nn().softmax("y", x, -1);

        INDArray y = withKernels(SameDiffExecutor.forInference(sd))
                .output(Map.of(), List.of("y"))
                .get("y");

        assertThat(y.getRow(0).toFloatVector()).containsExactly(0.5f, 0, 0.5f);
        assertThat(y.getRow(1).toFloatVector()).contains(Float.NaN);
        assertThat(y.getRow(2).sumNumber().doubleValue()).isCloseTo(1, within(1e-6));
        assertThat(y.getRow(3).toFloatVector()).containsExactly(0.5f, 0, 0.5f);
    }

    @Test
    void layerNorm_ofARowOfEqualValues_isTheBias_andHasNoGradient() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.var("x", Nd4j.create(new float[][] {{2, 2, 2, 2}, {1, 2, 3, 4}}));
        SDVariable gain = sd.constant("gain", Nd4j.createFromArray(1f, 2f, 3f, 4f));
        SDVariable y =
                sd.nn.layerNorm("y", x, gain, sd.constant("bias", Nd4j.createFromArray(5f, 6f, 7f, 8f)), false, 1);
        y.mul(y).sum().rename("loss");
        sd.setLossVariables("loss");
        SameDiffExecutor kernels = withKernels(SameDiffExecutor.forTraining(sd, List.of("x")));

        INDArray output = kernels.output(Map.of(), List.of("y")).get("y");
        INDArray gradient = kernels.gradients(Map.of(), 0).gradients().get("x");

        assertThat(output.getRow(0).toFloatVector()).containsExactly(5f, 6f, 7f, 8f);
        assertThat(gradient.getRow(0).amaxNumber().doubleValue()).isZero();
        assertThat(gradient.getRow(1).amaxNumber().doubleValue()).isBetween(0.1, 1000.0);
    }

    private static SameDiff graph(Case c, DataType type) {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.var("x", random(type, c.rows(), c.width()));
        SDVariable y = sd.updateVariableNameAndReference(c.function().apply(x), "y");
        y.mul(sd.constant(
                        "weights",
                        random(type, c.rows() + 1, c.width())
                                .get(org.nd4j.linalg.indexing.NDArrayIndex.interval(1, c.rows() + 1))
                                .dup()))
                .sum()
                .rename("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    private static List<String> leaves(SameDiff sd) {
        List<String> names = new ArrayList<>();
        for (SDVariable v : sd.variables()) {
            if (v.getVariableType() == org.nd4j.autodiff.samediff.VariableType.VARIABLE) {
                names.add(v.name());
            }
        }
        return names;
    }

    private static INDArray random(DataType type, int rows, int width) {
        float[] values = RANDOM.computeIfAbsent(List.of(rows, width), key -> random(rows, width));
        return Nd4j.create(values, new long[] {rows, width}, 'c').castTo(type);
    }

    private static float[] random(int rows, int width) {
        Random random = new Random(rows);
        float[] values = new float[rows * width];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (2 * random.nextGaussian());
        }
        return values;
    }

    private static void assertClose(String name, INDArray actual, INDArray expected) {
        double scale = Math.max(1, expected.amaxNumber().doubleValue());
        double error = actual.castTo(DataType.DOUBLE).sub(expected).amaxNumber().doubleValue();
        assertThat(error / scale).as(name).isLessThan(TOLERANCE);
    }

    private static <T extends Number> org.assertj.core.data.Offset<T> within(T value) {
        return org.assertj.core.data.Offset.offset(value);
    }
}
