/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.lora4j.error.Arguments;

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
 * @param highestRate the highest learning rate of a step; that of groups may differ
 * @param evaluations the evaluations within epochs, as {@code evaluateEvery} of the plan asks for
 * @param checkpoint what the last checkpoint of the run says of itself; empty without checkpoints
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
        List<FittingSign> signs,
        double highestRate,
        List<EvaluationReport> evaluations,
        Optional<CheckpointRecord> checkpoint) {

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
     * @param highestRate the highest learning rate of a step
     * @param evaluations the evaluations within epochs
     * @param checkpoint what the last checkpoint says of itself
     */
    public TrainingResult {
        Arguments.required(checkpoint, "TrainingResult: checkpoint", "an Optional");
        losses = List.copyOf(losses);
        epochs = List.copyOf(epochs);
        norms = List.copyOf(norms);
        withoutGradient = List.copyOf(withoutGradient);
        signs = List.copyOf(signs);
        evaluations = List.copyOf(evaluations);
    }

    /**
     * The result of a run without checkpoints.
     *
     * @param stopReason as in the record
     * @param steps as in the record
     * @param losses as in the record
     * @param epochs as in the record
     * @param meanStepSeconds as in the record
     * @param medianStepSeconds as in the record
     * @param bestMetric as in the record
     * @param bestEpoch as in the record
     * @param bestRestored as in the record
     * @param norms as in the record
     * @param withoutGradient as in the record
     * @param computation as in the record
     * @param signs as in the record
     * @param highestRate as in the record
     * @param evaluations as in the record
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
            Computation computation,
            List<FittingSign> signs,
            double highestRate,
            List<EvaluationReport> evaluations) {
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
                signs,
                highestRate,
                evaluations,
                Optional.empty());
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

    /**
     * The modules with low-rank factors, or their kind, that are what they were before the run: none of their parameters has moved,
     * or a factor of their product is still 0. A module of AdaLoRA may end without a rank, which is a change.
     *
     * @return names of modules
     */
    public List<String> unchangedModules() {
        Map<String, List<ParameterNorm>> byModule = new TreeMap<>();
        norms.forEach(norm -> byModule.computeIfAbsent(norm.module(), module -> new ArrayList<>())
                .add(norm));
        List<String> unchanged = new ArrayList<>();
        byModule.forEach((module, own) -> {
            boolean factors = own.stream().anyMatch(norm -> norm.kind() == TrainableParameter.Kind.FACTOR);
            boolean pruned = own.stream().anyMatch(norm -> norm.name().contains("lora_E"));
            boolean zero = own.stream()
                    .anyMatch(norm -> norm.kind() == TrainableParameter.Kind.FACTOR
                            && norm.name().contains("lora_")
                            && norm.end() == 0);
            if (factors && (own.stream().allMatch(norm -> norm.start() == norm.end()) || zero && !pruned)) {
                unchanged.add(module);
            }
        });
        return List.copyOf(unchanged);
    }

    /**
     * One line on how the run ended: why, after how many epochs, which of them was best, the highest learning rate, and the time.
     *
     * @return such as {@code stopped early after 7 epochs, as 4 brought nothing better; best epoch 3 (0.8512, kept); rate up to 1.00e-03;
     *     702 steps, 22464 examples in 1 min 15 s: 299.5 examples/s}
     */
    public String ending() {
        return ending(false);
    }

    /** The same, for a caller that kept the start if no epoch was better. */
    String ending(boolean startKept) {
        String after = epochs.size() + (epochs.size() == 1 ? " epoch" : " epochs");
        StringBuilder text = new StringBuilder(
                switch (stopReason) {
                    case COMPLETED -> "completed after " + after;
                    case EARLY_STOPPED -> "stopped early after " + after;
                    case INTERRUPTED -> "INTERRUPTED after " + steps + " steps, in epoch " + epochs.size();
                    case DIVERGED -> "DIVERGED: " + divergence() + "; " + after;
                });
        if (stopReason == StopReason.EARLY_STOPPED && bestEpoch.isPresent()) {
            text.append(", as ").append(epochs.size() - bestEpoch.getAsInt()).append(" brought nothing better");
        }
        if (startKept) {
            text.append("; no epoch was better than the start, which was kept");
        } else if (bestMetric.isPresent() && bestEpoch.isPresent()) {
            text.append(format("; best epoch %d (%.4f", bestEpoch.getAsInt(), bestMetric.getAsDouble()))
                    .append(bestRestored ? ", kept)" : ")");
        }
        if (highestRate > 0) {
            text.append(format("; rate up to %.2e", highestRate));
        }
        double evaluated = epochs.stream()
                        .mapToDouble(EpochReport::evaluationSeconds)
                        .sum()
                + evaluations.stream().mapToDouble(EvaluationReport::seconds).sum();
        text.append("; ").append(speed());
        return evaluated > 0
                ? text.append("; ")
                        .append(ProgressListener.duration(evaluated))
                        .append(" of evaluations")
                        .toString()
                : text.toString();
    }

    private String divergence() {
        return signs.stream()
                .filter(sign -> sign.kind() == FittingSign.Kind.DIVERGENCE)
                .map(sign -> sign.finding() + " " + sign.suggestion())
                .findFirst()
                .orElse("the training loss ended above its start");
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

    /**
     * All of it as plain values, for reports in JSON; numbers that are not finite are left out.
     *
     * @return values that {@link #of(Map)} takes
     */
    public Map<String, Object> values() {
        return ResultValues.of(this);
    }

    /**
     * What {@link #values} gave, read again.
     *
     * @param values the values, for instance from a file of JSON
     * @return the result; of a run of more than {@value ResultValues#MOST_LOSSES} steps it has the last losses
     * @throws IllegalArgumentException if a value is missing or is not what it has to be; the message names it
     */
    public static TrainingResult of(Map<String, ?> values) {
        return ResultValues.read(Arguments.required(values, "TrainingResult.of: values", "what values() gave"));
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
