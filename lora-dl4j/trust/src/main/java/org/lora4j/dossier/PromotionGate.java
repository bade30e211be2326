/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dossier;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.lora4j.dossier.GateVerdict.Decision;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.random.RandomStreams;

/**
 * Whether a candidate takes the place of what is in use, judged on the same examples: by the paired difference with its 95 % interval
 * (bootstrap over examples, Efron 1979) and, where answers are right or wrong, by McNemar's exact test (1947); no label may lose more
 * than a bound, nor any score that must not be lost, and no cost may rise above its bound. It is a value.
 *
 * @param labelLoss how much a label may lose at most, in the unit of the results
 * @param scoreLoss how much a score that must not be lost may lose at most
 * @param costRatio how many times the cost of what is in use the candidate may take at most
 * @param leastGain how much better the candidate has to be
 * @param seed of the draws
 * @apiNote Status: experimental
 */
public record PromotionGate(double labelLoss, double scoreLoss, double costRatio, double leastGain, long seed) {

    private static final int DRAWS = 2_000;
    private static final double TAIL = 0.025;
    private static final double SIGNIFICANT = 0.05;

    /** Quantiles of the normal distribution for 95 %, two-sided, and for a power of 80 %. */
    private static final double TWO_SIDED = 1.959964;

    private static final double POWER = 0.841621;

    /** A label of fewer examples says nothing for itself. */
    private static final int FEWEST_OF_A_LABEL = 2;

    /**
     * Checks the bounds.
     *
     * @param labelLoss as in the record
     * @param scoreLoss as in the record
     * @param costRatio as in the record
     * @param leastGain as in the record
     * @param seed as in the record
     * @throws IllegalArgumentException if a bound is negative or not finite; the message lists all
     */
    public PromotionGate {
        Problems problems = new Problems();
        problems.finiteFromZero("labelLoss", labelLoss);
        problems.finiteFromZero("scoreLoss", scoreLoss);
        problems.finiteAboveZero("costRatio", costRatio);
        problems.finiteFromZero("leastGain", leastGain);
        problems.throwIfAny("PromotionGate");
    }

    /**
     * The usual bounds: no label loses more than 2 points, nor what is retained; costs rise by a quarter at most.
     *
     * @return a gate
     */
    public static PromotionGate usual() {
        return new PromotionGate(0.02, 0.02, 1.25, 0, 42);
    }

    /**
     * Judges a candidate.
     *
     * @param results what both did
     * @return the verdict, with its evidence
     */
    public GateVerdict judge(PairedResults results) {
        double[] differences = differences(results);
        double gain = Arrays.stream(differences).average().orElseThrow();
        double[] interval = interval(differences);
        OptionalDouble mcNemar = results.isBinary() ? OptionalDouble.of(mcNemar(differences)) : OptionalDouble.empty();
        Map<String, List<Double>> byLabel = new TreeMap<>();
        for (int i = 0; i < differences.length; i++) {
            byLabel.computeIfAbsent(results.labels().get(i), label -> new ArrayList<>())
                    .add(differences[i]);
        }
        List<String> reasons = reasons(results, byLabel);
        boolean tested = mcNemar.isEmpty() || mcNemar.getAsDouble() < SIGNIFICANT;
        Decision decision = Decision.CANNOT_SAY;
        if (!reasons.isEmpty() || interval[1] < leastGain || interval[1] < 0 && tested) {
            decision = Decision.KEEP;
        } else if (interval[0] > leastGain && tested) {
            decision = Decision.PROMOTE;
        }
        OptionalLong wouldTell =
                decision == Decision.CANNOT_SAY ? wouldTell(differences, gain - leastGain) : OptionalLong.empty();
        Map<String, Double> means = new LinkedHashMap<>();
        byLabel.forEach((label, own) -> means.put(label, mean(own)));
        return new GateVerdict(
                decision,
                sentence(decision, gain, interval, differences.length, reasons, wouldTell),
                differences.length,
                gain,
                interval[0],
                interval[1],
                mcNemar,
                means,
                wouldTell,
                reasons);
    }

