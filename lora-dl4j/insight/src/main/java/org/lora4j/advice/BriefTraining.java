/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.EnumSet;
import java.util.OptionalDouble;
import java.util.Set;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
import org.lora4j.train.TrainingFailedException;
import org.lora4j.train.TrainingFailedException.Reason;

/** Something that can be trained for some steps and is afterwards what it was. */
interface BriefTraining {

    /**
     * Trains and measures.
     *
     * @param listener watches the steps
     */
    Outcome run(BriefPlan plan, RunListener listener);

    /** How many steps the training has that is asked about; 0 if that is not known. */
    long plannedSteps();

    /** Whether a metric is better than another one by more than a margin. */
    boolean isBetter(double metric, double than, double margin);

    /**
     * What came of a short training.
     *
     * @param metric of the validation after the last step; empty after a range test, and if the training failed
     * @param steps how many it had
     * @param failure why it ended early; null if it did not
     * @param interrupted whether the thread was interrupted
     */
    record Outcome(OptionalDouble metric, long steps, String failure, boolean interrupted) {

        static Outcome measured(double metric, long steps) {
            return Double.isNaN(metric)
                    ? ended("the metric is NaN", steps)
                    : new Outcome(OptionalDouble.of(metric), steps, null, false);
        }

        static Outcome ended(String why, long steps) {
            return new Outcome(OptionalDouble.empty(), steps, why, false);
        }

        static Outcome interrupted(long steps) {
            return new Outcome(OptionalDouble.empty(), steps, null, true);
        }
    }

    /** Counts steps, and knows which failures are those of steps that were too large. */
    final class Steps implements RunListener {

        private static final Set<Reason> DIVERGED = EnumSet.of(
                Reason.LOSS_NOT_FINITE, Reason.GRADIENT_NOT_FINITE, Reason.LOSS_DIVERGED, Reason.GRADIENT_EXPLODED);

        private long count;
        private boolean anyGradient;

        @Override
        public void onStep(StepReport report) {
            count = report.step();
            anyGradient |= report.gradientNorm() > 0;
        }

        long count() {
            return count;
        }

        /** What a failure means; thrown again if it is none of the rate. */
        Outcome failed(TrainingFailedException e) {
            // Steps that were too large may leave no unit that answers.
            boolean died = e.reason() == Reason.NO_GRADIENT && anyGradient;
            if (!died && !DIVERGED.contains(e.reason())) {
                throw e;
            }
            return Outcome.ended(e.getMessage().split(";", 2)[0], count);
        }
    }
}
