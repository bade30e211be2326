/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.config.FieldType.Field;
import org.lora4j.error.Problems;

/**
 * Which rows of embeddings are trained, and nothing else: new tokens, or tokens that get another meaning. With {@link
 * LoraConfig.Builder#trainableTokens} the same rows are trained beside low-rank updates.
 *
 * <p>Example: <pre>{@code
 * TrainableTokensConfig config = TrainableTokensConfig.builder()
 *         .targetModules("word_embeddings")
 *         .tokenIndices(1000, 1001)
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class TrainableTokensConfig extends AdapterConfig {

    private static final Field<List<Integer>> TOKEN_INDICES =
            new Field<>("tokenIndices", "token_indices", FieldType.INDICES, List.of());
    private static final List<Field<?>> FIELDS = List.of(TARGET_MODULES, TOKEN_INDICES, BASE_MODEL_NAME, TASK_TYPE);

    private TrainableTokensConfig(Builder builder) {
        super(builder);
    }

    /**
     * Starts a config of the input embedding without rows.
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
    public TargetUse targetUse() {
        return TargetUse.ROWS;
    }

    /**
     * The rows that are trained in each target (PEFT: {@code token_indices}).
     *
     * @return token ids
     */
    public List<Integer> tokenIndices() {
        return get(TOKEN_INDICES);
    }

    /**
     * The rows by table. Without {@link #targetModules} they are those of the input embedding.
     *
     * @return the rows; an expression that selects the tables stands for them as a name
     */
    @Override
    public TrainableTokens trainableTokens() {
        if (targetModules() instanceof ModuleSelector.None) {
            return new TrainableTokens(tokenIndices(), Map.of());
        }
        Map<String, List<Integer>> byModule = new LinkedHashMap<>();
        if (targetModules() instanceof ModuleSelector.Suffixes suffixes) {
            suffixes.names().forEach(name -> byModule.put(name, tokenIndices()));
        } else {
            byModule.put(targetModules().toString(), tokenIndices());
        }
        return TrainableTokens.of(byModule);
    }

    /** The same rows in every table. */
    @Override
    public List<Integer> tokenRows(String modulePath) {
        return tokenIndices();
    }

    @Override
    public boolean trainsRowsOf(String modulePath) {
        return targetModules().matches(modulePath);
    }

    @Override
    public List<String> unmatchedTokens(Collection<String> modulePaths) {
        return targetModules().unmatched(modulePaths);
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends AdapterConfig.Builder<Builder> {

        private Builder() {
            super("TRAINABLE_TOKENS", FIELDS);
        }

        /** Without targets the rows are those of the input embedding. */
        @Override
        boolean trains() {
            return true;
        }

        @Override
        void checkTogether(Problems problems) {
            problems.check(!isEmpty(TOKEN_INDICES), "tokenIndices is empty, expected the ids of the rows to train");
            problems.check(
                    !(get(TARGET_MODULES) instanceof ModuleSelector.AllLinear),
                    "targetModules = all-linear, expected names of embeddings or a regular expression");
        }

        /**
         * Sets the rows that are trained.
         *
         * @param rows token ids, 0 or more, each once
         * @return this builder
         */
        public Builder tokenIndices(int... rows) {
            return set(TOKEN_INDICES, Arrays.stream(rows).boxed().toList());
        }

        @Override
        public TrainableTokensConfig build() {
            return new TrainableTokensConfig(this);
        }
    }
}
