/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.Problems;

/**
 * The labels of a classification task: which output of its head means what. Saved with the task.
 *
 * <p><b>Threads.</b> A value.
 *
 * @param names the labels by class, each once, at least one
 * @apiNote Status: experimental
 */
public record TaskLabels(List<String> names) {

    /**
     * Copies the names.
     *
     * @param names as in the record
     * @throws IllegalArgumentException if there is none, one is null or occurs twice; the message lists every problem
     */
    public TaskLabels {
        Problems problems = new Problems();
        problems.check(!names.isEmpty(), "no label; expected the labels of the training data");
        Set<String> seen = new LinkedHashSet<>();
        for (String name : names) {
            problems.check(name != null, "a label is null; expected text");
            problems.check(name == null || seen.add(name), "the label \"" + name + "\" occurs twice; expected it once");
        }
        problems.throwIfAny("TaskLabels");
        names = List.copyOf(names);
    }

    /**
     * The labels that occur in training data, in alphabetical order.
     *
     * @param training a label for each training example
     * @return the labels
     * @throws IllegalArgumentException if there is no example or a label is null
     */
    public static TaskLabels of(Collection<String> training) {
        if (training.stream().anyMatch(label -> label == null)) {
            throw new IllegalArgumentException(
                    "TaskLabels: an example has no label (null); expected one. Leave such examples out.");
        }
        return new TaskLabels(List.copyOf(new TreeSet<>(training)));
    }

    /**
     * The classes of examples.
     *
     * @param where what the labels are of, for the message: {@code task "banking", test data}
     * @param labels a label for each example
     * @return the class of each, in the same order
     * @throws IllegalArgumentException if a label never occurs in the training data; the message lists all such labels
     *     with the closest known ones
     */
    public List<Integer> classes(String where, Collection<String> labels) {
        List<Integer> classes = new ArrayList<>();
        Set<String> unseen = new LinkedHashSet<>();
        for (String label : labels) {
            int index = names.indexOf(label);
            if (index < 0) {
                unseen.add(label);
            }
            classes.add(index);
        }
        Problems problems = new Problems();
        unseen.forEach(label -> problems.add("the label \"" + label + "\" was never seen in training"
                + ClosestNames.hint(String.valueOf(label), names)));
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message(where) + "; expected labels out of "
                    + Problems.quoted(names) + ". Train with examples of them, or leave them out.");
        }
        return classes;
    }
}