    private static double[] differences(PairedResults results) {
        double[] differences = new double[results.current().size()];
        for (int i = 0; i < differences.length; i++) {
            differences[i] = results.candidate().get(i) - results.current().get(i);
        }
        return differences;
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(value -> value).average().orElseThrow();
    }

    /** Between which means the mean of other examples of the same kind lies in 95 of 100 draws. */
    private double[] interval(double[] differences) {
        SplittableRandom random = RandomStreams.of(seed, "bootstrap");
        double[] means = new double[DRAWS];
        for (int draw = 0; draw < DRAWS; draw++) {
            double sum = 0;
            for (int i = 0; i < differences.length; i++) {
                sum += differences[random.nextInt(differences.length)];
            }
            means[draw] = sum / differences.length;
        }
        Arrays.sort(means);
        return new double[] {means[(int) (TAIL * DRAWS)], means[DRAWS - 1 - (int) (TAIL * DRAWS)]};
    }

    /** Two-sided, exact: of those that differ, gains and losses are as heads and tails. */
    static double mcNemar(double[] differences) {
        long gains = Arrays.stream(differences).filter(value -> value > 0).count();
        long losses = Arrays.stream(differences).filter(value -> value < 0).count();
        long all = gains + losses;
        long fewer = Math.min(gains, losses);
        double logarithm = -all * Math.log(2);
        double tail = 0;
        for (long k = 0; k <= fewer; k++) {
            tail += Math.exp(logarithm);
            logarithm += Math.log((double) (all - k) / (k + 1));
        }
        return Math.min(1, 2 * tail);
    }

    private List<String> reasons(PairedResults results, Map<String, List<Double>> byLabel) {
        List<String> reasons = new ArrayList<>();
        byLabel.forEach((label, own) -> {
            if (own.size() >= FEWEST_OF_A_LABEL && -mean(own) > labelLoss) {
                reasons.add(format(
                        "the label %s loses %.4f of %d examples, more than %.4f",
                        MessageText.name(label), -mean(own), own.size(), labelLoss));
            }
        });
        results.losses().forEach((name, pair) -> {
            if (pair.current() - pair.candidate() > scoreLoss) {
                reasons.add(format(
                        "%s falls from %.4f to %.4f, by more than %.4f",
                        MessageText.value(name), pair.current(), pair.candidate(), scoreLoss));
            }
        });
        results.costs().forEach((name, pair) -> {
            if (pair.candidate() > costRatio * pair.current()) {
                reasons.add(format(
                        "%s rises from %.4g to %.4g, above %.2f times",
                        MessageText.value(name), pair.current(), pair.candidate(), costRatio));
            }
        });
        return reasons;
    }

    /**
     * So many examples tell a gain as large as this one in four of five cases, if their differences spread as these do: the size of
     * a paired sample (Connor 1987 for answers that are right or wrong).
     */
    private static OptionalLong wouldTell(double[] differences, double gain) {
        double mean = Arrays.stream(differences).average().orElseThrow();
        double squares =
                Arrays.stream(differences).map(value -> value * value).average().orElseThrow();
        if (gain == 0 || squares == 0) {
            return OptionalLong.empty();
        }
        double spread = Math.sqrt(Math.max(0, squares - mean * mean));
        double root = (TWO_SIDED * Math.sqrt(squares) + POWER * spread) / Math.abs(gain);
        return OptionalLong.of((long) Math.ceil(root * root));
    }

    private static String sentence(
            Decision decision,
            double gain,
            double[] interval,
            int examples,
            List<String> reasons,
            OptionalLong wouldTell) {
        String measured = format(
                "on %d examples the candidate is %+.4f better (95 %%: %+.4f to %+.4f)",
                examples, gain, interval[0], interval[1]);
        return switch (decision) {
            case PROMOTE -> "promote: " + measured + ", and loses nothing that it must not lose";
            case KEEP ->
                "keep what is in use: " + measured + (reasons.isEmpty() ? "" : "; " + String.join("; ", reasons));
            case CANNOT_SAY ->
                "it cannot be said: " + measured
                        + (wouldTell.isPresent()
                                ? "; about " + wouldTell.getAsLong() + " examples would tell a difference like this"
                                : "; they differ in nothing, so that no number of such examples tells");
        };
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
