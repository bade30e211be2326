/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.lora4j.config.FieldType.Field;

/**
 * The config of a method whose updates have a rank and a scale.
 *
 * @apiNote Status: stable
 */
public abstract class RankedConfig extends AdapterConfig {

    /** The rank of the update. */
    protected static final Field<Integer> RANK = new Field<>("rank", "r", FieldType.RANK, 8);

    /** The numerator of the scale. */
    protected static final Field<Double> ALPHA = new Field<>("alpha", "alpha", FieldType.ALPHA, 8.0);

    static final Field<Map<String, Integer>> RANK_PATTERN =
            new Field<>("rankPattern", "rank_pattern", FieldType.RANKS, Map.of());
    static final Field<Map<String, Double>> ALPHA_PATTERN =
            new Field<>("alphaPattern", "alpha_pattern", FieldType.ALPHAS, Map.of());

    /** What configs with ranks have; a method puts {@code ALPHA.as(...)} in the place of alpha. */
    protected static final List<Field<?>> RANKS_AND_MODULES = Field.table(
            Field.table(List.of(RANK, ALPHA), MODULES_AND_LAYERS.toArray(Field<?>[]::new)),
            RANK_PATTERN,
            ALPHA_PATTERN);

    private final ModulePatterns<Integer> ranks;
    private final ModulePatterns<Double> alphas;

    /**
     * With the values of a builder.
     *
     * @param builder has the values
     * @throws IllegalArgumentException if any field or any combination is not allowed; the message lists all of them
     */
    protected RankedConfig(Builder<?> builder) {
        super(builder);
        ranks = new ModulePatterns<>(rankPattern());
        alphas = new ModulePatterns<>(alphaPattern());
    }

    /**
     * The rank of a module.
     *
     * @param modulePath dotted path of the module
     * @return the value of the first matching key of {@link #rankPattern}, else {@link #rank}
     */
    @Override
    public final int rankOf(String modulePath) {
        return ranks.lookup(modulePath, rank());
    }

    /**
     * The alpha of a module.
     *
     * @param modulePath dotted path of the module
     * @return the value of the first matching key of {@link #alphaPattern}, else {@link #alpha}
     */
    public final double alphaOf(String modulePath) {
        return alphas.lookup(modulePath, alpha());
    }

    /**
     * The factor on the update of a module: alpha over rank.
     *
     * @param modulePath dotted path of the module
     * @return a finite number
     */
    @Override
    public double scalingOf(String modulePath) {
        return Scaling.STANDARD.scaling(alphaOf(modulePath), rankOf(modulePath));
    }

    @Override
    public List<String> unmatchedPatterns(Collection<String> modulePaths) {
        List<String> without = super.unmatchedPatterns(modulePaths);
        ranks.unmatched(modulePaths).forEach(key -> without.add("rankPattern \"" + key + "\""));
        alphas.unmatched(modulePaths).forEach(key -> without.add("alphaPattern \"" + key + "\""));
        return without;
    }

    /**
     * Rank of the update where no pattern says otherwise (PEFT: {@code r}).
     *
     * @return 1 or more
     */
    public final int rank() {
        return get(RANK);
    }

    /**
     * Numerator of the scale where no pattern says otherwise (PEFT: {@code lora_alpha}, {@code alpha}).
     *
     * @return a finite number, 0 or more
     */
    public final double alpha() {
        return get(ALPHA);
    }

    /**
     * Ranks of single modules (PEFT: {@code rank_pattern}).
     *
     * @return rank by regular expression, matched as {@code (.*\.)?(key)$}; the first hit in order wins
     */
    public final Map<String, Integer> rankPattern() {
        return get(RANK_PATTERN);
    }

    /**
     * Alphas of single modules (PEFT: {@code alpha_pattern}).
     *
     * @return alpha by regular expression, matched as {@code (.*\.)?(key)$}; the first hit in order wins
     */
    public final Map<String, Double> alphaPattern() {
        return get(ALPHA_PATTERN);
    }

    /**
     * Collects the fields of a config.
     *
     * @param <B> the builder itself
     * @apiNote Status: stable
     */
    public abstract static class Builder<B extends Builder<B>> extends AdapterConfig.Builder<B> {

        /**
         * Starts with the defaults.
         *
         * @param peftType the name of the method in files
         * @param fields the table of its fields
         */
        protected Builder(String peftType, List<Field<?>> fields) {
            super(peftType, fields);
        }

        /**
         * Sets the rank of the update.
         *
         * @param rank 1 or more; 8 by default
         * @return this builder
         */
        public final B rank(int rank) {
            return set(RANK, rank);
        }

        /**
         * Sets the numerator of the scale.
         *
         * @param alpha a finite number, 0 or more; 8 by default
         * @return this builder
         */
        public final B alpha(double alpha) {
            return set(ALPHA, alpha);
        }

        /**
         * Sets the ranks of single modules.
         *
         * @param ranks rank by regular expression, in an ordered map if keys overlap
         * @return this builder
         */
        public final B rankPattern(Map<String, Integer> ranks) {
            return set(RANK_PATTERN, ranks);
        }

        /**
         * Sets the alphas of single modules.
         *
         * @param alphas alpha by regular expression, in an ordered map if keys overlap
         * @return this builder
         */
        public final B alphaPattern(Map<String, Double> alphas) {
            return set(ALPHA_PATTERN, alphas);
        }
    }
}
