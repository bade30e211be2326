/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * What a run did.
 *
 * @param stopReason how it ended
 * @param steps number of steps
 * @param losses the loss of every step, before it
 * @param epochs the epochs, the last one perhaps cut short
 * @param meanStepSeconds mean duration of a step
 * @param medianStepSeconds median duration of a step, which the slow first ones do not disturb
 * @param bestMetric best value of the evaluation, or empty if there was none
 * @param bestEpoch its epoch, from 1
 * @param bestRestored whether the parameters are now those after {@code bestEpoch}, as the plan asked
 * @param norms norms of every trained parameter, in the order of the model
 * @param withoutGradient names of the parameters whose gradient was exactly 0 in every step
 * @param computation how it was computed
 * @param signs signs of over- and underfitting, in the order in which they showed; none of a run that went well
 * @apiNote Status: stable
 */
public record TrainingResult(
        StopReason stopReason,
        long steps,
        List<Double> losses,
        List<EpochReport> epochs,
        double meanStepSeconds,
        double medianStepSeconds,
        OptionalDouble bestMetric,
        OptionalInt bestEpoch,
        boolean bestRestored,
        List<ParameterNorm> norms,
        List<String> withoutGradient,
        Computation computation,
        List<FittingSign> signs) {

    /**
     * Copies the lists.
     *
     * @param stopReason how it ended
     * @param steps number of steps
     * @param losses the loss of every step, before it
     * @param epochs the epochs, the last one perhaps cut short
     * @param meanStepSeconds mean duration of a step
     * @param medianStepSeconds median duration of a step, which the slow first ones do not disturb
     * @param bestMetric best value of the evaluation, or empty if there was none
     * @param bestEpoch its epoch, from 1
     * @param bestRestored whether the parameters are now those after {@code bestEpoch}, as the plan asked
     * @param norms norms of every trained parameter, in the order of the model
     * @param withoutGradient names of the parameters whose gradient was exactly 0 in every step
     * @param computation how it was computed
     * @param signs signs of over- and underfitting, in the order in which they showed
     */
    public TrainingResult {
        losses = List.copyOf(losses);
        epochs = List.copyOf(epochs);
        norms = List.copyOf(norms);
        withoutGradient = List.copyOf(withoutGradient);
        signs = List.copyOf(signs);
    }

    /**
     * A result without signs.
     *
     * @param stopReason how it ended
     * @param steps number of steps
     * @param losses the loss of every step, before it
     * @param epochs the epochs, the last one perhaps cut short
     * @param meanStepSeconds mean duration of a step
     * @param medianStepSeconds median duration of a step
     * @param bestMetric best value of the evaluation, or empty if there was none
     * @param bestEpoch its epoch, from 1
     * @param bestRestored whether the parameters are now those after {@code bestEpoch}
     * @param norms norms of every trained parameter, in the order of the model
     * @param withoutGradient names of the parameters whose gradient was exactly 0 in every step
     * @param computation how it was computed
     */
    public TrainingResult(
            StopReason stopReason,
            long steps,
            List<Double> losses,
            List<EpochReport> epochs,
            double meanStepSeconds,
            double medianStepSeconds,
            OptionalDouble bestMetric,
            OptionalInt bestEpoch,
            boolean bestRestored,
            List<ParameterNorm> norms,
            List<String> withoutGradient,
            Computation computation) {
        this(
                stopReason,
                steps,
                losses,
                epochs,
                meanStepSeconds,
                medianStepSeconds,
                bestMetric,
                bestEpoch,
                bestRestored,
                norms,
                withoutGradient,
                computation,
                List.of());
    }

    /**
     * Mean duration of the steps of an epoch, evaluations left out.
     *
     * @return seconds
     */
    public double secondsPerEpoch() {
        return epochs.stream().mapToDouble(EpochReport::seconds).average().orElse(0);
    }

    /**
     * Examples a second of all steps, evaluations left out.
     *
     * @return the number
     */
    public double examplesPerSecond() {
        double seconds = epochs.stream().mapToDouble(EpochReport::seconds).sum();
        return seconds > 0 ? examples() / seconds : 0;
    }

    private long examples() {
        return epochs.stream().mapToLong(EpochReport::examples).sum();
    }

    /** One line on time: steps, examples, duration, examples a second, and the share of products where it was measured. */
    String speed() {
        double seconds = epochs.stream().mapToDouble(EpochReport::seconds).sum();
        String line = steps + " steps, " + examples() + " examples in " + ProgressListener.duration(seconds)
                + format(": %.1f examples/s", examplesPerSecond());
        return computation.productShare().isPresent()
                ? line
                        + format(
                                ", %.0f %% of the time in products",
                                100 * computation.productShare().getAsDouble())
                : line;
    }

    /**
     * The loss of the last step, before it.
     *
     * @return the loss
     */
    public double lastLoss() {
        return losses.get(losses.size() - 1);
    }

    /** For reports in JSON, under the names of the fields; a number that is not finite is left out. */
    Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("stop_reason", stopReason.name());
        values.put("steps", steps);
        values.put("losses", losses.stream().filter(Double::isFinite).toList());
        values.put("epochs", epochs.stream().map(TrainingResult::values).toList());
        values.put("median_step_seconds", medianStepSeconds);
        bestMetric.ifPresent(metric -> values.put("best_metric", metric));
        values.put(
                "signs",
                signs.stream()
                        .map(sign -> Map.of(
                                "kind", sign.kind().name(),
                                "epoch", sign.epoch(),
                                "finding", sign.finding(),
                                "suggestion", sign.suggestion()))
                        .toList());
        return values;
    }

    private static Map<String, Object> values(EpochReport epoch) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("epoch", epoch.epoch());
        values.put("steps", epoch.steps());
        if (Double.isFinite(epoch.meanLoss())) {
            values.put("mean_loss", epoch.meanLoss());
        }
        values.put("examples", epoch.examples());
        values.put("seconds", epoch.seconds());
        epoch.metric().ifPresent(metric -> values.put("metric", metric));
        values.put("best", epoch.best());
        return values;
    }

    /** A line: how the run ended, first and last loss, best metric, and the duration of a step. All values are in the fields. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("TrainingResult[" + stopReason + " after " + steps + " steps in "
                + epochs.size() + (epochs.size() == 1 ? " epoch" : " epochs"));
        if (!losses.isEmpty()) {
            text.append(format(", loss %.4g to %.4g", losses.get(0), lastLoss()));
        }
        if (bestMetric.isPresent()) {
            text.append(format(", best metric %.4g", bestMetric.getAsDouble()));
            bestEpoch.ifPresent(epoch -> text.append(" of epoch ").append(epoch));
            text.append(bestRestored ? " (restored)" : "");
        }
        text.append(format(", %.3g s a step, ", medianStepSeconds))
                .append(norms.size())
                .append(" parameters");
        if (!withoutGradient.isEmpty()) {
            text.append(", ").append(withoutGradient.size()).append(" of them without gradient");
        }
        return text.append(']').toString();
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
