/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.List;
import java.util.SplittableRandom;

/**
 * A placeholder of a training graph that the executor fills, at each step, with a fresh mask: 0 with the given
 * probability and 1 / (1 - probability) otherwise; or with what is left of an update.
 *
 * @param placeholder name of the placeholder
 * @param shapeLike name of the variable whose shape the mask takes; null for an update
 * @param probability probability of dropping, in [0, 1)
 * @param outputs number of outputs of an update
 * @param update draws what is left of an update; null for an activation
 * @param factors names of the variables that act through the mask: where it leaves nothing, they have no part in the step
 * @apiNote Status: internal
 */
public record DropoutMask(
        String placeholder, String shapeLike, double probability, long outputs, Draw update, List<String> factors) {

    /** Draws a factor for each output. */
    @FunctionalInterface
    public interface Draw {
        double[] draw(int outputs, SplittableRandom random);
    }

    /** A mask for an activation. */
    public DropoutMask(String placeholder, String shapeLike, double probability, List<String> factors) {
        this(placeholder, shapeLike, probability, 0, null, List.copyOf(factors));
    }

    /** A factor for each output of an update. */
    public static DropoutMask ofUpdate(String placeholder, long outputs, Draw update, List<String> factors) {
        return new DropoutMask(placeholder, null, 0, outputs, update, List.copyOf(factors));
    }

    /** Whether all rows of a batch share the mask. */
    boolean isShared() {
        return update != null;
    }

    double[] draw(int length, SplittableRandom random) {
        if (update != null) {
            return update.draw(length, random);
        }
        double[] values = new double[length];
        double kept = 1 / (1 - probability);
        for (int i = 0; i < length; i++) {
            values[i] = random.nextDouble() < probability ? 0 : kept;
        }
        return values;
    }
}
