/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.lora4j.error.Arguments;
import org.lora4j.train.TrainingResult;

/**
 * What a training did, and what there is to know of its data.
 *
 * @param sequences number of sequences that were learned from: examples, and pieces of long texts
 * @param rows number of rows that they were packed into
 * @param tokens number of their tokens
 * @param learned number of those that were learned
 * @param skipped number of examples that were left out, of both parts
 * @param cut number of examples that were cut, of both parts
 * @param learningRate the highest learning rate
 * @param before how the model foretold the validation part before; empty if there is none
 * @param after how the model that was kept foretells it
 * @param startKept whether no epoch was better than the start, which was kept
 * @param training the run of the trainer
 * @param notes what is odd about the data
 * @apiNote Status: experimental
 */
public record LmFitReport(
        int sequences,
        int rows,
        long tokens,
        long learned,
        int skipped,
        int cut,
        double learningRate,
        Optional<LmEvaluation> before,
        Optional<LmEvaluation> after,
        boolean startKept,
        TrainingResult training,
        List<String> notes) {

    /**
     * Copies the notes.
     *
     * @param sequences as in the record
     * @param rows as in the record
     * @param tokens as in the record
     * @param learned as in the record
     * @param skipped as in the record
     * @param cut as in the record
     * @param learningRate as in the record
     * @param before as in the record
     * @param after as in the record
     * @param startKept as in the record
     * @param training as in the record
     * @param notes as in the record
     */
    public LmFitReport {
        Arguments.allRequired(notes, "LmFitReport: notes", "a text");
        notes = List.copyOf(notes);
    }

    @Override
    public String toString() {
        String losses = before.isEmpty() || after.isEmpty()
                ? ""
                : String.format(
                        Locale.ROOT,
                        "; loss a token %.4f before, %.4f after%s",
                        before.get().loss(),
                        after.get().loss(),
                        startKept ? " (the start was kept)" : "");
        return String.format(
                Locale.ROOT,
                "LmFitReport[%d sequences in %d rows, %d tokens, %d of them learned%s; %s%s]",
                sequences,
                rows,
                tokens,
                learned,
                losses,
                training,
                notes.isEmpty() ? "" : "; " + String.join("; ", notes));
    }
}
