/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.internal.report.ReportBlock;
import org.lora4j.internal.report.ReportBlock.Curves;
import org.lora4j.internal.report.ReportBlock.Facts;
import org.lora4j.internal.report.ReportBlock.HeatGrid;
import org.lora4j.internal.report.ReportBlock.Series;
import org.lora4j.internal.report.ReportDocument;
import org.lora4j.internal.report.ReportPart;
import org.lora4j.language.LmEvaluation;
import org.lora4j.text.LabelEvaluation;
import org.lora4j.text.RegressionEvaluation;
import org.lora4j.text.RetrievalEvaluation;
import org.lora4j.train.ClassificationMetrics;
import org.lora4j.train.RegressionMetrics;

/** How well a model does: what evaluations counted, and what follows from single answers. */
final class EvaluationParts {

    /** The most labels of which a confusion matrix shows all. */
    static final int WHOLE_MATRIX = 100;

    static final int MOST_CONFUSED = 20;

    private static final int PAIRS = 50;
    private static final int WORST = 50;
    private static final int POINTS = 600;
    private static final double[] WANTED = {0.8, 0.9, 0.95, 0.98, 0.99};

    private static final String EXAMPLES = "examples";
    private static final String ACCURACY = "accuracy";
    private static final String LABEL = "label";
    private static final String WITH_CONFIDENCE = "95 %";

    private EvaluationParts() {}

