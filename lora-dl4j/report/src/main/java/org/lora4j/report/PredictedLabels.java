/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.text.LabeledPair;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;

/**
 * The right label of each example of a test and what a model said of it: what confusion, calibration and coverage are counted from.
 *
 * <pre>{@code
 * PredictedLabels labels = PredictedLabels.ofTexts(test, classifier.predict(texts));
 * }</pre>
 *
 * <p><b>State.</b> Immutable.
 *
 * @apiNote Status: experimental
 */
public final class PredictedLabels {

    private final List<String> labels;
    private final int[] right;
    private final int[] given;
    /** The probability of what was given, and of what is right; -1 where the model has no probability of it. */
    private final float[] confidence;

    private final float[] ofRight;
    private final IntFunction<String> text;

    /** Labels with a number each, in the order in which they come. */
    private static final class Numbers {
        private final Map<String, Integer> numbers = new LinkedHashMap<>();

        int of(String label) {
            return numbers.computeIfAbsent(label, name -> numbers.size());
        }
    }

    private PredictedLabels(
            Numbers numbers, int[] right, int[] given, float[] confidence, float[] ofRight, IntFunction<String> text) {
        // In alphabetical order, as LabelEvaluation has them.
        List<String> inOrder = numbers.numbers.keySet().stream().sorted().toList();
        int[] place = new int[inOrder.size()];
        for (int i = 0; i < place.length; i++) {
            place[numbers.of(inOrder.get(i))] = i;
        }
        this.labels = inOrder;
        this.right = IntStream.of(right).map(i -> place[i]).toArray();
        this.given = IntStream.of(given).map(i -> place[i]).toArray();
        this.confidence = confidence;
        this.ofRight = ofRight;
        this.text = text;
    }

    /**
     * Of texts with one label each.
     *
     * @param examples the test
     * @param predictions what {@code TextClassifier.predict} says of their texts
     * @return the labels, with the texts
     * @throws IllegalArgumentException if there is no example, not as many of both, or an example has not one label
     */
    public static PredictedLabels ofTexts(List<LabeledText> examples, List<Prediction> predictions) {
        Arguments.allRequired(examples, "PredictedLabels.ofTexts: examples", "a text with its label");
        return ofExamples(examples, LabeledText::labels, LabeledText::text, predictions);
    }

    /**
     * Of pairs of texts with one label each.
     *
     * @param examples the test
     * @param predictions what {@code PairClassifier.predict} says of them
     * @return the labels, with the texts
     * @throws IllegalArgumentException if there is no example, not as many of both, or an example has not one label
     */
    public static PredictedLabels ofPairs(List<LabeledPair> examples, List<Prediction> predictions) {
        Arguments.allRequired(examples, "PredictedLabels.ofPairs: examples", "a pair with its label");
        return ofExamples(
                examples,
                example -> List.of(example.label()),
                example -> example.pair().first() + "\n" + example.pair().second(),
                predictions);
    }

    private static <E> PredictedLabels ofExamples(
            List<E> examples,
            Function<E, ? extends Collection<String>> labels,
            Function<E, String> text,
            List<Prediction> predictions) {
        Arguments.allRequired(predictions, "PredictedLabels: predictions", "a prediction");
        Problems problems = new Problems();
        List<String> truth = new ArrayList<>();
        for (int i = 0; i < examples.size() && !problems.isFull(); i++) {
            Collection<String> own = labels.apply(examples.get(i));
            problems.check(
                    own.size() == 1,
                    "example " + i + " has " + own.size()
                            + " labels, expected one; PredictedLabelSets takes examples with several");
            truth.addAll(own);
        }
        problems.throwIfAny("PredictedLabels");
        return of(truth, predictions.stream().map(Prediction::scores).toList())
                .withTexts(i -> text.apply(examples.get(i)));
    }

