/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;

/**
 * What to adapt with LoKr and how: the update of a weight is the Kronecker product of two small matrices, each whole or of
 * low rank.
 *
 * <p>Example: <pre>{@code
 * LokrConfig config = LokrConfig.builder()
 *         .rank(4)
 *         .alpha(8)
 *         .targetModules("query", "value")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Yeh et al. 2023, Navigating Text-To-Image Customization: From LyCORIS Fine-Tuning to Model Evaluation, arXiv
 * 2309.14859.
 *
 * @apiNote Status: experimental
 */
public final class LokrConfig extends LycorisConfig {

    private static final Field<Boolean> RANK_DROPOUT_SCALE =
            new Field<>("rankDropoutScale", "rank_dropout_scale", FieldType.FLAG, false);
    private static final Field<Boolean> DECOMPOSE_BOTH =
            new Field<>("decomposeBoth", "decompose_both", FieldType.FLAG, false);
    private static final Field<Integer> DECOMPOSE_FACTOR =
            new Field<>("decomposeFactor", "decompose_factor", FieldType.FIRST_FACTOR, -1);
    private static final List<Field<?>> FIELDS = Field.table(
            RANKS_AND_MODULES,
            INITIALIZATION.as("init_weights", FieldType.LOKR_START),
            EFFECTIVE_CONVOLUTION,
            DECOMPOSE_BOTH,
            DECOMPOSE_FACTOR,
            RANK_DROPOUT,
            MODULE_DROPOUT,
            RANK_DROPOUT_SCALE);

    private LokrConfig(Builder builder) {
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
     * Whether what {@link #rankDropout} leaves is scaled up (PEFT: {@code rank_dropout_scale}).
     *
     * @return true if so
     */
    public boolean rankDropoutScale() {
        return get(RANK_DROPOUT_SCALE);
    }

    /**
     * Whether the left matrix is of low rank, too, where the rank is below half of its longer side (PEFT: {@code
     * decompose_both}).
     *
     * @return true if so
     */
    public boolean decomposeBoth() {
        return get(DECOMPOSE_BOTH);
    }

    /**
     * How inputs and outputs are split into the sizes of the left and the right matrix (PEFT: {@code decompose_factor}).
     *
     * @return a size of the left matrix where it divides, else the most that it may be; -1 for parts as equal as can be
     */
    public int decomposeFactor() {
        return get(DECOMPOSE_FACTOR);
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends LycorisConfig.Builder<Builder> {

        private Builder() {
            super("LOKR", FIELDS);
        }

        /**
         * Sets whether what rank dropout leaves is scaled up, for the file: lora4j does not train with it.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder rankDropoutScale(boolean flag) {
            return set(RANK_DROPOUT_SCALE, flag);
        }

        /**
         * Sets whether the left matrix is of low rank, too.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder decomposeBoth(boolean flag) {
            return set(DECOMPOSE_BOTH, flag);
        }

        /**
         * Sets how inputs and outputs are split.
         *
         * @param factor 1 or more, or -1 for parts as equal as can be, the default
         * @return this builder
         */
        public Builder decomposeFactor(int factor) {
            return set(DECOMPOSE_FACTOR, factor);
        }

        @Override
        public LokrConfig build() {
            return new LokrConfig(this);
        }
    }
}
