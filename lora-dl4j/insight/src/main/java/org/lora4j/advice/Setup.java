/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import org.lora4j.error.Problems;
import org.lora4j.train.Batches;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Validation;

/** What every question about training needs. */
final class Setup {

    /** By which share of a metric something has to be better than what one would take otherwise. */
    static final double CLEARLY = 0.02;

    /** After fewer steps, a training says nothing of a longer one. */
    static final long FEWEST_STEPS = 10;

    private Setup() {}

    static void check(TrainingPlan plan, Batches batches, Validation validation, Problems problems) {
        problems.check(plan != null, "no plan, expected plan(TrainingPlan.builder().epochs(3).build()) or the like");
        problems.check(batches != null, "no batches, expected batches(...) of the training data");
        problems.check(
                validation != null,
                "no validation, expected validation(Validation.higherIsBetter(\"accuracy\", () -> ...)) on data that is not"
                        + " learned from");
    }
}
