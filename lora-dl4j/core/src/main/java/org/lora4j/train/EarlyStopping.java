/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import org.lora4j.error.Problems;

/**
 * When to stop because the evaluation no longer gets better. The best parameters are kept and restored at the end.
 *
 * @param patience number of evaluations in a row without improvement after which to stop, 1 or more
 * @param minDelta how much better a value must be to count as an improvement, finite, 0 or above; the parameters kept are
 *     those of the best value whatever the distance
 * @apiNote Status: stable
 */
public record EarlyStopping(int patience, double minDelta) {

    /**
     * Checks the numbers.
     *
     * @param patience number of evaluations in a row without improvement after which to stop, 1 or more
     * @param minDelta how much better a value must be to count as an improvement, finite, 0 or above; the parameters kept are
     *     those of the best value whatever the distance
     * @throws IllegalArgumentException if one is outside of its range; the message lists both
     */
    public EarlyStopping {
        Problems problems = new Problems();
        problems.atLeast("patience", patience, 1);
        problems.finiteFromZero("minDelta", minDelta);
        problems.throwIfAny("EarlyStopping");
    }

    /**
     * Any improvement counts.
     *
     * @param patience as in the record
     * @return the value
     * @throws IllegalArgumentException if the number is outside of its range
     */
    public static EarlyStopping patience(int patience) {
        return new EarlyStopping(patience, 0);
    }

    /**
     * The same with another smallest improvement.
     *
     * @param newMinDelta as in the record
     * @return the value
     * @throws IllegalArgumentException if the number is outside of its range
     */
    public EarlyStopping withMinDelta(double newMinDelta) {
        return new EarlyStopping(patience, newMinDelta);
    }
}
