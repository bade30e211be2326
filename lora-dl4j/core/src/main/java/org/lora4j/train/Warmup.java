/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import org.lora4j.error.Problems;

/**
 * How many steps the learning rate takes to rise: a number, or a fraction of the steps of the run (rounded up).
 *
 * <p>With {@code w} steps of warm-up, step {@code i} (from 0) has the factor {@code (i + 1) / w}: no step has the rate 0, and
 * the last one of the warm-up has the full rate.
 *
 * @param steps number of steps, 0 or above; 0 if {@code fraction} says it
 * @param fraction part of all steps, [0, 1); 0 if {@code steps} says it
 * @apiNote Status: stable
 */
public record Warmup(long steps, double fraction) {

    /**
     * Checks the numbers.
     *
     * @param steps number of steps, 0 or above; 0 if {@code fraction} says it
     * @param fraction part of all steps, [0, 1); 0 if {@code steps} says it
     * @throws IllegalArgumentException if one is outside of its range or both are given
     */
    public Warmup {
        Problems problems = new Problems();
        problems.atLeast("steps", steps, 0);
        problems.fraction("fraction", fraction);
        problems.check(
                steps == 0 || fraction == 0,
                "steps = " + steps + " and fraction = " + fraction + ", expected one of them");
        problems.throwIfAny("Warmup");
    }

    /**
     * No warm-up.
     *
     * @return the value
     */
    public static Warmup none() {
        return new Warmup(0, 0);
    }

    /**
     * A number of steps.
     *
     * @param steps 0 or more
     * @return the value
     * @throws IllegalArgumentException if the number is negative
     */
    public static Warmup steps(long steps) {
        return new Warmup(steps, 0);
    }

    /**
     * A part of all steps of the run.
     *
     * @param fraction [0, 1), for instance 0.06
     * @return the value
     * @throws IllegalArgumentException if it is outside of its range
     */
    public static Warmup fraction(double fraction) {
        return new Warmup(0, fraction);
    }

    /** Steps of warm-up in a run of that length. */
    long stepsOf(long totalSteps) {
        return fraction == 0 ? steps : (long) Math.ceil(fraction * totalSteps);
    }

    boolean needsTotalSteps() {
        return fraction > 0;
    }
}
