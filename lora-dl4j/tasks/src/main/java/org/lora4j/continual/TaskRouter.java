/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Matrix;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Tells from the features of an input, which a frozen encoder computes, which task it belongs to, and so which adapter to use.
 * A value: each task adds its prototypes while its data is there, and nothing of earlier tasks is needed for that.
 *
 * <pre>{@code
 * TaskRouter router = TaskRouter.mahalanobis(0.1)
 *         .with("travel", travelFeatures, travelClasses)
 *         .with("banking", bankingFeatures, bankingClasses)
 *         .calibrated(heldOutFeatures, 0.95);
 * for (Route route : router.route(features)) {
 *     String adapter = route.known() ? route.task() : AdapterServer.BASE;
 * }
 * }</pre>
 *
 * <p>Prototypes are the means of the classes of a task, or of the whole task. Closest is meant by squared distance: Euclidean,
 * or Mahalanobis with one covariance, that of all inputs around their prototypes, {@code (1-s) S + s tr(S)/d I} with a
 * shrinkage s. Features of unit length are best.
 *
 * <p><i>Source:</i> Lee et al. 2018, A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial
 * Attacks, arXiv:1807.03888, section 2.1 (class means, shared covariance, the distance as what tells the unknown); Podolskiy
 * et al. 2021, Revisiting Mahalanobis Distance for Transformer-Based Out-of-Domain Detection, arXiv:2101.03778, for texts.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class TaskRouter {

    /** The means of one task. */
    record Prototypes(String task, List<double[]> means) {}

    private final OptionalDouble shrinkage;
    private final List<Prototypes> tasks;
    private final Scatter scatter;
    private final OptionalDouble threshold;
    private final Map<String, List<double[]>> placed;
    private final Whitening whitening;

    TaskRouter(OptionalDouble shrinkage, List<Prototypes> tasks, Scatter scatter, OptionalDouble threshold) {
        this.shrinkage = shrinkage;
        this.tasks = List.copyOf(tasks);
        this.scatter = scatter;
        this.threshold = threshold;
        this.whitening = shrinkage.isEmpty() || tasks.isEmpty() ? null : scatter.whitening(shrinkage.getAsDouble());
        this.placed = new LinkedHashMap<>();
        this.tasks.forEach(task ->
                placed.put(task.task(), task.means().stream().map(this::place).toList()));
    }

    /**
     * An empty router that compares by Euclidean distance.
     *
     * @return the router
     */
    public static TaskRouter euclidean() {
        return new TaskRouter(OptionalDouble.empty(), List.of(), Scatter.NONE, OptionalDouble.empty());
    }

    /**
     * An empty router that compares by Mahalanobis distance.
     *
     * @param shrinkage how much of the covariance is replaced by a multiple of the identity, above 0 and at most 1; needed
     *     because there are hardly more inputs than features at first
     * @return the router
     * @throws IllegalArgumentException if the number is outside of its range
     */
    public static TaskRouter mahalanobis(double shrinkage) {
        Problems problems = new Problems();
        problems.check(
                shrinkage > 0 && shrinkage <= 1, "shrinkage = " + shrinkage + ", expected a number above 0, at most 1");
        problems.throwIfAny("TaskRouter");
        return new TaskRouter(OptionalDouble.of(shrinkage), List.of(), Scatter.NONE, OptionalDouble.empty());
    }

    /**
     * The router with one more task, of one prototype: the mean of its features.
     *
     * @param task name that no task of this router has
     * @param features {@code [examples, features]}, one example or more; only read
     * @return a new router, without threshold
     * @throws IllegalArgumentException as {@link #with(String, INDArray, int[])}
     */
    public TaskRouter with(String task, INDArray features) {
        boolean matrix = features != null && features.rank() == 2;
        return with(task, features, new int[matrix ? Math.toIntExact(features.size(0)) : 0]);
    }

    /**
     * The router with one more task, of one prototype for each of its classes: the mean of the features of the class. The
     * threshold is dropped, because distances to all tasks change with the covariance: calibrate again.
     *
     * @param task name that no task of this router has
     * @param features {@code [examples, features]}, one example or more, of FLOAT or DOUBLE; only read
     * @param classes class of each example, any numbers
     * @return a new router, without threshold
     * @throws IllegalArgumentException if the name is taken or blank, the features are no finite matrix of as many columns as
     *     those of the other tasks, there are not as many classes as examples, or all features of a router for Mahalanobis
     *     distances are equal to their prototypes; the message lists every problem
     */
    public TaskRouter with(String task, INDArray features, int[] classes) {
        Problems problems = new Problems();
        problems.check(task != null && !task.isBlank(), "task = \"" + task + "\", expected a name");
        problems.check(!tasks().contains(task), "the task \"" + task + "\" is known already, expected another name");
        double[][] rows = rows(features, problems);
        problems.check(
                rows.length == classes.length,
                classes.length + " classes for " + rows.length + " examples, expected one for each");
        problems.throwIfAny("TaskRouter");
        Map<Integer, List<double[]>> groups = new TreeMap<>();
        for (int i = 0; i < rows.length; i++) {
            groups.computeIfAbsent(classes[i], c -> new ArrayList<>()).add(rows[i]);
        }
        List<double[]> means = new ArrayList<>();
        Scatter grown = scatter.copy(rows[0].length, shrinkage.isPresent());
        groups.values().forEach(group -> means.add(grown.add(group)));
        if (shrinkage.isPresent() && !(grown.trace() > 0)) {
            throw new IllegalArgumentException(
                    "TaskRouter: all examples are equal to the prototypes of their classes;"
                            + " expected examples that differ, to learn a covariance from. Give more of them, or use euclidean().");
        }
        List<Prototypes> all = new ArrayList<>(tasks);
        all.add(new Prototypes(task, means));
        return new TaskRouter(shrinkage, all, grown, OptionalDouble.empty());
    }

    /**
     * The router without a task. What the covariance learned from it stays, and so does the threshold.
     *
     * @param task its name
     * @return a new router
     * @throws IllegalArgumentException if there is no such task
     */
    public TaskRouter without(String task) {
        if (!tasks().contains(task)) {
            throw new IllegalArgumentException("TaskRouter: no task " + MessageText.name(task)
                    + ClosestNames.hint(task, tasks()) + "; expected one of " + Problems.quoted(tasks()) + ".");
        }
        return new TaskRouter(
                shrinkage, tasks.stream().filter(t -> !t.task().equals(task)).toList(), scatter, threshold);
    }

    /**
     * The router with a threshold: what is farther from every prototype than almost all of these examples is unknown.
     *
     * @param heldOut features of examples of the known tasks that the prototypes were not made of
     * @param accepted share of them that is to be known, above 0 and at most 1: the threshold is the smallest distance that
     *     reaches it
     * @return a new router
     * @throws IllegalArgumentException if there are no tasks, the features do not fit or the share is outside of its range
     */
    public TaskRouter calibrated(INDArray heldOut, double accepted) {
        Problems problems = new Problems();
        problems.check(
                accepted > 0 && accepted <= 1, "accepted = " + accepted + ", expected a number above 0, at most 1");
        problems.throwIfAny("TaskRouter");
        double[] distances =
                route(heldOut).stream().mapToDouble(Route::distance).sorted().toArray();
        int index = (int) Math.ceil(accepted * distances.length) - 1;
        return new TaskRouter(shrinkage, tasks, scatter, OptionalDouble.of(distances[index]));
    }

    /**
     * Finds the closest task of each input.
     *
     * @param features {@code [inputs, features]}; only read
     * @return one route for each input, in their order
     * @throws IllegalArgumentException if there are no tasks yet, or the features are no finite matrix of as many columns as
     *     those of the tasks
     */
    public List<Route> route(INDArray features) {
        Problems problems = new Problems();
        problems.check(!tasks.isEmpty(), "no tasks, expected one or more; call with(task, features) first");
        double[][] rows = rows(features, problems);
        problems.throwIfAny("TaskRouter");
        return Arrays.stream(rows).map(this::route).toList();
    }

    private Route route(double[] features) {
        double[] input = place(features);
        String closest = null;
        double least = Double.POSITIVE_INFINITY;
        for (Map.Entry<String, List<double[]>> task : placed.entrySet()) {
            for (double[] mean : task.getValue()) {
                double distance = distance(input, mean);
                if (closest == null || distance < least) {
                    closest = task.getKey();
                    least = distance;
                }
            }
        }
        return new Route(closest, least, threshold.isEmpty() || least <= threshold.getAsDouble());
    }

    private double[] place(double[] features) {
        return whitening == null ? features : whitening.apply(features);
    }

    private static double distance(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return sum;
    }

    private double[][] rows(INDArray features, Problems problems) {
        if (features == null
                || features.rank() != 2
                || features.isEmpty()
                || !features.dataType().isFPType()) {
            problems.add("features are "
                    + (features == null ? "null" : features.dataType() + Arrays.toString(features.shape()))
                    + ", expected floating-point numbers [examples, features], one example or more");
            return new double[0][];
        }
        problems.check(
                tasks.isEmpty() || features.size(1) == dimension(),
                "features have " + features.size(1) + " columns, expected " + dimension() + " as those of the tasks");
        double[][] rows = Matrix.of(features, Math.toIntExact(features.size(0))).copyOfRows();
        for (int i = 0; i < rows.length && !problems.isFull(); i++) {
            if (!Arrays.stream(rows[i]).allMatch(Double::isFinite)) {
                problems.add("features[" + i + "] has numbers that are not finite, expected finite ones");
            }
        }
        return rows;
    }

    private int dimension() {
        return tasks.isEmpty() ? 0 : tasks.get(0).means().get(0).length;
    }

    /**
     * The tasks.
     *
     * @return names in the order in which they were added
     */
    public List<String> tasks() {
        return tasks.stream().map(Prototypes::task).toList();
    }

    /**
     * The distance above which inputs are unknown.
     *
     * @return the threshold, or empty if every input is known
     */
    public OptionalDouble threshold() {
        return threshold;
    }

    OptionalDouble shrinkage() {
        return shrinkage;
    }

    List<Prototypes> prototypes() {
        return tasks;
    }

    Scatter scatter() {
        return scatter;
    }

    /**
     * Writes the router to a safetensors file with a JSON object in its metadata; the file is replaced whole or stays as it was.
     *
     * @param file the file
     * @throws IOException if it cannot be written
     * @throws IllegalStateException if there are no tasks
     */
    public void save(Path file) throws IOException {
        if (tasks.isEmpty()) {
            throw new IllegalStateException(
                    "TaskRouter: save() without tasks; expected one or more. Call with(...) first.");
        }
        RouterFile.write(this, file);
    }

    /**
     * Reads what {@link #save} wrote.
     *
     * @param file the file
     * @return a router that routes alike, in every bit, and can learn further tasks
     * @throws CorruptAdapterException if the file is damaged or no router; the message lists every problem
     * @throws org.lora4j.error.UnsupportedAdapterVersionException if it was written by a later version
     * @throws IOException if it cannot be read
     */
    public static TaskRouter load(Path file) throws IOException {
        return RouterFile.read(file);
    }

    @Override
    public String toString() {
        return "TaskRouter[" + tasks.size() + " tasks, "
                + tasks.stream().mapToInt(task -> task.means().size()).sum() + " prototypes of " + dimension()
                + " features, "
                + (shrinkage.isPresent() ? "Mahalanobis, shrinkage " + shrinkage.getAsDouble() : "Euclidean")
                + (threshold.isPresent() ? ", threshold " + threshold.getAsDouble() : "") + "]";
    }
}
