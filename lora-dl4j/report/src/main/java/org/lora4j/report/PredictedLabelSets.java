/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;

/**
 * The right labels of each example of a test and those that a model gave, where an example may have any number of them: what a table of
 * two by two for each label is counted from.
 *
 * <pre>{@code
 * PredictedLabelSets labels = PredictedLabelSets.ofTexts(test, classifier.predict(texts));
 * }</pre>
 *
 * <p><b>State.</b> Immutable.
 *
 * @apiNote Status: experimental
 */
public final class PredictedLabelSets {

    private static final double SMALLEST = 1e-7;

    private final List<String> labels;
    /** For each example the numbers of its labels, in rising order. */
    private final int[][] right;

    private final int[][] given;
    /** For each example the probability of each label; NaN where the model has none. */
    private final float[][] scores;

    private final List<String> texts;

    /**
     * How often a label was right and given: the table of two by two.
     *
     * @param rightAndGiven of how many examples it is one of the right ones and was given
     * @param rightOnly of how many it is one of the right ones and was not given
     * @param givenOnly of how many it was given and is none of the right ones
     * @param neither of how many it is none of the right ones and was not given
     * @apiNote Status: experimental
     */
    public record LabelCounts(long rightAndGiven, long rightOnly, long givenOnly, long neither) {}

    private PredictedLabelSets(
            List<String> labels, int[][] right, int[][] given, float[][] scores, List<String> texts) {
        this.labels = labels;
        this.right = right;
        this.given = given;
        this.scores = scores;
        this.texts = texts;
    }

    /**
     * Of texts with any number of labels each.
     *
     * @param examples the test
     * @param predictions what {@code TextClassifier.predict} says of their texts
     * @return the labels, with the texts
     * @throws IllegalArgumentException if there is no example, or not as many of both
     */
    public static PredictedLabelSets ofTexts(List<LabeledText> examples, List<Prediction> predictions) {
        Arguments.allRequired(examples, "PredictedLabelSets.ofTexts: examples", "a text with its labels");
        return of(examples.stream().map(LabeledText::labels).toList(), predictions)
                .withTexts(examples.stream().map(LabeledText::text).toList());
    }

    /**
     * Of any classifier.
     *
     * @param truth the right labels of each example; may be none
     * @param predictions the labels given, with a probability for every label that the model knows
     * @return the labels
     * @throws IllegalArgumentException if there is no example, not as many of both, or a probability is no number from 0 to 1; the message
     *     lists every problem
     */
    public static PredictedLabelSets of(List<? extends Collection<String>> truth, List<Prediction> predictions) {
        Arguments.allRequired(truth, "PredictedLabelSets.of: truth", "labels");
        Arguments.allRequired(predictions, "PredictedLabelSets.of: predictions", "a prediction");
        Problems problems = new Problems();
        problems.check(!truth.isEmpty(), "there is no example, expected one or more");
        problems.check(
                truth.size() == predictions.size(),
                truth.size() + " examples and " + predictions.size() + " predictions, expected as many of both");
        problems.throwIfAny("PredictedLabelSets");
        Set<String> names = new TreeSet<>();
        truth.forEach(names::addAll);
        predictions.forEach(prediction -> {
            names.addAll(prediction.labels());
            names.addAll(prediction.scores().keySet());
        });
        List<String> labels = List.copyOf(names);
        Map<String, Integer> numbers = new HashMap<>();
        labels.forEach(label -> numbers.put(label, numbers.size()));
        float[][] scores = new float[truth.size()][labels.size()];
        for (int i = 0; i < scores.length && !problems.isFull(); i++) {
            Arrays.fill(scores[i], Float.NaN);
            for (Map.Entry<String, Double> score : predictions.get(i).scores().entrySet()) {
                double value = score.getValue() == null ? Double.NaN : score.getValue();
                problems.check(
                        value >= 0 && value <= 1,
                        "score of " + MessageText.name(score.getKey()) + " for example " + i + " is " + value
                                + ", expected a probability from 0 to 1");
                scores[i][numbers.get(score.getKey())] = (float) value;
            }
        }
        problems.throwIfAny("PredictedLabelSets");
        return new PredictedLabelSets(
                labels,
                truth.stream().map(own -> numbers(own, numbers)).toArray(int[][]::new),
                predictions.stream()
                        .map(prediction -> numbers(prediction.labels(), numbers))
                        .toArray(int[][]::new),
                scores,
                List.of());
    }

    private static int[] numbers(Collection<String> labels, Map<String, Integer> numbers) {
        return labels.stream().mapToInt(numbers::get).distinct().sorted().toArray();
    }

    /**
     * The same with the text of each example, for the table of the worst ones.
     *
     * @param all as many texts as there are examples
     * @return the labels, with the texts
     * @throws IllegalArgumentException if they are not as many
     */
    public PredictedLabelSets withTexts(List<String> all) {
        Arguments.allRequired(all, "PredictedLabelSets.withTexts: all", "a text");
        Problems problems = new Problems();
        problems.check(
                all.size() == size(), all.size() + " texts for " + size() + " examples, expected as many of both");
        problems.throwIfAny("PredictedLabelSets.withTexts");
        return new PredictedLabelSets(labels, right, given, scores, List.copyOf(all));
    }

