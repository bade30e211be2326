/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class StepCacheTest {

    private record Arrays(List<INDArray> arrays) implements KeptPass {}

    private final Arrays pass = new Arrays(List.of(Nd4j.ones(2), Nd4j.ones(1)));
    private final StepCache<Arrays> cache = new StepCache<>();

    @Test
    void get_givesThePassOfTheIteration_untilTakenOrCleared() {
        assertThat(cache.get(3)).isEmpty();

        cache.keep(pass, 3);

        assertThat(cache.get(3)).containsSame(pass);
        assertThat(cache.get(4)).isEmpty();
        assertThat(cache.take(3)).containsSame(pass);
        assertThat(cache.take(3)).isEmpty();
        cache.keep(pass, 3);
        cache.clear();
        assertThat(cache.get(3)).isEmpty();
    }

    @Test
    void get_withAnArrayThatWasClosed_isEmpty() {
        cache.keep(pass, 3);

        pass.arrays().get(1).close();

        assertThat(cache.get(3)).isEmpty();
    }

    @Test
    void get_afterTheWorkspaceStartedAnew_isEmpty() {
        try (MemoryWorkspace workspace = Nd4j.getWorkspaceManager().getAndActivateWorkspace("step-cache-test")) {
            cache.keep(new Arrays(List.of(Nd4j.ones(2))), 3);
            assertThat(cache.get(3)).isPresent();
            assertThat(workspace.isScopeActive()).isTrue();
        }
        assertThat(cache.get(3)).isEmpty();
        try (MemoryWorkspace again = Nd4j.getWorkspaceManager().getAndActivateWorkspace("step-cache-test")) {
            assertThat(again.isScopeActive()).isTrue();
            assertThat(cache.get(3)).isEmpty();
        }
    }
}
