/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Products with a row for each distance as one op, against its ops one by one in double precision. */
class RelativeProductsTest {

    private static final double TOLERANCE = 3e-5;

    /**
     * One way to use them.
     *
     * @param indices 0 the rows as they are, 1 in another order, 2 another order for each example, 3 the first of more rows
     * @param exchanged whether rows and columns are
     */
    private record Case(int batch, int heads, int length, int size, int indices, boolean exchanged) {

        static Case of(int seed) {
            SplittableRandom random = new SplittableRandom(seed);
            return new Case(
                    random.nextInt(1, 4),
                    random.nextInt(1, 4),
                    random.nextInt(5) == 0 ? 1 : random.nextInt(2, 9),
                    random.nextInt(1, 6),
                    seed % 4,
                    random.nextBoolean());
        }

        int rows() {
            return 2 * length + (indices == 3 ? 3 : 0);
        }

        INDArray index() {
            int[][] index = new int[batch][2 * length];
            for (int b = 0; b < batch; b++) {
                for (int i = 0; i < 2 * length; i++) {
                    int turned = (i + (indices == 2 ? b : 1)) % (2 * length);
                    index[b][i] = indices == 1 || indices == 2 ? turned : i;
                }
            }
            return Nd4j.createFromArray(index);
        }

        /** As encoders spell it, with a shift that another term could be misread for. */
        SameDiff graph(DataType type, int behind) {
            SameDiff sd = SameDiff.create();
            SDVariable ids = sd.placeHolder("ids", DataType.INT32, -1, -1);
            SDVariable shape = sd.shape(ids);
            SDVariable batchSize = sd.gather(shape, new int[] {0}, 0);
            SDVariable lengthSize = sd.gather(shape, new int[] {1}, 0);
            SDVariable headSize = sd.constant("heads", Nd4j.createFromArray((long) heads));
            SDVariable rest = sd.constant("rest", Nd4j.createFromArray(-1L));
            SDVariable tail = sd.constant("tail", Nd4j.createFromArray((long) heads, (long) size));
            SDVariable x = sd.var("x", values(1, batch * length, heads * size).castTo(type));
            SDVariable r = sd.var("r", values(2, rows(), heads * size).castTo(type));
            SDVariable split = sd.concat(0, shape, tail);
            SDVariable byHeads = sd.reshape(x, split).permute(0, 2, 1, 3);
            SDVariable taken = sd.gather("taken", r.mul(0.5), sd.placeHolder("index", DataType.INT32, -1, -1), 0);
            SDVariable rowsByHeads =
                    sd.reshape(taken, sd.concat(0, batchSize, rest, tail)).permute(0, 2, 1, 3);
            SDVariable products = sd.mmul("products", byHeads, rowsByHeads, false, true, false);
            SDVariable flat = sd.reshape(products, sd.concat(0, batchSize, headSize, rest));
            SDVariable zero = sd.constant("zero", Nd4j.createFromArray(0L));
            SDVariable begin = sd.concat(0, zero, zero, lengthSize.sub(behind));
            SDVariable extent = sd.concat(
                    0,
                    batchSize,
                    headSize,
                    lengthSize.mul("all", lengthSize.mul(2).sub(1)));
            SDVariable kept = sd.slice(flat, begin, extent);
            SDVariable steps = sd.reshape(kept, sd.concat(0, batchSize, headSize, lengthSize, rest));
            SDVariable square = sd.concat(0, batchSize, headSize, lengthSize, lengthSize);
            SDVariable origin = sd.constant("origin", Nd4j.createFromArray(0L, 0L, 0L, 0L));
            SDVariable placed = sd.slice("placed", steps, origin, square);
            SDVariable y = exchanged ? placed.permute(0, 1, 3, 2) : placed;
            SDVariable named = y.mul("y", 1.5);
            SDVariable weights = sd.constant(
                    "weights", values(3, batch, heads, length, length).castTo(type));
            named.mul(weights).sum().rename("loss");
            sd.setLossVariables("loss");
            return sd;
        }

