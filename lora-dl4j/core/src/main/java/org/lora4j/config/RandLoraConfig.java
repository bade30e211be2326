/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;

/**
 * What to adapt with RandLoRA and how: an update of full rank, summed up from random projections that all modules share, by
 * weights that learn.
 *
 * <p>Example: <pre>{@code
 * RandLoraConfig config = RandLoraConfig.builder()
 *         .rank(32)
 *         .alpha(640)
 *         .targetModules("query", "value")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Albert et al. 2025, RandLoRA: Full-rank parameter-efficient fine-tuning of large models, arXiv 2502.00987.
 *
 * @apiNote Status: experimental
 */
public final class RandLoraConfig extends ProjectionConfig {

    private static final Field<Double> ALPHA = new Field<>("alpha", "randlora_alpha", FieldType.ALPHA, 640.0);
    private static final Field<Boolean> SPARSE = new Field<>("sparse", "sparse", FieldType.FLAG, false);
    private static final Field<Boolean> VERY_SPARSE = new Field<>("verySparse", "very_sparse", FieldType.FLAG, false);
    private static final List<Field<?>> FIELDS =
            Field.table(PROJECTIONS, RANK.from(32), ALPHA, DROPOUT.as("randlora_dropout"), SPARSE, VERY_SPARSE);

    private RandLoraConfig(Builder builder) {
        super(builder);
    }

    /**
     * Starts a config with the defaults: rank 32, alpha 640, projections from key 0, saved, no targets.
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
     * Numerator of the scale (PEFT: {@code randlora_alpha}).
     *
     * @return a finite number, 0 or more
     */
    public double alpha() {
        return get(ALPHA);
    }

    @Override
    public double scalingOf(String modulePath) {
        return Scaling.STANDARD.scaling(alpha(), rank());
    }

    /**
     * Whether projections consist of zeros, two of three, and of ones of both signs (PEFT: {@code sparse}).
     *
     * @return false by default
     */
    public boolean sparse() {
        return get(SPARSE);
    }

    /**
     * Whether projections consist of zeros, and of few ones of both signs (PEFT: {@code very_sparse}).
     *
     * @return false by default
     */
    public boolean verySparse() {
        return get(VERY_SPARSE);
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends ProjectionConfig.Builder<Builder> {

        private Builder() {
            super("RANDLORA", FIELDS);
        }

        /**
         * Sets the numerator of the scale.
         *
         * @param alpha a finite number, 0 or more; 640 by default
         * @return this builder
         */
        public Builder alpha(double alpha) {
            return set(ALPHA, alpha);
        }

        /**
         * Sets whether projections consist of zeros, two of three, and of ones of both signs.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder sparse(boolean flag) {
            return set(SPARSE, flag);
        }

        /**
         * Sets whether projections consist of zeros, and of few ones of both signs.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder verySparse(boolean flag) {
            return set(VERY_SPARSE, flag);
        }

        @Override
        public RandLoraConfig build() {
            return new RandLoraConfig(this);
        }
    }
}
