/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dossier;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;

/**
 * What a candidate and what is in use did with the same examples. Immutable.
 *
 * @param labels for each example its kind, such as its label; differences are told for each
 * @param current for each example how well what is in use did: 1 if it is right and 0 if not, or any number, higher is better
 * @param candidate the same of the candidate
 * @param losses what each must not lose, such as what the base knew, by name: two scores, higher is better
 * @param costs what each takes, such as seconds of a request or bytes, by name: two numbers above 0, lower is better
 * @apiNote Status: experimental
 */
public record PairedResults(
        List<String> labels,
        List<Double> current,
        List<Double> candidate,
        Map<String, Pair> losses,
        Map<String, Pair> costs) {

    /**
     * A number of each.
     *
     * @param current of what is in use
     * @param candidate of the candidate
     * @apiNote Status: experimental
     */
    public record Pair(double current, double candidate) {}

    /**
     * Copies and checks everything.
     *
     * @param labels as in the record
     * @param current as in the record
     * @param candidate as in the record
     * @param losses as in the record
     * @param costs as in the record
     * @throws IllegalArgumentException if there is no example, or not as many of each; or a number is not finite; the message lists all
     */
    public PairedResults {
        labels = List.copyOf(Arguments.allRequired(labels, "PairedResults: labels", "a label"));
        current = List.copyOf(Arguments.allRequired(current, "PairedResults: current", "a number"));
        candidate = List.copyOf(Arguments.allRequired(candidate, "PairedResults: candidate", "a number"));
        losses = Collections.unmodifiableMap(
                new LinkedHashMap<>(Arguments.allRequired(losses, "PairedResults: losses", "two scores")));
        costs = Collections.unmodifiableMap(
                new LinkedHashMap<>(Arguments.allRequired(costs, "PairedResults: costs", "two numbers")));
        Problems problems = new Problems();
        problems.check(!current.isEmpty(), "there is no example, expected one or more");
        problems.check(
                labels.size() == current.size() && candidate.size() == current.size(),
                labels.size() + " labels, " + current.size() + " results of what is in use and " + candidate.size()
                        + " of the candidate, expected as many of each");
        problems.check(
                current.stream().allMatch(Double::isFinite)
                        && candidate.stream().allMatch(Double::isFinite),
                "a result is not finite");
        losses.forEach((name, pair) -> problems.check(
                Double.isFinite(pair.current()) && Double.isFinite(pair.candidate()), name + " is not finite"));
        costs.forEach((name, pair) -> {
            problems.finiteAboveZero(name + " of what is in use", pair.current());
            problems.finiteAboveZero(name + " of the candidate", pair.candidate());
        });
        problems.throwIfAny("PairedResults");
    }

    /**
     * Of answers that are right or wrong.
     *
     * @param truth what is true of each example
     * @param current what the one in use said
     * @param candidate what the candidate said
     * @return results by the true labels
     */
    public static PairedResults ofAnswers(List<String> truth, List<String> current, List<String> candidate) {
        Arguments.allRequired(truth, "PairedResults.ofAnswers: truth", "a label");
        Arguments.allRequired(current, "PairedResults.ofAnswers: current", "a label");
        Arguments.allRequired(candidate, "PairedResults.ofAnswers: candidate", "a label");
        return new PairedResults(truth, right(truth, current), right(truth, candidate), Map.of(), Map.of());
    }

    private static List<Double> right(List<String> truth, List<String> given) {
        List<Double> right = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            right.add(i < truth.size() && truth.get(i).equals(given.get(i)) ? 1.0 : 0.0);
        }
        return right;
    }

    /**
     * The same with a score that must not be lost, such as what is retained of what the base knew.
     *
     * @param name what it is
     * @param currentScore of what is in use, higher is better
     * @param candidateScore of the candidate
     * @return other results
     */
    public PairedResults withScore(String name, double currentScore, double candidateScore) {
        Map<String, Pair> more = new LinkedHashMap<>(losses);
        more.put(name, new Pair(currentScore, candidateScore));
        return new PairedResults(labels, current, candidate, more, costs);
    }

    /**
     * The same with a cost, such as seconds of a request, or bytes.
     *
     * @param name what it is
     * @param currentCost of what is in use, lower is better
     * @param candidateCost of the candidate
     * @return other results
     */
    public PairedResults withCost(String name, double currentCost, double candidateCost) {
        Map<String, Pair> more = new LinkedHashMap<>(costs);
        more.put(name, new Pair(currentCost, candidateCost));
        return new PairedResults(labels, current, candidate, losses, more);
    }

    /** Whether every result is right or wrong. */
    boolean isBinary() {
        return current.stream().allMatch(value -> value == 0 || value == 1)
                && candidate.stream().allMatch(value -> value == 0 || value == 1);
    }
}
