/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;

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

    private static final Field<Boolean> EFFECTIVE_CONVOLUTION =
            new Field<>("effectiveConvolution", "use_effective_conv2d", FieldType.FLAG, false);
    private static final Field<Double> RANK_DROPOUT =
            new Field<>("rankDropout", "rank_dropout", FieldType.DROPOUT, 0.0);
    private static final Field<Double> MODULE_DROPOUT =
            new Field<>("moduleDropout", "module_dropout", FieldType.DROPOUT, 0.0);
    private static final List<Field<?>> FIELDS =
            Field.table(RANKS_AND_MODULES, INITIALIZATION, EFFECTIVE_CONVOLUTION, RANK_DROPOUT, MODULE_DROPOUT);

    private LohaConfig(Builder builder) {
        super(builder);
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
        return builder().from(this);
    }

    /**
     * Whether the window of a convolution has a factor of its own, in Tucker's form (PEFT: {@code use_effective_conv2d}).
     *
     * @return true if so; windows of size 1 have none in any case
     */
    public boolean effectiveConvolution() {
        return get(EFFECTIVE_CONVOLUTION);
    }

    /**
     * Probability of leaving out what the update adds to an output, in a step of training (PEFT: {@code rank_dropout}).
     *
     * @return a number in [0, 1)
     */
    public double rankDropout() {
        return get(RANK_DROPOUT);
    }

    /**
     * Probability of leaving out the update of a module in a step of training (PEFT: {@code module_dropout}).
     *
     * @return a number in [0, 1)
     */
    public double moduleDropout() {
        return get(MODULE_DROPOUT);
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends RankedConfig.Builder<Builder> {

        private Builder() {
            super("LOHA", FIELDS);
        }

        /**
         * Sets whether the window of a convolution has a factor of its own.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder effectiveConvolution(boolean flag) {
            return set(EFFECTIVE_CONVOLUTION, flag);
        }

        /**
         * Sets the probability of leaving out what the update adds to an output, in a step of training.
         *
         * @param probability a number in [0, 1); 0 by default
         * @return this builder
         */
        public Builder rankDropout(double probability) {
            return set(RANK_DROPOUT, probability);
        }

        /**
         * Sets the probability of leaving out the update of a module in a step of training.
         *
         * @param probability a number in [0, 1); 0 by default
         * @return this builder
         */
        public Builder moduleDropout(double probability) {
            return set(MODULE_DROPOUT, probability);
        }

        @Override
        public LohaConfig build() {
            return new LohaConfig(this);
        }
    }
}
