/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.lora4j.exec.Parting;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * What {@code fit} did, read again from the JSON that a {@link FitReport} has of it. What that leaves out is empty: norms, and how
 * the run was computed.
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
                    ? Optional.of(result((Map<?, ?>) values.get("training"), values.get("best_epoch")))
                    : Optional.empty();
            Map<String, Object> chosen = new LinkedHashMap<>();
            ((Map<?, ?>) values.get("chosen")).forEach((name, value) -> chosen.put((String) name, value));
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
                    chosen,
                    data,
                    List.copyOf(notes)));
        } catch (ClassCastException | NullPointerException | IllegalArgumentException e) {
            // A value of another type, none, or a name that is no constant.
            return Optional.empty();
        }
    }

    private static TrainingResult result(Map<?, ?> values, Object bestEpoch) {
        List<Double> losses = new ArrayList<>();
        ((List<?>) values.get("losses")).forEach(loss -> losses.add(number(loss)));
        List<EpochReport> epochs = new ArrayList<>();
        for (Object epoch : (List<?>) values.get("epochs")) {
            epochs.add(epoch((Map<?, ?>) epoch));
        }
        List<FittingSign> signs = new ArrayList<>();
        for (Object sign : (List<?>) values.get("signs")) {
            signs.add(sign((Map<?, ?>) sign));
        }
        double seconds = number(values.get("median_step_seconds"));
        return new TrainingResult(
                StopReason.valueOf((String) values.get("stop_reason")),
                ((Number) values.get("steps")).longValue(),
                losses,
                epochs,
                seconds,
                seconds,
                optional(values.get("best_metric")),
                bestEpoch == null ? OptionalInt.empty() : OptionalInt.of(((Number) bestEpoch).intValue()),
                bestEpoch != null,
                List.of(),
                List.of(),
                new Computation("", 1, new Parting(1, "read from a file"), "", OptionalDouble.empty()),
                signs);
    }

    private static EpochReport epoch(Map<?, ?> values) {
        return new EpochReport(
                ((Number) values.get("epoch")).intValue(),
                ((Number) values.get("steps")).longValue(),
                optional(values.get("mean_loss")).orElse(Double.NaN),
                ((Number) values.get("examples")).longValue(),
                number(values.get("seconds")),
                optional(values.get("metric")),
                0,
                (Boolean) values.get("best"));
    }

    private static FittingSign sign(Map<?, ?> values) {
        return new FittingSign(
                FittingSign.Kind.valueOf((String) values.get("kind")),
                ((Number) values.get("epoch")).intValue(),
                (String) values.get("finding"),
                (String) values.get("suggestion"),
                Map.of());
    }

    private static OptionalDouble optional(Object value) {
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(number(value));
    }

    private static double number(Object value) {
        return ((Number) value).doubleValue();
    }

    @Override
    public String toString() {
        return "FitReport[" + summary() + "]";
    }
}
