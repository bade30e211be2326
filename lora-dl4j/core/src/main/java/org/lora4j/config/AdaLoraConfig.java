/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import java.util.Map;
import org.lora4j.config.FieldType.Field;
import org.lora4j.error.Problems;

/**
 * What to adapt with AdaLoRA and how: updates in the shape of a singular value decomposition, whose ranks are found in training,
 * within a budget for all modules.
 *
 * <p>Example, of 300 steps 30 with all triplets of rank 12, and 100 with the ranks that were found, 8 on the average: <pre>{@code
 * AdaLoraConfig config = AdaLoraConfig.builder()
 *         .initialRank(12)
 *         .targetRank(8)
 *         .alpha(32)
 *         .schedule(30, 100, 10)
 *         .totalSteps(300)
 *         .targetModules("query", "value")
 *         .build();
 * }</pre>
 *
 * <p><b>Budget.</b> {@code train.Trainer} keeps it. An adapter that was allocated and is trained again keeps its ranks.
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Zhang et al. 2023, AdaLoRA: Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning, arXiv 2303.10512.
 *
 * @apiNote Status: experimental
 */
public final class AdaLoraConfig extends AdapterConfig {

    /** What follows the path of a module in the keys of {@link #keptTriplets}. */
    public static final String OF_E = ".lora_E";

    private static final double NOT_ZERO = 1e-5;

    private static final Field<Integer> TARGET_RANK = new Field<>("targetRank", "target_r", FieldType.RANK, 8);
    private static final Field<Integer> INITIAL_RANK = new Field<>("initialRank", "init_r", FieldType.RANK, 12);
    private static final Field<Integer> INITIAL_STEPS = new Field<>("initialSteps", "tinit", FieldType.RANK_OR_NONE, 0);
    private static final Field<Integer> FINAL_STEPS = new Field<>("finalSteps", "tfinal", FieldType.RANK_OR_NONE, 0);
    private static final Field<Integer> INTERVAL = new Field<>("interval", "deltaT", FieldType.RANK, 1);
    private static final Field<Integer> TOTAL_STEPS = new Field<>("totalSteps", "total_step", FieldType.SEED, null);
    private static final Field<Double> BETA1 = new Field<>("beta1", "beta1", FieldType.NUMBER, 0.85);
    private static final Field<Double> BETA2 = new Field<>("beta2", "beta2", FieldType.NUMBER, 0.85);
    private static final Field<Double> ORTHOGONALITY =
            new Field<>("orthogonality", "orth_reg_weight", FieldType.NUMBER, 0.5);
    private static final Field<Double> ALPHA = new Field<>("alpha", "lora_alpha", FieldType.ALPHA, 8.0);
    private static final Field<Map<String, List<Boolean>>> KEPT =
            new Field<>("keptTriplets", "rank_pattern", FieldType.KEPT, Map.of());
    private static final List<Field<?>> FIELDS = Field.table(
            MODULES_AND_LAYERS,
            TARGET_RANK,
            INITIAL_RANK,
            INITIAL_STEPS,
            FINAL_STEPS,
            INTERVAL,
            TOTAL_STEPS,
            BETA1,
            BETA2,
            ORTHOGONALITY,
            ALPHA,
            KEPT,
            DROPOUT.as("lora_dropout"),
            INITIALIZATION.as("init_lora_weights"),
            BIAS,
            FAN_IN_FAN_OUT);

    private AdaLoraConfig(Builder builder) {
        super(builder);
    }

    /**
     * Starts a config with the defaults: ranks from 12 to 8, alpha 8, no phases, no targets; the number of steps has to be set.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public Builder toBuilder() {
        return builder().from(this);
    }

    /**
     * The rank that modules have on the average in the end (PEFT: {@code target_r}).
     *
     * @return 1 or more
     */
    public int targetRank() {
        return get(TARGET_RANK);
    }

