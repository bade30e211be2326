/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.internal.engine.GradientCheck;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Every rule of the table, and the stock rules that adapted graphs meet. */
class GradientRulesTest {

    /** Both compute in double with the same formula, summed in another order. */
    private static final double ROUNDING = 1e-10;

    static Stream<GradientCase> cases() {
        return GradientCases.all();
    }

    static Stream<GradientCase> whereStockIsRight() {
        return GradientCases.whereStockIsRight();
    }

    @Test
    void everyRule_isExercisedByACase() {
        Set<String> without = new TreeSet<>(GradientRules.ops());

        Stream.concat(cases(), OpCases.all())
                .forEach(c -> without.removeAll(c.graph().differentiatedOps()));

        assertThat(without).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void gradient_equalsTheNumericOne(GradientCase c) {
        TestGraph graph = c.graph();

        assertThat(GradientCheck.check(graph.sd, graph.placeholders, graph.variables))
                .isLessThan(GradientCheck.TOLERANCE);
    }

    @ParameterizedTest
    @MethodSource("whereStockIsRight")
    void gradient_equalsTheStockOne(GradientCase c) {
        TestGraph graph = c.graph();

        Map<String, INDArray> own = graph.gradients().gradients();
        Map<String, INDArray> stock = graph.sd.calculateGradients(graph.placeholders, graph.variables);

        assertThat(own.keySet()).containsExactlyElementsOf(graph.variables);
        assertThat(own)
                .allSatisfy((name, gradient) -> assertThat(gradient.equalsWithEps(stock.get(name), ROUNDING))
                        .as(name)
                        .isTrue());
    }

    @Test
    void layerNorm_ofARowOfEqualValues_hasGradientZero() {
        TestGraph graph = new TestGraph();
        SDVariable x = graph.variable("x", Nd4j.createFromArray(new double[][] {{2, 2, 2}, {1, 2, 4}}));
        graph.lossOf(graph.sd.nn.layerNorm(x, graph.frozen("g", 3), false, 1));

        INDArray gradient = graph.gradients().gradients().get("x");

        assertThat(gradient.getRow(0).amaxNumber().doubleValue()).isZero();
        assertThat(gradient.getRow(1).amaxNumber().doubleValue()).isGreaterThan(1e-3);
    }
}
