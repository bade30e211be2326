/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import org.lora4j.error.Problems;

/**
 * Adam, equal to {@code torch.optim.Adam}: epsilon is added to the bias-corrected root, and weight decay is L2
 * regularization, added to the gradient (for decoupled decay use {@link AdamW}).
 *
 * <p>Source: Kingma, Ba 2015, Adam: a method for stochastic optimization, arXiv 1412.6980, algorithm 1.
 *
 * @param learningRate finite, above 0
 * @param beta1 decay of the mean of the gradients, [0, 1)
 * @param beta2 decay of the mean of their squares, [0, 1)
 * @param epsilon finite, above 0
 * @param weightDecay finite, 0 or above
 * @apiNote Status: stable
 */
public record AdamOptimizer(double learningRate, double beta1, double beta2, double epsilon, double weightDecay)
        implements Optimizer {

    /**
     * Checks the numbers.
     *
     * @param learningRate finite, above 0
     * @param beta1 decay of the mean of the gradients, [0, 1)
     * @param beta2 decay of the mean of their squares, [0, 1)
     * @param epsilon finite, above 0
     * @param weightDecay finite, 0 or above
     * @throws IllegalArgumentException if a number is outside of its range; the message lists all of them
     */
    public AdamOptimizer {
        check("Adam", learningRate, beta1, beta2, epsilon, weightDecay);
    }

    /**
     * With the defaults of PyTorch: betas 0.9 and 0.999, epsilon 1e-8, no weight decay.
     *
     * @param learningRate as in the record
     * @return the optimizer
     * @throws IllegalArgumentException if the rate is outside of its range
     */
    public static AdamOptimizer of(double learningRate) {
        return new AdamOptimizer(learningRate, 0.9, 0.999, 1e-8, 0);
    }

    /**
     * The same with another weight decay.
     *
     * @param newWeightDecay as in the record
     * @return the optimizer
     * @throws IllegalArgumentException as the constructor
     */
    public AdamOptimizer withWeightDecay(double newWeightDecay) {
        return new AdamOptimizer(learningRate, beta1, beta2, epsilon, newWeightDecay);
    }

    @Override
    public double learningRate(long step, int epoch) {
        return learningRate;
    }

    @Override
    public ParameterUpdater updaterFor(TrainableParameter parameter) {
        return new BlockUpdater(parameter, new AdamRule(parameter, beta1, beta2, epsilon, AdamRule.Decay.IN_GRADIENT));
    }

    static void check(
            String where, double learningRate, double beta1, double beta2, double epsilon, double weightDecay) {
        Problems problems = new Problems();
        problems.finiteAboveZero("learningRate", learningRate);
        problems.fraction("beta1", beta1);
        problems.fraction("beta2", beta2);
        problems.finiteAboveZero("epsilon", epsilon);
        problems.finiteFromZero("weightDecay", weightDecay);
        problems.throwIfAny(where);
    }
}
