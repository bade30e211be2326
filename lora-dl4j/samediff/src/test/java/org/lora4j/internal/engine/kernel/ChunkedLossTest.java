/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.error.IndexOutOfRangeException;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.engine.autodiff.rules.Shapes;
import org.lora4j.quant.HalfPrecision;
import org.lora4j.quant.StoredWeights;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Cross-entropy from hidden states and tiles of logits, against the ops one by one in DOUBLE. */
class ChunkedLossTest {

    /** Float roundings of sums over the hidden size, relative to the largest value. */
    private static final double TOLERANCE = 1e-5;

    private static final int HIDDEN = 8;

    /**
     * A head.
     *
     * @param cap 0 for none
     */
    private record Head(
            String name, int rows, int classes, boolean transposed, boolean stored, double scale, double cap) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Head> heads() {
        return Stream.of(
                new Head("a few classes", 6, 11, true, false, 1, 0),
                new Head("one row", 1, 300, true, false, 1, 0),
                new Head("classes in columns", 6, 300, false, false, 1, 0),
                new Head("stored weights", 6, 300, true, true, 1, 0),
                new Head("scaled", 6, 300, true, false, 0.25, 0),
                new Head("capped", 6, 300, true, false, 1, 2),
                new Head("scaled and capped", 6, 300, true, true, 3, 5),
                // More rows than go through together, and several tiles for each.
                new Head("tiles", 1100, 5000, true, false, 1, 0),
                new Head("tiles of columns, capped", 1100, 5000, false, false, 1, 3));
    }

    @ParameterizedTest
    @MethodSource("heads")
    void lossAndGradients_areThoseOfAllLogits(Head head) {
        LossAndGradients expected = SameDiffExecutor.forTraining(graph(head, DataType.DOUBLE), List.of("x"))
                .gradients(inputs(head, DataType.DOUBLE), 0);

        LossAndGradients actual = SameDiffExecutor.forTraining(graph(head, DataType.FLOAT), List.of("x"))
                .fastest()
                .gradients(inputs(head, DataType.FLOAT), 0);

        assertThat(actual.loss()).isCloseTo(expected.loss(), within(TOLERANCE * Math.abs(expected.loss())));
        assertClose(actual.gradients().get("x"), expected.gradients().get("x"));
    }

    @ParameterizedTest
    @MethodSource("heads")
    void losses_ofRows_areThoseOfAllLogits_andLogitsAreStillThere(Head head) {
        List<String> names = List.of("token_loss", "loss");
        Map<String, INDArray> expected = SameDiffExecutor.forInference(graph(head, DataType.DOUBLE))
                .output(inputs(head, DataType.DOUBLE), names);
        GraphExecutor executor =
                SameDiffExecutor.forInference(graph(head, DataType.FLOAT)).fastest();

        Map<String, INDArray> actual = executor.output(inputs(head, DataType.FLOAT), names);
        Map<String, INDArray> logits = executor.output(inputs(head, DataType.FLOAT), List.of("logits", "token_loss"));

        assertClose(actual.get("token_loss"), expected.get("token_loss"));
        assertClose(actual.get("loss"), expected.get("loss"));
        assertThat(logits.get("logits").shape()).containsExactly(head.rows(), head.classes());
        assertClose(logits.get("token_loss"), expected.get("token_loss"));
    }

    @Test
    void gradients_agreeWithDifferenceQuotients() {
        Head head = new Head("", 5, 40, true, false, 0.5, 4);
        SameDiff graph = graph(head, DataType.FLOAT);
        GraphExecutor executor =
                SameDiffExecutor.forTraining(graph, List.of("x")).fastest();
        INDArray gradient =
                executor.gradients(inputs(head, DataType.FLOAT), 0).gradients().get("x");
        INDArray x = graph.getVariable("x").getArr();

        for (int i = 0; i < x.length(); i++) {
            float at = x.getFloat(i);
            double step = 0.01;
            x.putScalar(i, at + step);
            double above = executor.gradients(inputs(head, DataType.FLOAT), 0).loss();
            x.putScalar(i, at - step);
            double below = executor.gradients(inputs(head, DataType.FLOAT), 0).loss();
            x.putScalar(i, at);
            assertThat(gradient.getDouble(i)).isCloseTo((above - below) / (2 * step), within(2e-3));
        }
    }

    @Test
    void fuseOps_takesFrozenHeads_whoseLogitsNobodyElseNeeds() {
        Head head = new Head("", 6, 300, true, false, 1, 0);

        assertThat(isFused(graph(head, DataType.FLOAT), "loss")).isTrue();
        assertThat(isFused(graph(new Head("", 6, 300, true, true, 1, 0), DataType.FLOAT), "loss"))
                .isTrue();
        assertThat(isFused(graph(head, DataType.DOUBLE), "loss")).isFalse();
        assertThat(isFused(graph(head, DataType.FLOAT), "loss", "logits")).isFalse();
        SameDiff learns = graph(head, DataType.FLOAT);
        learns.convertToVariable(learns.getVariable("w"));
        assertThat(isFused(learns, "loss")).isFalse();
    }

