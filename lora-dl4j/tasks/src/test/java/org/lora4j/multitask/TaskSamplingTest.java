/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class TaskSamplingTest {

    private static long[] counted(int[] order, int tasks) {
        long[] counts = new long[tasks];
        Arrays.stream(order).forEach(task -> counts[task]++);
        return counts;
    }

    @Test
    void proportional_takesEveryBatchOnce() {
        long[] sizes = {10, 30, 60};

        assertThat(TaskSampling.proportional().counts(sizes)).containsExactly(10, 30, 60);
        assertThat(counted(TaskSampling.proportional().order(sizes, 1, 7), 3)).containsExactly(10, 30, 60);
    }

    @Test
    void temperatureTwo_takesSquareRoots() {
        // Roots 4, 10 and 2 of 16, 100 and 4; 120 batches in all: 30, 75, 15.
        assertThat(TaskSampling.temperature(2).counts(new long[] {16, 100, 4})).containsExactly(30, 75, 15);
    }

    @Test
    void temperature_roundsToTheSameSum() {
        // Roots 1 and 1.41421 of 1 and 2; 3 batches: 1.243 and 1.757.
        assertThat(TaskSampling.temperature(2).counts(new long[] {1, 2})).containsExactly(1, 2);
        // Nearly uniform: 101 / 2 = 50.5 each, the larger task a little more.
        assertThat(TaskSampling.temperature(1e6).counts(new long[] {1, 100})).containsExactly(50, 51);
    }

    @Test
    void smallTask_comesOnceAtLeast() {
        assertThat(TaskSampling.proportional().counts(new long[] {1, 1_000})).containsExactly(1, 1_000);
        assertThat(TaskSampling.temperature(1).counts(new long[] {1, 1, 1})).containsExactly(1, 1, 1);
    }

    @Test
    void order_isAFunctionOfSeedAndEpoch() {
        long[] sizes = {20, 20, 20};
        TaskSampling sampling = TaskSampling.proportional();

        int[] order = sampling.order(sizes, 3, 11);

        assertThat(sampling.order(sizes, 3, 11)).isEqualTo(order);
        assertThat(sampling.order(sizes, 4, 11)).isNotEqualTo(order);
        assertThat(sampling.order(sizes, 3, 12)).isNotEqualTo(order);
    }

    @Test
    void roundRobin_takesOneAfterTheOther() {
        TaskSampling sampling = TaskSampling.roundRobin();
        long[] sizes = {1, 2, 4};

        assertThat(sampling.order(sizes, 1, 0)).containsExactly(0, 1, 2, 0, 1, 2, 0);
        assertThat(sampling.counts(sizes)).containsExactly(3, 2, 2);
    }

    @Test
    void temperatureBelowOne_isRefused() {
        assertThatThrownBy(() -> TaskSampling.temperature(0.5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("temperature = 0.5, expected a finite number, 1 or more");
    }
}
