/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
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
import org.lora4j.train.SavedFitReport;
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

    private static final String RATE = "learning_rate";
    private static final String TRAINED = "trained";
    private static final String VALIDATED = "validated";
    private static final String COST = "head_cost";
    private static final String SECONDS = "total_seconds";

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
        Map<String, Object> fields = SavedFitReport.values(this);
        fields.put(RATE, learningRate);
        fields.put(SECONDS, totalSeconds);
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
            SavedFitReport saved = SavedFitReport.of(fields.containsKey(TRAINED) ? asWrittenNow(fields) : fields);
            return new TextFitReport(
                    Math.toIntExact(saved.data().getOrDefault("train", 0L)),
                    Math.toIntExact(saved.data().getOrDefault("validation", 0L)),
                    number(RATE, fields.get(RATE)),
                    number(COST, saved.chosen().getOrDefault(COST, 0)),
                    saved.metric(),
                    saved.higherIsBetter(),
                    saved.before(),
                    saved.after(),
                    saved.startKept(),
                    saved.gain(),
                    saved.training(),
                    saved.notes(),
                    number(SECONDS, fields.get(SECONDS)));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new CorruptAdapterException(
                    file + ": report: " + e.getMessage() + ". Save the task again, or remove the field \"report\".", e);
        }
    }

    /** Reports had a form of their own once, with numbers of examples and the cost beside the rest. */
    private static Map<String, Object> asWrittenNow(Map<?, ?> earlier) {
        Map<String, Object> fields = new LinkedHashMap<>();
        earlier.forEach((name, value) -> fields.put(String.valueOf(name), value));
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("train", fields.remove(TRAINED));
        data.put("validation", fields.remove(VALIDATED));
        fields.put("data", data);
        Map<String, Object> chosen = new LinkedHashMap<>();
        chosen.put(COST, fields.remove("cost"));
        fields.put("chosen", chosen);
        return fields;
    }

    private static double number(String name, Object value) {
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        throw new IllegalArgumentException(name + " = " + MessageText.value(value) + ", expected a number");
    }

    @Override
    public Map<String, Object> chosen() {
        Map<String, Object> chosen = new LinkedHashMap<>();
        training.ifPresent(result -> chosen.put(RATE, learningRate));
        if (cost > 0) {
            chosen.put(COST, cost);
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
