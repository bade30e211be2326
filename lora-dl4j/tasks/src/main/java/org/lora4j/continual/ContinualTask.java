/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/**
 * One task of a stream: examples to learn from, examples to be tested on, and the classes to tell apart. A value.
 *
 * @param <T> type of an example
 * @apiNote Status: experimental
 */
public final class ContinualTask<T> {

    private final String name;
    private final List<T> training;
    private final List<T> test;
    private final Function<? super T, String> labelOf;
    private final List<String> labels;

    private ContinualTask(
            String name, List<T> training, List<T> test, Function<? super T, String> labelOf, List<String> labels) {
        this.name = name;
        this.training = training;
        this.test = test;
        this.labelOf = labelOf;
        this.labels = labels;
    }

    /**
     * Makes a task.
     *
     * @param name what it is called, not blank
     * @param training examples to learn from, of two classes or more
     * @param test examples that it is tested on, of classes that the training examples have
     * @param labelOf name of the class of an example
     * @param <T> type of an example
     * @return the task
     * @throws IllegalArgumentException if the name is blank, there are no examples, an example has no label, fewer than two
     *     classes are to be learned or test examples have classes that no training example has; the message lists every
     *     problem
     */
    public static <T> ContinualTask<T> of(
            String name, List<T> training, List<T> test, Function<? super T, String> labelOf) {
        Objects.requireNonNull(labelOf, "ContinualTask: labelOf is null; expected a function from examples to labels");
        Problems problems = new Problems();
        problems.check(name != null && !name.isBlank(), "name = \"" + name + "\", expected a name");
        Set<String> learned = labels("training", training, labelOf, problems);
        Set<String> tested = labels("test", test, labelOf, problems);
        problems.check(
                learned.isEmpty() || learned.size() > 1,
                "training has the one class " + Problems.quoted(learned) + ", expected two or more to tell apart");
        if (!learned.isEmpty()) {
            tested.removeAll(learned);
            tested.forEach(label -> problems.add("test has the label \"" + label + "\", which training never shows"
                    + ClosestNames.hint(label, learned)));
        }
        problems.throwIfAny("ContinualTask \"" + name + "\"");
        return new ContinualTask<>(name, List.copyOf(training), List.copyOf(test), labelOf, List.copyOf(learned));
    }

    private static <T> Set<String> labels(
            String what, List<T> examples, Function<? super T, String> labelOf, Problems problems) {
        if (examples == null || examples.isEmpty()) {
            problems.add(what + " has no examples, expected one or more");
            return Set.of();
        }
        Set<String> labels = new LinkedHashSet<>();
        for (int i = 0; i < examples.size(); i++) {
            T example = examples.get(i);
            String label = example == null ? null : labelOf.apply(example);
            if (label == null) {
                problems.add(what + "[" + i + "] has no label (null), expected one");
            } else {
                labels.add(label);
            }
        }
        return new TreeSet<>(labels);
    }

    /**
     * What the task is called.
     *
     * @return the name
     */
    public String name() {
        return name;
    }

    /**
     * The examples to learn from.
     *
     * @return one or more, unmodifiable
     */
    public List<T> training() {
        return training;
    }

    /**
     * The examples that it is tested on.
     *
     * @return one or more, unmodifiable
     */
    public List<T> test() {
        return test;
    }

    /**
     * The classes.
     *
     * @return two or more, sorted
     */
    public List<String> labels() {
        return labels;
    }

    /**
     * The number of an example's class within this task.
     *
     * @param example an example of this task
     * @return from 0, its place in {@link #labels}
     * @throws IllegalArgumentException if its class is none of this task
     */
    public int label(T example) {
        String label = labelOf.apply(example);
        int index = labels.indexOf(label);
        if (index < 0) {
            throw new IllegalArgumentException("ContinualTask " + MessageText.name(name) + ": an example has the label "
                    + MessageText.name(label) + ClosestNames.hint(String.valueOf(label), labels) + "; expected one of "
                    + Problems.quoted(labels) + ". Give it to the task that it belongs to.");
        }
        return index;
    }

    @Override
    public String toString() {
        return "ContinualTask[" + name + ", " + training.size() + " training, " + test.size() + " test, "
                + labels.size() + " classes]";
    }
}
