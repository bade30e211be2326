/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.retention;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * What a model knows in several states, beside its base.
 *
 * @param examples how many examples the features are of
 * @param width how many features an example has
 * @param neighbors how many nearest neighbors were compared
 * @param baseAccuracy accuracy of earlier heads on the base's features, by name
 * @param states the states, in the order in which they were given
 * @apiNote Status: experimental
 */
public record RetentionReport(
        int examples, int width, int neighbors, Map<String, Double> baseAccuracy, List<Retention> states) {

    private static final int LEAST_WIDTH = 24;

    /**
     * Keeps the order of heads and states.
     *
     * @param examples how many examples
     * @param width how many features
     * @param neighbors how many nearest neighbors
     * @param baseAccuracy accuracy of earlier heads by name
     * @param states the states
     */
    public RetentionReport {
        baseAccuracy = Collections.unmodifiableMap(new LinkedHashMap<>(baseAccuracy));
        states = List.copyOf(states);
    }

    /**
     * The figures as JSON, under the names of the components of this record and of {@link Retention}.
     *
     * @return an object, on several lines
     */
    public String json() {
        return JsonObjects.write(values());
    }

    /** Numbers, texts, lists and maps only. */
    private Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("examples", examples);
        values.put("width", width);
        values.put("neighbors", neighbors);
        values.put("baseAccuracy", baseAccuracy);
        List<Map<String, Object>> list = new ArrayList<>();
        for (Retention state : states) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("state", state.state());
            one.put("cosineDistance", state.cosineDistance());
            one.put("relativeL2", state.relativeL2());
            one.put("largestDifference", state.largestDifference());
            one.put("neighborOverlap", state.neighborOverlap());
            one.put("headAccuracy", state.headAccuracy());
            list.add(one);
        }
        values.put("states", list);
        return values;
    }

    /** A table with a line for each state. */
    @Override
    public String toString() {
        int column = Math.max(
                LEAST_WIDTH,
                states.stream().mapToInt(state -> state.state().length()).max().orElse(0));
        StringBuilder table = new StringBuilder(String.format(
                Locale.ROOT,
                "%-" + column + "s %9s %9s %11s",
                examples + " examples",
                "cosine",
                "L2",
                "overlap@" + neighbors));
        baseAccuracy.keySet().forEach(head -> table.append(String.format(Locale.ROOT, "  %5s", head)));
        Retention base = new Retention("base", 0, 0, 0, 1, baseAccuracy);
        Stream.concat(Stream.of(base), states.stream()).forEach(state -> line(table, column, state));
        return table.append(System.lineSeparator()).toString();
    }

    private static void line(StringBuilder table, int column, Retention state) {
        table.append(System.lineSeparator())
                .append(String.format(
                        Locale.ROOT,
                        "%-" + column + "s %9.5f %9.5f %11.3f",
                        state.state(),
                        state.cosineDistance(),
                        state.relativeL2(),
                        state.neighborOverlap()));
        state.headAccuracy()
                .forEach((head, accuracy) ->
                        table.append(String.format(Locale.ROOT, "  %" + Math.max(5, head.length()) + ".3f", accuracy)));
    }
}
