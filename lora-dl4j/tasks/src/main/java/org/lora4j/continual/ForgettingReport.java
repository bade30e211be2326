/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.IntStream;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * What became of each task of a stream: the accuracy {@code a[i][j]} on task j after task i was learned, and what follows
 * from it. A value.
 *
 * <p><i>Source:</i> Lopez-Paz and Ranzato 2017, Gradient Episodic Memory for Continual Learning, arXiv:1706.08840, equations
 * 2 to 4 (average accuracy, backward and forward transfer); Chaudhry et al. 2018, Riemannian Walk for Incremental Learning,
 * arXiv:1801.10112, section 3 (forgetting).
 *
 * @apiNote Status: experimental
 */
public final class ForgettingReport {

    private final List<String> tasks;
    private final double[][] accuracy;
    private final double[] baseline;

    private ForgettingReport(List<String> tasks, double[][] accuracy, double[] baseline) {
        this.tasks = tasks;
        this.accuracy = accuracy;
        this.baseline = baseline;
    }

    /**
     * Makes a report.
     *
     * @param tasks names of the tasks in the order in which they were learned, two or more, distinct
     * @param accuracy one row for each task learned, one column for each task tested, numbers from 0 to 1; copied
     * @return the report, without baseline
     * @throws IllegalArgumentException if there are fewer than two tasks, names clash or are blank, or the numbers are not as
     *     many as that or not from 0 to 1; the message lists every problem
     */
    public static ForgettingReport of(List<String> tasks, double[][] accuracy) {
        Problems problems = new Problems();
        check(tasks, accuracy, problems);
        problems.throwIfAny("ForgettingReport");
        return new ForgettingReport(List.copyOf(tasks), copy(accuracy), null);
    }

    private static void check(List<String> tasks, double[][] accuracy, Problems problems) {
        problems.atLeast("number of tasks", tasks.size(), 2);
        Set<String> names = new HashSet<>();
        for (String name : tasks) {
            problems.check(name != null && !name.isBlank(), "a task is called \"" + name + "\", expected a name");
            problems.check(names.add(name), "the name \"" + name + "\" is given twice, expected distinct names");
        }
        problems.check(
                accuracy.length == tasks.size(),
                "accuracy has " + accuracy.length + " rows, expected one for each of the " + tasks.size() + " tasks");
        for (int i = 0; i < accuracy.length; i++) {
            checkRow("accuracy[" + i + "]", accuracy[i], tasks.size(), problems);
        }
    }

    private static void checkRow(String what, double[] row, int expected, Problems problems) {
        if (row == null || row.length != expected) {
            problems.add(what + " has " + (row == null ? "no" : row.length) + " numbers, expected one for each of the "
                    + expected + " tasks");
            return;
        }
        for (int j = 0; j < row.length; j++) {
            problems.check(
                    row[j] >= 0 && row[j] <= 1, what + "[" + j + "] = " + row[j] + ", expected a number from 0 to 1");
        }
    }

    private static double[][] copy(double[][] rows) {
        return Arrays.stream(rows).map(double[]::clone).toArray(double[][]::new);
    }

    /**
     * The same report with what was there before the first task, which {@link #forwardTransfer} compares with.
     *
     * @param accuracies accuracy on each task of the model at its start (in the paper: of random parameters), 0 to 1; copied
     * @return a new report
     * @throws IllegalArgumentException if the numbers are not as many as tasks, or not from 0 to 1
     */
    public ForgettingReport withBaseline(double... accuracies) {
        Problems problems = new Problems();
        checkRow("baseline", accuracies, tasks.size(), problems);
        problems.throwIfAny("ForgettingReport");
        return new ForgettingReport(tasks, accuracy, accuracies.clone());
    }

    /**
     * The tasks.
     *
     * @return their names in the order in which they were learned
     */
    public List<String> tasks() {
        return tasks;
    }

    /**
     * The accuracy on a task after another one was learned.
     *
     * @param after number of the task learned last, from 0
     * @param task number of the task tested, from 0
     * @return 0 to 1
     * @throws IndexOutOfBoundsException if there is no such task
     */
    public double accuracy(int after, int task) {
        return accuracy[after][task];
    }

    /**
     * The accuracies before the first task.
     *
     * @return a copy, or empty if they are not known
     */
    public Optional<double[]> baseline() {
        return Optional.ofNullable(baseline).map(double[]::clone);
    }

    /**
     * The mean accuracy on all tasks after the last one: {@code ACC = 1/T sum_j a[T-1][j]}.
     *
     * @return 0 to 1
     */
    public double averageAccuracy() {
        return Arrays.stream(accuracy[last()]).average().orElseThrow();
    }

    /**
     * The mean accuracy on each task right after it was learned: {@code 1/T sum_j a[j][j]}. What was learned at all, before
     * any of it was forgotten.
     *
     * @return 0 to 1
     */
    public double learningAccuracy() {
        return IntStream.rangeClosed(0, last())
                .mapToDouble(j -> accuracy[j][j])
                .average()
                .orElseThrow();
    }

    /**
     * What learning later tasks did to earlier ones: {@code BWT = 1/(T-1) sum_{j<T-1} (a[T-1][j] - a[j][j])}.
     *
     * @return -1 to 1; below 0 if they were forgotten
     */
    public double backwardTransfer() {
        return IntStream.range(0, last())
                .mapToDouble(j -> accuracy[last()][j] - accuracy[j][j])
                .average()
                .orElseThrow();
    }

