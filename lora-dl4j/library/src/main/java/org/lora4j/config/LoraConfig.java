/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
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

    private final Builder values;

    private LoraConfig(Builder values) {
        super(values);
        this.values = values;
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
        return values.copied();
    }

    @Override
    public String peftType() {
        return "LORA";
    }

    /**
     * The factor on B·A in a module: {@link #scalingRule} applied to its alpha and rank.
     *
     * @param modulePath dotted path of the module
     * @return alpha/rank or alpha/√rank of this module
     */
    @Override
    public double scalingOf(String modulePath) {
        return values.scalingRule.scaling(alphaOf(modulePath), rankOf(modulePath));
    }

    /**
     * Probability of <em>dropping</em> an input of A while training (PEFT: {@code lora_dropout}; DL4J's number is the
     * probability of keeping).
     *
     * @return a number in [0, 1)
     */
    @Override
    public double dropout() {
        return values.dropout;
    }

    /**
     * How the scale follows from alpha and rank (PEFT: {@code use_rslora}).
     *
     * @return the rule
     */
    public Scaling scalingRule() {
        return values.scalingRule;
    }

    /**
     * Which biases of the base learn (PEFT: {@code bias}).
     *
     * @return the choice
     */
    @Override
    public BiasTraining bias() {
        return values.bias;
    }

    /**
     * Whether the update is split into direction and magnitude (PEFT: {@code use_dora}).
     *
     * @return true for DoRA
     */
    public boolean dora() {
        return values.dora;
    }

    /**
     * Whether B has a bias of its own (PEFT: {@code lora_bias}): {@code y = W x + b + scaling * (B A x + c)}.
     *
     * @return true if it has one
     */
    public boolean loraBias() {
        return values.loraBias;
    }

    /**
     * Parameters, not modules, that get a low-rank update, such as the stacked weights of experts (PEFT: {@code
     * target_parameters}).
     *
     * @return full paths or last segments; empty for none
     */
    @Override
    public List<String> targetParameters() {
        return values.targetParameters;
    }

    /**
     * Rows of embeddings that are trained in full (PEFT: {@code trainable_token_indices}).
     *
     * @return the rows, {@link TrainableTokens#none()} by default
     */
    @Override
    public TrainableTokens trainableTokens() {
        return values.trainableTokens;
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends RankedConfig.Builder<Builder> {

        private static final List<Field<? super Builder, ?>> FIELDS =
                Stream.<List<? extends Field<? super Builder, ?>>>of(
                                List.of(
                                        RANK,
                                        alpha("lora_alpha"),
                                        new Field<Builder, Double>(
                                                "dropout",
                                                "lora_dropout",
                                                FieldType.DROPOUT,
                                                b -> b.dropout,
                                                (b, v) -> b.dropout = v)),
                                MODULES.subList(0, 2),
                                LAYERS,
                                PATTERNS,
                                List.of(
                                        new Field<Builder, Scaling>(
                                                "scalingRule",
                                                "use_rslora",
                                                FieldType.SCALING,
                                                b -> b.scalingRule,
                                                (b, v) -> b.scalingRule = v),
                                        new Field<Builder, BiasTraining>(
                                                "bias", "bias", FieldType.BIAS, b -> b.bias, (b, v) -> b.bias = v)),
                                MODULES.subList(2, 3),
                                List.of(
                                        start("init_lora_weights", FieldType.START),
                                        new Field<Builder, Boolean>(
                                                "dora", "use_dora", FieldType.FLAG, b -> b.dora, (b, v) -> b.dora = v),
                                        new Field<Builder, Boolean>(
                                                "loraBias",
                                                "lora_bias",
                                                FieldType.FLAG,
                                                b -> b.loraBias,
                                                (b, v) -> b.loraBias = v),
                                        new Field<Builder, List<String>>(
                                                "targetParameters",
                                                "target_parameters",
                                                FieldType.NAMES,
                                                b -> b.targetParameters,
                                                (b, v) -> b.targetParameters = v),
                                        new Field<Builder, TrainableTokens>(
                                                "trainableTokens",
                                                "trainable_token_indices",
                                                FieldType.TOKENS,
                                                b -> b.trainableTokens,
                                                (b, v) -> b.trainableTokens = v),
                                        FAN_IN_FAN_OUT),
                                MODULES.subList(3, 5))
                        .<Field<? super Builder, ?>>flatMap(List::stream)
                        .toList();

        double dropout;
        Scaling scalingRule = Scaling.STANDARD;
        BiasTraining bias = BiasTraining.NONE;
        boolean dora;
        boolean loraBias;
        List<String> targetParameters = List.of();
        TrainableTokens trainableTokens = TrainableTokens.none();

        private Builder() {}

        @Override
        public List<Field<? super Builder, ?>> fields() {
            return FIELDS;
        }

        @Override
        public Builder self() {
            return this;
        }

        @Override
        Builder fresh() {
            return new Builder();
        }

        @Override
        boolean trains() {
            return super.trains()
                    || !targetParameters.isEmpty()
                    || !TrainableTokens.none().equals(trainableTokens);
        }

        @Override
        void checkTogether(Problems problems) {
            boolean special = initialization != null && initialization.isSpecial();
            problems.check(!loraBias || !dora, "loraBias with dora, expected one of them");
            problems.check(
                    !loraBias || !special,
                    "loraBias with initialization " + initialization + ", expected KAIMING_UNIFORM or RANDOM");
            problems.check(
                    !dora || initialization == null || !initialization.movesBase(),
                    "dora with initialization " + initialization + ", expected a start that leaves the base as it is");
            if (!targetParameters.isEmpty()) {
                problems.check(dropout == 0, "targetParameters with dropout = " + dropout + ", expected 0");
                problems.check(!dora, "targetParameters with dora, expected plain LoRA");
                problems.check(!loraBias, "targetParameters with loraBias, expected no bias on B");
                problems.check(!fanInFanOut, "targetParameters with fanInFanOut, expected false");
            }
        }

        @Override
        public LoraConfig build() {
            return new LoraConfig(checked("LoraConfig"));
        }

        /**
         * Sets the probability of dropping an input of A while training.
         *
         * @param dropout a number in [0, 1); 0 by default
         * @return this builder
         */
        public Builder dropout(double dropout) {
            this.dropout = dropout;
            return this;
        }

        /**
         * Sets how the scale follows from alpha and rank.
         *
         * @param rule {@link Scaling#STANDARD} by default
         * @return this builder
         */
        public Builder scalingRule(Scaling rule) {
            this.scalingRule = rule;
            return this;
        }

        /**
         * Sets which biases of the base learn.
         *
         * @param choice {@link BiasTraining#NONE} by default
         * @return this builder
         */
        public Builder bias(BiasTraining choice) {
            this.bias = choice;
            return this;
        }

        /**
         * Sets whether the update is split into direction and magnitude (DoRA).
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder dora(boolean flag) {
            this.dora = flag;
            return this;
        }

        /**
         * Sets whether B has a bias of its own.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder loraBias(boolean flag) {
            this.loraBias = flag;
            return this;
        }

        /**
         * Sets the parameters that get a low-rank update without being the weight of a module.
         *
         * @param names full paths or last segments, such as {@code experts.gate_up_proj}
         * @return this builder
         */
        public Builder targetParameters(List<String> names) {
            this.targetParameters = new ArrayList<>(names);
            return this;
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
            this.trainableTokens = tokens;
            return this;
        }
    }
}
