/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * What {@code fit} did, read again from the JSON that a {@link FitReport} has of it. Numbers that were not
 * finite are left out of it.
 *
 * @param training as of the interface
 * @param metric as of the interface
 * @param higherIsBetter as of the interface
 * @param before as of the interface
 * @param after as of the interface
 * @param startKept as of the interface
 * @param chosen as of the interface
 * @param data as of the interface
 * @param notes as of the interface
 * @apiNote Status: experimental
 */
public record SavedFitReport(
        Optional<TrainingResult> training,
        String metric,
        boolean higherIsBetter,
        OptionalDouble before,
        OptionalDouble after,
        boolean startKept,
        Map<String, Object> chosen,
        Map<String, Long> data,
        List<String> notes)
        implements FitReport {

    /**
     * A report as it is saved.
     *
     * @param report the report
     * @return plain values by name
     */
    public static Map<String, Object> values(FitReport report) {
        try {
            return JsonObjects.read("FitReport", report.json());
        } catch (IOException e) {
            throw new IllegalStateException("FitReport: its own JSON cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Takes up what {@link #values} gave.
     *
     * @param values plain values by name, from a file
     * @return the report; empty if they are none of one
     */
    public static Optional<SavedFitReport> of(Map<?, ?> values) {
        try {
            Optional<TrainingResult> training = values.containsKey("training")
                    ? Optional.of(TrainingResult.of(named((Map<?, ?>) values.get("training"))))
                    : Optional.empty();
            Map<String, Long> data = new LinkedHashMap<>();
            ((Map<?, ?>) values.get("data"))
                    .forEach((name, value) -> data.put((String) name, ((Number) value).longValue()));
            List<String> notes = new ArrayList<>();
            ((List<?>) values.get("notes")).forEach(note -> notes.add((String) note));
            return Optional.of(new SavedFitReport(
                    training,
                    (String) values.get("metric"),
                    (Boolean) values.get("higher_is_better"),
                    optional(values.get("before")),
                    optional(values.get("after")),
                    (Boolean) values.get("start_kept"),
                    named((Map<?, ?>) values.get("chosen")),
                    data,
                    List.copyOf(notes)));
        } catch (ClassCastException | NullPointerException | IllegalArgumentException e) {
            // A value of another type, none, or a name that is no constant.
            return Optional.empty();
        }
    }

    private static Map<String, Object> named(Map<?, ?> values) {
        Map<String, Object> named = new LinkedHashMap<>();
        values.forEach((name, value) -> named.put((String) name, value));
        return named;
    }

    private static OptionalDouble optional(Object value) {
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(((Number) value).doubleValue());
    }

    @Override
    public String toString() {
        return "FitReport[" + summary() + "]";
    }
}
