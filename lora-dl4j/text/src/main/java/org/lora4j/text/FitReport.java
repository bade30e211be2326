/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.lora4j.error.Arguments;
import org.lora4j.train.TrainingResult;

/**
 * What a fit did, and what there is to know of its data.
 *
 * @param trained number of examples that were learned from
 * @param validated number of examples that settings and the best epoch were chosen by
 * @param cost the cost of the head alone, as LibLinear counts it, that was chosen; 0 if there is no head
 * @param metric what the scores are
 * @param higherIsBetter whether a higher score is a better one
 * @param headScore score of the head alone on the validation part; without a head, of the encoder as it was read
 * @param score score of the model that was kept on the validation part
 * @param training the run of the trainer; empty if only the head learned
 * @param notes what is odd about the data: texts that were cut, texts that are in both parts, and so on
 * @apiNote Status: experimental
 */
public record FitReport(
        int trained,
        int validated,
        double cost,
        String metric,
        boolean higherIsBetter,
        double headScore,
        double score,
        Optional<TrainingResult> training,
        List<String> notes) {

    /**
     * Copies the notes.
     *
     * @param trained as in the record
     * @param validated as in the record
     * @param cost as in the record
     * @param metric as in the record
     * @param higherIsBetter as in the record
     * @param headScore as in the record
     * @param score as in the record
     * @param training as in the record
     * @param notes as in the record
     */
    public FitReport {
        Arguments.allRequired(notes, "FitReport: notes", "a text");
        notes = List.copyOf(notes);
    }

    @Override
    public String toString() {
        String before = cost > 0 ? String.format(Locale.ROOT, "head alone: C %.0f,", cost) : "as it was read:";
        return String.format(
                Locale.ROOT,
                "FitReport[%d examples, %d to choose by; %s %s %.4f; kept: %s %.4f%s]",
                trained,
                validated,
                before,
                metric,
                headScore,
                metric,
                score,
                notes.isEmpty() ? "" : "; " + String.join("; ", notes));
    }
}
