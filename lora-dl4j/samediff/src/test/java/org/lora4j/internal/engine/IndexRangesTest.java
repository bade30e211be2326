/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Ids and labels that ND4J would take without looking. */
class IndexRangesTest {

    private final SameDiff graph = SameDiff.create();

    private static INDArray ints(int... values) {
        return Nd4j.createFromArray(values);
    }

    @Test
    void gradients_whenALabelIsBeyondTheOneHotClasses_namesPlaceholderValueAndRange() {
        SDVariable labels = graph.placeHolder("labels", DataType.INT32, -1);
        SDVariable weight = graph.var("weight", Nd4j.ones(DataType.FLOAT, 3));
        graph.oneHot(labels, 3).castTo(DataType.FLOAT).mul(weight).sum().rename("loss");
        graph.setLossVariables("loss");
        SameDiffExecutor executor = SameDiffExecutor.forTraining(graph, List.of("weight"));

        assertThatThrownBy(() -> executor.gradients(Map.of("labels", ints(0, 3, 1)), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "graph input: placeholder \"labels\" holds 3, expected 0 to 2 (3 classes of the one-hot op)");
        assertThat(executor.gradients(Map.of("labels", ints(0, -1, 1)), 1).loss())
                .as("a negative label is left out")
                .isEqualTo(2);
        assertThat(executor.gradients(Map.of("labels", ints(0, 2, 1)), 1).loss())
                .isEqualTo(3);
    }

    @Test
    void gradients_whenALabelIsBeyondTheLogitsOfASparseLoss_namesPlaceholderValueAndRange() {
        SDVariable labels = graph.placeHolder("labels", DataType.INT32, -1);
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 2);
        SDVariable weight = graph.var("weight", Nd4j.ones(DataType.FLOAT, 2, 4));
        SDVariable bias = graph.constant("bias", Nd4j.zeros(DataType.FLOAT, 4));
        SDVariable logits = x.mmul(weight).add("logits", bias);
        graph.loss().sparseSoftmaxCrossEntropy(logits, labels).mean().rename("loss");
        graph.setLossVariables("loss");
        SameDiffExecutor executor = SameDiffExecutor.forTraining(graph, List.of("weight"));
        INDArray rows = Nd4j.ones(DataType.FLOAT, 2, 2);

        assertThatThrownBy(() -> executor.gradients(Map.of("labels", ints(0, 4), "x", rows), 1))
                .hasMessage(
                        "graph input: 2 problems: placeholder \"labels\" holds 4, expected 0 to 3 (4 classes of \"logits\");"
                                + " the labels \"labels\" are INT[2] with values from 0.0 to 4.0. Classes count from 0: subtract 1"
                                + " if yours start at 1, else give the head an output for each class, or leave out what it does not"
                                + " know");
        assertThatThrownBy(() -> executor.gradients(Map.of("labels", ints(-1, 2), "x", rows), 1))
                .hasMessageContaining("holds -1, expected 0 to 3");
    }

    @Test
    void output_whenAnIdIsBeyondItsTable_namesTheTable() {
        SDVariable ids = graph.placeHolder("ids", DataType.INT32, -1, -1);
        SDVariable table = graph.constant("table", Nd4j.ones(DataType.FLOAT, 5, 2));
        graph.gather("rows", table, graph.reshape(ids, -1), 0);
        SDVariable other = graph.constant("other", Nd4j.ones(DataType.FLOAT, 2));
        other.add("unrelated", 1);
        SameDiffExecutor executor = SameDiffExecutor.forInference(graph);
        Map<String, INDArray> input = Map.of("ids", ints(1, 5).reshape(1, 2));

        assertThatThrownBy(() -> executor.output(input, List.of("rows")))
                .hasMessage("graph input: placeholder \"ids\" holds 5, expected 0 to 4 (5 rows of \"table\")");
        assertThat(executor.output(input, List.of("unrelated"))).containsKey("unrelated");
    }
}
