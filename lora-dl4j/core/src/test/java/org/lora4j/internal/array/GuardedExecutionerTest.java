/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Proxy;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner;
import org.nd4j.linalg.api.ops.impl.broadcast.BroadcastAddOp;
import org.nd4j.linalg.factory.Nd4j;

/** That ops outlive their calls is seen by {@code CollectedWhileRunningTest}. */
class GuardedExecutionerTest {

    @BeforeEach
    void install() {
        GuardedExecutioner.install();
    }

    @Test
    void executioner_ofNd4j_isBehindOne_howeverOftenItIsInstalled() {
        OpExecutioner first = Nd4j.getExecutioner();

        GuardedExecutioner.install();

        assertThat(Proxy.getInvocationHandler(first)).isInstanceOf(GuardedExecutioner.class);
        assertThat(Nd4j.getExecutioner()).isSameAs(first);
    }

    @Test
    void broadcast_ofNd4j_adds() {
        INDArray x = Nd4j.createFromArray(new float[][] {{1, 2, 3}, {4, 5, 6}});

        x.addiRowVector(Nd4j.createFromArray(10f, 20f, 30f));

        assertThat(x.toFloatMatrix()).isDeepEqualTo(new float[][] {{11, 22, 33}, {14, 25, 36}});
    }

    @Test
    void failure_ofNd4j_isThrownAsItIs() {
        INDArray closed = Nd4j.ones(2, 3);
        BroadcastAddOp op = new BroadcastAddOp(closed, Nd4j.ones(3), closed, 1);
        closed.close();

        assertThatThrownBy(() -> Nd4j.getExecutioner().exec(op))
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }
}
