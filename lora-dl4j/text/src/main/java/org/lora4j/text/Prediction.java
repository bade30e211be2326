/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
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

    @Override
    public String toString() {
        return "Prediction[" + labels + ", " + label() + " " + score() + " of " + scores.size() + " labels]";
    }
}
