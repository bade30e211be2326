/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.List;
import java.util.function.UnaryOperator;
import org.lora4j.config.LoraConfig;
import org.lora4j.train.RunListener;
import org.lora4j.train.TrainingPlan;

/**
 * How a task is fitted.
 *
 * @param tuning what learns besides the head
 * @param config the adapter, for low-rank factors
 * @param epochs the most epochs
 * @param patience epochs without improvement after which to stop
 * @param batchSize the most examples of a batch
 * @param tokenBudget the most tokens of a batch, padding included
 * @param learningRate of all but the head
 * @param headLearningRate of the head
 * @param seed of everything random
 * @param listeners are told how training goes
 * @param plan changes the plan at last
 * @apiNote Status: internal
 */
public record FitOptions(
        Tuning tuning,
        LoraConfig config,
        int epochs,
        int patience,
        int batchSize,
        int tokenBudget,
        double learningRate,
        double headLearningRate,
        long seed,
        List<RunListener> listeners,
        UnaryOperator<TrainingPlan.Builder> plan) {

    /**
     * Whether nothing but a head learns.
     *
     * @return true if so
     */
    public boolean isHeadOnly() {
        return tuning == Tuning.HEAD_ONLY;
    }

    /**
     * The same with another adapter.
     *
     * @param other the config
     * @return the options
     */
    public FitOptions withConfig(LoraConfig other) {
        return new FitOptions(
                tuning,
                other,
                epochs,
                patience,
                batchSize,
                tokenBudget,
                learningRate,
                headLearningRate,
                seed,
                listeners,
                plan);
    }
}
