/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.internal.engine.GradientCheck.values;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.engine.GradientCheck;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.engine.autodiff.rules.GradientRules;
import org.lora4j.internal.engine.autodiff.rules.Shapes;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

class ReversePassTest {

    /** Of graphs of matrices without broadcasting. */
    private static final Shapes MATRICES = new Shapes() {
        @Override
        public int rank(String variable) {
            return 2;
        }

        @Override
        public int[] broadcastDimensions(String input, String output) {
            return new int[0];
        }
    };

    private final SameDiff sd = SameDiff.create();

    @Test
    void gradient_ofSeveralLosses_isThatOfTheirSum() {
        SDVariable a = sd.var("a", values(1, 3));
        a.mul(a).sum().rename("first");
        sd.math.tanh(a).sum().rename("second");
        sd.setLossVariables("first", "second");

        assertThat(GradientCheck.check(sd, Map.of(), List.of("a"))).isLessThan(GradientCheck.TOLERANCE);
    }

    @Test
    void gradient_ofAVariableTheLossDoesNotReach_isZero() {
        sd.var("a", values(1, 3)).sum().rename("loss");
        sd.var("unused", values(2, 2, 2));
        sd.setLossVariables("loss");

        LossAndGradients result =
                SameDiffExecutor.forTraining(sd, List.of("a", "unused")).gradients(Map.of(), 0);

        assertThat(result.gradients().get("unused")).isEqualTo(Nd4j.zeros(DataType.DOUBLE, 2, 2));
    }

    @Test
    void extend_addsNoOpForFrozenWeights_norBelowTheLowestTrainable() {
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 4);
        SDVariable h = sd.math.tanh(x.mmul(sd.constant("w0", values(1, 4, 4))));
        SDVariable a = sd.var("a", values(2, 4, 4));
        h.mmul(a).mmul(sd.constant("w1", values(3, 4, 4))).sum().rename("loss");
        int before = sd.getOps().size();

        Map<String, String> gradients = ReversePass.extend(
                        sd, List.of("loss"), List.of("a"), MATRICES, GradientRules::of)
                .gradients();

        assertThat(gradients).containsOnlyKeys("a");
        List<String> added = new ArrayList<>(sd.getOps().values())
                .subList(before, sd.getOps().size()).stream()
                        .map(op -> op.getOp().opName())
                        .toList();
        // Backwards of sum, dX of w1's product, dW of a's product: no dW of w1, nothing for tanh and w0.
        assertThat(added).filteredOn("matmul"::equals).hasSize(2);
        assertThat(added).noneMatch(op -> op.contains("tanh"));
    }

    @Test
    void gradient_throughAnOpWithoutOne_isRefusedByName() {
        SDVariable table = sd.var("table", values(1, 3, 2));
        SDVariable places = sd.constant(Nd4j.createFromArray(new int[][] {{0, 1}, {2, 0}}));
        sd.gatherNd("picked", table, places).sum().rename("loss");
        sd.setLossVariables("loss");
        SameDiffExecutor executor = SameDiffExecutor.forTraining(sd, List.of("table"));

        assertThatThrownBy(() -> executor.gradients(Map.of(), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("gather_nd")
                .hasMessageContaining("no gradient");
    }
}
