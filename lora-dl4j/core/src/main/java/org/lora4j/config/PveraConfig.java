/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;

/**
 * An adapter of PVeRA, VeRA whose inner activation is drawn from a distribution that learns. lora4j computes what it computes
 * after training, with the mean of the distribution, and does not begin new ones.
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Fillioux et al. 2025, PVeRA: Probabilistic Vector-Based Random Matrix Adaptation, arXiv 2512.07703.
 *
 * @apiNote Status: experimental
 */
public final class PveraConfig extends ProjectionConfig {

    private static final List<Field<?>> FIELDS =
            Field.table(PROJECTIONS, DROPOUT.as("pvera_dropout"), VeraConfig.INITIAL_D);

    private PveraConfig(Builder builder) {
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
        return get(VeraConfig.INITIAL_D);
    }

    @Override
    public List<String> obstaclesToStart() {
        return List.of("PVeRA draws noise in training, which lora4j does not, expected a method such as VeRA");
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends ProjectionConfig.Builder<Builder> {

        private Builder() {
            super("PVERA", FIELDS);
        }

        /**
         * Sets the start of the vector between the projections.
         *
         * @param start a finite number; 0.1 by default
         * @return this builder
         */
        public Builder initialD(double start) {
            return set(VeraConfig.INITIAL_D, start);
        }

        @Override
        public PveraConfig build() {
            return new PveraConfig(this);
        }
    }
}
