/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.lora4j.internal.checkpoint.CheckpointContent;

/**
 * Notices parameters that never get a gradient. B = 0 makes the gradient of A zero in the first step, rightly; B moves in it,
 * so a factor whose gradient is exactly 0 in three steps is cut off from the loss. Steps in which it had no part, because dropout
 * left out its whole update, do not count.
 */
final class GradientWatch {

    private static final int STEPS = 3;

    private final List<TrainableParameter> parameters;
    private final boolean[] allowed;
    private final boolean allAllowed;
    private final boolean[] seen;
    private final int[] zeroSteps;
    private int stepsWithoutEffect;

    GradientWatch(List<TrainableParameter> parameters, List<String> allowedWithoutGradient) {
        this.parameters = parameters;
        this.allowed = new boolean[parameters.size()];
        this.seen = new boolean[parameters.size()];
        this.zeroSteps = new int[parameters.size()];
        List<Pattern> patterns =
                allowedWithoutGradient.stream().map(Pattern::compile).toList();
        boolean all = true;
        for (int i = 0; i < allowed.length; i++) {
            TrainableParameter parameter = parameters.get(i);
            boolean named = patterns.stream()
                    .anyMatch(p -> p.matcher(parameter.name()).matches()
                            || p.matcher(parameter.module()).matches());
            allowed[i] = named || parameter.kind() != TrainableParameter.Kind.FACTOR;
            all &= named;
        }
        allAllowed = all;
    }

    /** Notes the norm of the gradient of a parameter in a step of that learning rate. */
    void record(int index, double norm, double learningRate) {
        if (norm != 0) {
            seen[index] = true;
        } else if (learningRate > 0) {
            zeroSteps[index]++;
        }
    }

    /** Notes the norm of all gradients together in a step. */
    void recordAll(double norm, double loss, double learningRate) {
        // A hinge loss that is 0 has no gradient, and has been learned.
        boolean without = norm == 0 && loss != 0;
        if (!without) {
            stepsWithoutEffect = 0;
        } else if (learningRate > 0) {
            stepsWithoutEffect++;
        }
    }

    /** Whether nothing at all has learned for some steps, and a parameter should. */
    boolean nothingLearns() {
        return stepsWithoutEffect >= STEPS && !allAllowed;
    }

    /** Whether some parameter has had a gradient. */
    boolean anyLearned() {
        for (boolean one : seen) {
            if (one) {
                return true;
            }
        }
        return false;
    }

    void save(CheckpointContent to) {
        to.put("stepsWithoutEffect", stepsWithoutEffect);
        for (int i = 0; i < seen.length; i++) {
            to.put("seen" + i, seen[i]);
            to.put("zeroSteps" + i, zeroSteps[i]);
        }
    }

    void load(CheckpointContent from) {
        stepsWithoutEffect = from.smallCount("stepsWithoutEffect");
        for (int i = 0; i < seen.length; i++) {
            seen[i] = from.truth("seen" + i);
            zeroSteps[i] = from.smallCount("zeroSteps" + i);
        }
    }

    /** The factors that are cut off. */
    List<String> cutOff() {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < seen.length; i++) {
            if (!seen[i] && !allowed[i] && zeroSteps[i] >= STEPS) {
                names.add(parameters.get(i).name());
            }
        }
        return names;
    }

    /** The parameters without any gradient so far, of every kind. */
    List<String> withoutGradient() {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < seen.length; i++) {
            if (!seen[i]) {
                names.add(parameters.get(i).name());
            }
        }
        return names;
    }
}
