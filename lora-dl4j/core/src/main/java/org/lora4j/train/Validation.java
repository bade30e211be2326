/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Objects;
import java.util.function.DoubleSupplier;
import org.lora4j.error.Problems;

/**
 * A number that says how good the model is now, computed after every epoch on data held out.
 *
 * @param name what it is called in reports, such as {@code accuracy}
 * @param higherIsBetter true for an accuracy, false for a loss
 * @param metric computes it; called on the training thread between two steps, and must not change the parameters
 * @apiNote Status: stable
 */
public record Validation(String name, boolean higherIsBetter, DoubleSupplier metric) {

    /**
     * Checks that nothing is missing.
     *
     * @param name what it is called in reports, such as {@code accuracy}
     * @param higherIsBetter true for an accuracy, false for a loss
     * @param metric computes it; called on the training thread between two steps, and must not change the parameters
     * @throws IllegalArgumentException if the name is blank
     * @throws NullPointerException if an argument is null
     */
    public Validation {
        Objects.requireNonNull(metric, "Evaluation: metric is null; expected a function that computes it");
        Problems problems = new Problems();
        problems.check(!name.isBlank(), "name = \"" + name + "\", expected a name for reports");
        problems.throwIfAny("Evaluation");
    }

    /**
     * A metric that should grow.
     *
     * @param name as in the record
     * @param metric as in the record
     * @return the evaluation
     */
    public static Validation higherIsBetter(String name, DoubleSupplier metric) {
        return new Validation(name, true, metric);
    }

    /**
     * A metric that should fall.
     *
     * @param name as in the record
     * @param metric as in the record
     * @return the evaluation
     */
    public static Validation lowerIsBetter(String name, DoubleSupplier metric) {
        return new Validation(name, false, metric);
    }

    /** By how much {@code value} is better than {@code reference}; negative if it is worse. */
    double gain(double value, double reference) {
        return higherIsBetter ? value - reference : reference - value;
    }
}
