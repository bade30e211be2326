/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
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
 * @apiNote Status: experimental
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
        List<String> notes)
        implements FitReport {

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

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("TextFitReport[" + trained + " examples, ");
        text.append(validated == 0 ? "no validation part" : validated + " to choose by");
        String start = cost > 0 ? String.format(Locale.ROOT, "head alone: C %.0f", cost) : "as it was read";
        text.append("; ").append(start);
        before.ifPresent(score -> text.append(String.format(Locale.ROOT, ", %s %.4f", metric, score)));
        after.ifPresent(score -> text.append(String.format(Locale.ROOT, "; kept: %s %.4f", metric, score)));
        gain.ifPresent(
                difference -> text.append("; best epoch less head alone: ").append(difference));
        notes.forEach(note -> text.append("; ").append(note));
        return text.append(']').toString();
    }
}
