/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.OptionalLong;
import java.util.function.LongToDoubleFunction;
import org.lora4j.train.Batches;
import org.lora4j.train.Divergence;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.TrainingPlan;

/**
 * How a short training differs from the one that is asked about.
 *
 * @param steps its length
 * @param rates the optimizer's rate of each step, from 0; null for that of the plan
 * @param isRangeTest whether rates go up as they are, whatever the loss does
 */
record BriefPlan(long steps, LongToDoubleFunction rates, boolean isRangeTest) {

    static BriefPlan rangeTest(double lowest, double highest, int steps) {
        return new BriefPlan(steps, step -> RateCurve.rate(lowest, highest, steps, step), true);
    }

    /** A training of that length at a rate, the schedule drawn together. */
    static BriefPlan at(double rate, long steps) {
        return new BriefPlan(steps, step -> rate, false);
    }

    /** A training of that length as planned. */
    static BriefPlan asPlanned(long steps) {
        return new BriefPlan(steps, null, false);
    }

    /** Changes what differs. */
    TrainingPlan.Builder on(TrainingPlan.Builder builder) {
        if (rates != null) {
            // The builder gives its values through a plan only.
            builder.optimizer(new RatedOptimizer(builder.steps(steps).build().optimizer(), rates));
        }
        if (isRangeTest) {
            builder.schedule(LearningRateSchedule.constant()).divergence(Divergence.never());
        }
        return builder.steps(steps);
    }

    /** The plan with this length alone: no epochs, and nothing that asks for an evaluation between them. */
    TrainingPlan of(TrainingPlan plan) {
        TrainingPlan.Builder builder = TrainingPlan.builder()
                .optimizer(plan.optimizer())
                .schedule(plan.schedule())
                .clipping(plan.clipping())
                .accumulation(plan.accumulation())
                .seed(plan.seed())
                .decayBiasAndNorm(plan.decayBiasAndNorm())
                .divergence(plan.divergence());
        plan.groups().forEach(builder::group);
        plan.penalties().forEach(builder::penalty);
        plan.allowedWithoutGradient().forEach(builder::allowWithoutGradient);
        plan.allowedNotFinite().forEach(builder::allowNotFinite);
        plan.parts().ifPresent(builder::parts);
        return on(builder).build();
    }

    /** How many steps a plan has; empty if the batches do not tell their number. */
    static OptionalLong stepsOf(TrainingPlan plan, Batches batches) {
        long most = plan.steps().orElse(Long.MAX_VALUE);
        if (plan.epochs().isEmpty()) {
            return OptionalLong.of(most);
        }
        return batches.batchesPerEpoch().isEmpty()
                ? plan.steps()
                : OptionalLong.of(Math.min(
                        most,
                        plan.epochs().getAsInt()
                                * ((batches.batchesPerEpoch().getAsLong() - 1) / plan.accumulation() + 1)));
    }
}
