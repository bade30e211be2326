/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.internal.engine.plan.PlannedValue.Place;
import org.lora4j.internal.engine.plan.Planner.PlannedStep;

/**
 * Plans a backward pass that computes activations again instead of keeping them (gradient checkpointing: Chen et al. 2016,
 * arXiv:1604.06174). The forward pass is cut where little is needed on the other side. What crosses a cut is kept; the rest
 * of a segment is computed again when the backward pass reaches it, by the same steps on the same values and so to the same
 * bits. The last segment is kept, as the backward pass begins with it.
 */
final class Recomputation {

    /** From one limit to a segment that is tried to the next. */
    private static final double LIMIT_STEP = 1.1;

    private final List<PlannedStep> steps;
    private final int forward;
    private final Map<PlannedValue, Integer> producers = new HashMap<>();
    private final Map<PlannedValue, PlannedValue> again = new HashMap<>();
    private final Set<PlannedValue> kept = new HashSet<>();
    private final List<PlannedStep> planned = new ArrayList<>();

    private Recomputation(List<PlannedStep> steps, int forward) {
        this.steps = steps;
        this.forward = forward;
        for (int i = 0; i < forward; i++) {
            for (PlannedValue output : steps.get(i).outputs()) {
                producers.put(output, i);
            }
        }
    }

    /** The steps of a pass whose first {@code forward} ones are the forward pass, with some of these again. */
    static List<PlannedStep> of(List<PlannedStep> steps, int forward) {
        Recomputation recomputation = new Recomputation(steps, forward);
        recomputation.chooseKept();
        recomputation.planned.addAll(steps.subList(0, forward));
        for (PlannedStep step : steps.subList(forward, steps.size())) {
            recomputation.addBackward(step);
        }
        return recomputation.planned;
    }

    private void addBackward(PlannedStep step) {
        planned.add(step.on(step.inputs().stream().map(this::available).toList(), step.outputs()));
    }

    // The value itself if it is kept, else one that is computed again by steps that are added here.
    private PlannedValue available(PlannedValue value) {
        PlannedValue base = value.base();
        if (base.place() != Place.ARENA || !producers.containsKey(base) || kept.contains(base)) {
            return value;
        }
        PlannedValue found = again.get(base);
        if (found == null) {
            PlannedStep step = steps.get(producers.get(base));
            List<PlannedValue> inputs =
                    step.inputs().stream().map(this::available).toList();
            List<PlannedValue> outputs =
                    step.outputs().stream().map(PlannedValue::again).toList();
            for (int i = 0; i < outputs.size(); i++) {
                again.put(step.outputs().get(i), outputs.get(i));
            }
            planned.add(step.on(inputs, outputs));
            found = again.get(base);
        }
        return value.isView() ? found.viewAs(value.name(), value.shape()) : found;
    }

    /**
     * Keeps what makes the sum of all that crosses cuts and the largest segment smallest: for limits to a segment the cheapest
     * cuts, by dynamic programming. A limit is never below what a single step saves.
     */
    private void chooseKept() {
        List<Set<PlannedValue>> crossing = crossing();
        long[] saved = savedAt();
        long all = Arrays.stream(saved).sum();
        long least = Long.MAX_VALUE;
        List<Integer> cuts = List.of();
        for (double limit = Arrays.stream(saved).max().orElse(0); limit < all; limit = 1 + LIMIT_STEP * limit) {
            Cuts found = cheapest((long) limit, saved, crossing);
            if (found.bytes() + limit < least) {
                least = found.bytes() + (long) limit;
                cuts = found.places();
            }
        }
        cuts.forEach(cut -> kept.addAll(crossing.get(cut)));
        int last = cuts.isEmpty() ? 0 : cuts.get(cuts.size() - 1) + 1;
        for (int i = last; i < forward; i++) {
            kept.addAll(steps.get(i).outputs());
        }
    }

    /** Places after which the forward pass is cut, and what all that crosses them takes. */
    private record Cuts(long bytes, List<Integer> places) {}

    private Cuts cheapest(long limit, long[] saved, List<Set<PlannedValue>> crossing) {
        long[] bytes = new long[forward + 1];
        int[] before = new int[forward + 1];
        // Position i stands for a cut before step i; position 0 and the last are free.
        for (int end = 1; end <= forward; end++) {
            long own = end == forward ? 0 : bytes(crossing.get(end - 1));
            bytes[end] = Long.MAX_VALUE;
            long segment = 0;
            for (int start = end - 1; start >= 0; start--) {
                segment += saved[start];
                if (segment > limit) {
                    break;
                }
                if (bytes[start] + own < bytes[end]) {
                    bytes[end] = bytes[start] + own;
                    before[end] = start;
                }
            }
        }
        List<Integer> places = new ArrayList<>();
        for (int at = before[forward]; at > 0; at = before[at]) {
            places.add(0, at - 1);
        }
        return new Cuts(bytes[forward], places);
    }

    private static long bytes(Set<PlannedValue> values) {
        return values.stream().mapToLong(PlannedValue::bytes).sum();
    }

    /** For each step of the forward pass, what earlier steps and it compute and later ones of the pass read. */
    private List<Set<PlannedValue>> crossing() {
        Map<PlannedValue, Integer> lastReads = new HashMap<>();
        for (int i = 0; i < forward; i++) {
            for (PlannedValue input : steps.get(i).inputs()) {
                lastReads.put(input.base(), i);
            }
        }
        List<Set<PlannedValue>> crossing = new ArrayList<>();
        Set<PlannedValue> live = new HashSet<>();
        for (int i = 0; i < forward; i++) {
            int step = i;
            live.addAll(steps.get(i).outputs());
            live.removeIf(value -> value.place() != Place.ARENA || lastReads.getOrDefault(value, -1) <= step);
            crossing.add(Set.copyOf(live));
        }
        return crossing;
    }

    /** For each step of the forward pass, the bytes of its outputs that the backward pass reads. */
    private long[] savedAt() {
        Set<PlannedValue> read = new HashSet<>();
        for (PlannedStep step : steps.subList(forward, steps.size())) {
            step.inputs().forEach(input -> read.add(input.base()));
        }
        long[] saved = new long[forward];
        for (int i = 0; i < forward; i++) {
            for (PlannedValue output : steps.get(i).outputs()) {
                saved[i] += output.place() == Place.ARENA && read.contains(output) ? output.bytes() : 0;
            }
        }
        return saved;
    }
}
