/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/**
 * Tasks in the order in which they come. A value.
 *
 * @param <T> type of an example
 * @apiNote Status: experimental
 */
public final class TaskStream<T> {

    private final List<ContinualTask<T>> tasks;

    private TaskStream(List<ContinualTask<T>> tasks) {
        this.tasks = tasks;
    }

    /**
     * Puts tasks in a row.
     *
     * @param tasks two or more, with distinct names
     * @param <T> type of an example
     * @return the stream
     * @throws IllegalArgumentException if there are fewer than two, one is null or names clash
     */
    public static <T> TaskStream<T> of(List<ContinualTask<T>> tasks) {
        Problems problems = new Problems();
        problems.atLeast("number of tasks", tasks.size(), 2);
        Set<String> names = new HashSet<>();
        for (int i = 0; i < tasks.size(); i++) {
            ContinualTask<T> task = tasks.get(i);
            if (task == null) {
                problems.add("tasks[" + i + "] is null, expected a task");
            } else {
                problems.check(
                        names.add(task.name()),
                        "tasks[" + i + "] is called \"" + task.name() + "\" as one before it, expected distinct names");
            }
        }
        problems.throwIfAny("TaskStream");
        return new TaskStream<>(List.copyOf(tasks));
    }

    /**
     * The tasks.
     *
     * @return two or more, in their order
     */
    public List<ContinualTask<T>> tasks() {
        return tasks;
    }

    /**
     * Teaches all tasks in their order; every task is evaluated before the first one and after each one. What the learner
     * throws ends the stream.
     *
     * @param learner the learner, asked from the calling thread only
     * @return what became of each task
     * @throws IllegalStateException if the learner gives an accuracy that is no number from 0 to 1
     */
    public ForgettingReport run(ContinualLearner<T> learner) {
        List<String> names = tasks.stream().map(ContinualTask::name).toList();
        double[] baseline = accuracies(learner, "before the first task");
        List<double[]> rows = new ArrayList<>();
        for (ContinualTask<T> task : tasks) {
            learner.learn(task);
            rows.add(accuracies(learner, "after \"" + task.name() + "\""));
        }
        return ForgettingReport.of(names, rows.toArray(double[][]::new)).withBaseline(baseline);
    }

    private double[] accuracies(ContinualLearner<T> learner, String when) {
        double[] accuracies = new double[tasks.size()];
        for (int i = 0; i < accuracies.length; i++) {
            accuracies[i] = learner.accuracy(tasks.get(i));
            if (!(accuracies[i] >= 0 && accuracies[i] <= 1)) {
                throw new IllegalStateException("TaskStream, " + when + ": the learner's accuracy on "
                        + MessageText.name(tasks.get(i).name()) + " is " + accuracies[i]
                        + "; expected a number from 0 to 1. Divide what is right by the number of test examples.");
            }
        }
        return accuracies;
    }

    @Override
    public String toString() {
        return "TaskStream" + tasks;
    }
}