    /**
     * Of any classifier, by the scores of each label.
     *
     * @param truth the right label of each example
     * @param scores for each example a probability by label; the highest is the answer
     * @return the labels
     * @throws IllegalArgumentException if there is no example, not as many of both, an example has no score, or a score is no number from
     *     0 to 1; the message lists every problem
     */
    public static PredictedLabels of(List<String> truth, List<? extends Map<String, Double>> scores) {
        Arguments.allRequired(truth, "PredictedLabels.of: truth", "a label");
        Arguments.allRequired(scores, "PredictedLabels.of: scores", "scores by label");
        Problems problems = new Problems();
        checkSizes(truth.size(), scores.size(), problems);
        problems.throwIfAny("PredictedLabels");
        int count = truth.size();
        Numbers numbers = new Numbers();
        int[] right = new int[count];
        int[] given = new int[count];
        float[] confidence = new float[count];
        float[] ofRight = new float[count];
        for (int i = 0; i < count && !problems.isFull(); i++) {
            String best = null;
            double highest = -1;
            for (Map.Entry<String, Double> score : scores.get(i).entrySet()) {
                double value = score.getValue() == null ? Double.NaN : score.getValue();
                problems.check(
                        value >= 0 && value <= 1,
                        "score of " + MessageText.name(score.getKey()) + " for example " + i + " is " + value
                                + ", expected a probability from 0 to 1");
                if (value > highest) {
                    highest = value;
                    best = score.getKey();
                }
            }
            problems.check(best != null, "example " + i + " has no score, expected one for each label");
            right[i] = numbers.of(truth.get(i));
            given[i] = numbers.of(String.valueOf(best));
            confidence[i] = (float) highest;
            Double probability = scores.get(i).get(truth.get(i));
            ofRight[i] = probability == null ? -1 : probability.floatValue();
        }
        problems.throwIfAny("PredictedLabels");
        return new PredictedLabels(numbers, right, given, confidence, ofRight, null);
    }

    /**
     * Of a network, by the probability of each class.
     *
     * @param labels the names of the classes, each once
     * @param truth the number of the right class of each example, from 0
     * @param probabilities for each example one for each class, such as {@code output.toDoubleMatrix()}
     * @return the labels
     * @throws IllegalArgumentException if sizes do not fit, a class is out of range, or a probability is no number from 0 to 1; the message
     *     lists every problem
     */
    public static PredictedLabels of(List<String> labels, int[] truth, double[][] probabilities) {
        Arguments.allRequired(labels, "PredictedLabels.of: labels", "the name of a class");
        Arguments.required(truth, "PredictedLabels.of: truth", "numbers of classes");
        Arguments.required(probabilities, "PredictedLabels.of: probabilities", "a row for each example");
        Problems problems = new Problems();
        checkSizes(truth.length, probabilities.length, problems);
        problems.check(
                labels.stream().distinct().count() == labels.size(), "a class is named twice, expected distinct names");
        for (int i = 0; i < Math.min(truth.length, probabilities.length) && !problems.isFull(); i++) {
            problems.check(
                    truth[i] >= 0 && truth[i] < labels.size(),
                    "truth[" + i + "] = " + truth[i] + ", expected 0 to " + (labels.size() - 1));
            problems.check(
                    probabilities[i] != null && probabilities[i].length == labels.size(),
                    "row " + i + " has " + (probabilities[i] == null ? "no" : probabilities[i].length)
                            + " probabilities, expected " + labels.size());
        }
        problems.throwIfAny("PredictedLabels");
        List<String> names = IntStream.of(truth).mapToObj(labels::get).toList();
        List<Map<String, Double>> scores = new AbstractList<>() {
            @Override
            public Map<String, Double> get(int row) {
                Map<String, Double> byLabel = new LinkedHashMap<>();
                for (int j = 0; j < labels.size(); j++) {
                    byLabel.put(labels.get(j), probabilities[row][j]);
                }
                return byLabel;
            }

            @Override
            public int size() {
                return probabilities.length;
            }
        };
        return of(names, scores);
    }

    private static void checkSizes(int truth, int predictions, Problems problems) {
        problems.check(truth > 0, "there is no example, expected one or more");
        problems.check(
                truth == predictions,
                truth + " examples and " + predictions + " predictions, expected as many of both");
    }

    private PredictedLabels withTexts(IntFunction<String> texts) {
        Numbers numbers = new Numbers();
        labels.forEach(numbers::of);
        return new PredictedLabels(numbers, right, given, confidence, ofRight, texts);
    }

