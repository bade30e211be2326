/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.lora4j.error.Arguments;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.MessageText;
import org.lora4j.train.FitReport;
import org.lora4j.train.ScoreInterval;
import org.lora4j.train.TrainingResult;

/**
 * What the fit of a text task did, and what there is to know of its data.
 *
 * @param trained number of examples that were learned from
 * @param validated number of examples that settings and the best epoch were chosen by
 * @param learningRate the highest learning rate of all but the head
 * @param cost the cost of the head alone, as LibLinear counts it, that was chosen; 0 if there is no head
 * @param metric what the scores are
 * @param higherIsBetter whether a higher score is a better one
 * @param before score of the head alone on the validation part; without a head, of the encoder as it was read; empty without
 *     validation
 * @param after score of the model that was kept on the validation part; empty without validation
 * @param startKept whether no epoch was better than {@code before}, which was kept; of less than a thousand examples of which a part
 *     was kept back, whether none was certainly better
 * @param gain score of the best epoch less {@code before}, with its 95 % interval; empty without validation, or if only the head learned
 * @param training the run of the trainer; empty if only the head learned
 * @param notes what is odd about the data: texts that were cut, texts that are in both parts, and so on
 * @param totalSeconds how long all of it took
 * @apiNote Status: stable
 */
public record TextFitReport(
        int trained,
        int validated,
        double learningRate,
        double cost,
        String metric,
        boolean higherIsBetter,
        OptionalDouble before,
        OptionalDouble after,
        boolean startKept,
        Optional<ScoreInterval> gain,
        Optional<TrainingResult> training,
        List<String> notes,
        double totalSeconds)
        implements FitReport {

    /**
     * Copies the notes.
     *
     * @param trained as in the record
     * @param validated as in the record
     * @param learningRate as in the record
     * @param cost as in the record
     * @param metric as in the record
     * @param higherIsBetter as in the record
     * @param before as in the record
     * @param after as in the record
     * @param startKept as in the record
     * @param gain as in the record
     * @param training as in the record
     * @param notes as in the record
     * @param totalSeconds as in the record
     */
    public TextFitReport {
        notes = List.copyOf(Arguments.allRequired(notes, "TextFitReport: notes", "a sentence"));
    }

    /**
     * The report for the file of a task.
     *
     * @return values of JSON, which {@link #read} takes
     */
    public Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("trained", trained);
        fields.put("validated", validated);
        fields.put("learning_rate", learningRate);
        fields.put("cost", cost);
        fields.put("metric", metric);
        fields.put("higher_is_better", higherIsBetter);
        before.ifPresent(score -> fields.put("before", score));
        after.ifPresent(score -> fields.put("after", score));
        fields.put("start_kept", startKept);
        gain.ifPresent(difference -> fields.put("gain", difference.values()));
        training.ifPresent(result -> fields.put("training", result.values()));
        fields.put("notes", notes);
        fields.put("total_seconds", totalSeconds);
        return fields;
    }

    /**
     * What {@link #fields} gave, from a file.
     *
     * @param file the file, for messages
     * @param written what it has
     * @return the report
     * @throws IOException if it is none
     */
    public static TextFitReport read(Path file, Object written) throws IOException {
        try {
            if (!(written instanceof Map<?, ?> fields)) {
                throw new IllegalArgumentException("it is " + MessageText.value(written) + ", expected an object");
            }
            Optional<TrainingResult> training = Optional.empty();
            if (fields.get("training") != null) {
                training = Optional.of(TrainingResult.of(strings(value(fields, "training", Map.class))));
            }
            return new TextFitReport(
                    value(fields, "trained", Integer.class),
                    value(fields, "validated", Integer.class),
                    value(fields, "learning_rate", Number.class).doubleValue(),
                    value(fields, "cost", Number.class).doubleValue(),
                    value(fields, "metric", String.class),
                    value(fields, "higher_is_better", Boolean.class),
                    score(fields, "before"),
                    score(fields, "after"),
                    value(fields, "start_kept", Boolean.class),
                    gain(fields.get("gain")),
                    training,
                    texts(value(fields, "notes", List.class)),
                    value(fields, "total_seconds", Number.class).doubleValue());
        } catch (IllegalArgumentException e) {
            throw new CorruptAdapterException(
                    file + ": report: " + e.getMessage() + ". Save the task again, or remove the field \"report\".", e);
        }
    }

    private static <V> V value(Map<?, ?> fields, String name, Class<V> type) {
        if (type.isInstance(fields.get(name))) {
            return type.cast(fields.get(name));
        }
        throw new IllegalArgumentException(name + " = " + MessageText.value(fields.get(name)) + ", expected "
                + type.getSimpleName().toLowerCase(Locale.ROOT));
    }

    private static Optional<ScoreInterval> gain(Object written) {
        if (written == null) {
            return Optional.empty();
        }
        if (!(written instanceof Map<?, ?> ends)) {
            throw new IllegalArgumentException("gain = " + MessageText.value(written) + ", expected an object");
        }
        return Optional.of(new ScoreInterval(
                value(ends, "value", Number.class).doubleValue(),
                value(ends, "low", Number.class).doubleValue(),
                value(ends, "high", Number.class).doubleValue()));
    }

    private static OptionalDouble score(Map<?, ?> fields, String name) {
        return fields.get(name) == null
                ? OptionalDouble.empty()
                : OptionalDouble.of(value(fields, name, Number.class).doubleValue());
    }

    private static List<String> texts(List<?> values) {
        List<String> texts = new ArrayList<>();
        for (Object value : values) {
            texts.add(String.valueOf(value));
        }
        return texts;
    }

    private static Map<String, Object> strings(Map<?, ?> values) {
        Map<String, Object> named = new LinkedHashMap<>();
        values.forEach((name, value) -> named.put(String.valueOf(name), value));
        return named;
    }

    @Override
    public Map<String, Object> chosen() {
        Map<String, Object> chosen = new LinkedHashMap<>();
        training.ifPresent(result -> chosen.put("learning_rate", learningRate));
        if (cost > 0) {
            chosen.put("head_cost", cost);
        }
        return chosen;
    }

    @Override
    public Map<String, Long> data() {
        Map<String, Long> data = new LinkedHashMap<>();
        data.put("train", (long) trained);
        data.put("validation", (long) validated);
        return data;
    }

    /**
     * One line without the notes, which were told when they were found.
     *
     * @return the numbers in words
     */
    public String line() {
        StringBuilder text = new StringBuilder(trained + " examples, ");
        text.append(validated == 0 ? "no validation part" : validated + " to choose by");
        String start = cost > 0 ? String.format(Locale.ROOT, "head alone: C %.0f", cost) : "as it was read";
        text.append("; ").append(start);
        gain.ifPresent(
                difference -> text.append("; best epoch less head alone: ").append(difference));
        text.append("; ").append(summary());
        return text.append(String.format(Locale.ROOT, "; %.1f s in all", totalSeconds))
                .toString();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("TextFitReport[" + line());
        notes.forEach(note -> text.append("; ").append(note));
        return text.append(']').toString();
    }
}
