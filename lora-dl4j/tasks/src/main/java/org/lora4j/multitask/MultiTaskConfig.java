/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.TrainableTokens;
import org.lora4j.error.Problems;
import org.lora4j.samediff.ExpertGate;

/**
 * Which parts the update of a multi-task model has. They add up:
 *
 * <pre>y_k = base(x) + s (x A) B + s_e sum_e g_e (x A_e) B_e + s_k (x A_k) B_k</pre>
 *
 * <p>with A, B of all tasks, the experts A_e, B_e of all tasks behind the gate g, and A_k, B_k of task k alone. At least one
 * part is there. The shared part alone is one adapter for all tasks, the specific one alone is an adapter for each task.
 *
 * <p><i>Source.</i> Shared and specific low-rank factors: Wang et al. 2023, MultiLoRA, arXiv:2311.11501; Agiza et al. 2024,
 * MTLoRA, arXiv:2403.20320. Experts: {@link ExpertGate}.
 *
 * @param shared what all tasks share, or empty
 * @param specific what each task has for itself, or empty
 * @param experts the mixture, or empty
 * @apiNote Status: experimental
 */
public record MultiTaskConfig(Optional<LoraConfig> shared, Optional<LoraConfig> specific, Optional<Experts> experts) {

    /**
     * A few low-rank experts behind a gate.
     *
     * @param count number of experts, 2 or more
     * @param each what every single expert adapts, with its own rank
     * @param gate what the gate sees
     * @apiNote Status: experimental
     */
    public record Experts(int count, LoraConfig each, Gate gate) {

        /** All experts as one adapter whose rank is that of all of them, with the scaling of each. */
        LoraConfig together() {
            double growth =
                    each.scalingRule().scaling(1, 1) / each.scalingRule().scaling(1, count);
            Map<String, Integer> ranks = new LinkedHashMap<>();
            each.rankPattern().forEach((key, rank) -> ranks.put(key, Math.multiplyExact(rank, count)));
            Map<String, Double> alphas = new LinkedHashMap<>();
            each.alphaPattern().forEach((key, alpha) -> alphas.put(key, alpha * growth));
            return each.toBuilder()
                    .rank(Math.multiplyExact(each.rank(), count))
                    .alpha(each.alpha() * growth)
                    .rankPattern(ranks)
                    .alphaPattern(alphas)
                    .build();
        }
    }

    /** What the gate of the experts sees. */
    public enum Gate {
        /** The task: every task has its own shares, which are constant, so that every task has a plain form. */
        TASK(ExpertGate.Input.CONSTANT),
        /** The activation at every position, through one gate for all tasks; there is no plain form. */
        ACTIVATION(ExpertGate.Input.ACTIVATION);

        private final ExpertGate.Input input;

        Gate(ExpertGate.Input input) {
            this.input = input;
        }

        ExpertGate.Input input() {
            return input;
        }
    }

    /**
     * Checks the parts.
     *
     * @param shared as in the record
     * @param specific as in the record
     * @param experts as in the record
     * @throws IllegalArgumentException if there is no part, or one is not plain LoRA that leaves the base as it is at the
     *     start; the message lists every problem
     */
    public MultiTaskConfig {
        Problems problems = new Problems();
        problems.check(
                shared.isPresent() || specific.isPresent() || experts.isPresent(),
                "neither a shared nor a specific part nor experts; expected at least one");
        shared.ifPresent(config -> check("shared", config, problems));
        specific.ifPresent(config -> check("specific", config, problems));
        experts.ifPresent(some -> {
            problems.atLeast("experts", some.count(), 2);
            problems.check(some.gate() != null, "gate = null, expected TASK or ACTIVATION");
            if (some.each() == null) {
                problems.add("each = null, expected a LoraConfig");
            } else {
                check("experts", some.each(), problems);
            }
        });
        problems.throwIfAny("MultiTaskConfig");
    }

    // Whatever one of these would add has no place when parts are put side by side.
    private static void check(String part, LoraConfig config, Problems problems) {
        problems.check(!config.dora(), part + " has dora; expected plain LoRA");
        problems.check(!config.loraBias(), part + " has loraBias; expected no bias on B");
        problems.check(
                !config.movesBase(),
                part + " starts with " + config.initialization() + "; expected a start that leaves the base as it is");
        problems.check(
                config.bias() == BiasTraining.NONE,
                part + " trains biases (" + config.bias() + "); expected NONE, because the base is shared");
        problems.check(
                config.modulesToSave().isEmpty(),
                part + " has modulesToSave = " + config.modulesToSave() + "; expected none. Name heads in their Task");
        problems.check(
                config.targetParameters().isEmpty() && config.trainableTokens().equals(TrainableTokens.none()),
                part + " adapts parameters or token rows; expected modules only");
    }

    /**
     * Starts without any part.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Collects parts.
     *
     * @apiNote Status: experimental
     */
    public static final class Builder {
        private LoraConfig shared;
        private LoraConfig specific;
        private Experts experts;

        private Builder() {}

        /**
         * Gives all tasks factors that they share.
         *
         * @param config what is adapted and how
         * @return this
         */
        public Builder shared(LoraConfig config) {
            shared = config;
            return this;
        }

        /**
         * Gives every task factors of its own.
         *
         * @param config what is adapted and how
         * @return this
         */
        public Builder specific(LoraConfig config) {
            specific = config;
            return this;
        }

        /**
         * Gives all tasks a mixture of experts.
         *
         * @param count number of experts, 2 or more
         * @param each what every single expert adapts, with its own rank
         * @param gate what the gate sees
         * @return this
         */
        public Builder experts(int count, LoraConfig each, Gate gate) {
            experts = new Experts(count, each, gate);
            return this;
        }

        /**
         * Checks the parts and makes the config.
         *
         * @return the config
         * @throws IllegalArgumentException as the constructor of the record
         */
        public MultiTaskConfig build() {
            return new MultiTaskConfig(
                    Optional.ofNullable(shared), Optional.ofNullable(specific), Optional.ofNullable(experts));
        }
    }
}