    @Test
    void targets_outsideTheClasses_areRefusedBeforeAnythingIsComputed() {
        Head head = new Head("", 6, 300, true, false, 1, 0);
        Map<String, INDArray> inputs = inputs(head, DataType.FLOAT);
        inputs.get("targets").putScalar(2, 300);
        GraphExecutor executor = SameDiffExecutor.forTraining(graph(head, DataType.FLOAT), List.of("x"))
                .fastest();

        assertThatThrownBy(() -> executor.gradients(inputs, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"targets\"")
                .hasMessageContaining("expected 0 to 299");
    }

    @Test
    void targets_thatAreComputed_areRefusedWhenTheyAreKnown() {
        SameDiff sd = SameDiff.create();
        SDVariable logits = sd.mmul(
                sd.var("x", values(1, 6, HIDDEN)), sd.constant("w", values(2, 300, HIDDEN)), false, true, false);
        SDVariable ids = sd.placeHolder("ids", DataType.INT32, -1);
        sd.loss().sparseSoftmaxCrossEntropy("token_loss", logits, ids.add(ids)).sum("loss");
        sd.setLossVariables("loss");
        GraphExecutor executor = SameDiffExecutor.forTraining(sd, List.of("x")).fastest();

        assertThatThrownBy(() -> executor.gradients(Map.of("ids", Nd4j.createFromArray(0, 1, 2, 3, 149, 150)), 0))
                .isInstanceOf(IndexOutOfRangeException.class)
                .hasMessageContaining("indices from 0 to 300; expected 0 to 299");
    }

    @Test
    void logits_thatAreNoNumbers_giveALossThatIsNone() {
        Head head = new Head("", 6, 300, true, false, 1, 0);
        SameDiff graph = graph(head, DataType.FLOAT);
        graph.getVariable("x").getArr().putScalar(0, Float.NaN);

        INDArray losses = SameDiffExecutor.forInference(graph)
                .fastest()
                .output(inputs(head, DataType.FLOAT), List.of("token_loss"))
                .get("token_loss");

        assertThat(losses.getFloat(0)).isNaN();
        assertThat(losses.getFloat(1)).isFinite();
    }

    @Test
    void rows_ofWeightZero_areLeftOut_evenIfTheyAreAll() {
        Head head = new Head("", 6, 300, true, false, 1, 0);
        SameDiff graph = graph(head, DataType.FLOAT);
        Map<String, INDArray> inputs = new HashMap<>(inputs(head, DataType.FLOAT));
        // Its logits are no numbers, and nobody computes them.
        graph.getVariable("x").getArr().putScalar(0, Float.NaN);
        inputs.get("shares").putScalar(0, 0);
        GraphExecutor executor =
                SameDiffExecutor.forTraining(graph, List.of("x")).fastest();

        LossAndGradients some = executor.gradients(inputs, 0);
        inputs.put("shares", Nd4j.zeros(DataType.FLOAT, 6));
        LossAndGradients none = executor.gradients(inputs, 0);

        assertThat(some.loss()).isFinite();
        assertThat(some.gradients().get("x").getRow(0).toFloatVector()).containsOnly(0f);
        assertThat(some.gradients().get("x").getRow(1).toFloatVector()).doesNotContain(0f);
        assertThat(none.loss()).isZero();
        assertThat(none.gradients().get("x").amaxNumber().doubleValue()).isZero();
    }

    /** All variables are vectors as long as each other. */
    private static final Shapes VECTORS = new Shapes() {
        @Override
        public int rank(String variable) {
            return 1;
        }

        @Override
        public int[] broadcastDimensions(String input, String output) {
            return new int[0];
        }
    };

    private static boolean isFused(SameDiff graph, String... outputs) {
        return ChunkedLoss.find(graph, VECTORS, new LiveOps(graph, List.of(outputs)), true)
                        .size()
                == 1;
    }

    private static SameDiff graph(Head head, DataType type) {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.var("x", values(1, head.rows(), HIDDEN).castTo(type));
        long[] shape = head.transposed() ? new long[] {head.classes(), HIDDEN} : new long[] {HIDDEN, head.classes()};
        INDArray weights = values(2, shape).castTo(DataType.BFLOAT16);
        SDVariable w = head.stored() && type == DataType.FLOAT
                ? StoredWeights.add(sd, "w", new HalfPrecision(weights))
                : sd.constant("w", weights.castTo(type));
        SDVariable logits = sd.mmul(x, w, false, head.transposed(), false);
        if (head.scale() != 1) {
            logits = logits.mul(head.scale());
        }
        if (head.cap() != 0) {
            logits = sd.math().tanh(logits.mul(1 / head.cap())).mul(head.cap());
        }
        logits = sd.updateVariableNameAndReference(logits, "logits");
        SDVariable targets = sd.placeHolder("targets", DataType.INT32, -1);
        SDVariable shares = sd.placeHolder("shares", type, -1);
        sd.loss()
                .sparseSoftmaxCrossEntropy("token_loss", logits, targets)
                .mul(shares)
                .sum("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    private static Map<String, INDArray> inputs(Head head, DataType type) {
        int[] targets = new int[head.rows()];
        for (int i = 0; i < targets.length; i++) {
            // The first and the last class among them.
            targets[i] = i == 0 ? head.classes() - 1 : 37 * (i - 1) % head.classes();
        }
        INDArray shares = values(3, head.rows()).div(head.rows());
        for (int i = 2; i < head.rows(); i += 3) {
            shares.putScalar(i, 0);
        }
        return Map.of("targets", Nd4j.createFromArray(targets), "shares", shares.castTo(type));
    }

    private static INDArray values(int seed, long... shape) {
        INDArray values = Nd4j.create(DataType.FLOAT, shape);
        SplittableRandom random = new SplittableRandom(seed);
        for (long i = 0; i < values.length(); i++) {
            values.putScalar(i, 1.5 * random.nextDouble(-1, 1));
        }
        return values;
    }

    private static void assertClose(INDArray actual, INDArray expected) {
        double scale = expected.amaxNumber().doubleValue();
        double error = actual.castTo(DataType.DOUBLE).sub(expected).amaxNumber().doubleValue();
        assertThat(error / scale).isLessThan(TOLERANCE);
    }

    private static org.assertj.core.data.Offset<Double> within(double value) {
        return org.assertj.core.data.Offset.offset(value);
    }
}
