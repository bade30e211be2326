/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;

/**
 * What to adapt with LoHa and how: the update of a weight is the product, element by element, of two low-rank products.
 *
 * <p>Example: <pre>{@code
 * LohaConfig config = LohaConfig.builder()
 *         .rank(4)
 *         .alpha(8)
 *         .targetModules("query", "value")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Hyeon-Woo et al. 2022, FedPara: Low-Rank Hadamard Product for Communication-Efficient Federated Learning,
 * arXiv 2108.06098.
 *
 * @apiNote Status: experimental
 */
public final class LohaConfig extends LycorisConfig {

    private static final List<Field<?>> FIELDS =
            Field.table(RANKS_AND_MODULES, INITIALIZATION, EFFECTIVE_CONVOLUTION, RANK_DROPOUT, MODULE_DROPOUT);

    private LohaConfig(Builder builder) {
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
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends LycorisConfig.Builder<Builder> {

        private Builder() {
            super("LOHA", FIELDS);
        }

        @Override
        public LohaConfig build() {
            return new LohaConfig(this);
        }
    }
}