    /**
     * How many examples there are.
     *
     * @return 1 or more
     */
    public int size() {
        return right.length;
    }

    /**
     * All labels that are right somewhere, were given, or are known to the model.
     *
     * @return in alphabetical order
     */
    public List<String> labels() {
        return labels;
    }

    /**
     * The table of two by two of each label.
     *
     * @return by label, in the order of {@link #labels}; a copy
     */
    public Map<String, LabelCounts> counts() {
        long[][] counts = new long[labels.size()][3];
        for (int i = 0; i < size(); i++) {
            for (int label : right[i]) {
                counts[label][has(given[i], label) ? 0 : 1]++;
            }
            for (int label : given[i]) {
                counts[label][2] += has(right[i], label) ? 0 : 1;
            }
        }
        Map<String, LabelCounts> byLabel = new LinkedHashMap<>();
        for (int label = 0; label < counts.length; label++) {
            long[] of = counts[label];
            byLabel.put(labels.get(label), new LabelCounts(of[0], of[1], of[2], size() - of[0] - of[1] - of[2]));
        }
        return byLabel;
    }

    /** How often a label was missed where another was given that is not right; beside that, how often it was right and given. */
    ConfusionCounts taken() {
        ConfusionCounts taken = new ConfusionCounts(labels.size());
        for (int i = 0; i < size(); i++) {
            for (int label : right[i]) {
                if (has(given[i], label)) {
                    taken.add(label, label, 1);
                    continue;
                }
                for (int other : given[i]) {
                    if (!has(right[i], other)) {
                        taken.add(label, other, 1);
                    }
                }
            }
        }
        return taken;
    }

    private static boolean has(int[] numbers, int label) {
        return Arrays.binarySearch(numbers, label) >= 0;
    }

    /** Whether all right labels of an example were given, and no other. */
    boolean isRight(int example) {
        return Arrays.equals(right[example], given[example]);
    }

    /** How many labels of an example are not what they should be: missed, or given though they are not right. */
    private long wrong(int example) {
        return IntStream.of(right[example])
                        .filter(label -> !has(given[example], label))
                        .count()
                + IntStream.of(given[example])
                        .filter(label -> !has(right[example], label))
                        .count();
    }

    long wrongLabels() {
        return IntStream.range(0, size()).mapToLong(this::wrong).sum();
    }

    /** The mean binary cross-entropy of the labels of which there is a probability. */
    double loss(int example) {
        double sum = 0;
        int known = 0;
        for (int label = 0; label < labels.size(); label++) {
            double p = scores[example][label];
            if (!Double.isNaN(p)) {
                sum -= Math.log(Math.max(SMALLEST, has(right[example], label) ? p : 1 - p));
                known++;
            }
        }
        return known == 0 ? 0 : sum / known;
    }

    /**
     * The examples that came out worst: those with the highest loss, the mean of the binary cross-entropy of their labels.
     *
     * @param count how many, 1 or more
     * @return numbers of examples, from 0, the worst first; only those with a label missed, or one too many
     * @throws IllegalArgumentException if {@code count} is below 1
     */
    public List<Integer> worst(int count) {
        Problems problems = new Problems();
        problems.atLeast("count", count, 1);
        problems.throwIfAny("PredictedLabelSets.worst");
        double[] losses = IntStream.range(0, size()).mapToDouble(this::loss).toArray();
        return IntStream.range(0, size())
                .filter(i -> !isRight(i))
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -losses[i]).thenComparingInt(i -> i))
                .limit(count)
                .toList();
    }

    /** How often a label of a probability is right, over all labels of all examples. */
    Confidence calibration() {
        List<Integer> known = new ArrayList<>();
        int width = labels.size();
        for (int at = 0; at < size() * width; at++) {
            if (!Float.isNaN(scores[at / width][at % width])) {
                known.add(at);
            }
        }
        float[] confidence = new float[known.size()];
        boolean[] rights = new boolean[confidence.length];
        for (int i = 0; i < confidence.length; i++) {
            int at = known.get(i);
            confidence[i] = scores[at / width][at % width];
            rights[i] = has(right[at / width], at % width);
        }
        return Confidence.of(confidence, rights);
    }

    String rightLabels(int example) {
        return named(right[example]);
    }

    String givenLabels(int example) {
        return named(given[example]);
    }

    private String named(int[] numbers) {
        return numbers.length == 0
                ? "(none)"
                : String.join(", ", IntStream.of(numbers).mapToObj(labels::get).toList());
    }

    /** The text of an example; empty without texts. */
    String text(int example) {
        return texts.isEmpty() ? "" : texts.get(example);
    }

    /** 1 for each example all of whose labels are right, 0 for each other one. */
    List<Double> marks(int most) {
        return IntStream.range(0, Math.min(most, size()))
                .mapToObj(i -> isRight(i) ? 1.0 : 0.0)
                .toList();
    }

    /** One line: examples, labels and the share of examples all of whose labels are right. */
    @Override
    public String toString() {
        long rights = IntStream.range(0, size()).filter(this::isRight).count();
        return String.format(
                Locale.ROOT,
                "PredictedLabelSets[%d examples of %d labels, all labels right for %.4f]",
                size(),
                labels.size(),
                (double) rights / size());
    }
}