    /**
     * The rank of every module at the start (PEFT: {@code init_r}).
     *
     * @return 1 or more
     */
    public int initialRank() {
        return get(INITIAL_RANK);
    }

    /**
     * The number of steps before anything is left out (PEFT: {@code tinit}).
     *
     * @return 0 or more
     */
    public int initialSteps() {
        return get(INITIAL_STEPS);
    }

    /**
     * The number of steps with the ranks that were found (PEFT: {@code tfinal}).
     *
     * @return 0 or more
     */
    public int finalSteps() {
        return get(FINAL_STEPS);
    }

    /**
     * The number of steps from one allocation to the next (PEFT: {@code deltaT}).
     *
     * @return 1 or more
     */
    public int interval() {
        return get(INTERVAL);
    }

    /**
     * The number of steps of the training (PEFT: {@code total_step}).
     *
     * @return 1 or more
     */
    public int totalSteps() {
        return get(TOTAL_STEPS);
    }

    /**
     * How much of the mean importance so far counts at each step (PEFT: {@code beta1}).
     *
     * @return a number between 0 and 1
     */
    public double beta1() {
        return get(BETA1);
    }

    /**
     * How much of the mean variation of importance so far counts at each step (PEFT: {@code beta2}).
     *
     * @return a number between 0 and 1
     */
    public double beta2() {
        return get(BETA2);
    }

    /**
     * Weight of the term of the loss that keeps A and B near orthogonality (PEFT: {@code orth_reg_weight}).
     *
     * @return a finite number above 0
     */
    public double orthogonality() {
        return get(ORTHOGONALITY);
    }

    /**
     * Numerator of the scale (PEFT: {@code lora_alpha}).
     *
     * @return a finite number, 0 or more; for 0 the rank of the start counts
     */
    public double alpha() {
        return get(ALPHA);
    }

    /**
     * Which triplets of the start are kept (PEFT: {@code rank_pattern}).
     *
     * @return a truth value for each of {@link #initialRank} triplets, by path of the module and {@link #OF_E}; empty before
     *     allocation
     */
    public Map<String, List<Boolean>> keptTriplets() {
        return get(KEPT);
    }

    /**
     * Which triplets of a module are kept.
     *
     * @param modulePath dotted path of the module
     * @return a truth value for each triplet of the start; empty if all are
     */
    public List<Boolean> keptOf(String modulePath) {
        return keptTriplets().getOrDefault(modulePath + OF_E, List.of());
    }

    /**
     * Whether allocation left no triplet of a module. An adapter holds one of zeros for it, files hold tensors without elements.
     *
     * @param modulePath dotted path of the module
     * @return whether its update is nothing
     */
    public boolean keepsNoneOf(String modulePath) {
        List<Boolean> kept = keptOf(modulePath);
        return !kept.isEmpty() && !kept.contains(true);
    }

    /**
     * The rank of the update in a module.
     *
     * @param modulePath dotted path of the module
     * @return the number of triplets that are kept, but 1 where there is none
     */
    @Override
    public int rankOf(String modulePath) {
        List<Boolean> kept = keptOf(modulePath);
        int count = (int) kept.stream().filter(Boolean::booleanValue).count();
        return kept.isEmpty() ? initialRank() : Math.max(1, count);
    }

