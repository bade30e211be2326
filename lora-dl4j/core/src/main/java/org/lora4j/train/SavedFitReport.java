/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What {@code fit} did, read again from the values that a {@link FitReport} has of it. Numbers that were not
 * finite are left out of them.
 *
 * @param training as of the interface
 * @param metric as of the interface
 * @param higherIsBetter as of the interface
 * @param before as of the interface
 * @param after as of the interface
 * @param gain as of the interface
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
        Optional<ScoreInterval> gain,
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
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("data", report.data());
        values.put("metric", report.metric());
        values.put("higher_is_better", report.higherIsBetter());
        report.before().ifPresent(value -> values.put("before", value));
        report.after().ifPresent(value -> values.put("after", value));
        report.gain().ifPresent(gain -> values.put("gain", gain.values()));
        values.put("start_kept", report.startKept());
        values.put("chosen", report.chosen());
        report.training().ifPresent(result -> values.put("training", result.values()));
        values.put("notes", report.notes());
        return values;
    }

    /**
     * Takes up what {@link #values} gave.
     *
     * @param values plain values by name, from a file
     * @return the report
     * @throws IllegalArgumentException if a value is missing or is not what it has to be; the message names it
     */
    public static SavedFitReport of(Map<?, ?> values) {
        return ResultValues.report(values);
    }

    @Override
    public String toString() {
        return "FitReport[" + summary() + "]";
    }
}
