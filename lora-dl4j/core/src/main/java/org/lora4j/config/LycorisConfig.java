/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;

/**
 * The config of a method that PEFT has from LyCORIS: factors of their own for the windows of convolutions, and updates that are left
 * out in single steps of training.
 *
 * @apiNote Status: experimental
 */
public abstract class LycorisConfig extends RankedConfig {

    static final Field<Boolean> EFFECTIVE_CONVOLUTION =
            new Field<>("effectiveConvolution", "use_effective_conv2d", FieldType.FLAG, false);
    static final Field<Double> RANK_DROPOUT = new Field<>("rankDropout", "rank_dropout", FieldType.DROPOUT, 0.0);
    static final Field<Double> MODULE_DROPOUT = new Field<>("moduleDropout", "module_dropout", FieldType.DROPOUT, 0.0);

    LycorisConfig(Builder<?> builder) {
        super(builder);
    }

    /**
     * Whether the window of a convolution has a factor of its own, in Tucker's form (PEFT: {@code use_effective_conv2d}); of LoKr only
     * where the right matrix is of low rank.
     *
     * @return true if so; windows of size 1 have none in any case
     */
    public final boolean effectiveConvolution() {
        return get(EFFECTIVE_CONVOLUTION);
    }

    /**
     * Probability of leaving out what the update adds to an output, in a step of training (PEFT: {@code rank_dropout}).
     *
     * @return a number in [0, 1)
     */
    public final double rankDropout() {
        return get(RANK_DROPOUT);
    }

    /**
     * Probability of leaving out the update of a module in a step of training (PEFT: {@code module_dropout}).
     *
     * @return a number in [0, 1)
     */
    public final double moduleDropout() {
        return get(MODULE_DROPOUT);
    }

    /**
     * Collects the fields of a config.
     *
     * @param <B> the builder itself
     * @apiNote Status: experimental
     */
    public abstract static class Builder<B extends Builder<B>> extends RankedConfig.Builder<B> {

        Builder(String peftType, List<Field<?>> fields) {
            super(peftType, fields);
        }

        /**
         * Sets whether the window of a convolution has a factor of its own.
         *
         * @param flag false by default
         * @return this builder
         */
        public final B effectiveConvolution(boolean flag) {
            return set(EFFECTIVE_CONVOLUTION, flag);
        }

        /**
         * Sets the probability of leaving out what the update adds to an output, in a step of training.
         *
         * @param probability a number in [0, 1); 0 by default
         * @return this builder
         */
        public final B rankDropout(double probability) {
            return set(RANK_DROPOUT, probability);
        }

        /**
         * Sets the probability of leaving out the update of a module in a step of training.
         *
         * @param probability a number in [0, 1); 0 by default
         * @return this builder
         */
        public final B moduleDropout(double probability) {
            return set(MODULE_DROPOUT, probability);
        }
    }
}
