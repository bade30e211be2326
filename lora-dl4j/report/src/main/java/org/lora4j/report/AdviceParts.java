/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.lora4j.advice.Advice;
import org.lora4j.advice.DataReport;
import org.lora4j.advice.LearningRateSuggestion;
import org.lora4j.advice.RankSensitivity;
import org.lora4j.advice.RankSuggestion;
import org.lora4j.internal.report.ReportBlock;
import org.lora4j.internal.report.ReportBlock.Curves;
import org.lora4j.internal.report.ReportBlock.Series;
import org.lora4j.internal.report.ReportBlock.Verdict;
import org.lora4j.internal.report.ReportDocument;
import org.lora4j.internal.report.ReportPart;
import org.lora4j.text.LabeledText;

/** Answers before training, with the examples, trials and numbers that they rest on. */
final class AdviceParts {

    /** The most rows that a finding shows. */
    private static final int EXAMPLES = 100;

    private static final String ROW = "row";
    private static final String TEXT = "text";

    private AdviceParts() {}

    static Verdict verdict(Advice advice) {
        return new Verdict(
                advice.question(), Verdict.Answer.valueOf(advice.answer().name()), advice.sentence());
    }

    /** An answer of its own, with its numbers. */
    static ReportDocument add(ReportDocument report, ReportPart part, Advice advice) {
        return report.with(verdict(advice)).with(part, EvidenceBlocks.of(advice));
    }

    static ReportDocument add(
            ReportDocument report,
            DataReport data,
            List<LabeledText> train,
            List<LabeledText> validation,
            List<String> served) {
        ReportDocument with = report.with(together(data));
        List<ReportBlock> blocks = new ArrayList<>();
        data.ranked().forEach(advice -> blocks.add(verdict(advice)));
        IntFunction<String> ofTrain =
                texts(train.stream().map(LabeledText::text).toList());
        IntFunction<String> ofValidation =
                texts(validation.stream().map(LabeledText::text).toList());
        labelErrors(data, ofTrain, blocks);
        duplicates("duplicates", "Rows that repeat others", data.duplicates().rows(), ofTrain, ofTrain, blocks);
        duplicates(
                "leakage",
                "Validation rows that are in the training part",
                data.leakage().rows(),
                ofValidation,
                ofTrain,
                blocks);
        TableRows outliers = new TableRows(
                "outliers",
                "Rows with nothing near them",
                TableRows.number(ROW),
                TableRows.number("distance"),
                TableRows.text(TEXT));
        some(
                data.outliers().rows(),
                outliers,
                row -> outliers.add(row.row(), row.distance(), ofTrain.apply(row.row())));
        put(outliers, blocks);
        rows("cut", "Training texts that are cut", data.cutTexts().train(), ofTrain, blocks);
        rows("cut-validation", "Validation texts that are cut", data.cutTexts().validation(), ofValidation, blocks);
        rows("cut-served", "Served texts that are cut", data.cutTexts().served(), texts(served), blocks);
        rows(
                "foreign",
                "Served texts that are least like the training texts",
                data.shift().mostForeign(),
                texts(served),
                blocks);
        TableRows words = new TableRows(
                "words",
                "Words that tell served texts from training texts",
                TableRows.text("word"),
                TableRows.number("in training texts"),
                TableRows.number("in served texts"),
                TableRows.number("deviations"));
        data.shift().words().forEach(word -> words.add(word.word(), word.train(), word.served(), word.deviations()));
        put(words, blocks);
        if (!data.learningCurve().points().isEmpty()) {
            blocks.add(new Curves(
                    "learning-curve",
                    "What a head reaches with a part of the data",
                    "examples",
                    "accuracy",
                    false,
                    List.of(new Series(
                            "accuracy",
                            Series.Style.LINE,
                            data.learningCurve().points().stream()
                                    .map(at -> (double) at.examples())
                                    .toList(),
                            data.learningCurve().points().stream()
                                    .map(DataReport.Point::accuracy)
                                    .toList()))));
        }
        TableRows sizes = new TableRows(
                "class-sizes", "Examples of each label", TableRows.text("label"), TableRows.number("examples"));
        data.classSizes().sizes().forEach(sizes::add);
        put(sizes, blocks);
        return with.with(ReportPart.DATA, blocks);
    }

