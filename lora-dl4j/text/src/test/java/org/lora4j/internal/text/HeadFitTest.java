/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

class HeadFitTest {

    private static final int INPUTS = 3;
    private static final int OUTPUTS = 4;
    private static final int ROWS = 30;

    private final Random random = new Random(5);

    private float[] values(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private float[] target(HeadKind kind) {
        float[] target = new float[OUTPUTS];
        switch (kind) {
            case ONE_CLASS, CLASS_OF_EACH_TOKEN -> target[random.nextInt(OUTPUTS)] = 1.5f;
            case ANY_CLASSES -> target[random.nextInt(OUTPUTS)] = 1;
            case NUMBERS -> target = values(OUTPUTS);
        }
        return target;
    }

    @ParameterizedTest
    @EnumSource
    void gradientOfALoss_agreesWithDifferenceQuotients(HeadKind kind) {
        double[] z = {0.3, -1.2, 2.5, 0.1};
        float[] target = target(kind);
        double[] gradient = new double[OUTPUTS];
        kind.loss(z, target, gradient);
        double h = 1e-5;

        for (int j = 0; j < OUTPUTS; j++) {
            double[] up = z.clone();
            double[] down = z.clone();
            up[j] += h;
            down[j] -= h;
            double quotient =
                    (kind.loss(up, target, new double[OUTPUTS]) - kind.loss(down, target, new double[OUTPUTS]))
                            / (2 * h);
            assertThat(gradient[j]).isCloseTo(quotient, within(1e-8));
        }
    }

    @ParameterizedTest
    @EnumSource
    void lossOfTheGraph_isThatOfTheRows(HeadKind kind) {
        EncoderConfig config = EncoderConfig.bert(1, 4, 1, 8, 6, 8, 2);
        EncoderWeights weights = EncoderWeights.random(config, 1, DataType.DOUBLE);
        EncoderParts parts = new EncoderParts("", weights, Pooling.MEAN, false);
        LinearHead head = new LinearHead(4, OUTPUTS, values(4 * OUTPUTS), values(OUTPUTS));
        SameDiff graph = TaskModel.graph(parts, Tuning.HEAD_ONLY, kind, head);
        int tokens = kind.isPerToken() ? 3 : 1;
        int rows = 2 * tokens;
        float[][] targets = new float[rows][];
        double[] flat = new double[rows * OUTPUTS];
        for (int i = 0; i < rows; i++) {
            targets[i] = target(kind);
            for (int j = 0; j < OUTPUTS; j++) {
                flat[i * OUTPUTS + j] = targets[i][j];
            }
        }
        long[] shape = kind.isPerToken() ? new long[] {2, 3, OUTPUTS} : new long[] {2, OUTPUTS};
        var outputs = SameDiffExecutor.forInference(graph)
                .fastest()
                .output(
                        Map.of(
                                EncoderGraph.INPUT_IDS, Nd4j.createFromArray(new int[][] {{1, 2, 3}, {4, 5, 1}}),
                                EncoderGraph.ATTENTION_MASK, Nd4j.ones(DataType.DOUBLE, 2, 3),
                                EncoderClassifier.LABELS, Nd4j.create(flat, shape, 'c')),
                        List.of(EncoderClassifier.LOGITS, EncoderClassifier.LOSS));
        double[] logits = outputs.get(EncoderClassifier.LOGITS).ravel().toDoubleVector();
        double expected = 0;
        for (int i = 0; i < rows; i++) {
            double[] z = Arrays.copyOfRange(logits, i * OUTPUTS, (i + 1) * OUTPUTS);
            expected += kind.loss(z, targets[i], new double[OUTPUTS]) / rows;
        }

        assertThat(outputs.get(EncoderClassifier.LOSS).getDouble(0)).isCloseTo(expected, within(1e-9));
    }

    @ParameterizedTest
    @EnumSource
    void solution_cannotBeMadeBetter(HeadKind kind) {
        assertSolved(kind, INPUTS, ROWS);
    }

    /** Fewer vectors than half their length, two of them the same and one of zeros. */
    @ParameterizedTest
    @EnumSource
    void solution_ofFewVectors_cannotBeMadeBetter(HeadKind kind) {
        assertSolved(kind, 20, 8);
    }

    private void assertSolved(HeadKind kind, int inputs, int rows) {
        List<float[]> features = new ArrayList<>();
        List<float[]> targets = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            features.add(values(inputs));
            targets.add(target(kind));
        }
        features.set(2, new float[inputs]);
        features.set(4, features.get(3).clone());
        double cost = 3;
        LinearHead solution;
        try (HeadFit fit = new HeadFit(kind, features, targets)) {
            LinearHead start = new LinearHead(inputs, OUTPUTS, values(inputs * OUTPUTS), values(OUTPUTS));
            solution = fit.solve(cost, start);
        }
        double least = objective(kind, solution, features, targets, cost);

        for (int trial = 0; trial < 40; trial++) {
            float[] weight = solution.weight().clone();
            float[] bias = solution.bias().clone();
            for (int i = 0; i < weight.length; i++) {
                weight[i] += (float) (0.02 * random.nextGaussian());
            }
            for (int j = 0; j < bias.length; j++) {
                bias[j] += (float) (0.02 * random.nextGaussian());
            }
            double moved = objective(kind, new LinearHead(inputs, OUTPUTS, weight, bias), features, targets, cost);
            assertThat(moved).isGreaterThan(least);
        }
    }

