/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import org.nd4j.linalg.schedule.ISchedule;

/**
 * How the learning rate changes over a run: a pure function from the step to a factor on the rate.
 *
 * @apiNote Status: stable
 */
@FunctionalInterface
public interface LearningRateSchedule {

    /**
     * The factor on the learning rate of a step.
     *
     * @param step number of steps done before, from 0
     * @param epoch number of the epoch, from 1
     * @param totalSteps number of steps of the run, or 0 if it is not known ({@link #needsTotalSteps()} is false then)
     * @return a finite number, 0 or above
     */
    double factor(long step, int epoch, long totalSteps);

    /**
     * Whether the number of steps of the run must be known.
     *
     * @return true if {@link #factor} reads it
     */
    default boolean needsTotalSteps() {
        return false;
    }

    /**
     * The full rate at every step.
     *
     * @return the schedule
     */
    static LearningRateSchedule constant() {
        return constant(Warmup.none());
    }

    /**
     * The full rate after a warm-up.
     *
     * @param warmup the warm-up
     * @return the schedule
     */
    static LearningRateSchedule constant(Warmup warmup) {
        return new Schedules.Constant(warmup);
    }

    /**
     * A warm-up, then a straight line from 1 at its end to 0 behind the last step: {@code (total - step) / (total - warmup)}.
     * As the linear schedule of Hugging Face Transformers, but for the warm-up, which there begins with a step of rate 0.
     *
     * @param warmup the warm-up
     * @return the schedule; it needs the number of steps
     */
    static LearningRateSchedule linear(Warmup warmup) {
        return new Schedules.Linear(warmup);
    }

    /**
     * A warm-up, then half a cosine from 1 to 0.
     *
     * @param warmup the warm-up
     * @return the schedule; it needs the number of steps
     */
    static LearningRateSchedule cosine(Warmup warmup) {
        return cosine(warmup, 0);
    }

    /**
     * A warm-up, then half a cosine from 1 to a floor: {@code floor + (1 - floor) (1 + cos(pi t)) / 2} with {@code t =
     * (step - warmup) / (total - warmup)}.
     *
     * <p>Source: Loshchilov, Hutter 2017, SGDR: stochastic gradient descent with warm restarts, arXiv 1608.03983, equation 5.
     *
     * @param warmup the warm-up
     * @param floor the factor at the end, [0, 1)
     * @return the schedule; it needs the number of steps
     * @throws IllegalArgumentException if the floor is outside of its range
     */
    static LearningRateSchedule cosine(Warmup warmup, double floor) {
        return new Schedules.Cosine(warmup, floor);
    }

    /**
     * A factor every so many steps: {@code gamma^(step / every)}, rounded down.
     *
     * @param every number of steps at one rate, 1 or more
     * @param gamma the factor, finite and above 0
     * @return the schedule
     * @throws IllegalArgumentException if a number is outside of its range
     */
    static LearningRateSchedule stepDecay(long every, double gamma) {
        return new Schedules.StepDecay(every, gamma);
    }

    /**
     * A schedule of ND4J, whose values are learning rates.
     *
     * @param schedule the schedule; it is asked for iteration and epoch, both from 0
     * @param learningRate the learning rate of the optimizer, which the values are divided by; finite, above 0
     * @return the schedule
     * @throws IllegalArgumentException if the rate is outside of its range
     */
    static LearningRateSchedule ofNd4j(ISchedule schedule, double learningRate) {
        return new Schedules.Nd4j(schedule, learningRate);
    }
}
