/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import org.lora4j.error.Problems;

/**
 * When a run counts as diverged, and ends with {@link TrainingFailedException}: its loss or the norm of its gradient stays
 * far above that of its start. What counts as the start is the largest value of the first three steps, but at most three
 * times the loss before the first one, since a step that is too large shows in the second loss already. A loss that starts
 * at 0 or below is not watched; a gradient only while the loss is above the start as well. A short run has diverged after
 * half of its steps, and a run whose gradients become 0 while its loss rises at once.
 *
 * @param lossFactor how many times the loss of the start is too much, above 1; infinite for never
 * @param gradientFactor how many times the gradient norm of the start is too much, above 1; infinite for never
 * @param steps in how many steps in a row it must be too much, 1 or more; half of the run's, and three at least, if it is
 *     shorter
 * @apiNote Status: stable
 */
public record Divergence(double lossFactor, double gradientFactor, int steps) {

    private static final double LOSS = 5;
    private static final double GRADIENT = 1000;
    private static final int STEPS = 20;

    /**
     * Checks the numbers.
     *
     * @param lossFactor how many times the loss of the start is too much, above 1; infinite for never
     * @param gradientFactor how many times the gradient norm of the start is too much, above 1; infinite for never
     * @param steps in how many steps in a row it must be too much, 1 or more
     * @throws IllegalArgumentException if one is outside of its range; the message lists all
     */
    public Divergence {
        Problems problems = new Problems();
        problems.check(lossFactor > 1, "lossFactor = " + lossFactor + ", expected more than 1");
        problems.check(gradientFactor > 1, "gradientFactor = " + gradientFactor + ", expected more than 1");
        problems.atLeast("steps", steps, 1);
        problems.throwIfAny("Divergence");
    }

    /**
     * The default: 20 steps in a row with five times the loss, or a thousand times the gradient, of the start.
     *
     * @return the rule
     */
    public static Divergence usual() {
        return new Divergence(LOSS, GRADIENT, STEPS);
    }

    /**
     * No run counts as diverged while its loss is finite.
     *
     * @return the rule
     */
    public static Divergence never() {
        return new Divergence(Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, 1);
    }
}
