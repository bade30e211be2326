/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.lora4j.advice.Advice;
import org.lora4j.advice.DataReport;
import org.lora4j.advice.LearningRateSuggestion;
import org.lora4j.advice.RankSensitivity;
import org.lora4j.advice.RankSuggestion;
import org.lora4j.advice.Suitability;
import org.lora4j.config.LoraConfig;
import org.lora4j.continual.ForgettingReport;
import org.lora4j.exec.FrozenPrefix;
import org.lora4j.interpret.Attribution;
import org.lora4j.interpret.IntruderReport;
import org.lora4j.interpret.ModuleIntruders;
import org.lora4j.interpret.ModuleShare;
import org.lora4j.interpret.ModuleShares;
import org.lora4j.interpret.ModuleUpdate;
import org.lora4j.interpret.UpdateReport;
import org.lora4j.language.LmEvaluation;
import org.lora4j.method.ModuleShape;
import org.lora4j.model.MergeReport;
import org.lora4j.model.ParameterSummary;
import org.lora4j.retention.Retention;
import org.lora4j.retention.RetentionReport;
import org.lora4j.text.LabelEvaluation;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;
import org.lora4j.text.RegressionEvaluation;
import org.lora4j.text.RetrievalEvaluation;
import org.lora4j.train.ClassificationMetrics;
import org.lora4j.train.cache.PrefixReport;
import org.lora4j.trust.Receipt;

/** A report with everything in it that a report can take, each text of which is the same given one. */
final class Everything {

    private Everything() {}

    static TrainingReport of(String text) {
        List<LabeledText> examples = List.of(new LabeledText(text, List.of(text)), new LabeledText(text, List.of("b")));
        PredictedLabels answers = PredictedLabels.of(
                        List.of(text, "b"), List.of(Map.of(text, 0.9, "b", 0.1), Map.of(text, 0.8, "b", 0.2)))
                .withTexts(List.of(text, text));
        return TrainingReport.of(Runs.fit(40, text))
                .withTitle(text)
                .with(data(text), examples, examples, List.of(text, text))
                .with(rate(text))
                .with(rank(text))
                .with(new RankSensitivity(
                        List.of(new RankSensitivity.Module(text, 0.1, 1, 2, 8)), Optional.empty(), advice(text)))
                .with(Suitability.afterTraining(100).head(0.8).rank(8, 0.9).judge())
                .with(advice(text))
                .with(new Advice("details", Advice.Answer.GOOD, text, Map.of(text, many(text))))
                .with(LabelEvaluation.of(List.of(List.of(text), List.of("b")), List.of(List.of(text), List.of(text))))
                .with(answers)
                .with(PredictedLabelSets.of(
                                List.of(List.of(text), List.of("b", text)),
                                List.of(
                                        new Prediction(List.of("b"), Map.of(text, 0.4, "b", 0.6)),
                                        new Prediction(List.of("b", text), Map.of(text, 0.9, "b", 0.6))))
                        .withTexts(List.of(text, text)))
                .with(ClassificationMetrics.of(new long[][] {{3, 1}, {0, 4}}), List.of(text, "b"))
                .with(RegressionEvaluation.of(new double[] {1, 2}, new double[] {1, 3}))
                .withNumbers(new double[] {1, 2, 4}, new double[] {1, 3, 4})
                .with(RetrievalEvaluation.of(
                        new float[][] {{1, 0}}, new float[][] {{1, 0}, {0, 1}}, List.of(List.of(1))))
                .with(new LmEvaluation(10, 2, Map.of(text, new LmEvaluation(4, 1.5, Map.of()))))
                .with(updates(text))
                .with(intruders(text))
                .with(new ModuleShares(0.9, 0.5, List.of(new ModuleShare(text, 1, 0.7, 0.6))))
                .with(words(text))
                .withSamples(List.of(new TextSample(0, text, text), new TextSample(1, text, text)))
                .withWorst(List.of(new WorstExample(1, 3, 2.5, text, text, text)))
                .with(ForgettingReport.of(List.of(text, "b"), new double[][] {{0.9, 0.2}, {0.7, 0.8}}))
                .with(new RetentionReport(
                        10,
                        4,
                        3,
                        Map.of(text, 0.9),
                        List.of(new Retention(text, 0.1, 0.2, 0.3, 0.8, Map.of(text, 0.85)))))
                .with(new ParameterSummary(10, 100, List.of(), 0, List.of()))
                .with(new MergeReport(List.of(text), 3, 0.1, 1e-7, text, 1_000))
                .with(new PrefixReport(new FrozenPrefix(List.of(text), 4, 2, 8), 3, 6, 100, 0, 0))
                .with(LoraConfig.builder().rank(4).targetModules("query").build())
                .withSettings(Map.of(text, text))
                .withCost(Map.of(text, text))
                .withReceipt(Map.of(text, text))
                .with(new Receipt(
                        text,
                        Map.of(Receipt.TRAINED, "ab".repeat(32)),
                        Map.of(),
                        Map.of(),
                        Map.of(text, text, "epochs", 3),
                        42,
                        Map.of("steps", Map.of(text, text)),
                        List.of(text),
                        Map.of(text, text),
                        Map.of(),
                        Map.of(text, List.of(text))))
                .withLicences(Map.of(text, text));
    }

