/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

/**
 * Adam with decoupled weight decay, equal to {@code torch.optim.AdamW}: epsilon is added to the bias-corrected root, and
 * the decay is {@code p = p (1 - learningRate weightDecay)} before the step.
 *
 * <p>State: two arrays of the parameter's size and type on the Java heap. Needs about 2 ns a parameter and step.
 *
 * <p>Source: Loshchilov, Hutter 2019, Decoupled weight decay regularization, arXiv 1711.05101, algorithm 2.
 *
 * @param learningRate finite, above 0; for low-rank factors 1e-4 to 5e-3 is usual, ten times that of full fine-tuning
 * @param beta1 decay of the mean of the gradients, [0, 1)
 * @param beta2 decay of the mean of their squares, [0, 1)
 * @param epsilon finite, above 0
 * @param weightDecay finite, 0 or above; biases and normalization gains get none by default, see {@link TrainingPlan}
 * @apiNote Status: stable
 */
public record AdamW(double learningRate, double beta1, double beta2, double epsilon, double weightDecay)
        implements Optimizer {

    /**
     * Checks the numbers.
     *
     * @param learningRate finite, above 0; for low-rank factors 1e-4 to 5e-3 is usual, ten times that of full fine-tuning
     * @param beta1 decay of the mean of the gradients, [0, 1)
     * @param beta2 decay of the mean of their squares, [0, 1)
     * @param epsilon finite, above 0
     * @param weightDecay finite, 0 or above; biases and normalization gains get none by default, see {@link TrainingPlan}
     * @throws IllegalArgumentException if a number is outside of its range; the message lists all of them
     */
    public AdamW {
        AdamOptimizer.check("AdamW", learningRate, beta1, beta2, epsilon, weightDecay);
    }

    /**
     * With the defaults of PyTorch: betas 0.9 and 0.999, epsilon 1e-8, weight decay 0.01.
     *
     * @param learningRate as in the record
     * @return the optimizer
     * @throws IllegalArgumentException if the rate is outside of its range
     */
    public static AdamW of(double learningRate) {
        return new AdamW(learningRate, 0.9, 0.999, 1e-8, 0.01);
    }

    /**
     * The same with other decays of the means.
     *
     * @param newBeta1 as in the record
     * @param newBeta2 as in the record
     * @return the optimizer
     * @throws IllegalArgumentException as the constructor
     */
    public AdamW withBetas(double newBeta1, double newBeta2) {
        return new AdamW(learningRate, newBeta1, newBeta2, epsilon, weightDecay);
    }

    /**
     * The same with another epsilon.
     *
     * @param newEpsilon as in the record
     * @return the optimizer
     * @throws IllegalArgumentException as the constructor
     */
    public AdamW withEpsilon(double newEpsilon) {
        return new AdamW(learningRate, beta1, beta2, newEpsilon, weightDecay);
    }

    /**
     * The same with another weight decay.
     *
     * @param newWeightDecay as in the record
     * @return the optimizer
     * @throws IllegalArgumentException as the constructor
     */
    public AdamW withWeightDecay(double newWeightDecay) {
        return new AdamW(learningRate, beta1, beta2, epsilon, newWeightDecay);
    }

    @Override
    public double learningRate(long step, int epoch) {
        return learningRate;
    }

    @Override
    public ParameterUpdater updaterFor(TrainableParameter parameter) {
        return new BlockUpdater(parameter, new AdamRule(parameter, beta1, beta2, epsilon, AdamRule.Decay.BEFORE));
    }
}
