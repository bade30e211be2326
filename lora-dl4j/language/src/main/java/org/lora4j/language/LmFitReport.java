/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.LinkedHashMap;
import java.util.List;
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

    /** What was learned from, how the run ended, and what is odd, in a line. All values are in the fields. */
    @Override
    public String toString() {
        return "LmFitReport[" + sequences + " sequences in " + rows + " rows, " + tokens + " tokens, " + learned
                + " of them learned; " + summary()
                + (notes.isEmpty() ? "" : "; " + String.join("; ", notes)) + "]";
    }
}