    static ReportDocument add(ReportDocument report, LabelEvaluation found) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put(EXAMPLES, found.examples());
        facts.put(ACCURACY, found.accuracy());
        long right = Math.round(found.accuracy() * found.examples());
        facts.put(
                "accuracy, " + WITH_CONFIDENCE,
                ShareInterval.of(right, found.examples()).ends());
        facts.put("precision", found.precision());
        facts.put("recall", found.recall());
        facts.put("F1", found.f1());
        facts.put("macro F1", found.macroF1());
        TableRows labels = labelTable();
        found.byLabel().forEach((label, of) -> {
            long told = Math.round(of.recall() * of.support());
            // Of a label that was never given rightly, how often it was given at all is not there.
            long given = told == 0 ? 0 : Math.round(told / of.precision());
            label(labels, label, told, given, of.support(), of.precision(), of.f1());
        });
        return report.with(ReportPart.EVALUATION, List.of(new Facts("labels", "Labels", facts), labels.grid()));
    }

    static TableRows labelTable() {
        return new TableRows(
                "by-label",
                "Each label",
                TableRows.text(LABEL),
                TableRows.number(EXAMPLES),
                TableRows.share("precision"),
                TableRows.text("precision, " + WITH_CONFIDENCE),
                TableRows.share("recall"),
                TableRows.text("recall, " + WITH_CONFIDENCE),
                TableRows.number("F1"));
    }

    static void label(TableRows table, String label, long told, long given, long support, double precision, double f1) {
        table.add(
                label,
                support,
                precision,
                given == 0 ? "" : ShareInterval.of(told, given).ends(),
                support == 0 ? null : (double) told / support,
                support == 0 ? "" : ShareInterval.of(told, support).ends(),
                f1);
    }

    static ReportDocument add(ReportDocument report, PredictedLabels found) {
        List<ReportBlock> blocks = new ArrayList<>();
        long right = IntStream.range(0, found.size()).filter(found::isRight).count();
        Confidence confidence = found.calibration();
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put(EXAMPLES, found.size());
        facts.put("labels", found.labels().size());
        facts.put(ACCURACY, (double) right / found.size());
        facts.put(
                "accuracy, " + WITH_CONFIDENCE,
                ShareInterval.of(right, found.size()).ends());
        facts.put("expected calibration error", confidence.expectedError());
        blocks.add(new Facts("answers", "Answers", facts));
        confusion(found.labels(), found.counts(), blocks);
        calibration(
                confidence,
                "Calibration: how often answers of a probability are right",
                "probability of the answer",
                "share of right answers",
                blocks);
        coverage(confidence, blocks);
        worst(found, blocks);
        return report.with(ReportPart.EVALUATION, blocks)
                .paired("right answers", found.scores(ReportDocument.MOST_PAIRED));
    }

    static ReportDocument add(ReportDocument report, ClassificationMetrics found, List<String> labels) {
        List<ReportBlock> blocks = new ArrayList<>();
        long[][] confusion = found.confusion();
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put(EXAMPLES, found.examples());
        facts.put("labels", found.classes());
        facts.put(ACCURACY, found.accuracy());
        long right = IntStream.range(0, confusion.length)
                .mapToLong(i -> confusion[i][i])
                .sum();
        facts.put(
                "accuracy, " + WITH_CONFIDENCE,
                ShareInterval.of(right, found.examples()).ends());
        facts.put("macro F1", found.macroF1());
        blocks.add(new Facts("answers", "Answers", facts));
        confusion(labels, ConfusionCounts.of(confusion), blocks);
        return report.with(ReportPart.EVALUATION, blocks);
    }

    private static void confusion(List<String> labels, ConfusionCounts counts, List<ReportBlock> blocks) {
        String caption =
                "Confusion: how often each label was given, by the label that is right; labels that are taken for each other"
                        + " stand together";
        boolean whole = labels.size() <= WHOLE_MATRIX;
        int[] shown = whole ? IntStream.range(0, labels.size()).toArray() : counts.mostConfused(MOST_CONFUSED);
        int[] order = IntStream.of(LabelOrder.of(counts.part(shown)))
                .map(i -> shown[i])
                .toArray();
        List<String> names = IntStream.of(order).mapToObj(labels::get).toList();
        List<List<Double>> values = Arrays.stream(counts.part(order))
                .map(row -> Arrays.stream(row).mapToObj(count -> (double) count).toList())
                .toList();
        blocks.add(new HeatGrid(
                "confusion",
                whole ? caption : caption + " (the " + shown.length + " most confused of " + labels.size() + " labels)",
                "right label",
                "label given",
                names,
                names,
                values,
                true));
        pairs(labels, counts, blocks);
        byLabel(labels, counts, blocks);
    }

    private static void pairs(List<String> labels, ConfusionCounts counts, List<ReportBlock> blocks) {
        List<ConfusionCounts.Confused> pairs = counts.confused();
        TableRows table = new TableRows(
                "confused",
                "Labels that are taken for others, the most frequent first",
                TableRows.text("right label"),
                TableRows.text("label given"),
                TableRows.number("times"),
                TableRows.share("of the right label"));
        pairs.stream()
                .limit(PAIRS)
                .forEach(pair -> table.add(
                        labels.get(pair.right()),
                        labels.get(pair.given()),
                        pair.count(),
                        (double) pair.count() / counts.support(pair.right())));
        blocks.add(table.andMore(Math.max(0, pairs.size() - PAIRS)).grid());
    }

    private static void byLabel(List<String> labels, ConfusionCounts counts, List<ReportBlock> blocks) {
        TableRows table = labelTable();
        for (int label = 0; label < counts.labels() && !table.isFull(); label++) {
            long support = counts.support(label);
            long given = counts.given(label);
            long told = counts.right(label);
            double precision = given == 0 ? 0 : (double) told / given;
            double f1 = support + given == 0 ? 0 : 2.0 * told / (support + given);
            label(table, labels.get(label), told, given, support, precision, f1);
        }
        blocks.add(table.countedAs(counts.labels()).grid());
    }

    static void calibration(Confidence confidence, String caption, String x, String y, List<ReportBlock> blocks) {
        List<Double> corner = List.of(0.0, 1.0);
        blocks.add(new Curves(
                "calibration",
                caption,
                x,
                y,
                false,
                List.of(
                        new Series(
                                "measured",
                                Series.Style.LINE,
                                confidence.bins().stream()
                                        .map(Confidence.Bin::confidence)
                                        .toList(),
                                confidence.bins().stream()
                                        .map(Confidence.Bin::accuracy)
                                        .toList()),
                        new Series("as often as they say", Series.Style.REFERENCE, corner, corner))));
        TableRows bins = new TableRows(
                "calibration-bins",
                "Answers by their probability",
                TableRows.text("probability"),
                TableRows.number(EXAMPLES),
                TableRows.share("mean probability"),
                TableRows.share("right"));
        confidence
                .bins()
                .forEach(bin -> bins.add(
                        String.format(Locale.ROOT, "%.3f to %.3f", bin.from(), bin.to()),
                        bin.examples(),
                        bin.confidence(),
                        bin.accuracy()));
        blocks.add(bins.grid());
    }

    private static void coverage(Confidence confidence, List<ReportBlock> blocks) {
        blocks.add(new Curves(
                "coverage",
                "Coverage: how often answers are right if the less sure ones are not given",
                "share of examples with an answer",
                "share of right answers",
                false,
                List.of(Thinned.of(
                        "right answers",
                        Series.Style.LINE,
                        confidence.coverage().stream()
                                .map(Confidence.Coverage::share)
                                .toList(),
                        confidence.coverage().stream()
                                .map(Confidence.Coverage::accuracy)
                                .toList()))));
        TableRows reach = new TableRows(
                "coverage-reached",
                "From which probability on answers are right as often",
                TableRows.share("wanted"),
                TableRows.number("least probability"),
                TableRows.share("examples with an answer"),
                TableRows.share("right"));
        for (double wanted : WANTED) {
            confidence
                    .reaching(wanted)
                    .ifPresentOrElse(
                            at -> reach.add(wanted, at.threshold(), at.share(), at.accuracy()),
                            () -> reach.add(wanted, "not reached", null, null));
        }
        blocks.add(reach.grid());
    }

    private static void worst(PredictedLabels found, List<ReportBlock> blocks) {
        TableRows table = found.hasTexts()
                ? new TableRows(
                        "worst",
                        "Wrong answers, the worst first",
                        TableRows.number("example"),
                        TableRows.text("right label"),
                        TableRows.text("label given"),
                        TableRows.share("its probability"),
                        TableRows.share("probability of the right label"),
                        TableRows.text("text"))
                : new TableRows(
                        "worst",
                        "Wrong answers, the worst first",
                        TableRows.number("example"),
                        TableRows.text("right label"),
                        TableRows.text("label given"),
                        TableRows.share("its probability"),
                        TableRows.share("probability of the right label"));
        for (int i : found.worst(WORST)) {
            List<Object> cells = new ArrayList<>(Arrays.asList(
                    i, found.rightLabel(i), found.givenLabel(i), found.confidence(i), found.probabilityOfRight(i)));
            if (found.hasTexts()) {
                cells.add(found.text(i));
            }
            table.add(cells.toArray());
        }
        long wrong =
                IntStream.range(0, found.size()).filter(i -> !found.isRight(i)).count();
        blocks.add(table.andMore(Math.max(0, wrong - WORST)).grid());
    }

    static ReportDocument add(ReportDocument report, RegressionEvaluation found) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put(EXAMPLES, found.examples());
        facts.put("mean absolute error", found.meanAbsoluteError());
        facts.put("root mean squared error", found.rootMeanSquaredError());
        facts.put("R2", found.r2());
        facts.put("Spearman correlation", found.spearman());
        return report.with(ReportPart.EVALUATION, List.of(new Facts("numbers", "Numbers", facts)));
    }

    static ReportDocument add(ReportDocument report, RegressionMetrics found) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put(EXAMPLES, found.examples());
        facts.put("mean absolute error", found.meanAbsoluteError());
        facts.put("mean squared error", found.meanSquaredError());
        facts.put("R2", found.r2());
        return report.with(ReportPart.EVALUATION, List.of(new Facts("numbers", "Numbers", facts)));
    }

    /** Single numbers: the errors, those far off, and a point for each. */
    static ReportDocument add(ReportDocument report, double[] truth, double[] predicted) {
        ReportDocument with = add(report, RegressionEvaluation.of(truth, predicted));
        List<Double> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        int step = Math.max(1, (truth.length + POINTS - 1) / POINTS);
        for (int i = 0; i < truth.length; i += step) {
            x.add(truth[i]);
            y.add(predicted[i]);
        }
        double low = Arrays.stream(truth).min().orElseThrow();
        double high = Arrays.stream(truth).max().orElseThrow();
        List<ReportBlock> blocks = new ArrayList<>();
        blocks.add(new Curves(
                "predicted",
                "Predictions and true numbers" + (step > 1 ? " (every " + step + "th example)" : ""),
                "true number",
                "prediction",
                false,
                List.of(
                        new Series("examples", Series.Style.POINTS, x, y),
                        new Series("equal", Series.Style.REFERENCE, List.of(low, high), List.of(low, high)))));
        TableRows table = new TableRows(
                "farthest",
                "Farthest off",
                TableRows.number("example"),
                TableRows.number("true number"),
                TableRows.number("prediction"),
                TableRows.number("off by"));
        IntStream.range(0, truth.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -Math.abs(predicted[i] - truth[i])))
                .limit(WORST)
                .forEach(i -> table.add(i, truth[i], predicted[i], predicted[i] - truth[i]));
        blocks.add(table.andMore(Math.max(0, truth.length - WORST)).grid());
        List<Double> errors = IntStream.range(0, Math.min(truth.length, ReportDocument.MOST_PAIRED))
                .mapToObj(i -> Math.abs(predicted[i] - truth[i]))
                .toList();
        return with.with(ReportPart.EVALUATION, blocks).paired("absolute error", errors);
    }

    static ReportDocument add(ReportDocument report, RetrievalEvaluation found) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("queries", found.queries());
        facts.put("mean reciprocal rank", found.meanReciprocalRank());
        found.recall().forEach((k, value) -> facts.put("recall@" + k, value));
        found.ndcg().forEach((k, value) -> facts.put("nDCG@" + k, value));
        List<Double> cuts =
                found.recall().keySet().stream().map(k -> (double) k).toList();
        List<ReportBlock> blocks = new ArrayList<>();
        blocks.add(new Facts("retrieval", "Search", facts));
        blocks.add(new Curves(
                "retrieval-curve",
                "What is found among the first",
                "first results",
                "share",
                true,
                List.of(
                        new Series(
                                "recall",
                                Series.Style.LINE,
                                cuts,
                                List.copyOf(found.recall().values())),
                        new Series(
                                "nDCG",
                                Series.Style.LINE,
                                found.ndcg().keySet().stream()
                                        .map(k -> (double) k)
                                        .toList(),
                                List.copyOf(found.ndcg().values())))));
        return report.with(ReportPart.EVALUATION, blocks).paired("reciprocal rank", found.reciprocalRanks());
    }

    static ReportDocument add(ReportDocument report, LmEvaluation found) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("tokens", found.tokens());
        facts.put("loss per token", found.loss());
        facts.put("perplexity", found.perplexity());
        List<ReportBlock> blocks = new ArrayList<>();
        blocks.add(new Facts("tokens", "Texts foretold", facts));
        if (!found.kinds().isEmpty()) {
            TableRows kinds = new TableRows(
                    "kinds",
                    "Kinds of texts",
                    TableRows.text("kind"),
                    TableRows.number("tokens"),
                    TableRows.number("loss per token"),
                    TableRows.number("perplexity"));
            found.kinds().forEach((kind, of) -> kinds.add(kind, of.tokens(), of.loss(), of.perplexity()));
            blocks.add(kinds.grid());
        }
        return report.with(ReportPart.EVALUATION, blocks);
    }
}
