/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Kernel.Rounded;
import org.lora4j.internal.engine.plan.PlannedValue.Place;
import org.lora4j.internal.engine.plan.Planner.PlannedStep;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * Keeps activations in BF16 between products that multiply in BF16. What is written and read by nothing but steps that take BF16 is
 * BF16 alone, in half the memory. What others need as it is, and a product with a frozen weight would round, is rounded once, for
 * all that read it: the products of a layer, forwards and back, and those of its adapters.
 */
final class RoundedActivations {

    private static final String ROUNDING = "lora4j_rounding";

    private final List<PlannedStep> steps;
    private final Map<PlannedValue, List<Use>> uses = new LinkedHashMap<>();
    private final Set<PlannedValue> inBf16Alone = new HashSet<>();
    private final Map<PlannedValue, PlannedValue> rounded = new HashMap<>();

    /** A step that reads a value, or a view of it. */
    private record Use(PlannedStep step, int at) {

        boolean takesBf16() {
            return step.rounded().inputs().contains(at);
        }

        /** Whether the step takes it whatever its other arrays are. */
        boolean takesRounded() {
            return takesBf16() && !step.rounded().together();
        }

        boolean wantsRounded() {
            return step.rounded().wanted().contains(at);
        }
    }

    private RoundedActivations(List<PlannedStep> steps) {
        this.steps = steps;
        for (PlannedStep step : steps) {
            for (int i = 0; i < step.inputs().size(); i++) {
                uses.computeIfAbsent(step.inputs().get(i).base(), v -> new ArrayList<>())
                        .add(new Use(step, i));
            }
        }
    }

    /** The same steps on rounded values, and others that round. */
    static List<PlannedStep> of(List<PlannedStep> steps, Kernel rounding) {
        RoundedActivations activations = new RoundedActivations(steps);
        activations.findInBf16Alone();
        return activations.rewritten(rounding);
    }

    private void findInBf16Alone() {
        for (PlannedStep step : steps) {
            for (int output : step.rounded().outputs()) {
                PlannedValue value = step.outputs().get(output);
                boolean taken = uses.getOrDefault(value, List.of()).stream().allMatch(Use::takesBf16);
                if (taken && value.place() == Place.ARENA && value.type() == DataType.FLOAT) {
                    inBf16Alone.add(value);
                }
            }
        }
        while (steps.stream().anyMatch(this::isMixed)) {
            steps.stream().filter(this::isMixed).forEach(step -> all(step).forEach(inBf16Alone::remove));
        }
    }

    // Some of its values could be BF16, and not all, for a step that takes them together.
    private boolean isMixed(PlannedStep step) {
        return step.rounded().together()
                && all(step).anyMatch(inBf16Alone::contains)
                && !all(step).allMatch(inBf16Alone::contains);
    }

    /** What of it may be BF16. */
    private static Stream<PlannedValue> all(PlannedStep step) {
        return Stream.concat(
                step.rounded().inputs().stream().map(at -> step.inputs().get(at).base()),
                step.rounded().outputs().stream().map(step.outputs()::get));
    }

    private List<PlannedStep> rewritten(Kernel rounding) {
        inBf16Alone.forEach(value -> rounded.put(value, value.rounded(value.name())));
        List<PlannedStep> all = new ArrayList<>();
        for (PlannedStep step : steps) {
            all.add(step.on(
                    inputs(step), step.outputs().stream().map(this::output).toList()));
            for (PlannedValue output : step.outputs()) {
                if (isRoundedOnce(output)) {
                    PlannedValue copy = output.rounded(output.name() + "/rounded");
                    rounded.put(output, copy);
                    all.add(step(rounding, output, copy));
                }
            }
        }
        return all;
    }

    // One product alone rounds what it reads piece by piece, in the cache.
    private boolean isRoundedOnce(PlannedValue value) {
        List<Use> readers = uses.getOrDefault(value, List.of());
        return value.type() == DataType.FLOAT
                && !inBf16Alone.contains(value)
                && readers.stream().anyMatch(Use::wantsRounded)
                && readers.stream().filter(Use::takesRounded).count() > 1;
    }

    private static PlannedStep step(Kernel rounding, PlannedValue from, PlannedValue into) {
        // Of no graph: for the description of the plan.
        SameDiffOp op = SameDiffOp.builder()
                .name(ROUNDING)
                .op(new DynamicCustomOp(ROUNDING, (INDArray[]) null, null))
                .build();
        return new PlannedStep(op, () -> new KernelStep(rounding, 1, 1), Rounded.NONE, List.of(from), List.of(into));
    }

    private PlannedValue output(PlannedValue value) {
        return inBf16Alone.contains(value) ? rounded.get(value) : value;
    }

    private List<PlannedValue> inputs(PlannedStep step) {
        List<PlannedValue> inputs = new ArrayList<>();
        for (int i = 0; i < step.inputs().size(); i++) {
            PlannedValue value = step.inputs().get(i);
            PlannedValue other = rounded.get(value.base());
            boolean takes = inBf16Alone.contains(value.base()) || new Use(step, i).takesRounded();
            inputs.add(
                    other == null || !takes
                            ? value
                            : value.isView() ? other.viewAs(value.name(), value.shape()) : other);
        }
        return inputs;
    }
}
