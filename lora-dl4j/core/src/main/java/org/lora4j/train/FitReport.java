/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * What {@code fit} did: the same for text tasks and language models.
 *
 * @apiNote Status: stable
 */
public interface FitReport {

    /**
     * The run of the trainer, with all its numbers.
     *
     * @return empty if nothing was trained step by step, as where a solver found the head
     */
    Optional<TrainingResult> training();

    /**
     * What {@link #before} and {@link #after} are.
     *
     * @return such as {@code accuracy}
     */
    String metric();

    /**
     * Whether a higher value of the metric is better.
     *
     * @return false for losses and errors
     */
    boolean higherIsBetter();

    /**
     * The metric on the validation part before training: of the model as it was, or of its head alone.
     *
     * @return empty without a validation part
     */
    OptionalDouble before();

    /**
     * The metric on the validation part of the model that was kept.
     *
     * @return empty without a validation part
     */
    OptionalDouble after();

    /**
     * How much better the best epoch was than the start on the validation part, and how sure that is: of a few examples a difference of
     * some points says nothing.
     *
     * @return the difference in the metric with its 95 % interval, whether or not the start was kept; empty where it was not measured
     */
    default Optional<ScoreInterval> gain() {
        return Optional.empty();
    }

    /**
     * What was chosen where the caller left it open, such as the learning rate.
     *
     * @return texts and numbers by name
     */
    Map<String, Object> chosen();

    /**
     * How many examples there were of which kind.
     *
     * @return numbers by name
     */
    Map<String, Long> data();

    /**
     * What is odd about the data.
     *
     * @return sentences; empty if nothing is
     */
    List<String> notes();

    /**
     * Whether no epoch was better than the start, which was kept.
     *
     * @return true if so
     */
    boolean startKept();

    /**
     * The epochs that were run.
     *
     * @return in their order; none without training
     */
    default List<EpochReport> epochs() {
        return training().map(TrainingResult::epochs).orElse(List.of());
    }

    /**
     * The loss of every step, before it.
     *
     * @return in the order of the steps; none without training
     */
    default List<Double> losses() {
        return training().map(TrainingResult::losses).orElse(List.of());
    }

    /**
     * The epoch whose parameters were kept, as it was the best one on the validation part.
     *
     * @return from 1; empty if there was no validation part, or the start was kept
     */
    default OptionalInt bestEpoch() {
        return startKept()
                ? OptionalInt.empty()
                : training().map(TrainingResult::bestEpoch).orElse(OptionalInt.empty());
    }

    /**
     * Signs of over- and underfitting.
     *
     * @return in the order in which they showed
     */
    default List<FittingSign> signs() {
        return training().map(TrainingResult::signs).orElse(List.of());
    }

    /**
     * How the run of the trainer ended.
     *
     * @return empty if nothing was trained step by step
     */
    default Optional<StopReason> stopReason() {
        return training().map(TrainingResult::stopReason);
    }

    /**
     * How long the steps of training took, evaluations left out.
     *
     * @return seconds; 0 without training
     */
    default double seconds() {
        return epochs().stream().mapToDouble(EpochReport::seconds).sum();
    }

    /**
     * What the run did, in a line: as {@link TrainingResult#ending()}, then the metric. If the start was kept, it says so in place of the
     * best epoch.
     *
     * @return words
     */
    default String summary() {
        String end = training().map(run -> run.ending(startKept())).orElse("nothing was trained step by step");
        return before().isPresent() && after().isPresent()
                ? end
                        + FittingSign.format(
                                "; %s %.4f before, %.4f after", metric(), before().getAsDouble(), after().getAsDouble())
                : end;
    }

    /**
     * All of it as JSON.
     *
     * @return an object, on several lines
     */
    default String json() {
        Map<String, Object> values = SavedFitReport.values(this);
        if (startKept() && values.get("training") instanceof Map<?, ?> run) {
            // No epoch counts, so none of them is the best.
            run.keySet().removeAll(List.of("best_metric", "best_epoch"));
        }
        values.put("summary", summary());
        bestEpoch().ifPresent(epoch -> values.put("best_epoch", epoch));
        return JsonObjects.write(values);
    }
}
