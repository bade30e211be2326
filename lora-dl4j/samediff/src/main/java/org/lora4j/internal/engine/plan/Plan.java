/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.lora4j.internal.engine.plan.PlannedValue.Place;
import org.lora4j.internal.engine.plan.Planner.PlannedStep;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The steps of a graph for inputs of certain shapes.
 *
 * @apiNote Status: internal
 */
public final class Plan {

    private static volatile StepWatch watch;

    private final SameDiff graph;
    private final Arena arena;
    private final List<Step> steps;
    private final List<String> resultNames;
    private final Map<String, PlannedValue> values;
    private final Map<PlannedValue, List<Use>> uses = new LinkedHashMap<>();
    private final Map<PlannedValue, INDArray> constants = new LinkedHashMap<>();
    private final Map<PlannedValue, INDArray> leaves = new LinkedHashMap<>();
    private final List<PlannedStep> planned;
    private final long bytes;
    private int generation = -1;
    private List<PlanStep> descriptions;

    /** A place of a step that an array goes to. */
    private record Use(Step step, int at, boolean output) {
        void set(INDArray array) {
            if (output) {
                step.output(at, array);
            } else {
                step.input(at, array);
            }
        }
    }

    Plan(
            SameDiff graph,
            List<PlannedStep> planned,
            Map<String, PlannedValue> values,
            List<String> resultNames,
            Arena arena) {
        this.graph = graph;
        this.arena = arena;
        this.resultNames = resultNames;
        this.values = Map.copyOf(values);
        this.steps = planned.stream().map(step -> step.step().get()).toList();
        this.planned = planned;
        for (int i = 0; i < planned.size(); i++) {
            int number = i;
            planned.get(i).outputs().forEach(value -> value.computedAt(number));
            planned.get(i).inputs().forEach(value -> value.neededAt(number));
            addUses(steps.get(i), planned.get(i).inputs(), false);
            addUses(steps.get(i), planned.get(i).outputs(), true);
        }
        for (PlannedValue value : values.values()) {
            if (value.place() == Place.KNOWN && isLeaf(value)) {
                constants.put(value, value.array().dup());
            }
        }
        List<PlannedValue> placed = uses.keySet().stream()
                .filter(value -> value.place() == Place.ARENA && !value.isView())
                .toList();
        this.bytes = MemoryPlacement.place(placed);
        uses.forEach((value, places) -> {
            if (value.place() == Place.KNOWN) {
                places.forEach(use -> use.set(value.array()));
            }
        });
    }

    private void addUses(Step step, List<PlannedValue> arrays, boolean output) {
        for (int i = 0; i < arrays.size(); i++) {
            uses.computeIfAbsent(arrays.get(i), v -> new ArrayList<>()).add(new Use(step, i, output));
        }
    }

    private boolean isLeaf(PlannedValue value) {
        return graph.getVariable(value.name()).getArr() == value.array();
    }

    /**
     * Has the steps of all runs of all plans that begin from now on watched. While nobody watches, a run asks once whether
     * somebody does, and that is all.
     *
     * @param by who watches; null for nobody
     */
    public static void watch(StepWatch by) {
        watch = by;
    }

    /** What the plan does, step by step. */
    public List<PlanStep> steps() {
        if (descriptions == null) {
            descriptions = planned.stream().map(PlannedStep::description).toList();
        }
        return descriptions;
    }

    /**
     * The same in words.
     *
     * @return a line for each step
     */
    public String describe() {
        return steps().stream().map(PlanStep::toString).collect(Collectors.joining(System.lineSeparator()));
    }

    /** Bytes of the arena that a run needs. */
    long bytes() {
        return bytes;
    }

    /** Whether what the plan took for constant is still so: small integers, and the shapes of weights. */
    boolean isCurrent() {
        for (Map.Entry<PlannedValue, INDArray> constant : constants.entrySet()) {
            if (!constant.getValue().equals(leaf(constant.getKey()))) {
                return false;
            }
        }
        return uses.keySet().stream()
                .filter(value -> value.place() == Place.LEAF)
                .allMatch(value -> Arrays.equals(value.shape(), leaf(value).shape()));
    }

    private INDArray leaf(PlannedValue value) {
        return graph.getVariable(value.name()).getArr();
    }

    /**
     * Computes the results.
     *
     * @param placeholders inputs of the shapes that the plan is for
     * @return the results by name; the arrays belong to the caller, but for those that are inputs or weights themselves
     */
    public Map<String, INDArray> run(Map<String, INDArray> placeholders) {
        arena.require(bytes);
        bindArena();
        Map<PlannedValue, INDArray> results = new LinkedHashMap<>();
        uses.forEach((value, places) -> {
            switch (value.place()) {
                case GIVEN -> places.forEach(use -> use.set(placeholders.get(value.name())));
                case LEAF -> bindLeaf(value, places);
                case RESULT -> {
                    INDArray result = arena.result(value.type(), value.shape());
                    results.put(value, result);
                    places.forEach(use -> use.set(result));
                }
                default -> {
                    // Bound once.
                }
            }
        });
        runSteps();
        Map<String, INDArray> found = new LinkedHashMap<>();
        for (String name : resultNames) {
            found.put(name, result(values.get(name), results, placeholders));
        }
        return found;
    }

    private void runSteps() {
        StepWatch watching = watch;
        if (watching == null) {
            steps.forEach(Step::run);
        } else {
            List<PlanStep> known = steps();
            for (int i = 0; i < known.size(); i++) {
                watching.around(known.get(i), steps.get(i));
            }
        }
    }

    private void bindArena() {
        if (generation == arena.generation()) {
            return;
        }
        uses.forEach((value, places) -> {
            if (value.place() == Place.ARENA) {
                INDArray array = arena.array(value.offset(), value.type(), value.shape());
                places.forEach(use -> use.set(array));
            }
        });
        generation = arena.generation();
    }

    private void bindLeaf(PlannedValue value, List<Use> places) {
        INDArray array = leaf(value);
        if (leaves.put(value, array) != array) {
            places.forEach(use -> use.set(array));
        }
    }

    private INDArray result(
            PlannedValue value, Map<PlannedValue, INDArray> results, Map<String, INDArray> placeholders) {
        return switch (value.place()) {
            case GIVEN -> placeholders.get(value.name());
            case LEAF -> leaf(value);
            case KNOWN -> placeholders.containsKey(value.name()) ? placeholders.get(value.name()) : known(value);
            case RESULT -> results.get(value);
            case ARENA ->
                throw new IllegalStateException("plan: \"" + value.name() + "\" is asked for and in the arena");
        };
    }

    private INDArray known(PlannedValue value) {
        return constants.containsKey(value) ? leaf(value) : value.array().dup();
    }
}
