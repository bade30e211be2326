/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.function.Function;
import org.lora4j.error.Arguments;
import org.lora4j.train.Holdout;

/**
 * Examples in two parts, drawn by a seed: what to learn from, and what to choose or judge by.
 *
 * <pre>{@code
 * Split<List<LabeledText>> parts = Split.byLabel(all, LabeledText::labels, 0.2, 42);
 * classifier.fit(parts.train(), parts.validation());
 * }</pre>
 *
 * @param train what to learn from
 * @param validation what to choose or judge by
 * @param <P> a part: a list, or a {@link TextTable}
 * @apiNote Status: stable
 */
public record Split<P>(P train, P validation) {

    /**
     * Checks that both are there.
     *
     * @param train as in the record
     * @param validation as in the record
     */
    public Split {
        Arguments.required(train, "Split: train", "a part of the examples");
        Arguments.required(validation, "Split: validation", "a part of the examples");
    }

    /**
     * Divides examples so that both parts have the same share of each label: of each one at least, and never all, in the validation part.
     *
     * @param examples the examples
     * @param label the label of an example, such as {@code LabeledText::labels}
     * @param fraction how much the validation part gets, above 0 and below 1
     * @param seed of the draw: equal seeds give equal parts
     * @param <E> an example
     * @return both parts, each in the order of the examples
     * @throws IllegalArgumentException if the fraction is out of its range, or no label has two examples
     */
    public static <E> Split<List<E>> byLabel(
            List<E> examples, Function<? super E, ?> label, double fraction, long seed) {
        check("byLabel", examples, label, fraction);
        Holdout.Split<E> parts = new Holdout(OptionalDouble.of(fraction), seed).of(examples, label::apply);
        return new Split<>(parts.train(), parts.validation());
    }

    /**
     * Divides examples so that no group is in both parts.
     *
     * @param examples the examples
     * @param group what an example belongs to, such as its author or document
     * @param fraction about how much the validation part gets, above 0 and below 1
     * @param seed of the draw: equal seeds give equal parts
     * @param <E> an example
     * @return both parts, each in the order of the examples and with one group at least
     * @throws IllegalArgumentException if the fraction is out of its range, or there are fewer than two groups
     */
    public static <E> Split<List<E>> byGroup(
            List<E> examples, Function<? super E, ?> group, double fraction, long seed) {
        check("byGroup", examples, group, fraction);
        Map<Object, List<Integer>> groups = groups(examples, group);
        if (groups.size() < 2) {
            throw new IllegalArgumentException("Split.byGroup: " + groups.size()
                    + " groups; expected two or more, one for each part. Split.byLabel divides single examples.");
        }
        List<List<Integer>> order = new ArrayList<>(groups.values());
        Collections.shuffle(order, new Random(seed));
        long wanted = Math.max(1, Math.round(fraction * examples.size()));
        boolean[] held = new boolean[examples.size()];
        long count = 0;
        int left = order.size();
        for (List<Integer> members : order) {
            // A group is taken if that brings the count nearer to what is wanted.
            boolean nearer = Math.abs(count + members.size() - wanted) < Math.abs(count - wanted);
            boolean last = left == 1 && count == 0;
            boolean leavesSome = count + members.size() < examples.size();
            if ((nearer || last) && leavesSome) {
                members.forEach(i -> held[i] = true);
                count += members.size();
            }
            left--;
        }
        return parts(examples, held);
    }

    static <E> Map<Object, List<Integer>> groups(List<E> examples, Function<? super E, ?> group) {
        Map<Object, List<Integer>> groups = new LinkedHashMap<>();
        for (int i = 0; i < examples.size(); i++) {
            groups.computeIfAbsent(group.apply(examples.get(i)), name -> new ArrayList<>())
                    .add(i);
        }
        return groups;
    }

    static <E> Split<List<E>> parts(List<E> examples, boolean[] held) {
        List<E> train = new ArrayList<>();
        List<E> validation = new ArrayList<>();
        for (int i = 0; i < held.length; i++) {
            (held[i] ? validation : train).add(examples.get(i));
        }
        return new Split<>(List.copyOf(train), List.copyOf(validation));
    }

    private static void check(String call, List<?> examples, Function<?, ?> of, double fraction) {
        Arguments.allRequired(examples, "Split." + call + ": examples", "an example");
        Arguments.required(of, "Split." + call, "a function of an example");
        if (!(fraction > 0 && fraction < 1)) {
            throw new IllegalArgumentException(
                    "Split." + call + ": fraction = " + fraction + "; expected one above 0 and below 1.");
        }
    }
}