    /**
     * The same with the text of each example, for the table of the worst ones.
     *
     * @param texts as many texts as there are examples
     * @return the labels, with the texts
     * @throws IllegalArgumentException if they are not as many
     */
    public PredictedLabels withTexts(List<String> texts) {
        Arguments.allRequired(texts, "PredictedLabels.withTexts: texts", "a text");
        Problems problems = new Problems();
        problems.check(
                texts.size() == size(), texts.size() + " texts for " + size() + " examples, expected as many of both");
        problems.throwIfAny("PredictedLabels.withTexts");
        List<String> copy = List.copyOf(texts);
        return withTexts((IntFunction<String>) copy::get);
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
     * All labels that are right somewhere or were given.
     *
     * @return in alphabetical order
     */
    public List<String> labels() {
        return labels;
    }

    /**
     * How often a label was given, by the label that is right. A table of all labels by all labels: for some thousands of them at most.
     *
     * @return {@code [right][given]} in the order of {@link #labels}; a copy
     */
    public long[][] confusion() {
        long[][] confusion = new long[labels.size()][labels.size()];
        for (int i = 0; i < right.length; i++) {
            confusion[right[i]][given[i]]++;
        }
        return confusion;
    }

    ConfusionCounts counts() {
        return ConfusionCounts.of(labels.size(), right, given);
    }

    /**
     * The examples that came out worst: those whose right label got the lowest probability.
     *
     * @param count how many, 1 or more
     * @return numbers of examples, from 0, the worst first; wrong ones only
     * @throws IllegalArgumentException if {@code count} is below 1
     */
    public List<Integer> worst(int count) {
        Problems problems = new Problems();
        problems.atLeast("count", count, 1);
        problems.throwIfAny("PredictedLabels.worst");
        Comparator<Integer> worstFirst = Comparator.comparingDouble((Integer i) -> ofRight[i])
                .thenComparingDouble(i -> -confidence[i])
                .thenComparingInt(i -> i);
        // The best of the worst is at its head.
        PriorityQueue<Integer> worst = new PriorityQueue<>(worstFirst.reversed());
        for (int i = 0; i < size(); i++) {
            if (isRight(i) || worst.size() == count && worstFirst.compare(i, worst.peek()) > 0) {
                continue;
            }
            worst.add(i);
            if (worst.size() > count) {
                worst.remove();
            }
        }
        return worst.stream().sorted(worstFirst).toList();
    }

    /**
     * How far probabilities are from what they say: the expected calibration error, the mean distance of probability and share of right
     * answers over 15 ranges, by their examples (Guo et al. 2017, arXiv:1706.04599).
     *
     * @return 0 to 1; 0 if answers are as often right as their probabilities say
     */
    public double calibrationError() {
        return calibration().expectedError();
    }

    /**
     * How often answers are right if only the surest ones are given, and somebody else is asked about the others.
     *
     * @param share how many answers are given at least, of all: above 0, and 1 at most
     * @return the share of right ones among them, where equal probabilities are given together
     * @throws IllegalArgumentException if the share is out of its range
     */
    public double accuracyAt(double share) {
        return coverageOf(share, "accuracyAt").accuracy();
    }

    /**
     * The probability from which on answers are given for {@link #accuracyAt} to be so.
     *
     * @param share as in {@link #accuracyAt}
     * @return the lowest probability of an answer that is given
     * @throws IllegalArgumentException if the share is out of its range
     */
    public double thresholdAt(double share) {
        return coverageOf(share, "thresholdAt").threshold();
    }

    private Confidence.Coverage coverageOf(double share, String call) {
        Problems problems = new Problems();
        problems.check(share > 0 && share <= 1, "share = " + share + ", expected a number above 0, 1 at most");
        problems.throwIfAny("PredictedLabels." + call);
        // As many as the share asks for; a product of doubles may be a little above a whole number.
        long least = (long) Math.ceil(share * size() - 1e-9);
        return calibration().coverage().stream()
                .filter(point -> Math.round(point.share() * size()) >= least)
                .findFirst()
                .orElseThrow();
    }

    boolean isRight(int example) {
        return right[example] == given[example];
    }

    String rightLabel(int example) {
        return labels.get(right[example]);
    }

    String givenLabel(int example) {
        return labels.get(given[example]);
    }

    /** The probability of the right label; empty if the model does not know it. */
    Double probabilityOfRight(int example) {
        return ofRight[example] < 0 ? null : (double) ofRight[example];
    }

    double confidence(int example) {
        return confidence[example];
    }

    /** The text of an example; null without texts. */
    String text(int example) {
        return text == null ? null : text.apply(example);
    }

    boolean hasTexts() {
        return text != null;
    }

    /** 1 for each right answer, 0 for each wrong one. */
    List<Double> scores(int most) {
        return IntStream.range(0, Math.min(most, size()))
                .mapToObj(i -> isRight(i) ? 1.0 : 0.0)
                .toList();
    }

    Confidence calibration() {
        boolean[] rights = new boolean[size()];
        for (int i = 0; i < rights.length; i++) {
            rights[i] = isRight(i);
        }
        return Confidence.of(confidence, rights);
    }

    /** One line: examples, labels and the share of right answers. */
    @Override
    public String toString() {
        long rights = IntStream.range(0, size()).filter(this::isRight).count();
        return String.format(
                Locale.ROOT,
                "PredictedLabels[%d examples of %d labels, accuracy %.4f]",
                size(),
                labels.size(),
                (double) rights / size());
    }
}
