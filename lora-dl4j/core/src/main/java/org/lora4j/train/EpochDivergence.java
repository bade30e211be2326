/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.List;
import java.util.OptionalDouble;

/**
 * Whether an epoch says that a run has diverged: its loss is above that of the first step, by more than batches differ; or it has
 * risen above that of guessing. A model that has learned nothing yet may begin above guessing.
 *
 * @param rule whether runs count as diverged at all
 * @param guessing the loss of a model that finds all answers equally likely; empty if nobody said
 */
record EpochDivergence(Divergence rule, OptionalDouble guessing) {

    private static final double ABOVE_START = 1.05;

    /** Standard deviations of the losses of batches. */
    private static final double CHANCE = 3;

    /** So many batches tell how they differ where an epoch has only one or two. */
    private static final int WINDOW = 20;

    /** A loss is known before the second step, and seen again in the third. */
    private static final int FEWEST_STEPS = 3;

    /** A sentence if the last epoch of a run has diverged; empty if not. */
    String finding(List<Double> losses, EpochReport epoch) {
        double first = losses.isEmpty() ? 0 : losses.get(0);
        if (rule.lossFactor() == Double.POSITIVE_INFINITY || losses.size() < FEWEST_STEPS || !(first > 0)) {
            return "";
        }
        double mean = epoch.meanLoss();
        List<Double> last = last(losses, epoch.steps());
        double least = Math.min(mean, mean(last));
        if (least > ABOVE_START * first && least > first + CHANCE * deviation(last)) {
            return FittingSign.format(
                    "The mean training loss of epoch %d is %.4g, above the %.4g before the first step.",
                    epoch.epoch(), mean, first);
        }
        if (guessing.isPresent() && mean > guessing.getAsDouble() && first <= guessing.getAsDouble()) {
            return FittingSign.format(
                    "The mean training loss of epoch %d is %.4g, above the %.4g of a model that only guesses.",
                    epoch.epoch(), mean, guessing.getAsDouble());
        }
        return "";
    }

    /** The losses of an epoch; if those are few, also some before, but not the first one, with which they are compared. */
    private static List<Double> last(List<Double> losses, long steps) {
        long count = steps >= FEWEST_STEPS ? steps : Math.min(WINDOW, losses.size() - 1);
        return losses.subList((int) (losses.size() - count), losses.size());
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElse(0);
    }

    private static double deviation(List<Double> values) {
        double mean = mean(values);
        double squares = values.stream()
                .mapToDouble(value -> (value - mean) * (value - mean))
                .sum();
        return values.size() < 2 ? 0 : Math.sqrt(squares / (values.size() - 1));
    }
}
