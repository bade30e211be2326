/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import static org.lora4j.advice.BeforeTraining.format;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.advice.Suitability.Verdict;
import org.lora4j.error.Problems;

/**
 * Judges from accuracies on held-out examples which of a head, low-rank adaptation and full fine-tuning to take: the cheapest of
 * them that is no worse than the best by more than half a point, or by more than one standard error of the difference of
 * two shares ({@code sqrt((p(1-p) + q(1-q)) / n)}), whichever is more.
 *
 * <p>Costs nothing. <b>State.</b> One thread; a builder to be used once.
 *
 * @apiNote Status: experimental
 */
public final class AfterTraining {

    private static final double HALF_A_POINT = 0.005;

    private final int examples;
    private final TreeMap<Integer, Double> ranks = new TreeMap<>();
    private final Problems problems = new Problems();
    private OptionalDouble head = OptionalDouble.empty();
    private OptionalDouble full = OptionalDouble.empty();

    AfterTraining(int examples) {
        this.examples = examples;
        problems.atLeast("examples", examples, 1);
        problems.throwIfAny("Suitability.afterTraining");
    }

    /**
     * Says what a head on the frozen base reached.
     *
     * @param accuracy 0 to 1
     * @return this
     */
    public AfterTraining head(double accuracy) {
        head = checked("head", accuracy);
        return this;
    }

    /**
     * Says what low-rank adaptation of a rank reached; several ranks are its validation curve.
     *
     * @param rank 1 or more
     * @param accuracy 0 to 1
     * @return this
     */
    public AfterTraining rank(int rank, double accuracy) {
        problems.atLeast("rank", rank, 1);
        checked("rank " + rank, accuracy);
        problems.check(ranks.put(rank, accuracy) == null, "rank " + rank + " is given twice");
        return this;
    }

    /**
     * Says what full fine-tuning reached.
     *
     * @param accuracy 0 to 1
     * @return this
     */
    public AfterTraining full(double accuracy) {
        full = checked("full", accuracy);
        return this;
    }

    private OptionalDouble checked(String name, double accuracy) {
        problems.check(
                accuracy >= 0 && accuracy <= 1,
                name + " reached " + accuracy + ", expected an accuracy from 0 to 1 (0.93 for 93 %)");
        return OptionalDouble.of(accuracy);
    }

    /**
     * Judges.
     *
     * @return the verdict; {@link Verdict#UNKNOWN} without any rank, or if nothing but ranks was trained
     * @throws IllegalArgumentException if an accuracy is no number from 0 to 1 or a rank is below 1 or was given twice; the message
     *     lists every problem
     */
    public Suitability judge() {
        problems.throwIfAny("Suitability.afterTraining");
        if (ranks.isEmpty()) {
            return Suitability.unknown("no rank was trained: give the accuracy of one or more");
        }
        if (head.isEmpty() && full.isEmpty()) {
            return Suitability.unknown(
                    "neither a head alone nor full fine-tuning was trained: give the accuracy of one of them");
        }
        double ofRanks = Collections.max(ranks.values());
        double best = Math.max(ofRanks, Math.max(head.orElse(0), full.orElse(0)));
        Map<String, Object> curve = new LinkedHashMap<>();
        ranks.forEach((rank, accuracy) -> curve.put(String.valueOf(rank), accuracy));
        Map<String, Object> evidence = new LinkedHashMap<>();
        evidence.put("examples", examples);
        head.ifPresent(value -> evidence.put("head", value));
        evidence.put("ranks", curve);
        full.ifPresent(value -> {
            evidence.put("full", value);
            evidence.put("distanceToFull", value - ofRanks);
        });
        if (head.isPresent() && isNoWorse(head.getAsDouble(), best)) {
            return Suitability.of(
                    Verdict.HEAD_IS_ENOUGH,
                    OptionalInt.empty(),
                    Answer.GOOD,
                    format(
                            "A head is enough: it reaches %.2f %%, and the best of all reaches %.2f %%.",
                            100 * head.getAsDouble(), 100 * best),
                    evidence);
        }
        for (Map.Entry<Integer, Double> rank : ranks.entrySet()) {
            if (isNoWorse(rank.getValue(), best)) {
                return lora(rank.getKey(), rank.getValue(), best, evidence);
            }
        }
        return Suitability.of(
                Verdict.LORA_IS_NOT_ENOUGH,
                OptionalInt.empty(),
                Answer.PROBLEM,
                format(
                        "LoRA is not enough here, because full fine-tuning reaches %.2f %% and ranks up to %d reach %.2f %%: fine-tune"
                                + " fully, or try higher ranks or more modules.",
                        100 * full.orElseThrow(), ranks.lastKey(), 100 * ofRanks),
                evidence);
    }

    /** By how much one accuracy may be below another and still count as no worse. */
    private double tolerance(double accuracy, double best) {
        double variance = (accuracy * (1 - accuracy) + best * (1 - best)) / examples;
        return Math.max(HALF_A_POINT, Math.sqrt(variance));
    }

    private boolean isNoWorse(double accuracy, double best) {
        // Accuracies are quotients, whose difference is rounded.
        return best - accuracy <= tolerance(accuracy, best) + 1e-12;
    }

    private Suitability lora(int rank, double accuracy, double best, Map<String, Object> evidence) {
        Map.Entry<Integer, Double> below = ranks.lowerEntry(rank);
        boolean rising = full.isEmpty() && below != null && rank == ranks.lastKey();
        String sentence = format(
                "LoRA of rank %d: it reaches %.2f %%, and the best of all reaches %.2f %%%s.",
                rank,
                100 * accuracy,
                100 * best,
                head.isPresent() ? format(", a head alone %.2f %%", 100 * head.getAsDouble()) : "");
        return Suitability.of(
                Verdict.LORA,
                OptionalInt.of(rank),
                rising ? Answer.CONSIDER : Answer.GOOD,
                rising ? sentence + " The curve still rises at the highest rank: try twice as much." : sentence,
                evidence);
    }
}
