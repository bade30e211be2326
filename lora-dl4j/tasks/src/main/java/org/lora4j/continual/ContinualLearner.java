/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

/**
 * Something that learns one task after the other and can be asked how well it does each.
 *
 * @param <T> type of an example
 * @apiNote Status: experimental
 */
public interface ContinualLearner<T> {

    /**
     * Learns a task. It may keep what it likes of it, but is not given the task's examples again.
     *
     * @param task the task
     */
    void learn(ContinualTask<T> task);

    /**
     * How well it does a task now; also asked for tasks that it has not learned yet.
     *
     * @param task the task
     * @return share of the test examples that it tells right, 0 to 1
     */
    double accuracy(ContinualTask<T> task);
}
