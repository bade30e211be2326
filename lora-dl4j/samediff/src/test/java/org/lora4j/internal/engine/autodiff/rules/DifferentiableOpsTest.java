/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.internal.engine.GradientCheck;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.graph.GraphCopy;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The ops of SameDiff that have a gradient: copied they compute the same, and their gradients are the numeric ones. Every
 * build checks those that ND4J M2.1 cannot copy rightly.
 */
class DifferentiableOpsTest {

    /** Both compute in double, with sums in another order. */
    private static final double ROUNDING = 1e-12;

    private static final Set<String> SPECIAL = Set.of(
            "batch norm of images", "log softmax over the first axis", "replace nans", "variance of the population");

    static Stream<GradientCase> cases() {
        return OpCases.all();
    }

    static Stream<GradientCase> special() {
        return OpCases.all().filter(c -> c.name().contains("pool") || SPECIAL.contains(c.name()));
    }

    static Stream<GradientCase> refused() {
        return OpCases.refused();
    }

    @ParameterizedTest
    @MethodSource("special")
    void gradientOfAnOpWithItsOwnCopy_equalsTheNumericOne(GradientCase c) {
        check(c.graph());
    }

    @Tag("thorough")
    @ParameterizedTest
    @MethodSource("cases")
    void gradient_equalsTheNumericOne_alsoWithKernels(GradientCase c) {
        check(c.graph());
    }

    private static void check(TestGraph graph) {
        assertThat(GradientCheck.check(graph.sd, graph.placeholders, graph.variables))
                .isLessThan(GradientCheck.TOLERANCE);
        Map<String, INDArray> plain = graph.gradients().gradients();
        Map<String, INDArray> byPlan = SameDiffExecutor.forTraining(graph.sd, graph.variables)
                .withKernels()
                .gradients(graph.placeholders, 0)
                .gradients();
        assertThat(plain)
                .allSatisfy((name, gradient) -> assertThat(byPlan.get(name).equalsWithEps(gradient, ROUNDING))
                        .as(name)
                        .isTrue());
    }

    @ParameterizedTest
    @MethodSource("special")
    void copyOfAnOpWithItsOwnCopy_computesTheSame(GradientCase c) {
        checkCopy(c.graph());
    }

    @Tag("thorough")
    @ParameterizedTest
    @MethodSource({"cases", "refused"})
    void copy_computesTheSame(GradientCase c) {
        checkCopy(c.graph());
    }

    private static void checkCopy(TestGraph graph) {
        SameDiff copy = GraphCopy.of(graph.sd).build();

        assertThat(copy.output(graph.placeholders, "loss")).isEqualTo(graph.sd.output(graph.placeholders, "loss"));
    }

    // What comes out of these in ND4J M2.1 is pinned here: if one day it is right, the line in WrongGradient can go.
    @ParameterizedTest
    @MethodSource("refused")
    void wrongGradient_isRefused(GradientCase c) {
        TestGraph graph = c.graph();

        assertThatThrownBy(graph::gradients)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("wrong gradient in ND4J M2.1");
    }
}
