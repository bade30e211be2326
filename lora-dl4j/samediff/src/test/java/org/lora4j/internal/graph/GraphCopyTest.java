/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class GraphCopyTest {

    private static final INDArray X = Nd4j.createFromArray(new double[][] {{1, -2}, {3, 0.5}, {-1, 4}});

    /** y = mean(softmax(relu(x W1 + b) W2)), with auto names that a rewrite could collide with. */
    private static SameDiff source() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 2);
        SDVariable w1 = sd.var("w1", Nd4j.createFromArray(new double[][] {{1, 2, -1}, {0.5, -1, 1}}));
        SDVariable b = sd.constant("b", Nd4j.createFromArray(0.1, 0.2, 0.3));
        SDVariable w2 = sd.var("w2", Nd4j.createFromArray(new double[][] {{1, 2}, {3, -1}, {0.5, 1}}));
        SDVariable h = sd.nn.relu(x.mmul(w1).add(b), 0);
        SDVariable p = sd.nn.softmax("p", h.mmul(w2));
        p.mean().rename("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    private static INDArray output(SameDiff sd, String name) {
        return sd.output(Map.of("x", X), name).get(name);
    }

    @Test
    void build_withoutChanges_givesEqualOutputsAndTheSameNames() {
        SameDiff source = source();

        SameDiff copy = GraphCopy.of(source).build();

        assertThat(output(copy, "p")).isEqualTo(output(source, "p"));
        assertThat(copy.getVariables().keySet()).isEqualTo(source.getVariables().keySet());
        assertThat(copy.getOps().keySet())
                .containsExactlyInAnyOrderElementsOf(source.getOps().keySet());
        assertThat(copy.getLossVariables()).containsExactly("loss");
        assertThat(copy.inputs()).isEqualTo(source.inputs());
    }

    @Test
    void build_sharesTheArraysOfTheSource() {
        SameDiff source = source();

        SameDiff copy = GraphCopy.of(source).build();

        for (String leaf : List.of("w1", "w2", "b")) {
            assertThat(copy.getVariable(leaf).getArr().data().address())
                    .isEqualTo(source.getVariable(leaf).getArr().data().address());
        }
    }

    @Test
    void leaf_replaced_changesTypeAndArrayOfTheCopyOnly() {
        SameDiff source = source();
        INDArray other = Nd4j.zeros(DataType.DOUBLE, 3, 2);

        SameDiff copy =
                GraphCopy.of(source).leaf("w2", VariableType.CONSTANT, other).build();

        assertThat(copy.getVariable("w2").getVariableType()).isEqualTo(VariableType.CONSTANT);
        assertThat(source.getVariable("w2").getVariableType()).isEqualTo(VariableType.VARIABLE);
        assertThat(output(copy, "p")).isEqualTo(Nd4j.valueArrayOf(new long[] {3, 2}, 0.5, DataType.DOUBLE));
    }

    @Test
    void leaf_inThePlaceOfAComputedVariable_leavesOutWhatComputedItAlone() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 2);
        SDVariable scale = sd.constant("scale", Nd4j.createFromArray(2.0, 3.0));
        SDVariable codes = sd.constant("codes", Nd4j.createFromArray(1.0, 2.0));
        SDVariable weight =
                codes.mul("half", sd.constant("step", Nd4j.scalar(0.5))).mul("weight", scale);
        x.mul(weight).add("y", scale);
        sd.math().tanh("unread", sd.constant("other", Nd4j.scalar(1.0)));

        SameDiff copy = GraphCopy.of(sd)
                .leaf("weight", VariableType.CONSTANT, Nd4j.createFromArray(5.0, 7.0))
                .build();

        assertThat(copy.getVariables().keySet())
                .contains("x", "scale", "weight", "y", "unread", "other")
                .doesNotContain("codes", "half", "step");
        assertThat(output(copy, "y"))
                .isEqualTo(X.mulRowVector(Nd4j.createFromArray(5.0, 7.0)).addRowVector(Nd4j.createFromArray(2.0, 3.0)));
    }

    @Test
    void rewrite_takesOverThePublicName_forAllConsumersAndAfterStockSaveAndLoad(@TempDir Path dir) throws Exception {
        SameDiff source = source();

        SameDiff copy = GraphCopy.of(source)
                .rewrite("matmul", context -> {
                    SDVariable y = context.original().get(0);
                    SDVariable a =
                            context.leaf("a", VariableType.VARIABLE, Nd4j.createFromArray(new double[][] {{1}, {1}}));
                    SDVariable c =
                            context.leaf("c", VariableType.VARIABLE, Nd4j.createFromArray(new double[][] {{1, 0, -1}}));
                    return List.of(y.add(context.input(0).mmul(a).mmul(c)));
                })
                .build();

        INDArray w1 = source.getVariable("w1").getArr();
        INDArray expected = X.mmul(w1.add(Nd4j.createFromArray(new double[][] {{1, 0, -1}, {1, 0, -1}})));
        assertThat(output(copy, "matmul").equalsWithEps(expected, 1e-12)).isTrue();
        assertThat(output(copy, "matmul/base")).isEqualTo(output(source, "matmul"));
        assertThat(output(copy, "p").equalsWithEps(output(source, "p"), 1e-3)).isFalse();

        File file = dir.resolve("copy.fb").toFile();
        copy.save(file, false);
        SameDiff loaded = SameDiff.load(file, false);
        assertThat(output(loaded, "p")).isEqualTo(output(copy, "p"));
        assertThat(output(loaded, "matmul")).isEqualTo(output(copy, "matmul"));
    }

    @Test
    void rewrite_ofTheLossItself_keepsItTheLoss() {
        SameDiff source = source();
        String op = source.getVariables().get("loss").getOutputOfOp();

        SameDiff copy = GraphCopy.of(source)
                .rewrite(op, context -> List.of(context.original().get(0).mul(2.0)))
                .build();

        assertThat(copy.getLossVariables()).containsExactly("loss");
        assertThat(output(copy, "loss").getDouble(0))
                .isEqualTo(2 * output(source, "loss").getDouble(0));
    }

    @Test
    void rewrite_thatReturnsAnInput_givesTheInputUnderThePublicName() {
        SameDiff copy = GraphCopy.of(source())
                .rewrite("add", context -> List.of(context.input(0)))
                .build();

        assertThat(output(copy, "add")).isEqualTo(output(source(), "matmul"));
    }

    @Test
    void rewrite_ofAnUnknownOp_isRefusedByName() {
        GraphCopy copy = GraphCopy.of(source());

        assertThatThrownBy(() -> copy.rewrite("nope", OpContext::original))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"nope\"");
    }

    @Test
    void copy_ofACopy_worksAgain() {
        SameDiff once = GraphCopy.of(source())
                .rewrite("matmul", context -> List.of(context.original().get(0).mul(1.5)))
                .build();
        SameDiff twice = GraphCopy.of(once)
                .rewrite(
                        "matmul_1", context -> List.of(context.original().get(0).add(1.0)))
                .build();

        assertThat(output(twice, "p").equalsWithEps(output(once, "p"), 1e-12)).isTrue();
        assertThat(output(twice, "matmul_1")
                        .equalsWithEps(output(once, "matmul_1").add(1.0), 1e-12))
                .isTrue();
    }
}
