/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.exec.StockExecutor;
import org.nd4j.autodiff.samediff.SDIndex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

class ArrayPoolTest {

    private final ArrayPool pool = new ArrayPool();

    private INDArray allocate(long... shape) {
        return pool.allocate(false, LongShapeDescriptor.fromShape(shape, DataType.FLOAT));
    }

    private static long address(INDArray array) {
        return array.data().address();
    }

    @Test
    void allocate_afterRelease_givesTheSameMemoryInAnotherShape() {
        INDArray first = allocate(2, 3);
        long memory = address(first);

        pool.release(first);
        INDArray second = allocate(6, 1);

        assertThat(address(second)).isEqualTo(memory);
        assertThat(second.shape()).containsExactly(6, 1);
        assertThat(second.closeable()).isTrue();
        assertThat(second.getId()).isNotEqualTo(first.getId());
    }

    @Test
    void allocate_givesWhatWasReleasedLast() {
        INDArray a = allocate(2, 3);
        INDArray b = allocate(2, 3);
        long memory = address(b);

        pool.release(a);
        pool.release(b);

        assertThat(address(allocate(2, 3))).isEqualTo(memory);
    }

    @Test
    void allocate_ofAnotherTypeOrLength_givesOtherMemory() {
        INDArray released = allocate(2, 3);
        long memory = address(released);

        pool.release(released);

        assertThat(address(allocate(2, 4))).isNotEqualTo(memory);
        assertThat(address(pool.allocate(false, DataType.INT32, 2, 3))).isNotEqualTo(memory);
    }

    @Test
    void release_twice_isRefused() {
        INDArray array = allocate(2, 3);
        pool.release(array);

        assertThatThrownBy(() -> pool.release(array))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("session memory: an array of shape [2, 3] was released twice; expected once.");
    }

    @Test
    void release_leavesLeavesAndViewsAlone() {
        INDArray leaf = allocate(2, 3);
        leaf.setCloseable(false);
        INDArray view = allocate(4, 3).getRow(1);

        pool.release(leaf);
        pool.release(view);

        assertThat(address(allocate(2, 3))).isNotEqualTo(address(leaf));
        assertThat(address(allocate(3))).isNotEqualTo(address(view));
    }

    @Test
    void allocate_ofNothing_isEmpty() {
        assertThat(pool.allocate(true, LongShapeDescriptor.empty(DataType.FLOAT))
                        .isEmpty())
                .isTrue();
    }

    @Test
    void aSessionWhoseGraphTakesViews_hasNoPool() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.math().tanh(sd.constant("x", Nd4j.ones(DataType.FLOAT, 3, 4)));

        boolean before = Kernels.session(sd, Kernels.of(sd, Multiplier.nd4j())).getMmgr() instanceof ArrayPool;
        x.getView(SDIndex.point(1));
        boolean after = Kernels.session(sd, Kernels.of(sd, Multiplier.nd4j())).getMmgr() instanceof ArrayPool;

        assertThat(before).isTrue();
        assertThat(after).isFalse();
    }

    @Test
    void stepsInARow_giveEqualValues_andLeaveEarlierResultsAlone() {
        SameDiff sd = SameDiff.create();
        SDVariable w = sd.var("w", Nd4j.linspace(DataType.FLOAT, 0, 0.1, 12).reshape(4, 3));
        SDVariable x =
                sd.constant("x", Nd4j.linspace(DataType.FLOAT, 1, 0.1, 20).reshape(5, 4));
        sd.math().tanh(x.mmul(w)).sum().rename("loss");
        sd.setLossVariables("loss");
        StockExecutor executor = StockExecutor.forTraining(sd, List.of("w")).withKernels();

        INDArray first = executor.gradients(Map.of(), 0).gradients().get("w");
        INDArray kept = first.dup();
        INDArray second = executor.gradients(Map.of(), 0).gradients().get("w");

        assertThat(first).isEqualTo(kept);
        assertThat(second).isEqualTo(kept);
    }
}
