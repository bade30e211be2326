/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.Map;
import java.util.SplittableRandom;

/**
 * What is left out of the update of a module in a step of training: the whole of it, or what it adds to single outputs (PEFT:
 * {@code module_dropout}, {@code rank_dropout} and {@code rank_dropout_scale} of LoHa and LoKr).
 *
 * <p>Where outputs are scaled up, it is by how many there are over how many are left in this step. PEFT divides by zero where
 * none is left; here the update is left out then.
 *
 * @param outputs probability of leaving out an output, in [0, 1)
 * @param scaled whether the outputs that are left are scaled up
 * @param whole probability of leaving out the update, in [0, 1)
 * @apiNote Status: experimental
 */
public record UpdateDropout(double outputs, boolean scaled, double whole) {

    /** Nothing is left out. */
    public static final UpdateDropout NONE = new UpdateDropout(0, false, 0);

    /**
     * Whether nothing is ever left out.
     *
     * @return true if both probabilities are 0
     */
    public boolean isNone() {
        return outputs == 0 && whole == 0;
    }

    /**
     * Draws what is left in a step.
     *
     * @param count number of outputs
     * @param random the source of randomness
     * @return a factor for each output
     */
    public double[] draw(int count, SplittableRandom random) {
        boolean acts = random.nextDouble() >= whole;
        double[] kept = new double[count];
        int left = 0;
        for (int i = 0; i < count; i++) {
            kept[i] = random.nextDouble() >= outputs && acts ? 1 : 0;
            left += kept[i] > 0 ? 1 : 0;
        }
        for (int i = 0; scaled && left > 0 && i < count; i++) {
            kept[i] *= (double) count / left;
        }
        return kept;
    }

    /** The update of a weight in this step. */
    static <T> T ofWeight(WeightAlgebra<T> module, Factors<T> factors, T update) {
        return factors.kept() == null ? update : module.multiply(update, module.alongWeight(factors.kept()));
    }

    /** The update of an output in this step. */
    static <T> T ofOutput(ModuleAlgebra<T> module, Factors<T> factors, T update) {
        return factors.kept() == null ? update : module.multiply(update, module.alongOutputs(factors.kept()));
    }

    /** By which options of a variant {@link #of} knows it; none if nothing is left out. */
    Map<String, Object> options() {
        return isNone() ? Map.of() : Map.of("outputDropout", outputs, "scaled", scaled, "dropout", whole);
    }

    /** What {@link #options} told. */
    static UpdateDropout of(MethodOptions options) {
        return options.values().containsKey("dropout")
                ? new UpdateDropout(options.number("outputDropout"), options.flag("scaled"), options.number("dropout"))
                : NONE;
    }
}
