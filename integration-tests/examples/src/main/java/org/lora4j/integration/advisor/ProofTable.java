/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.advisor;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * A task's search beside what was suggested.
 *
 * @param task name of the task
 * @param sweep the trainings of the search
 * @param suggestions what was suggested for each draw
 * @param finals the trainings by the suggestions, in their order
 */
record ProofTable(String task, List<ProofTrial> sweep, List<ProofSuggestion> suggestions, List<ProofTrial> finals) {

    private static final int RANK = 8;
    private static final double HALF_A_POINT = 0.005;
    private static final double QUARTER = 0.25;

    /** The rate that validates best at rank 8, as a mean over draws. */
    static double bestRate(List<ProofTrial> trials) {
        return groups(trials.stream().filter(one -> one.rank() == RANK).toList(), ProofTrial::rate).entrySet().stream()
                .max(Comparator.comparingDouble(group -> mean(group.getValue(), ProofTrial::validation)))
                .orElseThrow()
                .getKey();
    }

    private static <K> Map<K, List<ProofTrial>> groups(List<ProofTrial> trials, Function<ProofTrial, K> by) {
        return trials.stream().collect(Collectors.groupingBy(by, TreeMap::new, Collectors.toList()));
    }

    private static double mean(List<ProofTrial> trials, ToDoubleFunction<ProofTrial> value) {
        return trials.stream().mapToDouble(value).average().orElseThrow();
    }

    /** The trainings of the cell of the search that tests best, as a mean over draws; by draw. */
    private List<ProofTrial> best() {
        return groups(sweep, one -> String.format(Locale.ROOT, "%.1e %02d", one.rate(), one.rank())).values().stream()
                .max(Comparator.comparingDouble(cell -> mean(cell, ProofTrial::test)))
                .orElseThrow()
                .stream()
                .sorted(Comparator.comparingLong(ProofTrial::seed))
                .toList();
    }

    /** What the best of the search is better than the suggestion, draw by draw. */
    private double[] differences() {
        List<ProofTrial> best = best();
        double[] differences = new double[finals.size()];
        for (int i = 0; i < differences.length; i++) {
            differences[i] = best.get(i).test() - finals.get(i).test();
        }
        return differences;
    }

    private static double mean(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum / values.length;
    }

    /** The standard error of the mean of paired differences. */
    static double standardError(double[] differences) {
        double mean = mean(differences);
        double squares = 0;
        for (double value : differences) {
            squares += (value - mean) * (value - mean);
        }
        return Math.sqrt(squares / (differences.length - 1) / differences.length);
    }

    private long searchSteps() {
        return sweep.stream().mapToLong(ProofTrial::steps).sum();
    }

    /** Range tests, confirmations, ranking, and the trainings by the suggestions. */
    private long suggestionSteps() {
        return suggestions.stream()
                        .mapToLong(one -> one.rateSteps() + one.rankSteps())
                        .sum()
                + finals.stream().mapToLong(ProofTrial::steps).sum();
    }

    /** Whether the suggestions are within the bound, with a quarter of the steps or less. */
    boolean isGood() {
        double[] differences = differences();
        return mean(differences) <= Math.max(HALF_A_POINT, standardError(differences))
                && suggestionSteps() <= QUARTER * searchSteps();
    }

    /** The tables, in Markdown. */
    String text() {
        StringBuilder text = new StringBuilder();
        line(text, "%n### %s%n", task);
        double rate = bestRate(sweep);
        rows(
                text,
                "rate at rank 8",
                sweep.stream().filter(one -> one.rank() == RANK).toList(),
                ProofTrial::rate,
                "%.0e");
        rows(
                text,
                String.format(Locale.ROOT, "rank at rate %.0e", rate),
                sweep.stream().filter(one -> one.rate() == rate).toList(),
                ProofTrial::rank,
                "%d");
        line(
                text,
                "| draw | suggested rate | rank | steps of the search | and of the training | test | best of the sweep |");
        line(text, "|---|---|---|---|---|---|---|");
        List<ProofTrial> best = best();
        for (int i = 0; i < finals.size(); i++) {
            ProofSuggestion one = suggestions.get(i);
            line(
                    text,
                    "| %d | %.1e | %d | %d | %d | %.2f %% | %.2f %% |",
                    one.seed(),
                    one.rate(),
                    one.rank(),
                    one.rateSteps() + one.rankSteps(),
                    finals.get(i).steps(),
                    100 * finals.get(i).test(),
                    100 * best.get(i).test());
        }
        double[] differences = differences();
        line(
                text,
                "%nBest of the sweep: rate %.0e, rank %d, %.2f %%. Suggested: %.2f %%. The difference is %.2f points, its standard"
                        + " error %.2f: %s. Steps: %d of %d, %.1f %%.",
                best.get(0).rate(),
                best.get(0).rank(),
                100 * mean(best, ProofTrial::test),
                100 * mean(finals, ProofTrial::test),
                100 * mean(differences),
                100 * standardError(differences),
                isGood() ? "good" : "NOT GOOD",
                suggestionSteps(),
                searchSteps(),
                100.0 * suggestionSteps() / searchSteps());
        return text.toString();
    }

    private static <K> void rows(
            StringBuilder text, String what, List<ProofTrial> trials, Function<ProofTrial, K> by, String format) {
        line(text, "| %s | validation | test | draws |", what);
        line(text, "|---|---|---|---|");
        groups(trials, by)
                .forEach((key, group) -> line(
                        text,
                        "| " + format + " | %.2f %% | %.2f %% | %s |",
                        key,
                        100 * mean(group, ProofTrial::validation),
                        100 * mean(group, ProofTrial::test),
                        group.stream()
                                .map(one -> String.format(Locale.ROOT, "%.2f", 100 * one.test()))
                                .collect(Collectors.joining(", "))));
        line(text, "");
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
