/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;

/**
 * What to adapt with RoAD: outputs are turned and stretched in pairs.
 *
 * <p>Example: <pre>{@code
 * RoadConfig config = RoadConfig.builder()
 *         .groupSize(64)
 *         .targetModules("query", "value")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Liao and Monz 2024, 3-in-1: 2D Rotary Adaptation for Efficient Finetuning, Efficient Batching and Composability,
 * arXiv 2409.00119.
 *
 * @apiNote Status: experimental
 */
public final class RoadConfig extends AdapterConfig {

    private static final Field<RoadVariant> VARIANT =
            new Field<>("variant", "variant", FieldType.ROAD_VARIANT, RoadVariant.ROAD_1);
    private static final Field<Integer> GROUP_SIZE = new Field<>("groupSize", "group_size", FieldType.EVEN_SIZE, 64);
    private static final List<Field<?>> FIELDS =
            List.of(TARGET_MODULES, MODULES_TO_SAVE, BASE_MODEL_NAME, TASK_TYPE, VARIANT, GROUP_SIZE, INITIALIZATION);

    private RoadConfig(Builder builder) {
        super(builder);
    }

    /**
     * Starts a config with the defaults: one angle and one scale for a pair, groups of 64 outputs, no targets.
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
     * How many numbers a pair has (PEFT: {@code variant}).
     *
     * @return the variant
     */
    public RoadVariant variant() {
        return get(VARIANT);
    }

    /**
     * How many outputs make a group, in which those of the first half are paired with those of the second (PEFT: {@code
     * group_size}).
     *
     * @return an even number
     */
    public int groupSize() {
        return get(GROUP_SIZE);
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends AdapterConfig.Builder<Builder> {

        private Builder() {
            super("ROAD", FIELDS);
        }

        /**
         * Sets how many numbers a pair has.
         *
         * @param variant {@link RoadVariant#ROAD_1} by default
         * @return this builder
         */
        public Builder variant(RoadVariant variant) {
            return set(VARIANT, variant);
        }

        /**
         * Sets how many outputs make a group.
         *
         * @param outputs an even number that divides the outputs of every target; 64 by default
         * @return this builder
         */
        public Builder groupSize(int outputs) {
            return set(GROUP_SIZE, outputs);
        }

        @Override
        public RoadConfig build() {
            return new RoadConfig(this);
        }
    }
}
