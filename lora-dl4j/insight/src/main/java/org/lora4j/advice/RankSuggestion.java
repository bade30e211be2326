/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * A config with a rank, and what it rests on.
 *
 * @param config the config to train with; empty if it cannot be said
 * @param trials what was measured, in the order in which it was
 * @param steps how many steps of training all of it took
 * @param advice the answer in a sentence
 * @apiNote Status: experimental
 */
public record RankSuggestion(Optional<LoraConfig> config, List<Trial> trials, long steps, Advice advice) {

    /**
     * A config that was measured.
     *
     * @param what it in a few words, such as {@code rank 8}
     * @param config the config
     * @param steps how many steps it was trained; 0 if it was made of another one by reduction
     * @param metric the validation; empty if the training failed
     * @param note why the training failed, or what was lost in the reduction; empty if there is nothing to say
     */
    public record Trial(String what, LoraConfig config, long steps, OptionalDouble metric, String note) {

        Map<String, Object> values() {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("what", what);
            values.put("steps", steps);
            metric.ifPresent(value -> values.put("metric", value));
            if (!note.isEmpty()) {
                values.put("note", note);
            }
            return values;
        }
    }

    /**
     * Copies the list.
     *
     * @param config as in the record
     * @param trials as in the record
     * @param steps as in the record
     * @param advice as in the record
     */
    public RankSuggestion {
        trials = List.copyOf(trials);
    }

    /**
     * All of it as JSON.
     *
     * @return an object, on several lines
     */
    public String json() {
        Map<String, Object> values = new LinkedHashMap<>(advice.values());
        values.put("steps", steps);
        values.put("trials", trials.stream().map(Trial::values).toList());
        return JsonObjects.write(values);
    }

    @Override
    public String toString() {
        return advice.toString();
    }
}
