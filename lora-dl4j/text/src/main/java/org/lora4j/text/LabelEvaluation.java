/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.lora4j.error.Arguments;

/**
 * How well labels are told.
 *
 * @param examples number of examples
 * @param accuracy share of examples of which everything is right
 * @param precision share of the labels given that are right
 * @param recall share of the true labels that were given
 * @param f1 harmonic mean of the two, over all labels together (micro)
 * @param macroF1 mean of the F1 of the labels that occur
 * @param byLabel the same for each label, in alphabetical order
 * @apiNote Status: stable
 */
public record LabelEvaluation(
        long examples,
        double accuracy,
        double precision,
        double recall,
        double f1,
        double macroF1,
        Map<String, OfLabel> byLabel) {

    /**
     * Numbers of one label.
     *
     * @param precision share of where it was given that is right
     * @param recall share of where it belongs that it was given
     * @param f1 harmonic mean of the two; 0 if both are
     * @param support how often it belongs
     * @apiNote Status: stable
     */
    public record OfLabel(double precision, double recall, double f1, long support) {}

    /**
     * Copies the map.
     *
     * @param examples as in the record
     * @param accuracy as in the record
     * @param precision as in the record
     * @param recall as in the record
     * @param f1 as in the record
     * @param macroF1 as in the record
     * @param byLabel as in the record
     */
    public LabelEvaluation {
        Arguments.required(byLabel, "LabelEvaluation: byLabel", "counts by label");
        byLabel = Collections.unmodifiableMap(new LinkedHashMap<>(byLabel));
    }

    /** Counts of one label. */
    private static final class Counts {
        private long right;
        private long given;
        private long present;

        private OfLabel scores() {
            double precision = ratio(right, given);
            double recall = ratio(right, present);
            return new OfLabel(precision, recall, f1(precision, recall), present);
        }
    }

    /**
     * Compares what was given with what is true.
     *
     * @param truth for each example its labels, each of them once
     * @param given for each example the labels that it was given, each of them once
     * @return the numbers
     * @throws IllegalArgumentException if there is no example, or not as many of both
     */
    public static LabelEvaluation of(
            List<? extends Collection<String>> truth, List<? extends Collection<String>> given) {
        Arguments.allRequired(truth, "LabelEvaluation.of: truth", "the labels of an example");
        Arguments.allRequired(given, "LabelEvaluation.of: given", "the labels of a prediction");
        return of(truth, given, label -> label);
    }

    /** The same of things that have a label, such as entities at their places. */
    static <T> LabelEvaluation of(
            List<? extends Collection<T>> truth, List<? extends Collection<T>> given, Function<T, String> labelOf) {
        if (truth.isEmpty() || truth.size() != given.size()) {
            throw new IllegalArgumentException("LabelEvaluation: " + truth.size() + " examples and " + given.size()
                    + " predictions; expected the same number, 1 or more.");
        }
        Map<String, Counts> counts = new TreeMap<>();
        Counts all = new Counts();
        long exact = 0;
        for (int i = 0; i < truth.size(); i++) {
            int right = 0;
            for (T thing : truth.get(i)) {
                counts.computeIfAbsent(labelOf.apply(thing), name -> new Counts()).present++;
            }
            for (T thing : given.get(i)) {
                Counts of = counts.computeIfAbsent(labelOf.apply(thing), name -> new Counts());
                of.given++;
                if (truth.get(i).contains(thing)) {
                    of.right++;
                    right++;
                }
            }
            all.right += right;
            all.given += given.get(i).size();
            all.present += truth.get(i).size();
            boolean complete =
                    right == truth.get(i).size() && right == given.get(i).size();
            exact += complete ? 1 : 0;
        }
        Map<String, OfLabel> byLabel = new LinkedHashMap<>();
        counts.forEach((label, of) -> byLabel.put(label, of.scores()));
        OfLabel together = all.scores();
        return new LabelEvaluation(
                truth.size(),
                ratio(exact, truth.size()),
                together.precision(),
                together.recall(),
                together.f1(),
                byLabel.values().stream().mapToDouble(OfLabel::f1).average().orElse(0),
                byLabel);
    }

    private static double ratio(long part, long whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }

    private static double f1(double precision, double recall) {
        return precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "LabelEvaluation[%d examples, accuracy %.4f, F1 %.4f, macro F1 %.4f]",
                examples,
                accuracy,
                f1,
                macroF1);
    }
}
