/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;

/**
 * What to adapt with SHiRA and how: few single values of a weight learn, at places that are drawn once.
 *
 * <p>Example: <pre>{@code
 * ShiraConfig config = ShiraConfig.builder()
 *         .rank(8)
 *         .targetModules("query", "value")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Bhardwaj et al. 2024, Sparse High Rank Adapters, arXiv 2406.13175.
 *
 * @apiNote Status: experimental
 */
public final class ShiraConfig extends RankedConfig {

    private static final List<Field<?>> FIELDS = Field.table(TARGETS, RANK.from(32), INITIALIZATION, FAN_IN_FAN_OUT);

    private ShiraConfig(Builder builder) {
        super(builder);
    }

    /**
     * Starts a config with the defaults: as many values as LoRA of rank 32 has, no targets.
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
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends RankedConfig.Builder<Builder> {

        private Builder() {
            super("SHIRA", FIELDS);
        }

        @Override
        public ShiraConfig build() {
            return new ShiraConfig(this);
        }
    }
}
