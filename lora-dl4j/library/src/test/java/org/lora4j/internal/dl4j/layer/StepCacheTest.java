/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class StepCacheTest {

    private final StepCache cache = new StepCache();

    @Test
    void isValid_inTheIterationOfTheArrays_untilCleared() {
        assertThat(cache.isValid(3)).isFalse();

        cache.keep(Nd4j.ones(2), List.of(Nd4j.ones(1)), 3);

        assertThat(cache.isValid(3)).isTrue();
        assertThat(cache.isValid(4)).isFalse();
        cache.clear();
        assertThat(cache.isValid(3)).isFalse();
    }

    @Test
    void isValid_withAnArrayThatWasClosed_isFalse() {
        INDArray down = Nd4j.ones(1);
        cache.keep(Nd4j.ones(2), List.of(down), 3);

        down.close();

        assertThat(cache.isValid(3)).isFalse();
    }

    @Test
    void isValid_afterTheWorkspaceStartedAnew_isFalse() {
        try (MemoryWorkspace workspace = Nd4j.getWorkspaceManager().getAndActivateWorkspace("step-cache-test")) {
            cache.keep(Nd4j.ones(2), List.of(), 3);
            assertThat(cache.isValid(3)).isTrue();
            assertThat(workspace.isScopeActive()).isTrue();
        }
        assertThat(cache.isValid(3)).isFalse();
        try (MemoryWorkspace again = Nd4j.getWorkspaceManager().getAndActivateWorkspace("step-cache-test")) {
            assertThat(again.isScopeActive()).isTrue();
            assertThat(cache.isValid(3)).isFalse();
        }
    }
}
