/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.internal.report.ReportBlock;
import org.lora4j.internal.report.ReportBlock.Facts;
import org.lora4j.internal.report.ReportBlock.HeatGrid;
import org.lora4j.internal.report.ReportDocument;
import org.lora4j.internal.report.ReportPart;

/** How well a model does where an example may have several labels. */
final class LabelSetParts {

    private static final int WORST = 50;

    private LabelSetParts() {}

    static ReportDocument add(ReportDocument report, PredictedLabelSets found) {
        List<ReportBlock> blocks = new ArrayList<>();
        Confidence confidence = found.calibration();
        blocks.add(new Facts("answers", "Answers", facts(found, confidence)));
        twoByTwo(found, blocks);
        taken(found, blocks);
        EvaluationParts.calibration(
                confidence,
                "Calibration: how often labels of a probability are right",
                "probability of the label",
                "share of right labels",
                blocks);
        worst(found, blocks);
        return report.with(ReportPart.EVALUATION, blocks)
                .paired("examples with all labels right", found.marks(ReportDocument.MOST_PAIRED));
    }

    private static Map<String, Object> facts(PredictedLabelSets found, Confidence confidence) {
        long right = IntStream.range(0, found.size()).filter(found::isRight).count();
        long tp = 0;
        long missed = 0;
        long wrong = 0;
        double f1 = 0;
        int told = 0;
        for (PredictedLabelSets.LabelCounts of : found.counts().values()) {
            tp += of.rightAndGiven();
            missed += of.rightOnly();
            wrong += of.givenOnly();
            if (of.rightAndGiven() + of.rightOnly() > 0) {
                f1 += f1(of);
                told++;
            }
        }
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("examples", found.size());
        facts.put("labels", found.labels().size());
        facts.put("examples with all labels right", (double) right / found.size());
        facts.put(
                "examples with all labels right, 95 %",
                ShareInterval.of(right, found.size()).ends());
        facts.put(
                "labels that are not as they should be",
                found.labels().isEmpty()
                        ? 0.0
                        : (double) found.wrongLabels()
                                / ((long) found.size() * found.labels().size()));
        facts.put("right labels of an example", (double) (tp + missed) / found.size());
        facts.put("labels given to an example", (double) (tp + wrong) / found.size());
        facts.put("F1", tp == 0 ? 0.0 : 2.0 * tp / (2 * tp + missed + wrong));
        facts.put("macro F1", told == 0 ? 0.0 : f1 / told);
        facts.put("expected calibration error", confidence.expectedError());
        return facts;
    }

    private static double f1(PredictedLabelSets.LabelCounts of) {
        long all = 2 * of.rightAndGiven() + of.rightOnly() + of.givenOnly();
        return all == 0 ? 0 : 2.0 * of.rightAndGiven() / all;
    }

    /** The two by two of each label in a row, and what follows from it. */
    private static void twoByTwo(PredictedLabelSets found, List<ReportBlock> blocks) {
        TableRows counts = new TableRows(
                "two-by-two",
                "Each label by two by two: whether it is right, whether it was given",
                TableRows.text("label"),
                TableRows.number("right and given"),
                TableRows.number("right, not given"),
                TableRows.number("given, not right"),
                TableRows.number("neither"));
        TableRows labels = EvaluationParts.labelTable();
        found.counts().forEach((label, of) -> {
            counts.add(label, of.rightAndGiven(), of.rightOnly(), of.givenOnly(), of.neither());
            long given = of.rightAndGiven() + of.givenOnly();
            EvaluationParts.label(
                    labels,
                    label,
                    of.rightAndGiven(),
                    given,
                    of.rightAndGiven() + of.rightOnly(),
                    given == 0 ? 0 : (double) of.rightAndGiven() / given,
                    f1(of));
        });
        blocks.add(counts.grid());
        blocks.add(labels.grid());
    }

    private static void taken(PredictedLabelSets found, List<ReportBlock> blocks) {
        ConfusionCounts counts = found.taken();
        boolean whole = found.labels().size() <= EvaluationParts.WHOLE_MATRIX;
        int[] shown = whole
                ? IntStream.range(0, found.labels().size()).toArray()
                : counts.mostConfused(EvaluationParts.MOST_CONFUSED);
        int[] order = IntStream.of(LabelOrder.of(counts.part(shown)))
                .map(i -> shown[i])
                .toArray();
        List<String> names = IntStream.of(order).mapToObj(found.labels()::get).toList();
        String caption =
                "Labels that are taken for others: how often one was missed where another was given that is not right;"
                        + " on the diagonal how often it was right and given";
        blocks.add(new HeatGrid(
                "taken-for",
                whole
                        ? caption
                        : caption + " (the " + shown.length + " most confused of "
                                + found.labels().size() + " labels)",
                "label missed",
                "label given",
                names,
                names,
                Arrays.stream(counts.part(order))
                        .map(row -> Arrays.stream(row)
                                .mapToObj(count -> (double) count)
                                .toList())
                        .toList(),
                true));
    }

    private static void worst(PredictedLabelSets found, List<ReportBlock> blocks) {
        TableRows table = new TableRows(
                "worst",
                "Examples with a label missed or one too many, the worst first",
                TableRows.number("example"),
                TableRows.text("right labels"),
                TableRows.text("labels given"),
                TableRows.number("loss"),
                TableRows.text("text"));
        found.worst(WORST)
                .forEach(i -> table.add(i, found.rightLabels(i), found.givenLabels(i), found.loss(i), found.text(i)));
        long wrong =
                IntStream.range(0, found.size()).filter(i -> !found.isRight(i)).count();
        blocks.add(table.andMore(Math.max(0, wrong - WORST)).grid());
    }
}
