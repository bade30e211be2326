/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.text.LabelEvaluation;
import org.lora4j.text.LabeledPair;
import org.lora4j.text.LabeledText;
import org.lora4j.text.LabeledWords;
import org.lora4j.text.PairClassifier;
import org.lora4j.text.Prediction;
import org.lora4j.text.ReRanker;
import org.lora4j.text.RegressionEvaluation;
import org.lora4j.text.RetrievalEvaluation;
import org.lora4j.text.ScoredPair;
import org.lora4j.text.ScoredText;
import org.lora4j.text.TaggedWords;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextPair;
import org.lora4j.text.TextRegressor;
import org.lora4j.text.TokenClassifier;

/** The table of text tasks with a head; retrieval and language models are classes of their own. */
final class TextKinds {

    static final TextKind<String, LabeledText, Prediction, LabelEvaluation, TextClassifier> CLASSIFICATION =
            new TextKind<>(
                    "classification",
                    "text-classification",
                    List.of(Setting.TEXT, Setting.LABEL),
                    List.of(Setting.TEXT),
                    cells -> new LabeledText(cells.text(Setting.TEXT), cells.labels(Setting.LABEL)),
                    example -> String.join("\n", example.labels()),
                    TextKinds::classifier,
                    TextClassifier::load,
                    cells -> cells.text(Setting.TEXT),
                    (input, prediction) -> label(prediction),
                    TextKinds::measures,
                    OnTest.TEXTS);

    static final TextKind<TextPair, LabeledPair, Prediction, LabelEvaluation, PairClassifier> PAIRS = new TextKind<>(
            "pairs",
            "pair-classification",
            List.of(Setting.FIRST, Setting.SECOND, Setting.LABEL),
            List.of(Setting.FIRST, Setting.SECOND),
            cells -> new LabeledPair(cells.text(Setting.FIRST), cells.text(Setting.SECOND), cells.label(Setting.LABEL)),
            LabeledPair::label,
            (encoder, settings) -> PairClassifier.builder(encoder),
            PairClassifier::load,
            cells -> new TextPair(cells.text(Setting.FIRST), cells.text(Setting.SECOND)),
            (input, prediction) -> label(prediction),
            TextKinds::measures,
            OnTest.PAIRS);

    static final TextKind<List<String>, LabeledWords, TaggedWords, LabelEvaluation, TokenClassifier> TAGS =
            new TextKind<>(
                    "tags",
                    "token-classification",
                    List.of(Setting.TEXT, Setting.SPANS),
                    List.of(Setting.TEXT),
                    cells -> cells.words(Setting.TEXT, Setting.SPANS),
                    example -> "",
                    (encoder, settings) -> TokenClassifier.builder(encoder),
                    TokenClassifier::load,
                    cells -> LabeledWords.split(cells.text(Setting.TEXT)),
                    (input, tagged) -> entities(tagged),
                    TextKinds::measures,
                    OnTest.TAGS);

    static final TextKind<String, ScoredText, Double, RegressionEvaluation, TextRegressor> NUMBERS = new TextKind<>(
            "numbers",
            "text-regression",
            List.of(Setting.TEXT, Setting.NUMBER),
            List.of(Setting.TEXT),
            cells -> new ScoredText(cells.text(Setting.TEXT), cells.number(Setting.NUMBER)),
            example -> "",
            (encoder, settings) -> TextRegressor.builder(encoder),
            TextRegressor::load,
            cells -> cells.text(Setting.TEXT),
            (input, number) -> Map.of("number", number),
            TextKinds::measures,
            OnTest.NUMBERS);

    static final TextKind<TextPair, ScoredPair, Double, RetrievalEvaluation, ReRanker> RANKING = new TextKind<>(
            "ranking",
            "re-ranking",
            List.of(Setting.QUERY, Setting.PASSAGE, Setting.RELEVANCE),
            List.of(Setting.QUERY, Setting.PASSAGE),
            cells -> new ScoredPair(
                    cells.text(Setting.QUERY), cells.text(Setting.PASSAGE), cells.number(Setting.RELEVANCE)),
            example -> example.pair().first(),
            (encoder, settings) -> ReRanker.builder(encoder),
            ReRanker::load,
            cells -> new TextPair(cells.text(Setting.QUERY), cells.text(Setting.PASSAGE)),
            (input, relevance) -> Map.of("relevance", relevance),
            TextKinds::measures,
            OnTest.RANKING);

