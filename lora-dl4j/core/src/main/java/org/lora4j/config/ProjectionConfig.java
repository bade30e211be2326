/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;

/**
 * The config of a method that multiplies random projections, which all modules share, by numbers that learn.
 *
 * <p><b>Projections.</b> They are drawn from {@link #projectionKey} and never learn. lora4j and PyTorch draw different numbers from
 * the same key: an adapter that was made here is saved with its projections, so that every reader has them, and is not begun
 * without {@link #saveProjection}. One of PEFT's that lacks them is read with the projections given ({@code
 * AdapterLoader.tensors}).
 *
 * @apiNote Status: experimental
 */
public abstract class ProjectionConfig extends AdapterConfig {

    static final Field<Integer> RANK = new Field<>("rank", "r", FieldType.RANK, 256);
    static final Field<Integer> PROJECTION_KEY = new Field<>("projectionKey", "projection_prng_key", FieldType.SEED, 0);
    static final Field<Boolean> SAVE_PROJECTION =
            new Field<>("saveProjection", "save_projection", FieldType.FLAG, true);
    static final List<Field<?>> PROJECTIONS = Field.table(
            MODULES_AND_LAYERS, RANK, PROJECTION_KEY, SAVE_PROJECTION, INITIALIZATION, BIAS, FAN_IN_FAN_OUT);

    ProjectionConfig(Builder<?> builder) {
        super(builder);
    }

    /**
     * The rank, the same for all modules (PEFT: {@code r}).
     *
     * @return 1 or more
     */
    public final int rank() {
        return get(RANK);
    }

    @Override
    public final int rankOf(String modulePath) {
        return rank();
    }

    /**
     * What the projections are drawn from (PEFT: {@code projection_prng_key}).
     *
     * @return a seed
     */
    public final int projectionKey() {
        return get(PROJECTION_KEY);
    }

    /**
     * Whether files hold the projections (PEFT: {@code save_projection}).
     *
     * @return true by default
     */
    public final boolean saveProjection() {
        return get(SAVE_PROJECTION);
    }

    @Override
    public List<String> obstaclesToStart() {
        return saveProjection()
                ? List.of()
                : List.of(
                        "saveProjection = false, expected true, as no other reader draws the projections that lora4j does"
                                + " from projectionKey");
    }

    /**
     * Collects the fields of a config.
     *
     * @param <B> the builder itself
     * @apiNote Status: experimental
     */
    public abstract static class Builder<B extends Builder<B>> extends AdapterConfig.Builder<B> {

        Builder(String peftType, List<Field<?>> fields) {
            super(peftType, fields);
        }

        /**
         * Sets the rank.
         *
         * @param rank 1 or more
         * @return this builder
         */
        public final B rank(int rank) {
            return set(RANK, rank);
        }

        /**
         * Sets what the projections are drawn from.
         *
         * @param key a seed; 0 by default
         * @return this builder
         */
        public final B projectionKey(int key) {
            return set(PROJECTION_KEY, key);
        }

        /**
         * Sets whether files hold the projections.
         *
         * @param flag true by default; adapters without them can be used, not begun
         * @return this builder
         */
        public final B saveProjection(boolean flag) {
            return set(SAVE_PROJECTION, flag);
        }
    }
}
