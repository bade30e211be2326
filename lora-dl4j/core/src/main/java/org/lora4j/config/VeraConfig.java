/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;

/**
 * What to adapt with VeRA and how: two vectors for each module, between random projections that all modules share.
 *
 * <p>Example: <pre>{@code
 * VeraConfig config = VeraConfig.builder()
 *         .rank(256)
 *         .targetModules("query", "value")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Kopiczko et al. 2023, VeRA: Vector-based Random Matrix Adaptation, arXiv 2310.11454.
 *
 * @apiNote Status: experimental
 */
public final class VeraConfig extends ProjectionConfig {

    static final Field<Double> INITIAL_D = new Field<>("initialD", "d_initial", FieldType.NUMBER, 0.1);
    private static final List<Field<?>> FIELDS = Field.table(PROJECTIONS, DROPOUT.as("vera_dropout"), INITIAL_D);

    private VeraConfig(Builder builder) {
        super(builder);
    }

    /**
     * Starts a config with the defaults: rank 256, projections from key 0, saved, no targets.
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
     * Start of the vector between the projections (PEFT: {@code d_initial}).
     *
     * @return a finite number
     */
    public double initialD() {
        return get(INITIAL_D);
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends ProjectionConfig.Builder<Builder> {

        private Builder() {
            super("VERA", FIELDS);
        }

        /**
         * Sets the start of the vector between the projections.
         *
         * @param start a finite number; 0.1 by default
         * @return this builder
         */
        public Builder initialD(double start) {
            return set(INITIAL_D, start);
        }

        @Override
        public VeraConfig build() {
            return new VeraConfig(this);
        }
    }
}