    static final List<TextKind<?, ?, ?, ?, ?>> ALL = List.of(CLASSIFICATION, PAIRS, TAGS, NUMBERS, RANKING);

    private TextKinds() {}

    private static TextClassifier.Builder classifier(org.lora4j.text.TextEncoder encoder, CliSettings settings) {
        TextClassifier.Builder builder = TextClassifier.builder(encoder);
        if (settings.has(Setting.LABEL_SEPARATOR)) {
            builder.severalLabels();
        }
        settings.number(Setting.THRESHOLD).ifPresent(builder::threshold);
        if (settings.flag(Setting.BALANCED_LABELS)) {
            builder.balancedLabels();
        }
        Map<String, Double> weights = new LinkedHashMap<>();
        settings.map(Setting.CLASS_WEIGHTS).forEach((label, weight) -> {
            if (!(weight instanceof Number number)) {
                throw CliException.usage(
                        "class-weights: the weight of '" + label + "' is " + weight + ", expected a number");
            }
            weights.put(label, number.doubleValue());
        });
        return weights.isEmpty() ? builder : builder.classWeights(weights);
    }

    static Map<String, Object> label(Prediction prediction) {
        Map<String, Object> shown = new LinkedHashMap<>();
        // Of several labels the text has, each with a probability of its own.
        shown.put("label", prediction.labels().size() == 1 ? prediction.label() : prediction.labels());
        double score = prediction.labels().stream()
                .mapToDouble(label -> prediction.scores().get(label))
                .max()
                .orElse(0);
        shown.put("score", score);
        shown.put("scores", prediction.scores());
        return shown;
    }

    private static Map<String, Object> entities(TaggedWords tagged) {
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put(
                "entities",
                tagged.entities().stream()
                        .map(entity -> Map.of("type", entity.type(), "text", tagged.text(entity)))
                        .toList());
        shown.put("words", tagged.words());
        shown.put("tags", tagged.tags());
        return shown;
    }

    static Map<String, Object> measures(LabelEvaluation evaluation) {
        Map<String, Object> measures = new LinkedHashMap<>();
        measures.put("examples", evaluation.examples());
        measures.put("accuracy", evaluation.accuracy());
        measures.put("precision", evaluation.precision());
        measures.put("recall", evaluation.recall());
        measures.put("f1", evaluation.f1());
        measures.put("macro_f1", evaluation.macroF1());
        Map<String, Object> byLabel = new LinkedHashMap<>();
        evaluation.byLabel().forEach((label, of) -> {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("precision", of.precision());
            one.put("recall", of.recall());
            one.put("f1", of.f1());
            one.put("examples", of.support());
            byLabel.put(label, one);
        });
        measures.put("by_label", byLabel);
        return measures;
    }

    private static Map<String, Object> measures(RegressionEvaluation evaluation) {
        Map<String, Object> measures = new LinkedHashMap<>();
        measures.put("examples", evaluation.examples());
        measures.put("mean_absolute_error", evaluation.meanAbsoluteError());
        measures.put("root_mean_squared_error", evaluation.rootMeanSquaredError());
        measures.put("r2", evaluation.r2());
        measures.put("spearman", evaluation.spearman());
        return measures;
    }

    static Map<String, Object> measures(RetrievalEvaluation evaluation) {
        Map<String, Object> measures = new LinkedHashMap<>();
        measures.put("queries", evaluation.queries());
        evaluation.recall().forEach((cut, recall) -> measures.put("recall_at_" + cut, recall));
        measures.put("mrr", evaluation.meanReciprocalRank());
        evaluation.ndcg().forEach((cut, ndcg) -> measures.put("ndcg_at_" + cut, ndcg));
        return measures;
    }
}
