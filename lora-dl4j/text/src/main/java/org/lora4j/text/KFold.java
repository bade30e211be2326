/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;

/**
 * k-fold evaluation: examples in {@code k} parts, each judged by a task that learned from the others, so that a few hundred examples
 * give a number with its spread.
 *
 * <pre>{@code
 * KFold.Result<LabelEvaluation> result = KFold.byLabel(examples, LabeledText::labels, 5, 42)
 *         .evaluate(() -> TextClassifier.builder(encoder).build());
 * result.mean(LabelEvaluation::accuracy);
 * }</pre>
 *
 * <p><b>Cost.</b> {@code k} fits. <b>State.</b> Immutable. <b>Threads.</b> Safe.
 *
 * @param <E> an example
 * @apiNote Status: experimental
 */
public final class KFold<E> {

    private final List<Split<List<E>>> splits;

    private KFold(List<Split<List<E>>> splits) {
        this.splits = List.copyOf(splits);
    }

    /**
     * Deals examples so that each part has the same share of each label.
     *
     * @param examples the examples
     * @param label the label of an example, such as {@code LabeledText::labels}
     * @param k number of parts, 2 or more
     * @param seed of the draw: equal seeds give equal parts
     * @param <E> an example
     * @return the parts
     * @throws IllegalArgumentException if {@code k} is below 2, or there are fewer examples than parts
     */
    public static <E> KFold<E> byLabel(List<E> examples, Function<? super E, ?> label, int k, long seed) {
        check("byLabel", examples, label, k);
        Random random = new Random(seed);
        int[] part = new int[examples.size()];
        int next = 0;
        for (List<Integer> members : Split.groups(examples, label).values()) {
            Collections.shuffle(members, random);
            // Dealing goes on where the last label ended, so that the parts stay of one size.
            for (int i : members) {
                part[i] = next++ % k;
            }
        }
        return of(examples, part, k);
    }

    /**
     * Deals examples so that each group is in one part, largest groups first, each to the part that has least.
     *
     * @param examples the examples
     * @param group what an example belongs to, such as its author or document
     * @param k number of parts, 2 or more
     * @param seed decides between groups of one size: equal seeds give equal parts
     * @param <E> an example
     * @return the parts
     * @throws IllegalArgumentException if {@code k} is below 2, or there are fewer groups than parts
     */
    public static <E> KFold<E> byGroup(List<E> examples, Function<? super E, ?> group, int k, long seed) {
        check("byGroup", examples, group, k);
        List<List<Integer>> groups =
                new ArrayList<>(Split.groups(examples, group).values());
        if (groups.size() < k) {
            throw new IllegalArgumentException(
                    "KFold.byGroup: " + groups.size() + " groups; expected " + k + " or more, one for each part.");
        }
        Collections.shuffle(groups, new Random(seed));
        groups.sort((one, other) -> Integer.compare(other.size(), one.size()));
        int[] part = new int[examples.size()];
        int[] sizes = new int[k];
        for (List<Integer> members : groups) {
            int least = 0;
            for (int i = 1; i < k; i++) {
                least = sizes[i] < sizes[least] ? i : least;
            }
            sizes[least] += members.size();
            for (int i : members) {
                part[i] = least;
            }
        }
        return of(examples, part, k);
    }

    private static void check(String call, List<?> examples, Function<?, ?> of, int k) {
        Arguments.allRequired(examples, "KFold." + call + ": examples", "an example");
        Arguments.required(of, "KFold." + call, "a function of an example");
        Problems problems = new Problems();
        problems.atLeast("k", k, 2);
        problems.check(
                k < 2 || examples.size() >= k,
                examples.size() + " examples, expected " + k + " or more, one for each part");
        problems.throwIfAny("KFold." + call);
    }

    private static <E> KFold<E> of(List<E> examples, int[] part, int k) {
        List<Split<List<E>>> splits = new ArrayList<>();
        for (int fold = 0; fold < k; fold++) {
            boolean[] held = new boolean[part.length];
            for (int i = 0; i < part.length; i++) {
                held[i] = part[i] == fold;
            }
            splits.add(Split.parts(examples, held));
        }
        return new KFold<>(splits);
    }

    /**
     * The parts: in each, {@code validation} is one of them and {@code train} all others.
     *
     * @return as many as there are parts
     */
    public List<Split<List<E>>> splits() {
        return splits;
    }

    /**
     * Fits and evaluates a task for each part; {@code fit} keeps back some of its examples to choose by, and never sees the part.
     *
     * @param task makes a fresh task, which is closed when it was evaluated
     * @param <R> an evaluation
     * @return the evaluations
     * @throws IllegalArgumentException as {@code fit} and {@code evaluate} of the task: if a label is in a single example, no fit
     *     that leaves it out knows it
     */
    public <R> Result<R> evaluate(Supplier<? extends TextTask<?, E, ?, R, ?>> task) {
        Arguments.required(task, "KFold.evaluate: task", "a function that makes a task");
        List<R> folds = new ArrayList<>();
        for (Split<List<E>> split : splits) {
            try (TextTask<?, E, ?, R, ?> fresh =
                    Arguments.required(task.get(), "KFold.evaluate: what the function gave", "a fresh task")) {
                fresh.fit(split.train());
                folds.add(fresh.evaluate(split.validation()));
            }
        }
        return new Result<>(folds);
    }

    /**
     * What the parts gave.
     *
     * @param folds an evaluation for each part
     * @param <R> an evaluation
     * @apiNote Status: experimental
     */
    public record Result<R>(List<R> folds) {

        /**
         * Copies the list.
         *
         * @param folds as in the record
         */
        public Result {
            Arguments.allRequired(folds, "KFold.Result: folds", "an evaluation");
            folds = List.copyOf(folds);
        }

        /**
         * The mean of a number over the parts.
         *
         * @param number such as {@code LabelEvaluation::accuracy}
         * @return the mean
         */
        public double mean(ToDoubleFunction<? super R> number) {
            Arguments.required(number, "KFold.Result.mean: number", "a function of an evaluation");
            return folds.stream().mapToDouble(number).average().orElse(Double.NaN);
        }

        /**
         * The standard deviation of a number over the parts.
         *
         * @param number such as {@code LabelEvaluation::accuracy}
         * @return the deviation, as of a sample: squares are divided by one less than the number of parts
         */
        public double deviation(ToDoubleFunction<? super R> number) {
            Arguments.required(number, "KFold.Result.deviation: number", "a function of an evaluation");
            double mean = mean(number);
            double squares = folds.stream()
                    .mapToDouble(number)
                    .map(value -> (value - mean) * (value - mean))
                    .sum();
            return Math.sqrt(squares / (folds.size() - 1));
        }

        @Override
        public String toString() {
            StringBuilder text = new StringBuilder(String.format(Locale.ROOT, "KFold.Result[%d parts", folds.size()));
            folds.forEach(fold -> text.append("; ").append(fold));
            return text.append(']').toString();
        }
    }
}
