/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.factory.Nd4j;

class ExecutorPoolTest {

    private static SameDiffExecutor plain() {
        SameDiff graph = SameDiff.create();
        graph.var("w", Nd4j.ones(2)).add("y", 1);
        return SameDiffExecutor.forInference(graph);
    }

    @Test
    void executor_ofAPool_sharesBatchesAmongAsManyThreadsAsThatItIsOf() {
        GraphExecutor origin = plain().inParts(3);
        try (ExecutorPool pool = new ExecutorPool(() -> origin)) {
            assertThat(pool.<Integer>with(GraphExecutor::mostParts)).isEqualTo(3);
            assertThat(pool.<Boolean>with(executor -> executor == origin)).isFalse();
        }
    }

    @Test
    void executor_thatLeavesBatchesWhole_doesSoInAPool() {
        GraphExecutor origin = plain();
        try (ExecutorPool pool = new ExecutorPool(() -> origin)) {
            assertThat(pool.<Integer>with(GraphExecutor::mostParts)).isOne();
        }
    }
}