    /**
     * What earlier tasks did for tasks not learned yet: {@code FWT = 1/(T-1) sum_{j>0} (a[j-1][j] - baseline[j])}.
     *
     * @return -1 to 1, or empty without baseline
     */
    public OptionalDouble forwardTransfer() {
        return baseline == null
                ? OptionalDouble.empty()
                : IntStream.rangeClosed(1, last())
                        .mapToDouble(j -> accuracy[j - 1][j] - baseline[j])
                        .average();
    }

    /**
     * What was lost of a task, compared with its best time: {@code f_j = max_{l<T-1} a[l][j] - a[T-1][j]}.
     *
     * @param task number of the task, from 0
     * @return -1 to 1; below 0 if it got better, and 0 for the last task, which nothing came after
     * @throws IndexOutOfBoundsException if there is no such task
     */
    public double forgetting(int task) {
        if (task == last()) {
            return 0;
        }
        double best = IntStream.range(0, last())
                .mapToDouble(l -> accuracy[l][task])
                .max()
                .orElseThrow();
        return best - accuracy[last()][task];
    }

    /**
     * The mean of {@link #forgetting} over all tasks but the last: {@code F = 1/(T-1) sum_{j<T-1} f_j}.
     *
     * @return -1 to 1
     */
    public double averageForgetting() {
        return IntStream.range(0, last())
                .mapToDouble(this::forgetting)
                .average()
                .orElseThrow();
    }

    private int last() {
        return tasks.size() - 1;
    }

    /**
     * Numbers and what follows from them, for other programs.
     *
     * @return a JSON object; {@code tasks}, {@code baseline} and {@code accuracy} make the report, {@code derived} repeats
     *     what this class computes of them
     */
    public String toJson() {
        return JsonObjects.write(json());
    }

    private Map<String, Object> json() {
        Map<String, Double> forgetting = new LinkedHashMap<>();
        IntStream.range(0, last()).forEach(j -> forgetting.put(tasks.get(j), forgetting(j)));
        Map<String, Object> derived = new LinkedHashMap<>();
        derived.put("averageAccuracy", averageAccuracy());
        derived.put("learningAccuracy", learningAccuracy());
        derived.put("backwardTransfer", backwardTransfer());
        forwardTransfer().ifPresent(value -> derived.put("forwardTransfer", value));
        derived.put("averageForgetting", averageForgetting());
        derived.put("forgetting", forgetting);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("tasks", tasks);
        baseline().ifPresent(value -> json.put("baseline", value));
        json.put("accuracy", accuracy);
        json.put("derived", derived);
        return json;
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @param text a JSON object
     * @return an equal report; {@code derived} is not read, but computed anew
     * @throws CorruptAdapterException if it is not such an object; the message lists every problem
     */
    public static ForgettingReport fromJson(String text) throws CorruptAdapterException {
        return of("ForgettingReport", JsonObjects.read("ForgettingReport", text));
    }

    /**
     * Writes {@link #toJson} to a file, which is replaced whole or stays as it was.
     *
     * @param file the file
     * @throws IOException if it cannot be written
     */
    public void save(Path file) throws IOException {
        JsonObjects.write(file, json());
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @param file the file
     * @return an equal report
     * @throws CorruptAdapterException as {@link #fromJson}
     * @throws IOException if it cannot be read
     */
    public static ForgettingReport load(Path file) throws IOException {
        return of(file.toString(), JsonObjects.read(file));
    }

    private static ForgettingReport of(String where, Map<String, Object> json) throws CorruptAdapterException {
        Problems problems = new Problems();
        json.keySet().stream()
                .filter(key ->
                        !List.of("tasks", "baseline", "accuracy", "derived").contains(key))
                .forEach(key -> problems.add("unknown field \"" + key + "\""
                        + ClosestNames.hint(key, List.of("tasks", "baseline", "accuracy", "derived"))));
        JsonNumbers numbers = new JsonNumbers(problems);
        List<String> tasks = numbers.texts("tasks", json.get("tasks"));
        double[][] accuracy = numbers.rows("accuracy", json.get("accuracy"));
        double[] baseline = json.containsKey("baseline") ? numbers.row("baseline", json.get("baseline")) : null;
        if (problems.isEmpty()) {
            check(tasks, accuracy, problems);
            if (baseline != null) {
                checkRow("baseline", baseline, tasks.size(), problems);
            }
        }
        if (!problems.isEmpty()) {
            throw new CorruptAdapterException(
                    problems.message(where) + ". It is damaged or no report: write it again with save().");
        }
        return new ForgettingReport(List.copyOf(tasks), accuracy, baseline);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ForgettingReport that
                && tasks.equals(that.tasks)
                && Arrays.deepEquals(accuracy, that.accuracy)
                && Arrays.equals(baseline, that.baseline);
    }

    @Override
    public int hashCode() {
        return 31 * tasks.hashCode() + Arrays.deepHashCode(accuracy);
    }

    @Override
    public String toString() {
        return "ForgettingReport[" + tasks.size() + " tasks, average accuracy " + averageAccuracy()
                + ", backward transfer " + backwardTransfer() + ", forgetting " + averageForgetting() + "]";
    }
}
