/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.List;
import java.util.Map;
import org.lora4j.error.Problems;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * What the loss of a task counts in the joint loss.
 *
 * @apiNote Status: experimental
 */
public abstract sealed class LossWeighting
        permits Weightings.Uniform, Weightings.Given, Weightings.Uncertainty, Weightings.DynamicAverage {

    LossWeighting() {}

    /**
     * Every task counts 1.
     *
     * @return the weighting
     */
    public static LossWeighting uniform() {
        return new Weightings.Uniform();
    }

    /**
     * Every task counts what is said.
     *
     * @param weights a finite number above 0 for each task by name
     * @return the weighting
     * @throws IllegalArgumentException if a number is not finite or not above 0; the message lists all of them
     */
    public static LossWeighting given(Map<String, Double> weights) {
        return new Weightings.Given(weights);
    }

    /**
     * The weights are learned: task k has a parameter {@code s}, 0 at first, and counts {@code exp(-s) L + s / 2}, where
     * {@code exp(s)} is the variance of its noise. A parameter is called {@code task/log_variance}.
     *
     * <p><i>Source.</i> Kendall, Gal, Cipolla 2018, Multi-Task Learning Using Uncertainty to Weigh Losses,
     * arXiv:1705.07115, equation 10 for classification: {@code L / sigma^2 + log sigma} with {@code s = log sigma^2}. A
     * squared error counts {@code L / (2 sigma^2) + log sigma} there (equation 7), so it has to be half the mean square.
     *
     * @return the weighting
     */
    public static LossWeighting uncertainty() {
        return new Weightings.Uncertainty();
    }

    /**
     * Tasks whose loss falls slower count more: in epoch t task k counts {@code K softmax_k(r / temperature)}, {@code r_k =
     * L_k(t-1) / L_k(t-2)}, with the mean losses of the last two epochs; 1 in the first two.
     *
     * <p><i>Source.</i> Liu, Johns, Davison 2019, End-to-End Multi-Task Learning with Attention, arXiv:1803.10704,
     * equation 7.
     *
     * @param temperature above 0; 2 in the paper
     * @return the weighting
     * @throws IllegalArgumentException if the temperature is not finite or not above 0
     */
    public static LossWeighting dynamicAverage(double temperature) {
        return new Weightings.DynamicAverage(temperature);
    }

    /** Notes what is wrong with this weighting for these tasks. */
    abstract void check(List<String> tasks, Problems problems);

    /** The weights of one run. */
    abstract Weigher start(List<String> tasks, DataType type);
}
