/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.internal.engine.GradientCheck.values;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lora4j.exec.GraphExecutor;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

class SameDiffExecutorTest {

    /** loss = sum over everything of tanh(x w + row), with a row that a batch of one does not broadcast. */
    private static SameDiff graph() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 3);
        SDVariable w = sd.var("w", values(1, 3, 2));
        SDVariable row = sd.var("row", values(2, 1, 2));
        sd.math.tanh(x.mmul("y", w).add(row)).sum().rename("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    private static final List<String> TRAINABLE = List.of("w", "row");

    @Test
    void gradients_areRight_whenTheBatchSizeChangesWhatIsBroadcast() {
        for (int batch : new int[] {4, 1, 2}) {
            GradientCheck.check(graph(), Map.of("x", values(3, batch, 3)), TRAINABLE);
        }
        SameDiff sd = graph();
        SameDiffExecutor one = SameDiffExecutor.forTraining(sd, TRAINABLE);
        for (int batch : new int[] {4, 1, 2, 1, 4}) {
            Map<String, INDArray> x = Map.of("x", values(3, batch, 3));
            assertThat(one.gradients(x, 0).gradients())
                    .isEqualTo(SameDiffExecutor.forTraining(sd, TRAINABLE)
                            .gradients(x, 0)
                            .gradients());
        }
    }

    @Test
    void gradients_afterAParameterChangedInPlace_seeTheNewValue() {
        SameDiff sd = graph();
        SameDiffExecutor executor = SameDiffExecutor.forTraining(sd, TRAINABLE);
        Map<String, INDArray> x = Map.of("x", values(3, 4, 3));
        double before = executor.gradients(x, 0).loss();

        sd.getVariable("w").getArr().muli(0.5);

        assertThat(executor.gradients(x, 0).loss()).isNotEqualTo(before);
        assertThat(executor.gradients(x, 0).loss())
                .isEqualTo(executor.output(x, List.of("loss")).get("loss").getDouble(0));
    }

    @Test
    void gradients_leaveTheGraphAsItWas() {
        SameDiff sd = graph();
        List<String> ops = List.copyOf(sd.getOps().keySet());

        SameDiffExecutor.forTraining(sd, TRAINABLE).gradients(Map.of("x", values(3, 4, 3)), 0);

        assertThat(sd.getOps().keySet()).containsExactlyElementsOf(ops);
        assertThat(sd.getFunction("grad")).isNull();
    }

    @Test
    void gradients_ofAConstant_areComputedAsOfAVariable() {
        SameDiff sd = graph();
        sd.convertToConstant(sd.getVariable("w"));

        GradientCheck.check(sd, Map.of("x", values(3, 4, 3)), TRAINABLE);
    }

    @Test
    void output_withEveryMistake_listsThemAll() {
        SameDiffExecutor executor = SameDiffExecutor.forInference(graph());

        assertThatThrownBy(
                        () -> executor.output(Map.of("x", values(1, 2, 5), "z", values(1, 1)), List.of("loss", "nope")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"nope\"")
                .hasMessageContaining("DOUBLE[-1, 3]")
                .hasMessageContaining("DOUBLE[2, 5]")
                .hasMessageContaining("\"z\" is not a placeholder");
    }

    @Test
    void output_ofASumWhoseTermsDoNotFit_isRefused_alsoWhereItIsPartOfAProduct() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, -1);
        SDVariable z = sd.placeHolder("z", DataType.FLOAT, -1, -1);
        x.mmul(sd.constant("w", Nd4j.ones(DataType.FLOAT, 2, 2))).add("y", z);
        Map<String, INDArray> right =
                Map.of("x", Nd4j.ones(DataType.FLOAT, 3, 2), "z", Nd4j.ones(DataType.FLOAT, 3, 2));
        Map<String, INDArray> wrong =
                Map.of("x", Nd4j.ones(DataType.FLOAT, 3, 2), "z", Nd4j.ones(DataType.FLOAT, 3, 5));

        for (SameDiffExecutor executor : List.of(
                SameDiffExecutor.forInference(sd),
                SameDiffExecutor.forInference(sd).withKernels())) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> executor.output(wrong, List.of("y")))
                    .withMessageContaining("[3, 5]");
            executor.output(right, List.of("y"));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> executor.output(wrong, List.of("y")))
                    .withMessageContaining("[3, 5]");
        }
    }

    @Test
    void output_withoutAPlaceholder_namesIt() {
        SameDiffExecutor executor = SameDiffExecutor.forInference(graph());

        assertThatThrownBy(() -> executor.output(Map.of(), List.of("y")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("placeholder \"x\"")
                .hasMessageContaining("missing");
    }

    @Test
    void forTraining_withoutALoss_saysHowToNameOne() {
        SameDiff sd = SameDiff.create();
        sd.var("w", values(1, 2)).add(1).rename("y");

        assertThatThrownBy(() -> SameDiffExecutor.forTraining(sd, List.of("w", "v")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("setLossVariables")
                .hasMessageContaining("\"v\"");
    }

    @Test
    void gradients_withDropout_dependOnTheSeedAlone() {
        SameDiff inference = graph();
        SameDiff training = SameDiff.create();
        SDVariable x = training.placeHolder("x", DataType.DOUBLE, -1, 3);
        SDVariable mask = training.placeHolder("mask", DataType.DOUBLE, -1, 3);
        SDVariable w = training.var("w", inference.getVariable("w").getArr());
        x.mul(mask).mmul(w).sum().rename("loss");
        training.setLossVariables("loss");
        SameDiffExecutor executor = SameDiffExecutor.forTraining(
                inference, training, List.of("w"), List.of(new DropoutMask("mask", "x", 0.5, List.of("w"))));
        Map<String, INDArray> input = Map.of("x", Nd4j.ones(DataType.DOUBLE, 200, 3));

        INDArray first = executor.gradients(input, 7).gradients().get("w");

        assertThat(executor.gradients(input, 7).gradients().get("w")).isEqualTo(first);
        assertThat(executor.gradients(input, 8).gradients().get("w")).isNotEqualTo(first);
        // d loss / d w = sum over the rows of the mask, whose mean is 1: 200 within five standard deviations of 14.1.
        assertThat(first.getDouble(0, 0)).isBetween(130.0, 270.0);
    }

    @Test
    void gradients_ofAParameterAddedToTheLossItself_areRightAgainAndAgain() {
        SameDiff sd = SameDiff.create();
        SDVariable s = sd.var("s", Nd4j.scalar(3.0));
        sd.math.square(sd.var("w", values(1, 2))).sum().add("loss", s);
        sd.setLossVariables("loss");
        SameDiffExecutor executor = SameDiffExecutor.forTraining(sd, List.of("s", "w"));

        for (int step = 0; step < 3; step++) {
            Map<String, INDArray> gradients = executor.gradients(Map.of(), step).gradients();
            assertThat(gradients.get("s").getDouble(0)).isEqualTo(1);
            gradients.values().forEach(INDArray::close);
        }
    }

    @Test
    void gradients_ofALossThatIsNoNumber_areRefused_andSayWhatToDo() {
        SameDiff sd = SameDiff.create();
        sd.math.square("loss", sd.var("w", values(1, 3)));
        sd.math.square("other", sd.var("v", values(2, 2, 2))).sum("total");
        sd.setLossVariables("loss", "other", "total");

        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        SameDiffExecutor.forTraining(sd, List.of("w", "v")).gradients(Map.of(), 0))
                .withMessageContaining("loss variables: 2 problems")
                .withMessageContaining("\"loss\" has shape [3]; expected one number")
                .withMessageContaining("\"other\" has shape [2, 2]")
                .withMessageContaining("mean()")
                .withMessageContaining("setLossVariables");
    }

    @Test
    void gradients_ofALossOfOneElement_areThoseOfTheElement_whateverItsRank() {
        SameDiff sd = SameDiff.create();
        sd.math.square(sd.var("w", values(1, 3))).sum("loss", true, 0);
        sd.setLossVariables("loss");

        GradientCheck.check(sd, Map.of(), List.of("w"));
    }

    @Test
    void gradients_ofAnInputOfAnotherType_areThoseOfTheCastOne_andLeaveTheInputAlone() {
        SameDiff sd = graph();
        SameDiffExecutor executor = SameDiffExecutor.forTraining(sd, TRAINABLE);
        INDArray single = values(3, 4, 3).castTo(DataType.FLOAT);

        for (int step = 0; step < 3; step++) {
            INDArray before = single.dup();
            Map<String, INDArray> expected = executor.gradients(Map.of("x", single.castTo(DataType.DOUBLE)), 0)
                    .gradients();
            assertThat(executor.gradients(Map.of("x", single), 0).gradients()).isEqualTo(expected);
            assertThat(single).isEqualTo(before);
        }
    }

    @Test
    void gradients_withDropoutWhereTheLossDoesNotReach_doNotNeedItsMask() {
        SameDiff sd = graph();
        SDVariable mask = sd.placeHolder("mask", DataType.DOUBLE, -1, 2);
        sd.getVariable("y").mul("unused", mask);
        SameDiffExecutor executor = SameDiffExecutor.forTraining(
                sd, sd, TRAINABLE, List.of(new DropoutMask("mask", "unused", 0.5, List.of())));
        Map<String, INDArray> x = Map.of("x", values(3, 4, 3));

        assertThat(executor.gradients(x, 0).gradients())
                .isEqualTo(SameDiffExecutor.forTraining(graph(), TRAINABLE)
                        .gradients(x, 0)
                        .gradients());
    }

    /** One grows the memory of the executor and frees what the other one writes to, unless it waits. */
    @Test
    void callsOfSeveralThreads_waitForEachOther() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 30);
        SDVariable hidden = sd.math.tanh(x.mmul(sd.var("w", values(1, 30, 40).castTo(DataType.FLOAT))));
        hidden.mmul(sd.constant("v", values(2, 40, 20).castTo(DataType.FLOAT))).rename("y");
        GraphExecutor shared = SameDiffExecutor.forInference(sd).withKernels();

        IntStream.range(0, 4).parallel().forEach(thread -> {
            for (int run = 0; run < 150; run++) {
                INDArray rows =
                        values(thread, 1 + (run * 7 + thread * 13) % 60, 30).castTo(DataType.FLOAT);
                INDArray found = shared.output(Map.of("x", rows), List.of("y")).get("y");
                INDArray expected = Transforms.tanh(
                                rows.mmul(sd.getVariable("w").getArr()))
                        .mmul(sd.getVariable("v").getArr());
                assertThat(found.equalsWithEps(expected, 1e-4)).isTrue();
                if (run % 10 == 0) {
                    shared.release();
                }
            }
        });
    }
}
