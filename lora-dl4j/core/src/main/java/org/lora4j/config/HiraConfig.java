/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;

/**
 * What to adapt with HiRA and how: the weight is multiplied, element by element, with a low-rank product.
 *
 * <p>Example: <pre>{@code
 * HiraConfig config = HiraConfig.builder()
 *         .rank(16)
 *         .targetModules("query", "value")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Huang et al. 2025, HiRA: Parameter-Efficient Hadamard High-Rank Adaptation for Large Language Models, ICLR.
 *
 * @apiNote Status: experimental
 */
public final class HiraConfig extends RankedConfig {

    private static final List<Field<?>> FIELDS = Field.table(
            MODULES_AND_LAYERS,
            RANK.from(32),
            DROPOUT.as("hira_dropout"),
            INITIALIZATION.as("init_weights", FieldType.HIRA_START),
            FAN_IN_FAN_OUT);

    private HiraConfig(Builder builder) {
        super(builder);
    }

    /**
     * Starts a config with the defaults: rank 32, no dropout, no targets.
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
            super("HIRA", FIELDS);
        }

        @Override
        public HiraConfig build() {
            return new HiraConfig(this);
        }
    }
}
