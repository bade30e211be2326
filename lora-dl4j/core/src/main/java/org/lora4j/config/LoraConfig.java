/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.Arrays;
import java.util.List;
import org.lora4j.config.FieldType.Field;
import org.lora4j.error.Problems;

/**
 * What to adapt with LoRA and how: the immutable configuration of one adapter.
 *
 * <p>Numbers that follow from others ({@link #scalingOf}) are computed, never stored.
 *
 * <p>Example: <pre>{@code
 * LoraConfig config = LoraConfig.builder()
 *         .rank(8)
 *         .alpha(16)
 *         .targetModules("query", "value")
 *         .modulesToSave("classifier")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Hu et al. 2021, LoRA: Low-Rank Adaptation of Large Language Models, arXiv 2106.09685.
 *
 * @apiNote Status: stable
 */
public final class LoraConfig extends RankedConfig {

    private static final Field<Scaling> SCALING_RULE =
            new Field<>("scalingRule", "use_rslora", FieldType.SCALING, Scaling.STANDARD);
    private static final Field<Boolean> DORA = new Field<>("dora", "use_dora", FieldType.FLAG, false);
    private static final Field<Boolean> LORA_BIAS = new Field<>("loraBias", "lora_bias", FieldType.FLAG, false);
    private static final Field<KasaOptions> KASA = new Field<>("kasa", "kasa_config", FieldType.KASA, null);
    private static final List<Field<?>> FIELDS = Field.table(
            RANKS_AND_MODULES,
            ALPHA.as("lora_alpha"),
            DROPOUT.as("lora_dropout"),
            SCALING_RULE,
            BIAS,
            INITIALIZATION.as("init_lora_weights", FieldType.START),
            DORA,
            LORA_BIAS,
            KASA,
            TARGET_PARAMETERS,
            TRAINABLE_TOKENS,
            LAYER_REPLICATION,
            FAN_IN_FAN_OUT);

    private LoraConfig(Builder builder) {
        super(builder);
    }

    /**
     * Starts a config with the defaults: rank 8, alpha 8, no dropout, standard scaling, no biases, no targets.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The config of an adapter, where only LoRA will do.
     *
     * @param config a config of any method
     * @param purpose what it is needed for, at the start of a message
     * @return the same config
     * @throws IllegalArgumentException if it is of another method
     */
    public static LoraConfig require(AdapterConfig config, String purpose) {
        if (config instanceof LoraConfig lora) {
            return lora;
        }
        throw new IllegalArgumentException(purpose + ": the adapter is of the method " + config.peftType()
                + "; expected LORA, as this works on factors A and B. Merge the adapter into the base instead, or train one"
                + " of LoRA.");
    }

    @Override
    public Builder toBuilder() {
        return builder().from(this);
    }

    /**
     * The factor on B·A in a module: {@link #scalingRule} applied to its alpha and rank.
     *
     * @param modulePath dotted path of the module
     * @return alpha/rank or alpha/√rank of this module
     */
    @Override
    public double scalingOf(String modulePath) {
        return scalingRule().scaling(alphaOf(modulePath), rankOf(modulePath));
    }

    /**
     * How the scale follows from alpha and rank (PEFT: {@code use_rslora}).
     *
     * @return the rule
     */
    public Scaling scalingRule() {
        return get(SCALING_RULE);
    }

    /**
     * Whether the update is split into direction and magnitude (PEFT: {@code use_dora}).
     *
     * @return true for DoRA
     */
    public boolean dora() {
        return get(DORA);
    }

    /**
     * Whether B has a bias of its own (PEFT: {@code lora_bias}): {@code y = W x + b + scaling * (B A x + c)}.
     *
     * @return true if it has one
     */
    public boolean loraBias() {
        return get(LORA_BIAS);
    }

    /**
     * Whether this is KaSA, and its numbers (PEFT: {@code kasa_config}).
     *
     * @return the numbers, or null for LoRA without it
     */
    public KasaOptions kasa() {
        return get(KASA);
    }