    private static Advice advice(String text) {
        return new Advice(text, Advice.Answer.CONSIDER, text, Map.of(text, text, "numbers", Map.of(text, 1)));
    }

    /** More than stand by name: they are folded. */
    private static Map<String, Object> many(String text) {
        Map<String, Object> many = new LinkedHashMap<>();
        IntStream.range(0, 30).forEach(i -> many.put(text + i, Map.of(text, i, "said", text)));
        return many;
    }

    static DataReport data(String text) {
        Advice advice = advice(text);
        DataReport.Duplicate twice = new DataReport.Duplicate(1, 0, DataReport.Likeness.SAME, 1, false);
        return new DataReport(
                new DataReport.ClassSizes(advice, new TreeMap<>(Map.of(text, 1, "b", 1))),
                new DataReport.Imbalance(advice, 1, 1),
                new DataReport.LabelErrors(advice, 1, List.of(new DataReport.SuspectLabel(0, text, text, 0.1, -0.5))),
                new DataReport.Duplicates(advice, List.of(twice)),
                new DataReport.Leakage(advice, List.of(twice)),
                new DataReport.Outliers(advice, List.of(new DataReport.Outlier(1, 0.9))),
                new DataReport.CutTexts(advice, List.of(0), List.of(1), List.of(0)),
                new DataReport.Shift(
                        advice,
                        OptionalDouble.of(0.9),
                        List.of(new DataReport.TellingFeature(3, 2)),
                        List.of(new DataReport.TellingWord(text, 1, 9, 3)),
                        List.of(1)),
                new DataReport.LearningCurve(
                        advice, List.of(new DataReport.Point(10, 0.5), new DataReport.Point(20, 0.6))));
    }

    static LearningRateSuggestion rate(String text) {
        return new LearningRateSuggestion(
                OptionalDouble.of(1e-3),
                List.of(
                        new LearningRateSuggestion.Point(1e-5, 2, 2),
                        new LearningRateSuggestion.Point(1e-3, 1, 1.5),
                        new LearningRateSuggestion.Point(1e-1, 5, 3)),
                List.of(new LearningRateSuggestion.Confirmation(1e-3, OptionalDouble.empty(), 5, text)),
                100,
                advice(text));
    }

    static RankSuggestion rank(String text) {
        return new RankSuggestion(
                Optional.empty(),
                List.of(new RankSuggestion.Trial(
                        text, LoraConfig.builder().targetModules("query").build(), 10, OptionalDouble.of(0.8), text)),
                10,
                advice(text));
    }

    static UpdateReport updates(String text) {
        List<ModuleUpdate> modules = new ArrayList<>();
        for (int layer = 0; layer < 3; layer++) {
            for (String name : List.of("query", "value")) {
                modules.add(new ModuleUpdate(
                        "encoder.layer." + layer + "." + name,
                        ModuleShape.linear(4, 4),
                        10,
                        5,
                        List.of(1.0 + layer, 0.5),
                        2));
            }
        }
        modules.add(new ModuleUpdate(text, ModuleShape.linear(4, 4), 0, 0, List.of(1.0), Double.POSITIVE_INFINITY));
        return new UpdateReport(modules, Map.of(text, text));
    }

    static IntruderReport intruders(String text) {
        ModuleShape shape = ModuleShape.linear(4, 4);
        return new IntruderReport(
                10,
                0.5,
                List.of(
                        new ModuleIntruders("layer.0.query", shape, List.of(2.0, 1.0), List.of(0.3, 0.9), List.of(0)),
                        new ModuleIntruders("layer.1.query", shape, List.of(2.0), List.of(0.9), List.of()),
                        new ModuleIntruders(text, shape, List.of(2.0), List.of(0.9), List.of())),
                Map.of(text, text));
    }

    /** Two words with a space between, and a third whose place is not known. */
    static Attribution words(String text) {
        String both = text + " " + text;
        List<Attribution.Span> spans = List.of(
                new Attribution.Span(text, 0, text.length(), 0.5),
                new Attribution.Span(text, text.length() + 1, both.length(), -0.25),
                new Attribution.Span(text, -1, -1, 0.1));
        return new Attribution(both, text, 0.9, 0.1, text, spans, spans, 8);
    }

    static Map<String, Object> values(Object... namesAndValues) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            values.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return values;
    }
}
