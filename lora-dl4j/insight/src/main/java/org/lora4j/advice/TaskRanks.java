/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.advice.RankSuggestion.Trial;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.text.EncoderTask;
import org.lora4j.text.EncoderTaskBuilder;
import org.lora4j.text.TextFitReport;
import org.lora4j.train.FitOptions;
import org.lora4j.train.Progress;
import org.lora4j.train.StopReason;
import org.lora4j.train.TrainingFailedException;
import org.lora4j.train.TrainingResult;

/** Ranks of a task, each trained in full. */
final class TaskRanks {

    private static final String QUESTION = "rank";

    /** Half a point of a share, or half a percent of another metric: less is no reason for a larger adapter. */
    private static final double CLOSE = 0.005;

    private TaskRanks() {}

    static <B extends EncoderTaskBuilder<B, T>, E, T extends EncoderTask<?, E, ?, ?, T>> RankSuggestion compare(
            Supplier<B> settings, List<E> train, List<E> validation, int... ranks) {
        Arguments.required(settings, "RankAdvisor.of: settings", "a function that makes the builder of a task");
        Arguments.required(train, "RankAdvisor.of: train", "a list of examples");
        Arguments.required(validation, "RankAdvisor.of: validation", "a list of examples");
        Arguments.required(ranks, "RankAdvisor.of: ranks", "two ranks or more");
        FitOptions options = settings.get().options();
        Problems problems = new Problems();
        problems.check(!validation.isEmpty(), "no validation, expected examples to choose by, none of them in train");
        problems.check(ranks.length >= 2, ranks.length + " ranks, expected two or more, such as 4, 8, 16");
        Arrays.stream(ranks).forEach(rank -> problems.atLeast("rank", rank, 1));
        problems.check(
                options.adapter() instanceof LoraConfig && !options.full(),
                "the task does not learn by LoRA, expected a LoraConfig as its adapter");
        problems.throwIfAny("RankAdvisor.of");
        LoraConfig config = (LoraConfig) options.adapter();
        Progress progress = options.progress("RankAdvisor.of");
        List<Trial> trials = new ArrayList<>();
        boolean higherIsBetter = true;
        String metric = "metric";
        for (int rank : Arrays.stream(ranks).sorted().distinct().toArray()) {
            LoraConfig one = config.toBuilder()
                    .rank(rank)
                    .alpha(config.alpha() * rank / config.rank())
                    .rankPattern(Map.of())
                    .alphaPattern(Map.of())
                    .build();
            String what = "rank " + rank;
            try (T task = settings.get()
                    .adapter(one)
                    .quiet()
                    .listener(new TrialProgress(progress, what))
                    .build()) {
                TextFitReport report = task.fit(train, validation).report();
                TrainingResult training = report.training().orElseThrow();
                higherIsBetter = report.higherIsBetter();
                metric = report.metric();
                if (training.stopReason() == StopReason.INTERRUPTED) {
                    Thread.currentThread().interrupt();
                    return unknown(trials, "the thread was interrupted");
                }
                trials.add(new Trial(
                        what,
                        one,
                        training.steps(),
                        report.after(),
                        report.startKept() ? "no epoch was better than the head alone" : ""));
            } catch (TrainingFailedException e) {
                trials.add(new Trial(what, one, 0, OptionalDouble.empty(), e.getMessage()));
            }
        }
        return chosen(trials, metric, higherIsBetter, validation.size());
    }

    private static RankSuggestion chosen(List<Trial> trials, String metric, boolean higherIsBetter, int examples) {
        double sign = higherIsBetter ? 1 : -1;
        double best = trials.stream()
                .flatMap(trial -> trial.metric().stream().boxed())
                .mapToDouble(value -> sign * value)
                .max()
                .orElse(Double.NaN);
        if (Double.isNaN(best)) {
            return unknown(trials, "no rank came to the end of its training");
        }
        double close = best >= 0 && best <= 1 ? CLOSE : CLOSE * Math.abs(best);
        Trial smallest = trials.stream()
                .filter(trial ->
                        trial.metric().isPresent() && sign * trial.metric().getAsDouble() >= best - close)
                .findFirst()
                .orElseThrow();
        String noise = higherIsBetter && best <= 1
                ? String.format(
                        Locale.ROOT,
                        "; with %d examples to choose by, differences below %.3f are noise",
                        examples,
                        Math.sqrt(Math.max(0, best * (1 - best)) / examples))
                : "";
        String sentence = String.format(
                Locale.ROOT,
                "Take %s: %s %.4g, and %.4g is the best of %d ranks%s.",
                smallest.what(),
                metric,
                smallest.metric().getAsDouble(),
                sign * best,
                trials.size(),
                noise);
        Map<String, Object> evidence = new LinkedHashMap<>();
        evidence.put("rank", smallest.config().rank());
        evidence.put("trials", trials.stream().map(Trial::values).toList());
        return new RankSuggestion(
                Optional.of(smallest.config()),
                trials,
                steps(trials),
                new Advice(QUESTION, Answer.GOOD, sentence, evidence));
    }

    private static RankSuggestion unknown(List<Trial> trials, String because) {
        return new RankSuggestion(Optional.empty(), trials, steps(trials), Advice.cannotBeSaid(QUESTION, because));
    }

    private static long steps(List<Trial> trials) {
        return trials.stream().mapToLong(Trial::steps).sum();
    }
}
