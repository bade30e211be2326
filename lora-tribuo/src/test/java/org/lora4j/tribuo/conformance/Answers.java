/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tribuo.Output;
import org.tribuo.Prediction;

/**
 * All that predictions say, in a form that is equal only if every bit is. Tribuo's own comparison takes NaN for equal to
 * every number, does not look at the output itself, and finds nothing to compare in a regression.
 *
 * @param each one answer for each prediction, in their order
 */
public record Answers(List<Answer> each) {

    /**
     * What one prediction says.
     *
     * @param output the numbers of the output
     * @param scores the numbers of each score, by the name of the score
     * @param used how many features the model used
     * @param given how many features the example has
     * @param probabilities whether the scores are probabilities
     */
    public record Answer(
            SortedMap<String, Double> output,
            SortedMap<String, SortedMap<String, Double>> scores,
            int used,
            int given,
            boolean probabilities) {}

    static <T extends Output<T>> Answers of(Task<T> task, List<Prediction<T>> predictions) {
        List<Answer> each = new ArrayList<>();
        for (Prediction<T> prediction : predictions) {
            SortedMap<String, SortedMap<String, Double>> scores = new TreeMap<>();
            for (Map.Entry<String, T> score : prediction.getOutputScores().entrySet()) {
                scores.put(score.getKey(), task.numbers(score.getValue()));
            }
            each.add(new Answer(
                    task.numbers(prediction.getOutput()),
                    scores,
                    prediction.getNumActiveFeatures(),
                    prediction.getExampleSize(),
                    prediction.hasProbabilities()));
        }
        return new Answers(List.copyOf(each));
    }

    static <T extends Output<T>> Answers of(Task<T> task, Prediction<T> prediction) {
        return of(task, List.of(prediction));
    }

    /** Fails if there is no number, or one that is not finite. */
    void assertFinite() {
        List<Double> numbers = numbers();
        assertThat(numbers)
                .isNotEmpty()
                .allSatisfy(number ->
                        assertThat(number).as("a number of a prediction").isFinite());
    }

    /** Fails if the names differ, or a number differs by more than the tolerance relative to the larger of 1 and itself. */
    void assertClose(Answers expected, double tolerance) {
        assertThat(names()).isEqualTo(expected.names());
        List<Double> found = numbers();
        List<Double> wanted = expected.numbers();
        for (int i = 0; i < found.size(); i++) {
            double bound = tolerance * Math.max(1, Math.abs(wanted.get(i)));
            assertThat(Math.abs(found.get(i) - wanted.get(i)))
                    .as("difference of number %d: %s and %s", i, found.get(i), wanted.get(i))
                    .isLessThanOrEqualTo(bound);
        }
    }

    private List<List<Object>> names() {
        List<List<Object>> names = new ArrayList<>();
        for (Answer answer : each) {
            names.add(List.of(answer.output().keySet(), answer.scores().keySet(), answer.used(), answer.given()));
        }
        return names;
    }

    private List<Double> numbers() {
        List<Double> numbers = new ArrayList<>();
        for (Answer answer : each) {
            numbers.addAll(answer.output().values());
            answer.scores().values().forEach(score -> numbers.addAll(score.values()));
        }
        return numbers;
    }
}
