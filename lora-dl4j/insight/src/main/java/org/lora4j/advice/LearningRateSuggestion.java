/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * A learning rate with what it rests on.
 *
 * @param rate the rate; empty if it cannot be said
 * @param curve the range test, a point for each step
 * @param confirmations the short trainings, by rising rate
 * @param steps how many steps all of it took
 * @param advice the answer in a sentence
 * @apiNote Status: experimental
 */
public record LearningRateSuggestion(
        OptionalDouble rate, List<Point> curve, List<Confirmation> confirmations, long steps, Advice advice) {

    /**
     * A step of the range test.
     *
     * @param rate its learning rate
     * @param loss the loss before it
     * @param smoothed the loss smoothed over the steps so far
     */
    public record Point(double rate, double loss, double smoothed) {}

    /**
     * A short training.
     *
     * @param rate its learning rate
     * @param metric the validation after it; empty if it failed
     * @param steps how many steps it had
     * @param failure why it failed; empty if it did not
     */
    public record Confirmation(double rate, OptionalDouble metric, long steps, String failure) {}

    /**
     * Copies the lists.
     *
     * @param rate as in the record
     * @param curve as in the record
     * @param confirmations as in the record
     * @param steps as in the record
     * @param advice as in the record
     */
    public LearningRateSuggestion {
        curve = List.copyOf(curve);
        confirmations = List.copyOf(confirmations);
    }

    /**
     * All of it as JSON.
     *
     * @return an object, on several lines
     */
    public String json() {
        Map<String, Object> values = new LinkedHashMap<>(advice.values());
        values.put("steps", steps);
        values.put(
                "confirmations",
                confirmations.stream().map(LearningRateSuggestion::values).toList());
        values.put(
                "curve",
                curve.stream()
                        .map(point -> List.of(point.rate(), point.loss(), point.smoothed()))
                        .toList());
        return JsonObjects.write(values);
    }

    static Map<String, Object> values(Confirmation confirmation) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("rate", confirmation.rate());
        confirmation.metric().ifPresent(metric -> values.put("metric", metric));
        values.put("steps", confirmation.steps());
        if (!confirmation.failure().isEmpty()) {
            values.put("failure", confirmation.failure());
        }
        return values;
    }

    @Override
    public String toString() {
        return advice.toString();
    }
}
