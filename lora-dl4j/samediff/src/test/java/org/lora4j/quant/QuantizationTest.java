/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.samediff.SameDiffFile;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class QuantizationTest {

    /** Two ways of computing in F32, sums of some dozens of products. */
    private static final double ROUNDING = 2e-5;

    static Stream<Quantization> all() {
        return Stream.of(
                Quantization.bf16(),
                Quantization.f16(),
                Quantization.int8(),
                Quantization.nf4(),
                Quantization.nf4DoubleQuantized());
    }

    /** Two layers with a bias, one of them transposed; low-rank factors on the first; everything in one type. */
    private static SameDiff graph(DataType type, INDArray one, INDArray two) {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", type, -1, 16);
        SDVariable bias =
                graph.constant("bias", Int8Test.random(3, 1, 24).castTo(type).reshape(24));
        SDVariable a = graph.var("a", Int8Test.random(4, 16, 3).castTo(type));
        SDVariable b = graph.var("b", Int8Test.random(5, 3, 24).castTo(type));
        SDVariable c = graph.var("c", Int8Test.random(6, 8, 8).castTo(type));
        SDVariable first =
                x.mmul(graph.constant("one.weight", one.castTo(type))).add(bias);
        SDVariable hidden = graph.math().tanh(first.add(x.mmul(a).mmul(b)));
        SDVariable out = graph.mmul("out", hidden, graph.constant("two.weight", two.castTo(type)), false, true, false);
        SDVariable last = out.mmul(c);
        last.mul(last).mean().rename("loss");
        graph.setLossVariables("loss");
        return graph;
    }

    private static SameDiff graph() {
        return graph(DataType.FLOAT, Int8Test.random(1, 16, 24), Int8Test.random(2, 8, 24));
    }

    private static final Map<String, INDArray> INPUT = Map.of("x", Int8Test.random(9, 10, 16));
    private static final List<String> TRAINED = List.of("a", "b", "c");

    private static boolean weights(String name) {
        return name.endsWith(".weight");
    }

    /** The same graph in DOUBLE with the values that the stored weights stand for. */
    private static LossAndGradients reference(QuantizedGraph small) {
        SameDiff exact = graph(
                DataType.DOUBLE,
                StoredWeights.value(small.graph(), "one.weight"),
                StoredWeights.value(small.graph(), "two.weight"));
        return SameDiffExecutor.forTraining(exact, TRAINED)
                .gradients(Map.of("x", INPUT.get("x").castTo(DataType.DOUBLE)), 1);
    }

    private static void assertClose(LossAndGradients found, LossAndGradients expected) {
        assertThat(Math.abs(found.loss() - expected.loss())).isLessThan(ROUNDING * expected.loss());
        expected.gradients().forEach((name, gradient) -> {
            INDArray error = found.gradients().get(name).castTo(DataType.DOUBLE).sub(gradient);
            assertThat(error.norm2Number().doubleValue())
                    .as(name)
                    .isLessThan(ROUNDING * gradient.norm2Number().doubleValue());
        });
    }

    @ParameterizedTest
    @MethodSource("all")
    void gradients_onStoredWeights_areThoseOfTheValuesTheyStandFor(Quantization way) {
        QuantizedGraph small = way.apply(graph(), QuantizationTest::weights);
        LossAndGradients expected = reference(small);
        SameDiffExecutor plain = SameDiffExecutor.forTraining(small.graph(), TRAINED);

        assertClose(plain.gradients(INPUT, 1), expected);
        assertClose(plain.withKernels().gradients(INPUT, 1), expected);
        assertClose(plain.withKernels().fork().gradients(INPUT, 1), expected);
    }

    @ParameterizedTest
    @MethodSource("all")
    void gradients_onStoredWeights_agreeWithDifferenceQuotients(Quantization way) {
        QuantizedGraph small = way.apply(graph(), QuantizationTest::weights);
        SameDiffExecutor executor =
                SameDiffExecutor.forTraining(small.graph(), TRAINED).withKernels();
        INDArray gradient = executor.gradients(INPUT, 1).gradients().get("a");
        INDArray a = small.graph().getVariable("a").getArr();
        float step = 0x1p-7f;

        for (int i = 0; i < a.length(); i += 5) {
            float value = a.getFloat(i);
            a.putScalar(i, value + step);
            double up = executor.gradients(INPUT, 1).loss();
            a.putScalar(i, value - step);
            double down = executor.gradients(INPUT, 1).loss();
            a.putScalar(i, value);
            // F32 losses near 1 have errors of 1e-7 each, over a distance of 1/64; the rest is of second order.
            assertThat(Math.abs((up - down) / (2 * step) - gradient.getFloat(i)))
                    .isLessThan(2e-3 * gradient.amaxNumber().doubleValue());
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void output_onStoredWeights_isThatOfTheStockSession(Quantization way) {
        SameDiff small = way.apply(graph(), QuantizationTest::weights).graph();
        INDArray expected = small.output(INPUT, "out").get("out");

        INDArray plain = SameDiffExecutor.forInference(small)
                .output(INPUT, List.of("out"))
                .get("out");
        INDArray kernels = SameDiffExecutor.forInference(small)
                .withKernels()
                .output(INPUT, List.of("out"))
                .get("out");

        assertThat(plain).isEqualTo(expected);
        assertThat(kernels.sub(expected).amaxNumber().doubleValue())
                .isLessThan(ROUNDING * expected.amaxNumber().doubleValue());
    }

    @ParameterizedTest
    @MethodSource("all")
    void apply_keepsNamesAndReportsWhatItCost(Quantization way) {
        SameDiff base = graph();

        QuantizedGraph small = way.apply(base, QuantizationTest::weights);

        assertThat(small.weights()).extracting(QuantizedGraph.Entry::name).containsExactly("one.weight", "two.weight");
        assertThat(small.graph().getVariable("one.weight").getVariableType()).isEqualTo(VariableType.ARRAY);
        assertThat(StoredWeights.names(small.graph())).containsExactlyInAnyOrder("one.weight", "two.weight");
        INDArray original = base.getVariable("one.weight").getArr();
        INDArray error =
                StoredWeights.value(small.graph(), "one.weight").sub(original).castTo(DataType.DOUBLE);
        QuantizedGraph.Entry entry = small.weights().get(0);
        assertThat(entry.values()).isEqualTo(16 * 24);
        assertThat(Math.abs(entry.largestError() - error.amaxNumber().doubleValue()))
                .isLessThan(1e-6);
        assertThat(Math.abs(entry.relativeError()
                        - error.norm2Number().doubleValue()
                                / original.castTo(DataType.DOUBLE).norm2Number().doubleValue()))
                .isLessThan(1e-6);
        assertThat(small.toString()).startsWith("2 weights in " + way + ": ");
    }

    @Test
    void consume_closesTheArraysOfTheBase() {
        SameDiff base = graph();
        INDArray weight = base.getVariable("one.weight").getArr();
        INDArray bias = base.getVariable("bias").getArr();

        QuantizedGraph small = Quantization.int8().consume(base, QuantizationTest::weights);

        assertThat(weight.wasClosed()).isTrue();
        assertThat(bias.wasClosed()).isFalse();
        assertClose(
                SameDiffExecutor.forTraining(small.graph(), TRAINED)
                        .withKernels()
                        .gradients(INPUT, 1),
                reference(small));
    }

    @ParameterizedTest
    @MethodSource("all")
    void save_andRead_keepsTheStoredWeights(Quantization way, @TempDir Path folder) throws IOException {
        SameDiff small = way.apply(graph(), QuantizationTest::weights).graph();
        Path file = folder.resolve("graph.fb");

        small.save(file.toFile(), false);
        SameDiff loaded = SameDiffFile.read(file);

        assertThat(StoredWeights.names(loaded)).containsExactlyInAnyOrder("one.weight", "two.weight");
        assertThat(loaded.output(INPUT, "out").get("out"))
                .isEqualTo(small.output(INPUT, "out").get("out"));
    }

    @Test
    void find_ofNamesThatMeanSomethingElse_findsNothing() {
        SameDiff graph = SameDiff.create();
        SDVariable values = graph.constant("w.int8", Nd4j.ones(DataType.INT8, 2, 2));
        SDVariable scales = graph.constant("w.scale", Nd4j.ones(DataType.FLOAT, 1, 2));
        SDVariable other = graph.constant("other", Nd4j.ones(DataType.FLOAT, 1, 2));
        values.castTo(DataType.FLOAT).mul(scales).add("w", other);

        assertThat(StoredWeights.find(graph, "w")).isEmpty();
        assertThat(StoredWeights.find(graph, "other")).isEmpty();
        assertThat(StoredWeights.find(graph, "nothing")).isEmpty();
    }

    @Test
    void apply_toWhatOtherOpsRead_namesEachProblem() {
        SameDiff graph = graph();
        SDVariable one = graph.getVariable("one.weight");
        one.add("elsewhere", 1);
        graph.constant("unread.weight", Nd4j.ones(DataType.FLOAT, 8, 8));

        assertThatThrownBy(() -> Quantization.int8().apply(graph, QuantizationTest::weights))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("Quantization to INT8: 2 problems: \"one.weight\" is read by op \"")
                .hasMessageContaining("\"unread.weight\" is read by no op")
                .hasMessageEndingWith(
                        "Choose weights that matmul alone reads, as its right-hand side, or gather, as its table of rows.");
        assertThatThrownBy(() -> Quantization.nf4().apply(graph, name -> false))
                .hasMessageContaining("no FLOAT matrix is chosen");
    }

    @Test
    void apply_whenANameIsTaken_refuses() {
        SameDiff graph = graph();
        graph.constant("two.weight.scale", Nd4j.ones(DataType.FLOAT, 3));

        assertThatThrownBy(() -> Quantization.int8().apply(graph, name -> name.equals("two.weight")))
                .hasMessageContaining("\"two.weight\" needs the name \"two.weight.scale\", which another variable has");
    }

    @Test
    void apply_toAWeightThatIsNotFinite_namesItAndTheBaseStays() {
        SameDiff graph = graph();
        graph.getVariable("two.weight").getArr().putScalar(3, 4, Float.POSITIVE_INFINITY);

        assertThatThrownBy(() -> Quantization.nf4().apply(graph, QuantizationTest::weights))
                .hasMessageStartingWith("Quantization, weight \"two.weight\": Nf4: the value at [3, 4] is Infinity");
        assertThatThrownBy(() -> Quantization.nf4().consume(graph, QuantizationTest::weights))
                .hasMessageStartingWith("Quantization, weight \"two.weight\": the value at [3, 4] is Infinity");
        assertThat(graph.getVariable("one.weight").getArr().wasClosed()).isFalse();
    }
}