    /**
     * The factor on the update: alpha over the rank of the start, whatever is left of that.
     *
     * @param modulePath dotted path of the module
     * @return a finite number
     */
    @Override
    public double scalingOf(String modulePath) {
        return (alpha() > 0 ? alpha() : initialRank()) / (initialRank() + NOT_ZERO);
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends AdapterConfig.Builder<Builder> {

        private Builder() {
            super("ADALORA", FIELDS);
        }

        @Override
        void checkTogether(Problems problems) {
            checkBeta(BETA1, problems);
            checkBeta(BETA2, problems);
            problems.check(
                    get(ORTHOGONALITY) > 0, "orthogonality = " + get(ORTHOGONALITY) + ", expected a number above 0");
            problems.check(
                    get(TARGET_RANK) <= get(INITIAL_RANK) || !get(KEPT).isEmpty(),
                    "targetRank = " + get(TARGET_RANK) + ", expected at most initialRank = " + get(INITIAL_RANK)
                            + "; lower targetRank or raise initialRank");
            Integer total = get(TOTAL_STEPS);
            problems.check(total != null, "totalSteps is not set, expected the number of steps of the training");
            problems.check(
                    total == null || get(INITIAL_STEPS) < (long) total - get(FINAL_STEPS),
                    "initialSteps = " + get(INITIAL_STEPS) + " and finalSteps = " + get(FINAL_STEPS)
                            + " of totalSteps = " + total
                            + ", expected steps between the two, in which the budget falls; lower initialSteps or"
                            + " finalSteps, or train longer and raise totalSteps");
            get(KEPT)
                    .forEach((key, kept) -> problems.check(
                            kept.size() == get(INITIAL_RANK),
                            "keptTriplets \"" + key + "\" = " + kept + ", expected " + get(INITIAL_RANK)
                                    + " truth values by initialRank"));
        }

        private void checkBeta(Field<Double> beta, Problems problems) {
            problems.check(
                    get(beta) > 0 && get(beta) < 1,
                    beta.name() + " = " + get(beta) + ", expected a number between 0 and 1");
        }

        /**
         * Sets the rank that modules have on the average in the end.
         *
         * @param rank 1 or more; 8 by default
         * @return this builder
         */
        public Builder targetRank(int rank) {
            return set(TARGET_RANK, rank);
        }

        /**
         * Sets the rank of every module at the start.
         *
         * @param rank 1 or more; 12 by default
         * @return this builder
         */
        public Builder initialRank(int rank) {
            return set(INITIAL_RANK, rank);
        }

        /**
         * Sets the phases.
         *
         * @param initialSteps number of steps before anything is left out; 0 by default
         * @param finalSteps number of steps with the ranks that were found; 0 by default
         * @param interval number of steps from one allocation to the next; 1 by default
         * @return this builder
         */
        public Builder schedule(int initialSteps, int finalSteps, int interval) {
            return set(INITIAL_STEPS, initialSteps).set(FINAL_STEPS, finalSteps).set(INTERVAL, interval);
        }

        /**
         * Sets the number of steps of the training.
         *
         * @param steps more than those of the first and the last phase
         * @return this builder
         */
        public Builder totalSteps(int steps) {
            return set(TOTAL_STEPS, steps);
        }

        /**
         * Sets how much of the importance so far counts at each step.
         *
         * @param ofImportance a number between 0 and 1; 0.85 by default
         * @param ofVariation a number between 0 and 1; 0.85 by default
         * @return this builder
         */
        public Builder betas(double ofImportance, double ofVariation) {
            return set(BETA1, ofImportance).set(BETA2, ofVariation);
        }

        /**
         * Sets the weight of the term of the loss that keeps A and B near orthogonality.
         *
         * @param weight a finite number above 0; 0.5 by default
         * @return this builder
         */
        public Builder orthogonality(double weight) {
            return set(ORTHOGONALITY, weight);
        }

        /**
         * Sets the numerator of the scale.
         *
         * @param alpha a finite number, 0 or more; 8 by default
         * @return this builder
         */
        public Builder alpha(double alpha) {
            return set(ALPHA, alpha);
        }

        /**
         * Sets which triplets of the start are kept.
         *
         * @param kept as {@link AdaLoraConfig#keptTriplets} has them
         * @return this builder
         */
        public Builder keptTriplets(Map<String, List<Boolean>> kept) {
            return set(KEPT, kept);
        }

        @Override
        public AdaLoraConfig build() {
            return new AdaLoraConfig(this);
        }
    }
}
