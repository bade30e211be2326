/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import static org.lora4j.advice.BeforeTraining.format;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.DoubleStream;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.advice.Suitability.Verdict;
import org.lora4j.error.Problems;

/**
 * Judges from accuracies on held-out examples which of a head, low-rank adaptation and full fine-tuning to take: the cheapest of
 * them that is no worse than the best by more than half a point, or by more than one standard error of the difference of
 * two shares ({@code sqrt((p(1-p) + q(1-q)) / n)}), whichever is more (the rule of one standard error of Breiman et al. 1984,
 * Classification and Regression Trees). A verdict that would be another one if that were half or one and a half times as much is
 * {@code CONSIDER}, and says so. Of several runs give the mean.
 *
 * <p>Costs nothing. <b>State.</b> One thread; a builder to be used once.
 *
 * @apiNote Status: experimental
 */
public final class AfterTraining {

    private static final double HALF_A_POINT = 0.005;

    /** Shortfalls from half of what is allowed to one and a half times as much are on the line. */
    private static final double NEAR = 0.5;

    private final int examples;
    private final TreeMap<Integer, Double> ranks = new TreeMap<>();
    private final Problems problems = new Problems();
    private OptionalDouble head = OptionalDouble.empty();
    private OptionalDouble full = OptionalDouble.empty();
    private OptionalDouble inputs = OptionalDouble.empty();

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

    /**
     * Says what a head on the inputs themselves reached, without the base: where that is best, the base loses what the task needs.
     *
     * @param accuracy 0 to 1
     * @return this
     */
    public AfterTraining inputs(double accuracy) {
        inputs = checked("inputs", accuracy);
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
        double best = DoubleStream.concat(
                        DoubleStream.of(head.orElse(0), full.orElse(0), inputs.orElse(0)),
                        ranks.values().stream().mapToDouble(Double::doubleValue))
                .max()
                .getAsDouble();
        StringBuilder line = new StringBuilder();
        if (head.isPresent() && isNoWorse("a head", head.getAsDouble(), best, line)) {
            String sentence = format(
                    "A head is enough: it reaches %.2f %%, and the best of all reaches %.2f %%.",
                    100 * head.getAsDouble(), 100 * best);
            return verdict(Verdict.HEAD_IS_ENOUGH, OptionalInt.empty(), Answer.GOOD, sentence, line);
        }
        for (Map.Entry<Integer, Double> rank : ranks.entrySet()) {
            if (isNoWorse("rank " + rank.getKey(), rank.getValue(), best, line)) {
                return lora(rank.getKey(), rank.getValue(), best, line);
            }
        }
        return notEnough(line);
    }

    /** Whether an accuracy counts as none below the best; says so where it nearly does not, or nearly does. */
    private boolean isNoWorse(String what, double accuracy, double best, StringBuilder line) {
        double shortfall = best - accuracy;
        double allowed = allowed(accuracy, best);
        if (Math.abs(shortfall - allowed) < NEAR * allowed) {
            line.append(format(
                    " On the line: %s is %.2f points below the best, where up to %.2f count as none; repeat it with other seeds"
                            + " or more held-out examples.",
                    what, 100 * shortfall, 100 * allowed));
        }
        // Accuracies are quotients, whose difference is rounded.
        return shortfall <= allowed + 1e-12;
    }

    private double allowed(double accuracy, double best) {
        double variance = (accuracy * (1 - accuracy) + best * (1 - best)) / examples;
        return Math.max(HALF_A_POINT, Math.sqrt(variance));
    }

    private Suitability lora(int rank, double accuracy, double best, StringBuilder line) {
        boolean rising = full.isEmpty() && rank == ranks.lastKey() && ranks.size() > 1;
        String sentence = format(
                "LoRA of rank %d: it reaches %.2f %%, and the best of all reaches %.2f %%%s.%s",
                rank,
                100 * accuracy,
                100 * best,
                head.isPresent() ? format(", a head alone %.2f %%", 100 * head.getAsDouble()) : "",
                rising ? " The curve still rises at the highest rank: try twice as much." : "");
        return verdict(Verdict.LORA, OptionalInt.of(rank), rising ? Answer.CONSIDER : Answer.GOOD, sentence, line);
    }

    private Suitability notEnough(StringBuilder line) {
        int highest = ranks.lastKey();
        double ofHighest = ranks.get(highest);
        double ofRanks = Collections.max(ranks.values());
        boolean lost = inputs.orElse(0) > full.orElse(0);
        String sentence = format(
                "LoRA is not enough here, because %s reaches %.2f %%, and ranks up to %d reach %.2f %%. ",
                lost ? "a head on the inputs themselves" : "full fine-tuning",
                100 * Math.max(inputs.orElse(0), full.orElse(0)),
                highest,
                100 * ofRanks);
        Map.Entry<Integer, Double> below = ranks.lowerEntry(highest);
        boolean rising = below != null && ofHighest - below.getValue() > allowed(below.getValue(), ofHighest);
        String instead = lost
                ? "The base loses what the task needs: take another one."
                : rising
                        ? "The curve still rises at the highest rank: try twice as much before you fine-tune fully."
                        : "Fine-tune fully, or try more modules.";
        return verdict(
                Verdict.LORA_IS_NOT_ENOUGH,
                OptionalInt.empty(),
                rising && !lost ? Answer.CONSIDER : Answer.PROBLEM,
                sentence + instead,
                line);
    }

    private Suitability verdict(Verdict verdict, OptionalInt rank, Answer answer, String sentence, StringBuilder line) {
        Map<String, Object> evidence = new LinkedHashMap<>();
        evidence.put("examples", examples);
        head.ifPresent(value -> evidence.put("head", value));
        Map<String, Object> curve = new LinkedHashMap<>();
        ranks.forEach((tried, accuracy) -> curve.put(String.valueOf(tried), accuracy));
        evidence.put("ranks", curve);
        full.ifPresent(value -> {
            evidence.put("full", value);
            evidence.put("distanceToFull", value - Collections.max(ranks.values()));
        });
        inputs.ifPresent(value -> evidence.put("inputs", value));
        evidence.put("onTheLine", line.length() > 0);
        return Suitability.of(verdict, rank, line.length() > 0 ? Answer.CONSIDER : answer, sentence + line, evidence);
    }
}
