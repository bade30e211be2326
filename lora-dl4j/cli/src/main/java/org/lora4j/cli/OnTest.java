/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.lora4j.report.PredictedLabelSets;
import org.lora4j.report.PredictedLabels;
import org.lora4j.report.TrainingReport;
import org.lora4j.text.LabeledPair;
import org.lora4j.text.LabeledText;
import org.lora4j.text.LabeledWords;
import org.lora4j.text.PairClassifier;
import org.lora4j.text.Prediction;
import org.lora4j.text.ReRanker;
import org.lora4j.text.RetrievalEvaluation;
import org.lora4j.text.ScoredPair;
import org.lora4j.text.ScoredText;
import org.lora4j.text.TaggedWords;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextRegressor;
import org.lora4j.text.TokenClassifier;

/**
 * What a text task does with each example of a test.
 *
 * @param page adds it to a report
 * @param marks how well it did
 */
record OnTest<E, T>(Page<E, T> page, BiFunction<T, List<E>, Marks> marks) {

    /** Adds what a task answers to a report. */
    interface Page<E, T> {
        TrainingReport with(TrainingReport report, T task, List<E> examples);
    }

    private static final String RIGHT = "answers that are right";

    static final OnTest<LabeledText, TextClassifier> TEXTS = new OnTest<>(
            (report, task, examples) -> {
                boolean single = !task.severalLabels()
                        && examples.stream()
                                .allMatch(example -> example.labels().size() == 1);
                return single
                        ? report.with(PredictedLabels.ofTexts(examples, task.predict(texts(examples))))
                        : report.with(PredictedLabelSets.ofTexts(examples, task.predict(texts(examples))));
            },
            (task, examples) -> right(examples, LabeledText::labels, task.predict(texts(examples))));

    static final OnTest<LabeledPair, PairClassifier> PAIRS = new OnTest<>(
            (report, task, examples) -> report.with(PredictedLabels.ofPairs(
                    examples,
                    task.predict(examples.stream().map(LabeledPair::pair).toList()))),
            (task, examples) -> right(
                    examples,
                    example -> List.of(example.label()),
                    task.predict(examples.stream().map(LabeledPair::pair).toList())));

    static final OnTest<LabeledWords, TokenClassifier> TAGS =
            new OnTest<>((report, task, examples) -> report.with(task.evaluate(examples)), (task, examples) -> {
                List<TaggedWords> tagged =
                        task.predict(examples.stream().map(LabeledWords::words).toList());
                List<Double> marks = new ArrayList<>();
                for (int i = 0; i < examples.size(); i++) {
                    marks.add(
                            mark(examples.get(i).entities().equals(tagged.get(i).entities())));
                }
                return Marks.withoutLabels("texts whose entities are all right", marks);
            });

    static final OnTest<ScoredText, TextRegressor> NUMBERS = new OnTest<>(
            (report, task, examples) -> report.withNumbers(
                    examples.stream().mapToDouble(ScoredText::value).toArray(),
                    numbers(task, examples).stream()
                            .mapToDouble(Double::doubleValue)
                            .toArray()),
            (task, examples) -> {
                List<Double> numbers = numbers(task, examples);
                List<Double> marks = new ArrayList<>();
                for (int i = 0; i < examples.size(); i++) {
                    marks.add(-Math.abs(numbers.get(i) - examples.get(i).value()));
                }
                return Marks.withoutLabels("the absolute error with a minus", marks);
            });

    static final OnTest<ScoredPair, ReRanker> RANKING = new OnTest<>(
            (report, task, examples) -> report.with(task.evaluate(examples)),
            (task, examples) -> ranks(task.evaluate(examples)));

    /** Of each query how high its first right answer stands. */
    static Marks ranks(RetrievalEvaluation evaluation) {
        return Marks.withoutLabels("the reciprocal rank of the first right passage", evaluation.reciprocalRanks());
    }

    private static List<String> texts(List<LabeledText> examples) {
        return examples.stream().map(LabeledText::text).toList();
    }

    private static List<Double> numbers(TextRegressor task, List<ScoredText> examples) {
        return task.predict(examples.stream().map(ScoredText::text).toList());
    }

    /** Of several labels all have to be there, and no other. */
    static <E> Marks right(List<E> examples, Function<E, List<String>> labels, List<Prediction> predictions) {
        List<String> truth = new ArrayList<>();
        List<Double> marks = new ArrayList<>();
        for (int i = 0; i < examples.size(); i++) {
            List<String> own = labels.apply(examples.get(i));
            truth.add(String.join(", ", own));
            marks.add(mark(
                    new HashSet<>(own).equals(new HashSet<>(predictions.get(i).labels()))));
        }
        return new Marks(RIGHT, truth, marks);
    }

    private static double mark(boolean right) {
        return right ? 1 : 0;
    }
}
