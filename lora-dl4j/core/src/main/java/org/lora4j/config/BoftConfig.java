/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;
import org.lora4j.error.Problems;

/**
 * What to adapt with BOFT: inputs are turned by factors of blocks that reach far from each other, outputs are scaled.
 *
 * <p>Example: <pre>{@code
 * BoftConfig config = BoftConfig.builder()
 *         .blockSize(4)
 *         .butterflyFactors(2)
 *         .targetModules("query", "value")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Liu et al. 2023, Parameter-Efficient Orthogonal Finetuning via Butterfly Factorization, arXiv 2311.06243.
 *
 * @apiNote Status: experimental
 */
public final class BoftConfig extends AdapterConfig {

    private static final Field<Integer> BLOCK_SIZE =
            new Field<>("blockSize", "boft_block_size", FieldType.RANK_OR_NONE, 4);
    private static final Field<Integer> BLOCKS = new Field<>("blocks", "boft_block_num", FieldType.RANK_OR_NONE, 0);
    private static final Field<Integer> BUTTERFLY_FACTORS =
            new Field<>("butterflyFactors", "boft_n_butterfly_factor", FieldType.RANK, 1);
    private static final Field<Double> BLOCK_DROPOUT =
            new Field<>("blockDropout", "boft_dropout", FieldType.DROPOUT_IN_FILE, 0.0);

    private static final List<Field<?>> FIELDS = Field.table(
            MODULES_AND_LAYERS,
            BLOCK_SIZE,
            BLOCKS,
            BUTTERFLY_FACTORS,
            BLOCK_DROPOUT,
            BIAS,
            INITIALIZATION,
            FAN_IN_FAN_OUT);

    private BoftConfig(Builder builder) {
        super(builder);
    }

    /**
     * Starts a config with the defaults: one factor with blocks of 4 inputs, no targets.
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
     * How many inputs a block turns (PEFT: {@code boft_block_size}).
     *
     * @return a divisor of the inputs of every target, 0 if the number of blocks is given
     */
    public int blockSize() {
        return get(BLOCK_SIZE);
    }

    /**
     * How many blocks the inputs of a module are split into (PEFT: {@code boft_block_num}).
     *
     * @return a divisor of the inputs of every target, 0 if the size of a block is given
     */
    public int blocks() {
        return get(BLOCKS);
    }

    /**
     * How many factors turn inputs one after the other (PEFT: {@code boft_n_butterfly_factor}).
     *
     * @return 1 or more
     */
    public int butterflyFactors() {
        return get(BUTTERFLY_FACTORS);
    }

    /**
     * Probability of leaving out a block in a step of training (PEFT: {@code boft_dropout}).
     *
     * @return a number in [0, 1)
     */
    public double blockDropout() {
        return get(BLOCK_DROPOUT);
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends AdapterConfig.Builder<Builder> {

        private Builder() {
            super("BOFT", FIELDS);
        }

        @Override
        void checkTogether(Problems problems) {
            problems.check(
                    (get(BLOCKS) == 0) != (get(BLOCK_SIZE) == 0),
                    "blocks = " + get(BLOCKS) + " and blockSize = " + get(BLOCK_SIZE)
                            + ", expected one of them above 0 and the other 0");
            problems.check(
                    get(BUTTERFLY_FACTORS) <= 30,
                    "butterflyFactors = " + get(BUTTERFLY_FACTORS) + ", expected 30 or fewer");
            boolean even = get(BUTTERFLY_FACTORS) == 1 || get(BLOCK_SIZE) % 2 == 0;
            problems.check(
                    even, "blockSize = " + get(BLOCK_SIZE) + " with several butterflyFactors, expected an even number");
        }

        /**
         * Sets the size of a block, in the place of their number.
         *
         * @param inputs 2 or more, even with several factors; 4 by default
         * @return this builder
         */
        public Builder blockSize(int inputs) {
            return set(BLOCKS, 0).set(BLOCK_SIZE, inputs);
        }

        /**
         * Sets the number of blocks, in the place of their size.
         *
         * @param count 1 or more, a multiple of 2 for each further factor
         * @return this builder
         */
        public Builder blocks(int count) {
            return set(BLOCK_SIZE, 0).set(BLOCKS, count);
        }

        /**
         * Sets how many factors turn inputs.
         *
         * @param factors 1 or more; 1 by default
         * @return this builder
         */
        public Builder butterflyFactors(int factors) {
            return set(BUTTERFLY_FACTORS, factors);
        }

        /**
         * Sets the probability of leaving out a block, for the file: lora4j does not train with it.
         *
         * @param probability a number in [0, 1); 0 by default
         * @return this builder
         */
        public Builder blockDropout(double probability) {
            return set(BLOCK_DROPOUT, probability);
        }

        @Override
        public BoftConfig build() {
            return new BoftConfig(this);
        }
    }
}
