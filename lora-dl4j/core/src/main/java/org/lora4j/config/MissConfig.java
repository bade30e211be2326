/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;

/**
 * What to adapt with MiSS and how: parts of the input share one small matrix.
 *
 * <p>Example: <pre>{@code
 * MissConfig config = MissConfig.builder()
 *         .rank(16)
 *         .targetModules("query", "value")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Kang and Yin 2024, MiSS: Revisiting the Trade-off in LoRA with an Efficient Shard-Sharing Structure, arXiv
 * 2409.15371.
 *
 * @apiNote Status: experimental
 */
public final class MissConfig extends RankedConfig {

    private static final Field<MissVariant> VARIANT =
            new Field<>("variant", "init_weights", FieldType.MISS_VARIANT, MissVariant.STANDARD);
    private static final Field<Integer> MINI_RANK = new Field<>("miniRank", "mini_r", FieldType.RANK, 1);
    private static final List<Field<?>> FIELDS =
            Field.table(MODULES_AND_LAYERS, RANK.from(64), DROPOUT.as("miss_dropout"), VARIANT, MINI_RANK, BIAS);

    private MissConfig(Builder builder) {
        super(builder);
    }

    /**
     * Starts a config with the defaults: rank 64, no dropout, no targets.
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

    @Override
    public double scalingOf(String modulePath) {
        return 1;
    }

    /**
     * The kind of update (PEFT: {@code init_weights}).
     *
     * @return the kind
     */
    public MissVariant variant() {
        return get(VARIANT);
    }

    /**
     * How many columns the repeated matrix of {@link MissVariant#MINI} has (PEFT: {@code mini_r}).
     *
     * @return 1 or more
     */
    public int miniRank() {
        return get(MINI_RANK);
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends RankedConfig.Builder<Builder> {

        private Builder() {
            super("MISS", FIELDS);
        }

        /**
         * Sets the kind of update.
         *
         * @param variant {@link MissVariant#STANDARD} by default
         * @return this builder
         */
        public Builder variant(MissVariant variant) {
            return set(VARIANT, variant);
        }

        /**
         * Sets the columns of the repeated matrix of {@link MissVariant#MINI}.
         *
         * @param columns a divisor of the outputs; 1 by default
         * @return this builder
         */
        public Builder miniRank(int columns) {
            return set(MINI_RANK, columns);
        }

        @Override
        public MissConfig build() {
            return new MissConfig(this);
        }
    }
}
