/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

/**
 * Which task gives the next batch. An epoch of {@code n} tasks has as many batches as all of them have together; a task
 * that gives fewer than it has starts with another part of its data in the next epoch, one that gives more starts over.
 *
 * <p>The order is a function of sizes, epoch and seed alone, so that a run repeats bit for bit.
 *
 * @apiNote Status: experimental
 */
public sealed interface TaskSampling permits Samplings.Temperature, Samplings.RoundRobin {

    /**
     * Every task as often as it has batches: each batch once in every epoch, in random order.
     *
     * @return the sampling
     */
    static TaskSampling proportional() {
        return new Samplings.Temperature(1);
    }

    /**
     * Tasks in proportion to {@code batches^(1 / temperature)}, so that small tasks come more often than their size says.
     * Every task comes at least once in an epoch.
     *
     * <p><i>Source.</i> Arivazhagan et al. 2019, Massively Multilingual Neural Machine Translation in the Wild,
     * arXiv:1907.05019, section 4.2; Raffel et al. 2020, T5, arXiv:1910.10683, section 3.5.2.
     *
     * @param temperature 1 for proportional; the larger, the more alike
     * @return the sampling
     * @throws IllegalArgumentException if the temperature is below 1 or not finite
     */
    static TaskSampling temperature(double temperature) {
        return new Samplings.Temperature(temperature);
    }

    /**
     * One task after the other, in their order, again and again.
     *
     * @return the sampling
     */
    static TaskSampling roundRobin() {
        return new Samplings.RoundRobin();
    }

    /**
     * How many of the batches of an epoch come from each task.
     *
     * @param sizes number of batches that each task has, 1 or more
     * @return numbers of 1 or more whose sum is that of the sizes
     */
    long[] counts(long[] sizes);

    /**
     * The tasks of an epoch.
     *
     * @param sizes number of batches that each task has, 1 or more
     * @param epoch number of the epoch, from 1
     * @param seed seed of the run
     * @return indices of tasks, as many as all tasks have batches, each as often as {@link #counts} says
     */
    int[] order(long[] sizes, int epoch, long seed);
}
