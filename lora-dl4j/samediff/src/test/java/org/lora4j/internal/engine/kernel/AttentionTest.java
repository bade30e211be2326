/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
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

/** Attention as one op, however a graph spells it, against its ops one by one in double precision. */
class AttentionTest {

    /** Float roundings of sums of a few dozen terms of size 1; the loss is one of hundreds of them, by ND4J. */
    private static final double TOLERANCE = 3e-5;

    private static final int SPELLINGS = 48;
    private static final int LEARNED = 6;

    /**
     * One way to write attention.
     *
     * @param scaled where scores are scaled: not at all, in the queries before heads are split, in the scores, or in the queries afterwards
     * @param mask 0 none, 1 a row for each example, 2 one for all, 3 values for each query, 4 for each head too, 5 of two axes, 6 one
     *     of the scores' shape that learns
     * @param flat whether operands are split from rows, or given by heads
     * @param keysTransposed whether the keys come as columns, so that the product is a plain one
     */
    private record Spelling(
            int batch,
            int heads,
            int length,
            int keys,
            int size,
            int scaled,
            int mask,
            boolean flat,
            boolean keysTransposed) {

        static Spelling of(int seed) {
            SplittableRandom random = new SplittableRandom(seed);
            return new Spelling(
                    random.nextInt(1, 5),
                    random.nextInt(1, 4),
                    size(random),
                    size(random),
                    size(random),
                    random.nextInt(4),
                    random.nextInt(7),
                    random.nextBoolean(),
                    random.nextBoolean());
        }

        private static int size(SplittableRandom random) {
            return random.nextInt(6) == 0 ? 1 : random.nextInt(2, 20);
        }

        /** A graph whose result is y. */
        SameDiff graph(DataType type) {
            SameDiff sd = SameDiff.create();
            SDVariable queries = leaf(sd, "q", type, length);
            SDVariable queriesScaled = scaled == 1 ? queries.mul(0.4) : queries;
            SDVariable split = byHeads(queriesScaled, length);
            SDVariable q = scaled == 3 ? split.mul(0.4) : split;
            SDVariable k = byHeads(leaf(sd, "k", type, keys), keys);
            SDVariable v = byHeads(leaf(sd, "v", type, keys), keys);
            SDVariable products = keysTransposed
                    ? sd.mmul("products", q, k.permute(0, 1, 3, 2))
                    : sd.mmul("products", q, k, false, true, false);
            SDVariable scores = scaled == 2 ? products.div(3) : products;
            SDVariable seen = mask == 0
                    ? scores
                    : scores.add(
                            "seen",
                            mask == LEARNED
                                    ? sd.var("mask", maskValues().castTo(type))
                                    : sd.constant("mask", maskValues().castTo(type)));
            SDVariable shares = sd.nn().softmax("shares", seen, -1);
            SDVariable context = sd.mmul("context", shares, v);
            SDVariable y = flat ? context.permute(0, 2, 1, 3).reshape(-1, heads * size) : context;
            y.rename("y");
            long[] shape = sd.output(Map.of(), "y").get("y").shape();
            y.mul(sd.constant("weights", values(99, shape).castTo(type))).sum().rename("loss");
            sd.setLossVariables("loss");
            return sd;
        }

        private SDVariable leaf(SameDiff sd, String name, DataType type, int rows) {
            long[] shape = flat ? new long[] {batch * rows, heads * size} : new long[] {batch, heads, rows, size};
            return sd.var(name, values(name.hashCode(), shape).castTo(type));
        }

        private SDVariable byHeads(SDVariable x, int rows) {
            return flat ? x.reshape(batch, rows, heads, size).permute(0, 2, 1, 3) : x;
        }

        private INDArray maskValues() {
            long[][] shapes = {
                {},
                {batch, 1, 1, keys},
                {1, 1, 1, keys},
                {batch, 1, length, keys},
                {1, heads, length, keys},
                {length, keys},
                {batch, heads, length, keys}
            };
            INDArray values = values(5, shapes[mask]);
            // The first key is seen by all.
            for (long i = 1; i < values.length(); i++) {
                if (i % keys != 0 && i % 3 == 0) {
                    values.putScalar(i, -1e9);
                }
            }
            return values;
        }
    }

    @BeforeAll
    static void needTheLibrary() {
        assumeTrue(OneDnn.isAvailable(), "oneDNN cannot be loaded here");
    }

    static Stream<Spelling> spellings() {
        return IntStream.range(0, SPELLINGS).mapToObj(Spelling::of);
    }

