/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class SharedArraysTest {

    private static final int MANY = 64;
    private static final long BYTES = 1 << 20;

    private final SameDiff graph = SharedArrays.newGraph();

    @Test
    void constant_ofAnArray_isThatArray() {
        INDArray array = Nd4j.createFromArray(1f, 2f);

        assertThat(graph.constant("c", array).getArr()).isSameAs(array);
    }

    @Test
    void constant_ofAView_isACopy() {
        INDArray whole = Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}});

        INDArray held = graph.constant("c", whole.get(NDArrayIndex.point(1), NDArrayIndex.all()))
                .getArr();
        whole.putScalar(1, 0, 9);

        assertThat(held.toFloatVector()).containsExactly(3, 4);
    }

    @Test
    void setArray_ofTheSameShape_writesIntoTheArrayThatIsThere() {
        INDArray array = Nd4j.createFromArray(1f, 2f);
        SDVariable v = graph.var("v", array);

        v.setArray(Nd4j.createFromArray(3f, 4f));

        assertThat(v.getArr()).isSameAs(array);
        assertThat(array.toFloatVector()).containsExactly(3, 4);
    }

    @Test
    void setArray_ofAnotherShape_leavesTheArrayThatWasThere() {
        INDArray array = Nd4j.createFromArray(1f, 2f);
        SDVariable v = graph.constant("v", array);

        graph.getConstantArrays().setArray("v", Nd4j.createFromArray(3f, 4f, 5f));

        assertThat(v.getArr().toFloatVector()).containsExactly(3, 4, 5);
        assertThat(array.toFloatVector()).containsExactly(1, 2);
    }

    @Test
    void rename_convertToConstantAndBack_keepTheArray() {
        INDArray array = Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}});
        SDVariable v = graph.var("v", array);
        graph.renameVariable("v", "w");

        graph.convertToConstants(List.of(graph.getVariable("w")));
        assertThat(graph.getVariable("w").getArr()).isSameAs(array);
        graph.convertToVariables(List.of(graph.getVariable("w")));

        assertThat(graph.getVariable("w").getArr()).isSameAs(array);
        assertThat(graph.hasVariable("v")).isFalse();
        assertThat(v.name()).isEqualTo("w");
    }

    @Test
    void newGraph_runsAndIsCopiedByItsOwnDup() {
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 2);
        x.mmul(graph.var("w", Nd4j.createFromArray(new float[][] {{2}, {3}}))).rename("y");
        Map<String, INDArray> one = Map.of("x", Nd4j.createFromArray(new float[][] {{1, 10}}));

        // 1 * 2 + 10 * 3.
        assertThat(graph.output(one, "y").get("y").getFloat(0)).isEqualTo(32f);
        assertThat(graph.dup().output(one, "y").get("y").getFloat(0)).isEqualTo(32f);
    }

    @Test
    void copiesOfAGraph_takeNoMemoryForItsWeights() {
        INDArray weight = Nd4j.zeros(DataType.FLOAT, BYTES / Float.BYTES);
        graph.constant("w", weight).add("y", 1);
        long before = Pointer.physicalBytes();

        List<SameDiff> copies =
                Stream.generate(() -> GraphCopy.of(graph).build()).limit(MANY).toList();

        assertThat(copies)
                .allSatisfy(copy -> assertThat(copy.getVariable("w").getArr()).isSameAs(weight));
        assertThat(Pointer.physicalBytes() - before).isLessThan(MANY * BYTES / 2);
    }
}
