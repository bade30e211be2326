/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.lora4j.train.FitReport;
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
 * @param evaluationBefore how the model predicted the validation part before; empty if there is none
 * @param evaluationAfter how the model that was kept predicts it
 * @param startKept whether no epoch was better than the start, which was kept
 * @param run the run of the trainer
 * @param notes what is odd about the data
 * @apiNote Status: stable
 */
public record LmFitReport(
        int sequences,
        int rows,
        long tokens,
        long learned,
        int skipped,
        int cut,
        double learningRate,
        Optional<LmEvaluation> evaluationBefore,
        Optional<LmEvaluation> evaluationAfter,
        boolean startKept,
        TrainingResult run,
        List<String> notes)
        implements FitReport {

    @Override
    public Optional<TrainingResult> training() {
        return Optional.of(run);
    }

    @Override
    public String metric() {
        return "loss per token";
    }

    @Override
    public boolean higherIsBetter() {
        return false;
    }

    @Override
    public OptionalDouble before() {
        return loss(evaluationBefore);
    }

    @Override
    public OptionalDouble after() {
        return loss(evaluationAfter);
    }

    private static OptionalDouble loss(Optional<LmEvaluation> evaluation) {
        return evaluation.map(of -> OptionalDouble.of(of.loss())).orElse(OptionalDouble.empty());
    }

    @Override
    public Map<String, Object> chosen() {
        return Map.of("learning_rate", learningRate);
    }

    @Override
    public Map<String, Long> data() {
        Map<String, Long> data = new LinkedHashMap<>();
        data.put("sequences", (long) sequences);
        data.put("rows", (long) rows);
        data.put("tokens", tokens);
        data.put("learned_tokens", learned);
        data.put("skipped", (long) skipped);
        data.put("cut", (long) cut);
        return data;
    }

    @Override
    public String toString() {
        String losses = evaluationBefore.isEmpty() || evaluationAfter.isEmpty()
                ? ""
                : String.format(
                        Locale.ROOT,
                        "; loss a token %.4f before, %.4f after%s",
                        evaluationBefore.get().loss(),
                        evaluationAfter.get().loss(),
                        startKept ? " (the start was kept)" : "");
        return String.format(
                Locale.ROOT,
                "LmFitReport[%d sequences in %d rows, %d tokens, %d of them learned%s; %s%s]",
                sequences,
                rows,
                tokens,
                learned,
                losses,
                run,
                notes.isEmpty() ? "" : "; " + String.join("; ", notes));
    }
}