    @ParameterizedTest
    @MethodSource("spellings")
    void lossAndGradients_agreeWithThePlainOpsInDouble(Spelling spelling) {
        List<String> learned = spelling.mask() == LEARNED ? List.of("q", "k", "v", "mask") : List.of("q", "k", "v");
        LossAndGradients actual = executor(spelling.graph(DataType.FLOAT), learned)
                .withProducts(OneDnn.orNd4j())
                .gradients(Map.of(), 0);
        LossAndGradients expected =
                executor(spelling.graph(DataType.DOUBLE), learned).gradients(Map.of(), 0);

        assertThat(Math.abs(actual.loss() - expected.loss()))
                .isLessThan(TOLERANCE * Math.max(1, Math.abs(expected.loss())));
        expected.gradients()
                .forEach((name, gradient) -> assertClose(actual.gradients().get(name), gradient, name));
    }

    @ParameterizedTest
    @MethodSource("spellings")
    void outputs_areThoseOfTheOps(Spelling spelling) {
        SameDiff graph = spelling.graph(DataType.FLOAT);

        INDArray fused = SameDiffExecutor.forInference(graph)
                .withProducts(OneDnn.orNd4j())
                .output(Map.of(), List.of("y"))
                .get("y");

        INDArray expected =
                spelling.graph(DataType.DOUBLE).output(Map.of(), "y").get("y");
        assertThat(fused.shape()).isEqualTo(expected.shape());
        assertClose(fused, expected, "y");
    }

    @Test
    void onlyGradientsThatAreAskedFor_areComputed() {
        Spelling spelling = Spelling.of(3);
        Map<String, INDArray> all = executor(spelling.graph(DataType.FLOAT), List.of("q", "k", "v"))
                .withProducts(OneDnn.orNd4j())
                .gradients(Map.of(), 0)
                .gradients();

        for (String name : List.of("q", "k", "v")) {
            INDArray alone = executor(spelling.graph(DataType.FLOAT), List.of(name))
                    .withProducts(OneDnn.orNd4j())
                    .gradients(Map.of(), 0)
                    .gradients()
                    .get(name);
            assertThat(alone).as(name).isEqualTo(all.get(name));
        }
    }

    @ParameterizedTest
    @MethodSource("spellings")
    void find_takesEachSpelling_asOneOp(Spelling spelling) {
        SameDiff graph = spelling.graph(DataType.FLOAT);

        assertThat(found(graph, "y")).isEqualTo(1);
    }

    @Test
    void find_leavesWhatIsAskedFor_orLearns_orIsMultipliedByAnotherLibrary() {
        Spelling masked = new Spelling(2, 2, 3, 4, 5, 0, 1, true, false);
        SameDiff graph = masked.graph(DataType.FLOAT);

        assertThat(found(graph, "y", "shares")).as("shares asked for").isZero();
        assertThat(found(graph, "y", "seen")).as("scores asked for").isZero();
        assertThat(Attention.find(graph, new ArrayShapes(graph), new LiveOps(graph, List.of("y")), Multiplier.nd4j()))
                .as("by ND4J")
                .isEmpty();
        SameDiff learned = masked.graph(DataType.FLOAT);
        learned.getVariable("mask").convertToVariable();
        assertThat(found(learned, "y")).as("a mask that learns").isZero();
    }

    @Test
    void aKeyThatIsMaskedForAll_changesNothing() {
        Spelling spelling = new Spelling(2, 3, 7, 6, 5, 1, 1, true, false);
        SameDiff graph = spelling.graph(DataType.FLOAT);
        INDArray before = output(graph);
        // Key 3 of the first example is masked.
        INDArray keys = graph.getVariable("k").getArr();
        keys.getRow(3).addi(100);

        assertThat(output(graph)).isEqualTo(before);
    }

    private static INDArray output(SameDiff graph) {
        return SameDiffExecutor.forInference(graph)
                .withProducts(OneDnn.orNd4j())
                .output(Map.of(), List.of("y"))
                .get("y");
    }

    private static int found(SameDiff graph, String... outputs) {
        return Attention.find(graph, new ArrayShapes(graph), new LiveOps(graph, List.of(outputs)), OneDnn.orNd4j())
                .size();
    }

    private static SameDiffExecutor executor(SameDiff graph, List<String> trainable) {
        return SameDiffExecutor.forTraining(graph, trainable);
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
        double scale = Math.max(1, expected.amaxNumber().doubleValue());
        double error = actual.castTo(DataType.DOUBLE).sub(expected).amaxNumber().doubleValue();
        assertThat(error / scale).as(name).isLessThan(TOLERANCE);
    }
}
