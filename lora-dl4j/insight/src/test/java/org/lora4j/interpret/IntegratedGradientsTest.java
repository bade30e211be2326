/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Attributions of graphs that can be calculated by hand, and what is refused. */
class IntegratedGradientsTest {

    /** Half of the tolerance is what the integral allows itself; the rest is rounding. */
    private static final double COMPLETE = 1e-3;

    private static final double ROUNDING = 1e-5;

    private static SDVariable[] columns(SameDiff sd, SDVariable x, int count) {
        return sd.split(x, count, 1);
    }

    private static INDArray row(double... values) {
        return Nd4j.createFromArray(new double[][] {values}).castTo(DataType.FLOAT);
    }

    @Test
    void ofALinearGraph_eachFeatureAddsItsWeightTimesItsDifference() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 3);
        x.mmul("y", sd.constant("w", Nd4j.createFromArray(new float[][] {{2}, {-1}, {0.5f}})));

        // 2 (3 - 1), -1 (4 - 1), 0.5 (6 - 2).
        FeatureAttribution why =
                IntegratedGradients.of(sd, "x", "y").baseline(row(1, 1, 2)).explain(row(3, 4, 6));

        assertThat(why.values()).containsExactly(new double[] {4, -3, 2}, within(ROUNDING));
        assertThat(why.value()).isCloseTo(5, within(ROUNDING));
        assertThat(why.baselineValue()).isCloseTo(2, within(ROUNDING));
        assertThat(why.gradients()).isEqualTo(20);
    }

    @Test
    void ofAProduct_bothFactorsAddHalf() {
        SameDiff sd = SameDiff.create();
        SDVariable[] parts = columns(sd, sd.placeHolder("x", DataType.FLOAT, -1, 2), 2);
        parts[0].mul("y", parts[1]);

        // x y on the way (3 t, 4 t): the integral of 4 t is 2, times 3; of 3 t is 1.5, times 4.
        FeatureAttribution why = IntegratedGradients.of(sd, "x", "y").explain(row(3, 4));

        assertThat(why.values()).containsExactly(new double[] {6, 6}, within(ROUNDING));
        assertThat(why.baseline()).isEqualTo("zeros");
    }

    @Test
    void ofABend_theIntegralIsRefinedWhereItIs() {
        SameDiff sd = SameDiff.create();
        SDVariable[] parts = columns(sd, sd.placeHolder("x", DataType.FLOAT, -1, 2), 2);
        sd.nn().relu("y", parts[0].add(parts[1]).sub(0.37), 0);

        // 1 - x1 - x2 of Sundararajan's proof has the same form: the slope is 1 from 0.37 of the way on, so 0.63 of
        // each half.
        FeatureAttribution why = IntegratedGradients.of(sd, "x", "y").explain(row(0.75, 0.25));

        assertThat(why.values()).containsExactly(new double[] {0.75 * 0.63, 0.25 * 0.63}, within(COMPLETE));
        assertThat(why.sum()).isCloseTo(why.value() - why.baselineValue(), within(COMPLETE));
        assertThat(why.gradients()).isGreaterThan(20);
    }

    /** Bends, a softmax that saturates, and one row at a time. */
    @Test
    void ofANetwork_theAttributionsAddUp_forEveryClassAndShape() {
        for (int batch : new int[] {-1, 1}) {
            SameDiff sd = network(batch, DataType.FLOAT);
            INDArray input = Nd4j.linspace(DataType.FLOAT, -3, 0.9, 7).reshape(1, 7);
            FeatureExplainer explainer = IntegratedGradients.of(sd, "x", "probabilities");
            for (long c = 0; c < 3; c++) {
                FeatureAttribution why = explainer.explain(input, c);

                assertThat(why.sum()).isCloseTo(why.value() - why.baselineValue(), within(COMPLETE));
                assertThat(why.output()).isEqualTo("probabilities[0, " + c + "]");
            }
            FeatureAttribution largest = explainer.explain(input);
            assertThat(largest.value())
                    .isCloseTo(
                            sd.outputSingle(Map.of("x", input), "probabilities")
                                    .maxNumber()
                                    .doubleValue(),
                            within(1e-4));
        }
    }

    @Test
    void aGraphThatMixesRows_orTakesOneOnly_isRunRowByRow() {
        SameDiff one = SameDiff.create();
        SDVariable x = one.placeHolder("x", DataType.FLOAT, -1, 2);
        one.math().square(one.reshape(x, 1, 2)).sum("y", 1);
        SameDiff mixing = SameDiff.create();
        SDVariable z = mixing.placeHolder("x", DataType.FLOAT, -1, 2);
        mixing.math().square(z).add("y", mixing.cumsum(z, false, false, 0));

        // x^2 + y^2 in the first, x^2 + x of the first number in the second.
        assertThat(IntegratedGradients.of(one, "x", "y").explain(row(3, 2)).values())
                .containsExactly(new double[] {9, 4}, within(COMPLETE));
        assertThat(IntegratedGradients.of(mixing, "x", "y")
                        .explain(row(3, 2), 0)
                        .values())
                .containsExactly(new double[] {12, 0}, within(COMPLETE));
    }

    private static SameDiff network(int batch, DataType type) {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", type, batch, 7);
        SDVariable hidden = sd.nn().relu(x.mmul(sd.var("first.weight", weight(type, 7, 11, 1))), 0);
        SDVariable logits = hidden.mmul("logits", sd.var("second.weight", weight(type, 11, 3, 2)));
        sd.nn().softmax("probabilities", logits, -1);
        SDVariable labels = sd.placeHolder("labels", type, batch, 3);
        sd.loss().softmaxCrossEntropy("loss", labels, logits, sd.constant("one", Nd4j.scalar(type, 1.0)));
        sd.setLossVariables("loss");
        return sd;
    }

    private static INDArray weight(DataType type, int rows, int columns, int seed) {
        INDArray weight = Nd4j.create(type, rows, columns);
        for (int i = 0; i < weight.length(); i++) {
            weight.putScalar(i, Math.sin(seed + 12.9898 * i * (seed + 1)));
        }
        return weight;
    }

    @Test
    void anAdaptedGraph_isExplainedAsItIs_andNotChanged() {
        SameDiff sd = network(-1, DataType.DOUBLE);
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(sd),
                LoraConfig.builder().rank(2).targetModules("first").build(),
                3);
        model.trainableParameters().forEach(parameter -> parameter.value().addi(0.3));
        INDArray input = Nd4j.linspace(DataType.DOUBLE, -1, 0.4, 7).reshape(1, 7);
        INDArray before = model.output(Map.of("x", input), "logits").get("logits");
        FeatureExplainer explainer =
                IntegratedGradients.of(model, "x", "logits").tolerance(1e-6);

        FeatureAttribution why = explainer.explain(input, 1);
        INDArray zeros = model.output(Map.of("x", input.mul(0)), "logits").get("logits");

        assertThat(why.value()).isCloseTo(before.getDouble(0, 1), within(1e-9));
        assertThat(why.sum()).isCloseTo(before.getDouble(0, 1) - zeros.getDouble(0, 1), within(2e-5));
        assertThat(model.output(Map.of("x", input), "logits").get("logits")).isEqualTo(before);
    }

    @Test
    void whatAGraphComputes_isExplainedByTheInputsBehindIt() {
        SameDiff sd = SameDiff.create();
        SDVariable ids = sd.placeHolder("ids", DataType.INT32, -1, 2);
        SDVariable table = sd.constant("table", Nd4j.createFromArray(new float[][] {{0, 0}, {1, 2}, {3, 5}}));
        SDVariable rows = sd.gather("rows", table, ids, 0);
        rows.sum("y", 1, 2);
        Map<String, INDArray> inputs = Map.of("ids", Nd4j.createFromArray(new int[][] {{1, 2}}));
        Map<String, INDArray> baseline = Map.of("ids", Nd4j.createFromArray(new int[][] {{0, 0}}));

        FeatureAttribution why = IntegratedGradients.of(sd, "rows", "y").explain(inputs, baseline);

        // Rows (1, 2) and (3, 5) against zeros.
        assertThat(why.shape()).containsExactly(1, 2, 2);
        assertThat(why.overLastAxis()).containsExactly(new double[] {3, 8}, within(ROUNDING));
        assertThat(why.top(1).get(0))
                .isEqualTo(new FeatureAttribution.Feature(java.util.List.of(0L, 1L, 1L), why.values()[3]));
        assertThat(why.toString()).contains("y[0]").contains("the given example");
        assertThat(why.json()).contains("\"baselineValue\"");
    }

    @Test
    void aJump_cannotBeSaid() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 2);
        sd.math().floor(x).sum("y", 1);

        assertThatThrownBy(() -> IntegratedGradients.of(sd, "x", "y").explain(row(0.5, 2.5)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot be said, because")
                .hasMessageContaining("jumps there");
    }

    @Test
    void aGradientThatIsCut_cannotBeSaid() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 2);
        x.castTo(DataType.INT32).castTo(DataType.FLOAT).sum("y", 1);

        assertThatThrownBy(() -> IntegratedGradients.of(sd, "x", "y").explain(row(0.5, 2.5)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot be said, because");
    }

    @Test
    void inputsThatAreNoNumbers_areToldTogether() {
        SameDiff sd = network(-1, DataType.FLOAT);
        INDArray nan = Nd4j.ones(1, 7);
        nan.putScalar(2, Double.NaN);
        Map<String, INDArray> inputs = new LinkedHashMap<>();
        inputs.put("x", nan);
        Map<String, INDArray> baseline = Map.of("x", Nd4j.ones(1, 7).mul(Double.POSITIVE_INFINITY));

        assertThatThrownBy(() -> IntegratedGradients.of(sd, "x", "logits").explain(inputs, baseline))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 problems")
                .hasMessageContaining("input \"x\" has NaN at [0, 2]")
                .hasMessageContaining("baseline \"x\" has Infinity");
    }

    @Test
    void aBaselineOfAnotherShape_andSeveralRows_areToldTogether() {
        SameDiff sd = network(-1, DataType.FLOAT);
        FeatureExplainer explainer = IntegratedGradients.of(sd, "x", "logits").baseline(Nd4j.ones(1, 6));

        assertThatThrownBy(() -> explainer.explain(Nd4j.ones(2, 7)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the input has 2 rows")
                .hasMessageContaining("the baseline is FLOAT[1, 6]");
    }

    @Test
    void variablesThatCannotBeExplained_areToldTogether() {
        SameDiff sd = network(-1, DataType.FLOAT);

        assertThatThrownBy(() -> IntegratedGradients.of(sd, "first.weight", "logit"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("input = \"first.weight\" is a weight or constant")
                .hasMessageContaining("output = \"logit\" is no variable of the graph; closest: \"logits\"");
        assertThatThrownBy(() -> IntegratedGradients.of(sd, "labels", "logits"))
                .hasMessageContaining("does not depend on \"labels\"");
        assertThatThrownBy(() -> IntegratedGradients.of(sd, "x", "logits").explain(Nd4j.ones(1, 7), 3))
                .hasMessageContaining("element [3] of an output of shape [1, 3]");
        assertThatThrownBy(() -> IntegratedGradients.of(sd, "x", "logits").tolerance(Double.NaN))
                .hasMessageContaining("tolerance = NaN");
        assertThatThrownBy(() -> IntegratedGradients.of(sd, "x", "logits").mostGradients(3))
                .hasMessageContaining("mostGradients = 3");
    }
}
