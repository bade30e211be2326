/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.lora4j.config.FieldType.Field;

/**
 * What to adapt with DeLoRA and how: a low-rank update whose parts have length one, with one trained number for the length of
 * all.
 *
 * <p>Example: <pre>{@code
 * DeloraConfig config = DeloraConfig.builder()
 *         .rank(8)
 *         .lambda(15)
 *         .targetModules("query", "value")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Bini et al. 2025, Decoupling Angles and Strength in Low-rank Adaptation, arXiv 2503.18225.
 *
 * @apiNote Status: experimental
 */
public final class DeloraConfig extends RankedConfig {

    private static final Field<Double> LAMBDA = new Field<>("lambda", "delora_lambda", FieldType.ALPHA, 15.0);
    private static final Field<Map<String, Double>> LAMBDA_PATTERN =
            new Field<>("lambdaPattern", "lambda_pattern", FieldType.ALPHAS, Map.of());
    private static final List<Field<?>> FIELDS = Field.table(
            MODULES_AND_LAYERS,
            RANK,
            LAMBDA,
            RANK_PATTERN,
            LAMBDA_PATTERN,
            // PEFT calls it so, and drops inputs.
            DROPOUT.as("module_dropout"),
            INITIALIZATION,
            BIAS);

    private final ModulePatterns<Double> lambdas;

    private DeloraConfig(Builder builder) {
        super(builder);
        lambdas = new ModulePatterns<>(lambdaPattern());
    }

    /**
     * Starts a config with the defaults: rank 8, lambda 15, no dropout, no targets.
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

    @Override
    public List<String> unmatchedPatterns(Collection<String> modulePaths) {
        List<String> without = super.unmatchedPatterns(modulePaths);
        lambdas.unmatched(modulePaths).forEach(key -> without.add("lambdaPattern \"" + key + "\""));
        return without;
    }

    /**
     * What the length of the update of a module starts at.
     *
     * @param modulePath dotted path of the module
     * @return the value of the first matching key of {@link #lambdaPattern}, else {@link #lambda}
     */
    public double lambdaOf(String modulePath) {
        return lambdas.lookup(modulePath, lambda());
    }

    /**
     * What the length of the update starts at where no pattern says otherwise (PEFT: {@code delora_lambda}).
     *
     * @return a finite number, 0 or more
     */
    public double lambda() {
        return get(LAMBDA);
    }

    /**
     * Lambdas of single modules (PEFT: {@code lambda_pattern}).
     *
     * @return lambda by regular expression, matched as {@code (.*\.)?(key)$}; the first hit in order wins
     */
    public Map<String, Double> lambdaPattern() {
        return get(LAMBDA_PATTERN);
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends RankedConfig.Builder<Builder> {

        private Builder() {
            super("DELORA", FIELDS);
        }

        /**
         * Sets what the length of the update starts at.
         *
         * @param lambda a finite number, 0 or more; 15 by default
         * @return this builder
         */
        public Builder lambda(double lambda) {
            return set(LAMBDA, lambda);
        }

        /**
         * Sets the lambdas of single modules.
         *
         * @param lambdas lambda by regular expression, in an ordered map if keys overlap
         * @return this builder
         */
        public Builder lambdaPattern(Map<String, Double> lambdas) {
            return set(LAMBDA_PATTERN, lambdas);
        }

        @Override
        public DeloraConfig build() {
            return new DeloraConfig(this);
        }
    }
}
