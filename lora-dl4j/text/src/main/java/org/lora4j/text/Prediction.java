/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.error.Arguments;

/**
 * What a classifier says of a text.
 *
 * @param labels the labels that it gives: one, or, where a text may have several, those at or above the threshold, the best
 *     first
 * @param scores a probability for every label, the highest first
 * @apiNote Status: stable
 */
public record Prediction(List<String> labels, Map<String, Double> scores) {

    private static final int NEXT = 2;

    /**
     * Copies both.
     *
     * @param labels as in the record
     * @param scores as in the record
     */
    public Prediction {
        Arguments.allRequired(labels, "Prediction: labels", "a label");
        Arguments.required(scores, "Prediction: scores", "scores by label");
        labels = List.copyOf(labels);
        scores = Collections.unmodifiableMap(new LinkedHashMap<>(scores));
    }

    /**
     * The label with the highest score.
     *
     * @return the label
     */
    public String label() {
        return scores.keySet().iterator().next();
    }

    /**
     * The highest score.
     *
     * @return a probability, 0 to 1
     */
    public double score() {
        return scores.values().iterator().next();
    }

    /** Labels with their probabilities, then the next ones: {@code card_lost 0.87; then card_stolen 0.06, pin_blocked 0.02}. */
    @Override
    public String toString() {
        List<String> given = labels.stream().map(this::scored).toList();
        List<String> next = scores.keySet().stream()
                .filter(label -> !labels.contains(label))
                .limit(NEXT)
                .map(this::scored)
                .toList();
        return (given.isEmpty() ? "no label" : String.join(", ", given))
                + (next.isEmpty() ? "" : "; then " + String.join(", ", next));
    }

    private String scored(String label) {
        return String.format(Locale.ROOT, "%s %.2f", label, scores.getOrDefault(label, Double.NaN));
    }
}
