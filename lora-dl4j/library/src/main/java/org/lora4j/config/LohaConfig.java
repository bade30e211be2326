/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.lora4j.config.FieldType.Field;
import org.lora4j.error.Problems;

/**
 * What to adapt with LoHa and how: the update of a weight is the product, element by element, of two low-rank products.
 *
 * <p>Example: <pre>{@code
 * LohaConfig config = LohaConfig.builder()
 *         .rank(4)
 *         .alpha(8)
 *         .targetModules("query", "value")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Hyeon-Woo et al. 2022, FedPara: Low-Rank Hadamard Product for Communication-Efficient Federated Learning,
 * arXiv 2108.06098.
 *
 * @apiNote Status: experimental
 */
public final class LohaConfig extends RankedConfig {

    private final Builder values;

    private LohaConfig(Builder values) {
        super(values);
        this.values = values;
    }

    /**
     * Starts a config with the defaults: rank 8, alpha 8, no dropout, no targets.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public Builder toBuilder() {
        return values.copied();
    }

    @Override
    public String peftType() {
        return "LOHA";
    }

    /**
     * Whether the window of a convolution has a factor of its own, in Tucker's form (PEFT: {@code use_effective_conv2d}).
     *
     * @return true if so; windows of size 1 have none in any case
     */
    public boolean effectiveConvolution() {
        return values.effectiveConvolution;
    }

    /**
     * Probability of leaving out a row of the update in a step of training (PEFT: {@code rank_dropout}).
     *
     * @return a number in [0, 1)
     */
    public double rankDropout() {
        return values.rankDropout;
    }

    /**
     * Probability of leaving out the update of a module in a step of training (PEFT: {@code module_dropout}).
     *
     * @return a number in [0, 1)
     */
    public double moduleDropout() {
        return values.moduleDropout;
    }

    @Override
    public List<String> obstaclesToTraining() {
        List<String> obstacles = new ArrayList<>();
        if (values.rankDropout > 0) {
            obstacles.add("rankDropout = " + values.rankDropout + ", expected 0");
        }
        if (values.moduleDropout > 0) {
            obstacles.add("moduleDropout = " + values.moduleDropout + ", expected 0");
        }
        return obstacles;
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends RankedConfig.Builder<Builder> {

        private static final List<Field<? super Builder, ?>> FIELDS =
                Stream.<List<? extends Field<? super Builder, ?>>>of(
                                List.of(RANK, alpha("alpha")),
                                MODULES,
                                LAYERS,
                                PATTERNS,
                                List.of(
                                        start("init_weights", FieldType.DEFAULT_START),
                                        new Field<Builder, Boolean>(
                                                "effectiveConvolution",
                                                "use_effective_conv2d",
                                                FieldType.FLAG,
                                                b -> b.effectiveConvolution,
                                                (b, v) -> b.effectiveConvolution = v),
                                        new Field<Builder, Double>(
                                                "rankDropout",
                                                "rank_dropout",
                                                FieldType.DROPOUT,
                                                b -> b.rankDropout,
                                                (b, v) -> b.rankDropout = v),
                                        new Field<Builder, Double>(
                                                "moduleDropout",
                                                "module_dropout",
                                                FieldType.DROPOUT,
                                                b -> b.moduleDropout,
                                                (b, v) -> b.moduleDropout = v)))
                        .<Field<? super Builder, ?>>flatMap(List::stream)
                        .toList();

        boolean effectiveConvolution;
        double rankDropout;
        double moduleDropout;

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
        void checkTogether(Problems problems) {
            problems.check(!fanInFanOut, "fanInFanOut, for which PEFT's LoHa has no field, expected false");
        }

        /**
         * Sets whether the window of a convolution has a factor of its own.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder effectiveConvolution(boolean flag) {
            this.effectiveConvolution = flag;
            return this;
        }

        /**
         * Sets the probability of leaving out a row of the update, for the file: lora4j does not train with it.
         *
         * @param probability a number in [0, 1); 0 by default
         * @return this builder
         */
        public Builder rankDropout(double probability) {
            this.rankDropout = probability;
            return this;
        }

        /**
         * Sets the probability of leaving out the update of a module, for the file: lora4j does not train with it.
         *
         * @param probability a number in [0, 1); 0 by default
         * @return this builder
         */
        public Builder moduleDropout(double probability) {
            this.moduleDropout = probability;
            return this;
        }

        @Override
        public LohaConfig build() {
            return new LohaConfig(checked("LohaConfig"));
        }
    }
}
