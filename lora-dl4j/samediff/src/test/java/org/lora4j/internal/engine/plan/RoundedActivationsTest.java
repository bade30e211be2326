/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Kernel.Rounded;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Which values of a plan are BF16, with kernels that say what they take. Each of them sums its inputs and adds one. */
class RoundedActivationsTest {

    /** Halfway between two numbers of BF16 in its last bits. */
    private static final float FINE = 1 + 0x1p-9f;

    private static final Rounded WANTS = new Rounded(Set.of(0), Set.of(0), Set.of(), false);
    private static final Rounded TAKES = new Rounded(Set.of(), Set.of(0), Set.of(), false);
    private static final Rounded WRITES = new Rounded(Set.of(), Set.of(), Set.of(0), false);
    private static final Rounded BOTH = new Rounded(Set.of(), Set.of(0), Set.of(0), true);

    private final SameDiff sd = SameDiff.create();
    private final SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 2);
    private final Map<String, Kernel> kernels = new HashMap<>();
    private Map<String, INDArray> results;

    private SDVariable op(String name, Rounded rounded, SDVariable... inputs) {
        SDVariable output = inputs.length == 1 ? sd.math().tanh(name, inputs[0]) : inputs[0].add(name, inputs[1]);
        Kernel kernel = Kernel.of((in, out) -> {
            INDArray sum = in.get(0).castTo(DataType.FLOAT).add(1);
            in.subList(1, in.size()).forEach(other -> sum.addi(other.castTo(DataType.FLOAT)));
            out.get(0).assign(sum);
        });
        kernels.put(sd.getVariables().get(name).getOutputOfOp(), kernel.rounding(in -> rounded));
        return output;
    }

    /** The types of the inputs and the output of each step, as "name = (inputs)", of which BF16 ones are marked by *. */
    private List<String> plan(String... wanted) {
        Kernel rounding = Kernel.of((in, out) -> out.get(0).assign(in.get(0)));
        Plans plans = new Plans(sd, kernels, Optional.of(rounding), new Arena(), List.of());
        INDArray input = Nd4j.ones(DataType.FLOAT, 3, 2).assign(FINE);
        Plan plan = plans.find(Map.of("x", input), Arrays.asList(wanted)).orElseThrow();
        results = plan.run(Map.of("x", input));
        return plan.steps().stream()
                .map(step -> names(step.outputs()) + " = (" + names(step.inputs()) + ")")
                .toList();
    }

    private static String names(List<PlanStep.Operand> operands) {
        return operands.stream()
                .map(operand -> operand.name() + (operand.type() == DataType.BFLOAT16 ? "*" : ""))
                .collect(Collectors.joining(", "));
    }

    private static float value(INDArray array) {
        return array.getFloat(0);
    }

    @Test
    void whatOneProductAloneReads_isRoundedByIt() {
        op("z", WANTS, op("y", Rounded.NONE, x));

        assertThat(plan("z")).containsExactly("y = (x)", "z = (y)");
    }

    @Test
    void whatSeveralRead_isRoundedOnce_andOthersReadItAsItIs() {
        SDVariable y = op("y", Rounded.NONE, x);
        op("z1", WANTS, y);
        op("z2", TAKES, y);
        op("z3", Rounded.NONE, y);

        assertThat(plan("z1", "z2", "z3"))
                .containsExactly("y = (x)", "y/rounded* = (y)", "z1 = (y/rounded*)", "z2 = (y/rounded*)", "z3 = (y)");
        assertThat(value(results.get("z2"))).as("1 + 2^-9 + 1 is 2 in 8 bits").isEqualTo(3f);
        assertThat(value(results.get("z3"))).isEqualTo(FINE + 2);
    }

    @Test
    void whatNoneWouldRoundItself_staysAsItIs() {
        SDVariable y = op("y", Rounded.NONE, x);
        op("z1", TAKES, y);
        op("z2", TAKES, y);

        assertThat(plan("z1", "z2")).containsExactly("y = (x)", "z1 = (y)", "z2 = (y)");
    }

    @Test
    void whatIsWrittenAndReadInBf16Only_isBf16Alone() {
        SDVariable y = op("y", WRITES, x);
        op("z1", WANTS, y);
        op("z2", TAKES, y);

        assertThat(plan("z1", "z2")).containsExactly("y* = (x)", "z1 = (y*)", "z2 = (y*)");
    }

    @Test
    void aResult_staysFloat_andIsRoundedForItsReaders() {
        SDVariable y = op("y", WRITES, x);
        op("z1", WANTS, y);
        op("z2", TAKES, y);

        assertThat(plan("y", "z1", "z2"))
                .containsExactly("y = (x)", "y/rounded* = (y)", "z1 = (y/rounded*)", "z2 = (y/rounded*)");
        assertThat(results.get("y").dataType()).isEqualTo(DataType.FLOAT);
        assertThat(value(results.get("y"))).isEqualTo(FINE + 1);
    }

    @Test
    void whatTakesAllOrNone_isInBf16BetweenProducts() {
        op("z", WANTS, op("f", BOTH, op("y", WRITES, x)));

        assertThat(plan("z")).containsExactly("y* = (x)", "f* = (y*)", "z = (f*)");
    }

    @Test
    void whatTakesAllOrNone_keepsAllFloat_ifOneIs_andSoDoWhatDependsOnIt() {
        SDVariable y = op("y", WRITES, x);
        SDVariable f = op("f", BOTH, y);
        SDVariable g = op("g", BOTH, f);
        op("z1", WANTS, g);
        op("z2", TAKES, g);
        op("other", Rounded.NONE, y);

        assertThat(plan("z1", "z2", "other"))
                .containsExactly(
                        "y = (x)",
                        "f = (y)",
                        "g = (f)",
                        "g/rounded* = (g)",
                        "z1 = (g/rounded*)",
                        "z2 = (g/rounded*)",
                        "other = (y)");
    }

    @Test
    void viewsFollowWhatTheyAreViewsOf() {
        SDVariable view = op("y", WRITES, x).reshape(2, 3).rename("view");
        op("z1", WANTS, view);
        op("z2", TAKES, view);

        assertThat(plan("z1", "z2")).containsExactly("y* = (x)", "z1 = (view*)", "z2 = (view*)");
        assertThat(results.get("z1").shape()).containsExactly(2, 3);
    }

    @Test
    void viewsOfWhatIsRounded_areViewsOfTheRounded() {
        SDVariable view = op("y", Rounded.NONE, x).reshape(2, 3).rename("view");
        op("z1", WANTS, view);
        op("z2", TAKES, view);

        assertThat(plan("z1", "z2")).containsExactly("y = (x)", "y/rounded* = (y)", "z1 = (view*)", "z2 = (view*)");
    }

    @Test
    void anInputThatIsReadTwiceByOneStep_isTakenAtThePlaceThatTakesIt() {
        SDVariable y = op("y", Rounded.NONE, x);
        op("z1", WANTS, y);
        op("z2", TAKES, y, y);

        assertThat(plan("z1", "z2"))
                .containsExactly("y = (x)", "y/rounded* = (y)", "z1 = (y/rounded*)", "z2 = (y/rounded*, y)");
    }

    @Test
    void runsOfAPlan_giveTheSameBits() {
        SDVariable y = op("y", Rounded.NONE, x);
        IntStream.range(0, 4).forEach(i -> op("z" + i, i % 2 == 0 ? WANTS : TAKES, y));
        plan("z0", "z1", "z2", "z3");
        Map<String, INDArray> first = results;

        plan("z0", "z1", "z2", "z3");

        assertThat(results).isEqualTo(first);
    }
}
