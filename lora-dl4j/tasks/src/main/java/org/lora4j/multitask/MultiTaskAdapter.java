/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.samediff.ExpertGate;
import org.lora4j.samediff.ExpertGate.Input;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a {@link MultiTaskModel} has learned: the parts that tasks share and those of each task.
 *
 * <p>{@link #plain} makes one plain PEFT adapter of a task: shared factors, experts and specific factors side by side, with
 * the sum of their ranks, scalings and the shares of the task's gate folded in. Its outputs are those of the task, up to
 * rounding. A gate that sees the activation gives every position other shares and has no such form.
 *
 * <p><b>State and threads.</b> A value, as {@link Adapter}.
 *
 * @apiNote Status: experimental
 */
public final class MultiTaskAdapter {

    private final Optional<Adapter> shared;
    private final Optional<Adapter> experts;
    private final Map<String, Part> parts;

    /**
     * What belongs to one task.
     *
     * @param specific its factors and its head
     * @param gate the gate of the experts for this task; the same for all tasks if it sees the activation
     * @param labels which output means what
     */
    record Part(Optional<Adapter> specific, Optional<ExpertGate> gate, Optional<TaskLabels> labels) {}

    /** Checks that the parts belong together. */
    MultiTaskAdapter(Optional<Adapter> shared, Optional<Adapter> experts, Map<String, Part> parts) {
        this.shared = shared;
        this.experts = experts;
        this.parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
        Problems problems = new Problems();
        TaskNames.check(parts.keySet(), problems);
        parts.forEach((task, part) -> {
            problems.check(
                    part.gate().isPresent() == experts.isPresent(),
                    "task \"" + task + "\" has " + (part.gate().isPresent() ? "a gate" : "no gate") + " and there are "
                            + (experts.isPresent() ? "experts" : "no experts") + "; expected both or neither");
            boolean something =
                    shared.isPresent() || experts.isPresent() || part.specific().isPresent();
            problems.check(something, "task \"" + task + "\" has no part at all; expected at least one");
        });
        experts.ifPresent(all -> parts.forEach((task, part) ->
                part.gate().ifPresent(gate -> checkGate("task \"" + task + "\"", all, gate, problems))));
        long kinds = parts.values().stream()
                .flatMap(part -> part.gate().stream())
                .map(gate -> List.of(gate.input(), gate.experts()))
                .distinct()
                .count();
        problems.check(kinds <= 1, "tasks have gates of different kinds; expected one kind");
        problems.throwIfAny("MultiTaskAdapter");
    }

    private static void checkGate(String where, Adapter experts, ExpertGate gate, Problems problems) {
        problems.check(
                gate.values().keySet().equals(experts.modules().keySet()),
                where + " has a gate for " + Problems.quoted(gate.values().keySet())
                        + "; expected one for each module of" + " the experts, "
                        + Problems.quoted(experts.modules().keySet()));
        experts.modules().forEach((path, factors) -> {
            INDArray a = factors.get(TaskExport.A);
            problems.check(
                    a != null && a.size(0) % gate.experts() == 0,
                    "module \"" + path + "\" of the experts has rank " + (a == null ? null : a.size(0))
                            + "; expected a multiple of the " + gate.experts() + " experts");
            INDArray value = gate.values().get(path);
            if (a != null && value != null) {
                long[] expected = gate.input() == Input.CONSTANT
                        ? new long[] {gate.experts()}
                        : new long[] {gate.experts(), a.size(1)};
                problems.check(
                        Arrays.equals(expected, value.shape()),
                        where + ", module \"" + path + "\": the gate has shape " + Arrays.toString(value.shape())
                                + "; expected " + Arrays.toString(expected));
            }
        });
    }

    /**
     * The tasks.
     *
     * @return names in order
     */
    public List<String> tasks() {
        return List.copyOf(parts.keySet());
    }

    /**
     * The factors that all tasks share.
     *
     * @return an adapter without heads, or empty if that part is switched off
     */
    public Optional<Adapter> shared() {
        return shared;
    }

    /**
     * The factors of all experts side by side, without the gate.
     *
     * @return an adapter whose rank is that of all experts together, or empty if there are none
     */
    public Optional<Adapter> experts() {
        return experts;
    }

    /**
     * What a task has for itself.
     *
     * @param task name of a task
     * @return its factors and its head, or empty if it has neither
     * @throws IllegalArgumentException if there is no such task
     */
    public Optional<Adapter> specific(String task) {
        return part(task).specific();
    }

    /**
     * How much each expert counts for a task.
     *
     * @param task name of a task
     * @return the gate, or empty if there are no experts
     * @throws IllegalArgumentException if there is no such task
     */
    public Optional<ExpertGate> gate(String task) {
        return part(task).gate();
    }

    /**
     * Which output of a task means what.
     *
     * @param task name of a task
     * @return its labels, or empty if it was trained without names
     * @throws IllegalArgumentException if there is no such task
     */
    public Optional<TaskLabels> labels(String task) {
        return part(task).labels();
    }

    private Part part(String task) {
        Part part = parts.get(task);
        if (part == null) {
            throw TaskNames.unknown("MultiTaskAdapter", task, parts.keySet());
        }
        return part;
    }

    /** Notes why a task with a graph cannot be the one of this name. */
    void checkTask(Task task, Problems problems) {
        Part part = parts.get(task.name());
        if (part == null) {
            problems.add(TaskNames.unknown("tasks", task.name(), parts.keySet()).getMessage());
            return;
        }
        boolean sameLabels = task.labels().isEmpty() || task.labels().equals(part.labels());
        problems.check(
                sameLabels,
                "task \"" + task.name() + "\" has the labels " + Problems.quoted(names(task.labels()))
                        + "; expected those that it was trained with, " + Problems.quoted(names(part.labels())));
        List<String> saved =
                part.specific().map(adapter -> adapter.config().modulesToSave()).orElse(List.of());
        problems.check(
                saved.equals(task.head()),
                "task \"" + task.name() + "\" has the head " + Problems.quoted(task.head())
                        + "; expected the one that it was trained with, " + Problems.quoted(saved));
    }

    private static List<String> names(Optional<TaskLabels> labels) {
        return labels.map(TaskLabels::names).orElse(List.of());
    }

    /**
     * Why tasks have no plain form.
     *
     * @return the reason, or empty if {@link #plain} works
     */
    public Optional<String> reasonAgainstPlainForm() {
        boolean seesActivation = parts.values().stream()
                .flatMap(part -> part.gate().stream())
                .anyMatch(gate -> gate.input() == Input.ACTIVATION);
        return seesActivation
                ? Optional.of(
                        "the gate of its experts sees the activation, so that the experts' shares differ from position"
                                + " to position, and one pair of factors has the same update everywhere")
                : Optional.empty();
    }

    /**
     * A task as one plain adapter for the unchanged base.
     *
     * @param task name of a task
     * @return the adapter; where several parts meet it has the sum of their ranks and scaling 1
     * @throws IllegalArgumentException if there is no such task
     * @throws IllegalStateException if tasks have no plain form; the message says why
     */
    public Adapter plain(String task) {
        Part part = part(task);
        reasonAgainstPlainForm().ifPresent(reason -> {
            throw new IllegalStateException(
                    "plain form of task " + MessageText.name(task) + ": there is none, because " + reason
                            + "; expected a gate that sees the task (Gate.TASK) or no experts. Keep the multi-task directory, or"
                            + " train with such a gate.");
        });
        return TaskExport.plain(
                shared, experts.map(all -> TaskExport.folded(all, part.gate().orElseThrow())), part.specific());
    }

    /**
     * Writes one directory for all tasks:
     *
     * <pre>
     * multitask.safetensors   the tasks, their labels, the gates
     * shared/                 a PEFT directory, if there is a shared part
     * experts/                a PEFT directory with all experts, without their gate
     * specific/TASK/          a PEFT directory with the task's factors and its head
     * tasks/TASK/             the task as one plain PEFT adapter; none if the gate sees the activation
     * README.md               what this is, and why there are no plain adapters if there are none
     * </pre>
     *
     * <p><b>State.</b> A multi-task directory that is already there is replaced whole: the new one is complete under another
     * name before the old one is moved away. One writer at a time.
     *
     * @param directory where to: new, empty, or a multi-task directory
     * @throws IOException if writing fails, or the directory holds something else; what was there is intact then
     */
    public void save(Path directory) throws IOException {
        MultiTaskFiles.save(this, directory);
    }

    /**
     * Reads what {@link #save} wrote. The plain adapters in it are not read.
     *
     * @param directory a multi-task directory
     * @return the adapter
     * @throws org.lora4j.error.AdapterFormatException if it is none, damaged, or of a later version, or its parts do not
     *     belong together
     * @throws IOException if reading fails
     */
    public static MultiTaskAdapter load(Path directory) throws IOException {
        return MultiTaskFiles.load(directory);
    }

    Map<String, Part> parts() {
        return parts;
    }

    @Override
    public String toString() {
        return "MultiTaskAdapter[tasks " + Problems.quoted(tasks()) + "]";
    }
}