    /** {@code sum of losses + |W|^2 / (2 C)} over vectors scaled to a mean length of 1, written out. */
    private static double objective(
            HeadKind kind, LinearHead head, List<float[]> features, List<float[]> targets, double cost) {
        double length = 0;
        for (float[] x : features) {
            double square = 0;
            for (float v : x) {
                square += v * v;
            }
            length += Math.sqrt(square) / features.size();
        }
        double sum = 0;
        for (int i = 0; i < features.size(); i++) {
            float[] logits = HeadFit.logits(head, features.get(i));
            double[] z = new double[logits.length];
            for (int j = 0; j < z.length; j++) {
                z[j] = logits[j];
            }
            sum += kind.loss(z, targets.get(i), new double[z.length]) / kind.share(z.length);
        }
        for (float w : head.weight()) {
            sum += w * w * length * length / (2 * cost);
        }
        return sum;
    }

    /** The more rows, the smaller is the norm's part of the gradient of their mean. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NUMBERS")
    void solution_ofManyVectors_isNotThatOfATenthOfTheCost(HeadKind kind) {
        List<float[]> features = new ArrayList<>();
        List<float[]> targets = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            float[] x = values(INPUTS);
            float[] target = new float[OUTPUTS];
            target[x[0] > 0 ? 1 : 2] = 1;
            features.add(x);
            targets.add(target);
        }
        try (HeadFit rough = new HeadFit(kind, features, targets).within(0.1).withMostIterations(100);
                HeadFit fine = new HeadFit(kind, features, targets)) {
            LinearHead before = rough.solve(100, LinearHead.zeros(INPUTS, OUTPUTS));
            float[] goneOn = rough.solve(1000, before).weight();
            float[] exact = fine.solve(1000, LinearHead.zeros(INPUTS, OUTPUTS)).weight();
            double share = 0.1 * distance(exact, new float[exact.length]);

            assertThat(distance(goneOn, exact)).isLessThan(share);
            assertThat(distance(before.weight(), exact)).isGreaterThan(2 * share);
        }
    }

    @Test
    void fit_endsAfterItsIterations_andGoesOnFromThere() {
        List<float[]> features = new ArrayList<>();
        List<float[]> targets = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            features.add(values(INPUTS));
            targets.add(target(HeadKind.ONE_CLASS));
        }
        try (HeadFit brief = new HeadFit(HeadKind.ONE_CLASS, features, targets).withMostIterations(3);
                HeadFit whole = new HeadFit(HeadKind.ONE_CLASS, features, targets)) {
            float[] exact = whole.solve(1000, LinearHead.zeros(INPUTS, OUTPUTS)).weight();
            double near = 0.02 * distance(exact, new float[exact.length]);
            LinearHead head = brief.solve(1000, LinearHead.zeros(INPUTS, OUTPUTS));
            assertThat(distance(head.weight(), exact)).isGreaterThan(near);
            for (int i = 0; i < 50; i++) {
                head = brief.solve(1000, head);
            }
            assertThat(distance(head.weight(), exact)).isLessThan(near);
        }
    }

    private static double distance(float[] one, float[] other) {
        double square = 0;
        for (int i = 0; i < one.length; i++) {
            square += Math.pow(one[i] - other[i], 2);
        }
        return Math.sqrt(square);
    }

    @ParameterizedTest
    @EnumSource(names = {"ANY_CLASSES", "NUMBERS"})
    void outputsOfSeveral_areWhatTheyAreAlone(HeadKind kind) {
        List<float[]> features = new ArrayList<>();
        List<float[]> targets = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            features.add(values(INPUTS));
            targets.add(target(kind));
        }
        List<float[]> first = targets.stream().map(t -> Arrays.copyOf(t, 1)).toList();
        try (HeadFit all = new HeadFit(kind, features, targets).within(1e-5);
                HeadFit alone = new HeadFit(kind, features, first).within(1e-5)) {
            LinearHead several = all.solve(3, LinearHead.zeros(INPUTS, OUTPUTS));
            LinearHead one = alone.solve(3, LinearHead.zeros(INPUTS, 1));

            for (int i = 0; i < INPUTS; i++) {
                assertThat(several.weight()[i * OUTPUTS]).isCloseTo(one.weight()[i], within(1e-3f));
            }
            assertThat(several.bias()[0]).isCloseTo(one.bias()[0], within(1e-3f));
        }
    }

    @Test
    void lbfgs_findsTheLeastValueOfALongValley() {
        double[] x = {4, -3, 2};
        double[] curvature = {1, 100, 10_000};

        Lbfgs.minimize(
                (at, gradient) -> {
                    double value = 0;
                    for (int i = 0; i < at.length; i++) {
                        double off = at[i] - (i + 1);
                        value += curvature[i] / 2 * off * off;
                        gradient[i] = curvature[i] * off;
                    }
                    return value;
                },
                x,
                at -> 1e-9,
                200);

        assertThat(x).containsExactly(new double[] {1, 2, 3}, within(1e-8));
    }
}