        Map<String, INDArray> inputs() {
            Map<String, INDArray> inputs = new LinkedHashMap<>();
            inputs.put("ids", Nd4j.zeros(DataType.INT32, batch, length));
            inputs.put("index", index());
            return inputs;
        }
    }

    static Stream<Case> cases() {
        return IntStream.range(0, 24).mapToObj(Case::of);
    }

    static Stream<Multiplier> multipliers() {
        return Stream.of(Multiplier.nd4j(), OneDnn.orNd4j());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void outputAndGradients_agreeWithThePlainOpsInDouble(Case one) {
        SameDiff plain = one.graph(DataType.DOUBLE, 1);
        LossAndGradients expected =
                SameDiffExecutor.forTraining(plain, List.of("x", "r")).gradients(one.inputs(), 0);
        INDArray y = plain.output(one.inputs(), "y").get("y");

        multipliers().forEach(multiplier -> {
            SameDiff graph = one.graph(DataType.FLOAT, 1);
            LossAndGradients actual = SameDiffExecutor.forTraining(graph, List.of("x", "r"))
                    .withProducts(multiplier)
                    .gradients(one.inputs(), 0);
            INDArray output = SameDiffExecutor.forInference(graph)
                    .withProducts(multiplier)
                    .output(one.inputs(), List.of("y"))
                    .get("y");

            assertClose(output, y, "y");
            for (String name : List.of("x", "r")) {
                assertClose(actual.gradients().get(name), expected.gradients().get(name), name);
            }
        });
    }

    /** By hand: two tokens, one head of size 1; entry [i, j] is x[i] r[j - i + 1]. */
    @Test
    void entry_isTheProductWithTheRowOfItsDistance() {
        SameDiff graph = new Case(1, 1, 2, 1, 0, false).graph(DataType.FLOAT, 1);
        graph.getVariable("x").getArr().assign(Nd4j.createFromArray(new float[][] {{2}, {3}}));
        graph.getVariable("r").getArr().assign(Nd4j.createFromArray(new float[][] {{10}, {20}, {30}, {40}}));
        Map<String, INDArray> inputs = new Case(1, 1, 2, 1, 0, false).inputs();

        float[] y = SameDiffExecutor.forInference(graph)
                .output(inputs, List.of("y"))
                .get("y")
                .ravel()
                .toFloatVector();

        // Times 0.5 and 1.5: x = 2 with rows 1 and 2, x = 3 with rows 0 and 1.
        assertThat(y).containsExactly(0.75f * 2 * 20, 0.75f * 2 * 30, 0.75f * 3 * 10, 0.75f * 3 * 20);
    }

    @Test
    void find_takesThePattern_andNothingThatOnlyLooksLikeIt() {
        Case one = new Case(2, 2, 3, 2, 0, false);

        assertThat(found(one.graph(DataType.FLOAT, 1), one, "y")).isEqualTo(1);
        assertThat(found(new Case(2, 2, 3, 2, 0, true).graph(DataType.FLOAT, 1), one, "y"))
                .isEqualTo(1);
        assertThat(found(one.graph(DataType.FLOAT, 2), one, "y"))
                .as("which begins elsewhere")
                .isZero();
        assertThat(found(one.graph(DataType.FLOAT, 1), one, "y", "products"))
                .as("products asked for")
                .isZero();
        assertThat(found(one.graph(DataType.DOUBLE, 1), one, "y"))
                .as("in double")
                .isZero();
    }

    private static int found(SameDiff graph, Case one, String... outputs) {
        return RelativeProducts.find(graph, new ArrayShapes(graph, one.inputs()), new LiveOps(graph, List.of(outputs)))
                .size();
    }

    private static INDArray values(int seed, long... shape) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[(int) java.util.Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return Nd4j.create(values, shape, 'c');
    }

    private static void assertClose(INDArray actual, INDArray expected, String name) {
        assertThat(actual.shape()).as(name).isEqualTo(expected.shape());
        double scale = Math.max(1, expected.amaxNumber().doubleValue());
        double error = actual.castTo(DataType.DOUBLE)
                .sub(expected.castTo(DataType.DOUBLE))
                .amaxNumber()
                .doubleValue();
        assertThat(error / scale).as(name).isLessThan(TOLERANCE);
    }
}
