/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;

/**
 * What to adapt with HRA: inputs are reflected at a few hyperplanes.
 *
 * <p>Example: <pre>{@code
 * HraConfig config = HraConfig.builder()
 *         .rank(8)
 *         .targetModules("query", "value")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Yuan et al. 2024, Bridging The Gap between Low-rank and Orthogonal Adaptation via Householder Reflection Adaptation,
 * arXiv 2405.17484.
 *
 * @apiNote Status: experimental
 */
public final class HraConfig extends AdapterConfig {

    private static final Field<Boolean> APPLY_GS = new Field<>("applyGs", "apply_GS", FieldType.FLAG, false);

    private static final List<Field<?>> FIELDS =
            Field.table(MODULES_AND_LAYERS, RankedConfig.RANK, APPLY_GS, BIAS, INITIALIZATION);

    private HraConfig(Builder builder) {
        super(builder);
    }

    /**
     * Starts a config with the defaults: 8 reflections, no targets.
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
    public int rankOf(String modulePath) {
        return rank();
    }

    /**
     * How many reflections a module has (PEFT: {@code r}); with an even number a fresh adapter changes nothing.
     *
     * @return 1 or more
     */
    public int rank() {
        return get(RankedConfig.RANK);
    }

    /**
     * Whether the normals of the hyperplanes are made orthogonal to each other (PEFT: {@code apply_GS}).
     *
     * @return true if so
     */
    public boolean applyGs() {
        return get(APPLY_GS);
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends AdapterConfig.Builder<Builder> {

        private Builder() {
            super("HRA", FIELDS);
        }

        /**
         * Sets how many reflections a module has.
         *
         * @param reflections 1 or more; 8 by default
         * @return this builder
         */
        public Builder rank(int reflections) {
            return set(RankedConfig.RANK, reflections);
        }

        /**
         * Sets whether the normals of the hyperplanes are made orthogonal.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder applyGs(boolean flag) {
            return set(APPLY_GS, flag);
        }

        @Override
        public HraConfig build() {
            return new HraConfig(this);
        }
    }
}