    @Override
    public boolean movesBase() {
        return kasa() != null || super.movesBase();
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     *
     * @apiNote Status: stable
     */
    public static final class Builder extends RankedConfig.Builder<Builder> {

        private Builder() {
            super("LORA", FIELDS);
        }

        @Override
        void checkTogether(Problems problems) {
            Initialization start = get(INITIALIZATION);
            boolean dora = get(DORA);
            boolean loraBias = get(LORA_BIAS);
            boolean special = start != null && start.isSpecial();
            problems.check(!loraBias || !dora, "loraBias with dora, expected one of them");
            problems.check(
                    !loraBias || !special,
                    "loraBias with initialization " + start + ", expected KAIMING_UNIFORM or RANDOM");
            problems.check(
                    !dora || start == null || (!start.movesBase() && start != Initialization.MICA),
                    "dora with initialization " + start
                            + ", expected a start that leaves the base as it is and trains B");
            if (get(KASA) != null) {
                problems.check(!dora && !loraBias, "kasa with dora or loraBias, expected one of them");
                problems.check(
                        start == null || (!start.movesBase() && start != Initialization.MICA),
                        "kasa with initialization " + start
                                + ", expected a start that leaves the base as it is and trains B");
                problems.check(isEmpty(TARGET_PARAMETERS), "kasa with targetParameters, expected plain LoRA");
            }
            if (!isEmpty(TARGET_PARAMETERS)) {
                problems.check(get(DROPOUT) == 0, "targetParameters with dropout = " + get(DROPOUT) + ", expected 0");
                problems.check(!dora, "targetParameters with dora, expected plain LoRA");
                problems.check(!loraBias, "targetParameters with loraBias, expected no bias on B");
                problems.check(!get(FAN_IN_FAN_OUT), "targetParameters with fanInFanOut, expected false");
            }
        }

        @Override
        public LoraConfig build() {
            return new LoraConfig(this);
        }

        /**
         * Sets the probability of dropping an input of A while training.
         *
         * @param dropout a number in [0, 1); 0 by default
         * @return this builder
         */
        @Override
        public Builder dropout(double dropout) {
            return super.dropout(dropout);
        }

        /**
         * Makes it KaSA.
         *
         * @param options its numbers, or null for LoRA without it, the default
         * @return this builder
         */
        public Builder kasa(KasaOptions options) {
            return set(KASA, options);
        }

        /**
         * Sets how the scale follows from alpha and rank.
         *
         * @param rule {@link Scaling#STANDARD} by default
         * @return this builder
         */
        public Builder scalingRule(Scaling rule) {
            return set(SCALING_RULE, rule);
        }

        /**
         * Sets which biases of the base learn.
         *
         * @param choice {@link BiasTraining#NONE} by default
         * @return this builder
         */
        @Override
        public Builder bias(BiasTraining choice) {
            return super.bias(choice);
        }

        /**
         * Sets whether the update is split into direction and magnitude (DoRA).
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder dora(boolean flag) {
            return set(DORA, flag);
        }

        /**
         * Sets whether B has a bias of its own.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder loraBias(boolean flag) {
            return set(LORA_BIAS, flag);
        }

        /**
         * Sets the parameters that get a low-rank update without being the weight of a module.
         *
         * @param names full paths or last segments, such as {@code experts.gate_up_proj}
         * @return this builder
         */
        public Builder targetParameters(List<String> names) {
            return set(TARGET_PARAMETERS, names);
        }

        /**
         * Sets the parameters that get a low-rank update without being the weight of a module.
         *
         * @param names as for {@link #targetParameters(List)}
         * @return this builder
         */
        public Builder targetParameters(String... names) {
            return targetParameters(Arrays.asList(names));
        }

        /**
         * Sets the rows of embeddings that are trained in full.
         *
         * @param tokens {@link TrainableTokens#none()} by default
         * @return this builder
         */
        public Builder trainableTokens(TrainableTokens tokens) {
            return set(TRAINABLE_TOKENS, tokens);
        }

        /**
         * Sets the repeated layers of which the model is made.
         *
         * @param layers {@link LayerReplication#none()} by default
         * @return this builder
         */
        public Builder layerReplication(LayerReplication layers) {
            return set(LAYER_REPLICATION, layers);
        }
    }
}
