/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * What {@link DataAdvisor} found. Each answer is an {@link Advice} with what it rests on as values of their own; rows are counted
 * from 0, in the order in which they were given.
 *
 * @param classSizes whether every class has enough examples
 * @param imbalance whether classes have about the same number of examples
 * @param labelErrors which labels look wrong
 * @param duplicates which training rows repeat others
 * @param leakage which validation rows are among the training rows, too
 * @param outliers which training rows have nothing near them
 * @param cutTexts which texts are longer than the encoder reads
 * @param shift whether the data to be served is like the training data
 * @param learningCurve whether more data would help
 * @apiNote Status: experimental
 */
public record DataReport(
        ClassSizes classSizes,
        Imbalance imbalance,
        LabelErrors labelErrors,
        Duplicates duplicates,
        Leakage leakage,
        Outliers outliers,
        CutTexts cutTexts,
        Shift shift,
        LearningCurve learningCurve) {

    private static final List<Advice.Answer> ORDER =
            List.of(Advice.Answer.PROBLEM, Advice.Answer.CONSIDER, Advice.Answer.UNKNOWN, Advice.Answer.GOOD);

    /**
     * Whether every class has enough examples, and validation examples have classes that can be learned.
     *
     * @param advice the answer
     * @param sizes the number of training examples by label
     * @apiNote Status: experimental
     */
    public record ClassSizes(Advice advice, SortedMap<String, Integer> sizes) {

        /**
         * Copies the sizes.
         *
         * @param advice as in the record
         * @param sizes as in the record
         */
        public ClassSizes {
            sizes = Collections.unmodifiableSortedMap(new TreeMap<>(sizes));
        }
    }

    /**
     * Whether classes have about the same number of examples.
     *
     * @param advice the answer
     * @param ratio examples of the largest class for each one of the smallest
     * @param evenness entropy of the shares of the classes, divided by the most it could be: 1 if all have the same
     * @apiNote Status: experimental
     */
    public record Imbalance(Advice advice, double ratio, double evenness) {}

    /**
     * Which labels look wrong.
     *
     * @param advice the answer
     * @param estimated how many, by confident learning
     * @param ranking all rows that were examined, the most suspect first; empty if nothing can be said
     * @apiNote Status: experimental
     */
    public record LabelErrors(Advice advice, int estimated, List<SuspectLabel> ranking) {

        /**
         * Copies the ranking.
         *
         * @param advice as in the record
         * @param estimated as in the record
         * @param ranking as in the record
         */
        public LabelErrors {
            ranking = List.copyOf(ranking);
        }

        /**
         * The rows to read: as many of the ranking as there are wrong labels by the estimate.
         *
         * @return the most suspect first
         */
        public List<SuspectLabel> suspects() {
            return ranking.subList(0, estimated);
        }
    }

    /**
     * A label and what a head that did not learn from it says of it.
     *
     * @param row which example
     * @param label its label
     * @param suggested the most probable other one
     * @param selfConfidence the probability of its label; the smaller, the more suspect
     * @param margin that, less the probability of the other one; below 0 where the head would give the other one
     * @apiNote Status: experimental
     */
    public record SuspectLabel(int row, String label, String suggested, double selfConfidence, double margin) {}

    /**
     * Which training rows repeat others.
     *
     * @param advice the answer
     * @param rows each row that repeats an earlier one, once, in order; without them nothing is there twice
     * @apiNote Status: experimental
     */
    public record Duplicates(Advice advice, List<Duplicate> rows) {

        /**
         * Copies the rows.
         *
         * @param advice as in the record
         * @param rows as in the record
         */
        public Duplicates {
            rows = List.copyOf(rows);
        }
    }

    /**
     * Which validation rows are among the training rows, too.
     *
     * @param advice the answer
     * @param rows each validation row that repeats a training row, once, in order
     * @apiNote Status: experimental
     */
    public record Leakage(Advice advice, List<Duplicate> rows) {

        /**
         * Copies the rows.
         *
         * @param advice as in the record
         * @param rows as in the record
         */
        public Leakage {
            rows = List.copyOf(rows);
        }
    }

    /**
     * How much alike two rows are.
     *
     * @apiNote Status: experimental
     */
    public enum Likeness {
        /** The same text, or the same features. */
        SAME,
        /** Texts that differ in case, spaces or punctuation only. */
        SAME_WORDS,
        /** A cosine above the limit, or texts that differ in few characters. */
        NEAR
    }

    /**
     * A row that repeats another.
     *
     * @param row the row
     * @param of the training row that it repeats
     * @param likeness how much alike they are
     * @param cosine of their features, each brought to mean 0 and deviation 1
     * @param sameLabel whether they have the same labels
     * @apiNote Status: experimental
     */
    public record Duplicate(int row, int of, Likeness likeness, double cosine, boolean sameLabel) {}

    /**
     * Which training rows have nothing near them, or are far off for their class.
     *
     * @param advice the answer
     * @param rows the farthest first
     * @apiNote Status: experimental
     */
    public record Outliers(Advice advice, List<Outlier> rows) {

        /**
         * Copies the rows.
         *
         * @param advice as in the record
         * @param rows as in the record
         */
        public Outliers {
            rows = List.copyOf(rows);
        }
    }

    /**
     * A row with nothing near it.
     *
     * @param row the row
     * @param distance 1 less the cosine to its tenth neighbor
     * @apiNote Status: experimental
     */
    public record Outlier(int row, double distance) {}

    /**
     * Which texts are longer than the encoder reads.
     *
     * @param advice the answer
     * @param train rows of training texts
     * @param validation rows of validation texts
     * @param served rows of texts to be served
     * @apiNote Status: experimental
     */
    public record CutTexts(Advice advice, List<Integer> train, List<Integer> validation, List<Integer> served) {

        /**
         * Copies the rows.
         *
         * @param advice as in the record
         * @param train as in the record
         * @param validation as in the record
         * @param served as in the record
         */
        public CutTexts {
            train = List.copyOf(train);
            validation = List.copyOf(validation);
            served = List.copyOf(served);
        }
    }

    /**
     * Whether the data to be served is like the training data.
     *
     * @param advice the answer
     * @param area area under the curve of a classifier that tells them apart, on rows that it did not learn from: 0.5 if it
     *     cannot; empty if nothing can be said
     * @param features those whose means differ most; empty without a shift
     * @param words those that differ most in how many texts they are in; empty without a shift, or without texts
     * @param mostForeign rows to be served that the classifier is surest of; empty without a shift
     * @apiNote Status: experimental
     */
    public record Shift(
            Advice advice,
            OptionalDouble area,
            List<TellingFeature> features,
            List<TellingWord> words,
            List<Integer> mostForeign) {

        /**
         * Copies the lists.
         *
         * @param advice as in the record
         * @param area as in the record
         * @param features as in the record
         * @param words as in the record
         * @param mostForeign as in the record
         */
        public Shift {
            features = List.copyOf(features);
            words = List.copyOf(words);
            mostForeign = List.copyOf(mostForeign);
        }
    }

    /**
     * A feature that tells data to be served from training data.
     *
     * @param index which feature
     * @param difference mean of the data to be served less mean of the training data, in standard deviations of
     *     both together
     * @apiNote Status: experimental
     */
    public record TellingFeature(int index, double difference) {}

    /**
     * A word that tells texts to be served from training texts.
     *
     * @param word the word, in lower case
     * @param train in how many training texts it is
     * @param served in how many texts to be served
     * @param deviations how sure the difference is, in standard deviations; above 0 if it is more frequent in texts to be served
     * @apiNote Status: experimental
     */
    public record TellingWord(String word, int train, int served, double deviations) {}

    /**
     * Whether more data would help.
     *
     * @param advice the answer
     * @param points what a head reaches with a part of the data, fewest examples first; empty if there are too few
     * @apiNote Status: experimental
     */
    public record LearningCurve(Advice advice, List<Point> points) {

        /**
         * Copies the points.
         *
         * @param advice as in the record
         * @param points as in the record
         */
        public LearningCurve {
            points = List.copyOf(points);
        }
    }

    /**
     * A point of a learning curve.
     *
     * @param examples how many were learned from
     * @param accuracy share of others that were told right
     * @apiNote Status: experimental
     */
    public record Point(int examples, double accuracy) {}

    /**
     * All answers.
     *
     * @return in the order of the components
     */
    public List<Advice> advices() {
        return List.of(
                classSizes.advice(),
                imbalance.advice(),
                labelErrors.advice(),
                duplicates.advice(),
                leakage.advice(),
                outliers.advice(),
                cutTexts.advice(),
                shift.advice(),
                learningCurve.advice());
    }

    /**
     * All answers, those first that ask for something: problems, then what is worth a look, what cannot be said, and what is good.
     *
     * @return in that order; equal ones in the order of the components
     */
    public List<Advice> ranked() {
        return advices().stream()
                .sorted(Comparator.comparingInt(advice -> ORDER.indexOf(advice.answer())))
                .toList();
    }

    /**
     * All answers as JSON.
     *
     * @return an object with a list {@code advice}, on several lines
     */
    public String json() {
        return JsonObjects.write(
                Map.of("advice", advices().stream().map(Advice::values).toList()));
    }

    /** All answers, a line each, in the order of {@link #ranked}. */
    @Override
    public String toString() {
        return ranked().stream().map(Advice::toString).collect(Collectors.joining("\n"));
    }
}