    /** All answers in one: that of the most urgent question. */
    private static Verdict together(DataReport data) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        data.ranked().forEach(advice -> counts.merge(advice.answer().name().toLowerCase(Locale.ROOT), 1, Integer::sum));
        List<String> words = counts.entrySet().stream()
                .map(count -> count.getValue() + " " + count.getKey())
                .toList();
        Advice first = data.ranked().get(0);
        return new Verdict(
                "data",
                Verdict.Answer.valueOf(first.answer().name()),
                String.join(", ", words) + (first.answer() == Advice.Answer.GOOD ? "." : "; first " + first));
    }

    private static void labelErrors(DataReport data, IntFunction<String> texts, List<ReportBlock> blocks) {
        TableRows suspects = new TableRows(
                "label-errors",
                "Labels that look wrong, the most suspect first",
                TableRows.number(ROW),
                TableRows.text("label"),
                TableRows.text("more probable"),
                TableRows.share("probability of its label"),
                TableRows.text(TEXT));
        some(
                data.labelErrors().suspects(),
                suspects,
                row -> suspects.add(
                        row.row(), row.label(), row.suggested(), row.selfConfidence(), texts.apply(row.row())));
        put(suspects, blocks);
    }

    private static void duplicates(
            String id,
            String caption,
            List<DataReport.Duplicate> rows,
            IntFunction<String> own,
            IntFunction<String> others,
            List<ReportBlock> blocks) {
        TableRows table = new TableRows(
                id,
                caption,
                TableRows.number(ROW),
                TableRows.number("of row"),
                TableRows.text("how alike"),
                TableRows.text("same label"),
                TableRows.text(TEXT),
                TableRows.text("the other text"));
        some(
                rows,
                table,
                row -> table.add(
                        row.row(),
                        row.of(),
                        row.likeness().name().toLowerCase(Locale.ROOT).replace('_', ' '),
                        row.sameLabel() ? "yes" : "NO",
                        own.apply(row.row()),
                        others.apply(row.of())));
        put(table, blocks);
    }

    private static void rows(
            String id, String caption, List<Integer> rows, IntFunction<String> texts, List<ReportBlock> blocks) {
        TableRows table = new TableRows(id, caption, TableRows.number(ROW), TableRows.text(TEXT));
        some(rows, table, row -> table.add(row, texts.apply(row)));
        put(table, blocks);
    }

    private static <R> void some(List<R> rows, TableRows table, Consumer<R> add) {
        rows.stream().limit(EXAMPLES).forEach(add);
        table.andMore(Math.max(0, rows.size() - EXAMPLES));
    }

    private static void put(TableRows table, List<ReportBlock> blocks) {
        if (!table.isEmpty()) {
            blocks.add(table.grid());
        }
    }

    /** Texts by row; none where they were not given. */
    private static IntFunction<String> texts(List<String> texts) {
        return row -> row < texts.size() ? texts.get(row) : null;
    }

    static ReportDocument add(ReportDocument report, LearningRateSuggestion found) {
        List<ReportBlock> blocks = new ArrayList<>();
        if (!found.curve().isEmpty()) {
            List<Double> rates = found.curve().stream()
                    .map(LearningRateSuggestion.Point::rate)
                    .toList();
            List<Double> smoothed = found.curve().stream()
                    .map(LearningRateSuggestion.Point::smoothed)
                    .toList();
            List<Series> series = new ArrayList<>();
            series.add(Thinned.of("smoothed loss", Series.Style.LINE, rates, smoothed));
            series.add(Thinned.of(
                    "loss",
                    Series.Style.POINTS,
                    rates,
                    found.curve().stream()
                            .map(LearningRateSuggestion.Point::loss)
                            .toList()));
            found.rate()
                    .ifPresent(rate -> series.add(new Series(
                            "chosen rate",
                            Series.Style.REFERENCE,
                            List.of(rate, rate),
                            List.of(
                                    smoothed.stream().min(Double::compare).orElseThrow(),
                                    smoothed.stream().max(Double::compare).orElseThrow()))));
            blocks.add(new Curves("rates", "Loss at rising learning rates", "learning rate", "loss", true, series));
        }
        TableRows trials = new TableRows(
                "rate-trials",
                "Short trainings at some rates",
                TableRows.number("rate"),
                TableRows.number("validation"),
                TableRows.number("steps"),
                TableRows.text("failure"));
        found.confirmations()
                .forEach(trial -> trials.add(
                        trial.rate(),
                        trial.metric().isPresent() ? trial.metric().getAsDouble() : null,
                        trial.steps(),
                        trial.failure()));
        put(trials, blocks);
        return report.with(verdict(found.advice())).with(ReportPart.CHOICES, blocks);
    }

    static ReportDocument add(ReportDocument report, RankSuggestion found) {
        List<ReportBlock> blocks = new ArrayList<>();
        TableRows trials = new TableRows(
                "rank-trials",
                "Ranks that were tried",
                TableRows.text("what"),
                TableRows.number("validation"),
                TableRows.number("steps"),
                TableRows.text("note"));
        found.trials()
                .forEach(trial -> trials.add(
                        trial.what(),
                        trial.metric().isPresent() ? trial.metric().getAsDouble() : null,
                        trial.steps(),
                        trial.note()));
        put(trials, blocks);
        return report.with(verdict(found.advice())).with(ReportPart.CHOICES, blocks);
    }

    static ReportDocument add(ReportDocument report, RankSensitivity found) {
        List<ReportBlock> blocks = new ArrayList<>();
        TableRows table = new TableRows(
                "sensitivity",
                "How much each module matters to the loss",
                TableRows.text("module"),
                TableRows.share("share of the sensitivity"),
                TableRows.number("effective rank of its gradient"),
                TableRows.number("rank"));
        found.modules()
                .forEach(module -> table.add(module.path(), module.share(), module.effectiveRank(), module.rank()));
        put(table, blocks);
        return report.with(verdict(found.advice())).with(ReportPart.CHOICES, blocks);
    }
}
