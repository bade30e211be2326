/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;
import org.lora4j.error.Problems;

/**
 * What to adapt with OFT: inputs are turned block by block.
 *
 * <p>Example: <pre>{@code
 * OftConfig config = OftConfig.builder()
 *         .blockSize(32)
 *         .targetModules("query", "value")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Qiu et al. 2023, Controlling Text-to-Image Diffusion by Orthogonal Finetuning, arXiv 2306.07280; Qiu et al. 2025, Orthogonal
 * Finetuning Made Scalable, arXiv 2506.19847.
 *
 * @apiNote Status: experimental
 */
public final class OftConfig extends AdapterConfig {

    private static final Field<Integer> BLOCKS = new Field<>("blocks", "r", FieldType.RANK_OR_NONE, 0);
    private static final Field<Integer> BLOCK_SIZE =
            new Field<>("blockSize", "oft_block_size", FieldType.RANK_OR_NONE, 32);
    private static final Field<Double> MODULE_DROPOUT =
            new Field<>("moduleDropout", "module_dropout", FieldType.DROPOUT_IN_FILE, 0.0);
    private static final Field<Boolean> COFT = new Field<>("coft", "coft", FieldType.FLAG, false);
    private static final Field<Double> EPS = new Field<>("eps", "eps", FieldType.ALPHA, 6e-5);
    private static final Field<Boolean> BLOCK_SHARE = new Field<>("blockShare", "block_share", FieldType.FLAG, false);
    private static final Field<Boolean> CAYLEY_NEUMANN =
            new Field<>("cayleyNeumann", "use_cayley_neumann", FieldType.FLAG, true);
    private static final Field<Integer> CAYLEY_NEUMANN_TERMS =
            new Field<>("cayleyNeumannTerms", "num_cayley_neumann_terms", FieldType.RANK, 5);

    private static final List<Field<?>> FIELDS = Field.table(
            MODULES_AND_LAYERS,
            BLOCKS,
            BLOCK_SIZE,
            BIAS,
            INITIALIZATION,
            MODULE_DROPOUT,
            COFT,
            EPS,
            BLOCK_SHARE,
            CAYLEY_NEUMANN,
            CAYLEY_NEUMANN_TERMS,
            FAN_IN_FAN_OUT);

    /** Each term is a product of matrices in each step; PEFT's default is 5. */
    private static final int MOST_TERMS = 1000;

    private OftConfig(Builder builder) {
        super(builder);
    }

    /**
     * Starts a config with the defaults: blocks of 32 inputs, the series of 5 terms, no targets.
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
     * How many blocks the inputs of a module are split into (PEFT: {@code r}).
     *
     * @return a number, 0 if the size of a block is given
     */
    public int blocks() {
        return get(BLOCKS);
    }

    /**
     * How many inputs a block turns (PEFT: {@code oft_block_size}). What does not divide the inputs of a module counts as the nearest
     * divisor there, as for {@link #blocks}.
     *
     * @return a number, 0 if the number of blocks is given
     */
    public int blockSize() {
        return get(BLOCK_SIZE);
    }

    /**
     * Probability of leaving out a block in a step of training (PEFT: {@code module_dropout}).
     *
     * @return a number in [0, 1)
     */
    public double moduleDropout() {
        return get(MODULE_DROPOUT);
    }

    /**
     * Whether rotations are constrained to small ones (PEFT: {@code coft}).
     *
     * @return true if so
     */
    public boolean coft() {
        return get(COFT);
    }

    /**
     * How far constrained rotations may go (PEFT: {@code eps}).
     *
     * @return a number, with {@link #coft} above 0
     */
    public double eps() {
        return get(EPS);
    }

    /**
     * Whether all blocks of a module turn in the same way (PEFT: {@code block_share}).
     *
     * @return true if so
     */
    public boolean blockShare() {
        return get(BLOCK_SHARE);
    }

    /**
     * Whether rotations are computed by a series and not exactly (PEFT: {@code use_cayley_neumann}).
     *
     * @return true if so
     */
    public boolean cayleyNeumann() {
        return get(CAYLEY_NEUMANN);
    }

    /**
     * How many terms of the series count (PEFT: {@code num_cayley_neumann_terms}); 3 are computed as 4, as in PEFT.
     *
     * @return 1 or more
     */
    public int cayleyNeumannTerms() {
        return get(CAYLEY_NEUMANN_TERMS);
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends AdapterConfig.Builder<Builder> {

        private Builder() {
            super("OFT", FIELDS);
        }

        @Override
        void checkTogether(Problems problems) {
            problems.check(
                    (get(BLOCKS) == 0) != (get(BLOCK_SIZE) == 0),
                    "blocks = " + get(BLOCKS) + " and blockSize = " + get(BLOCK_SIZE)
                            + ", expected one of them above 0 and the other 0");
            problems.check(get(BLOCK_SIZE) != 1, "blockSize = 1, expected 2 or more: one input cannot turn");
            problems.check(
                    get(CAYLEY_NEUMANN_TERMS) <= MOST_TERMS,
                    "cayleyNeumannTerms = " + get(CAYLEY_NEUMANN_TERMS) + ", expected " + MOST_TERMS + " or fewer");
            problems.check(!get(COFT) || get(EPS) > 0, "eps = " + get(EPS) + ", expected above 0 because of coft");
        }

        /**
         * Sets the number of blocks, in the place of their size.
         *
         * @param count 1 or more
         * @return this builder
         */
        public Builder blocks(int count) {
            return set(BLOCK_SIZE, 0).set(BLOCKS, count);
        }

        /**
         * Sets the size of a block, in the place of their number.
         *
         * @param inputs 2 or more; 32 by default
         * @return this builder
         */
        public Builder blockSize(int inputs) {
            return set(BLOCKS, 0).set(BLOCK_SIZE, inputs);
        }

        /**
         * Sets the probability of leaving out a block, for the file: lora4j does not train with it.
         *
         * @param probability a number in [0, 1); 0 by default
         * @return this builder
         */
        public Builder moduleDropout(double probability) {
            return set(MODULE_DROPOUT, probability);
        }

        /**
         * Sets whether rotations are constrained to small ones.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder coft(boolean flag) {
            return set(COFT, flag);
        }

        /**
         * Sets how far constrained rotations may go.
         *
         * @param length a number above 0; 6e-5 by default
         * @return this builder
         */
        public Builder eps(double length) {
            return set(EPS, length);
        }

        /**
         * Sets whether all blocks of a module turn in the same way.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder blockShare(boolean flag) {
            return set(BLOCK_SHARE, flag);
        }

        /**
         * Sets whether rotations are computed by a series and not exactly.
         *
         * @param flag true by default
         * @return this builder
         */
        public Builder cayleyNeumann(boolean flag) {
            return set(CAYLEY_NEUMANN, flag);
        }

        /**
         * Sets how many terms of the series count.
         *
         * @param terms 1 or more; 5 by default
         * @return this builder
         */
        public Builder cayleyNeumannTerms(int terms) {
            return set(CAYLEY_NEUMANN_TERMS, terms);
        }

        @Override
        public OftConfig build() {
            return new OftConfig(this);
        }
    }
}
