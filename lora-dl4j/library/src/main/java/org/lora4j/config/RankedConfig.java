/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.config.FieldType.Field;

/**
 * The config of a method whose updates have a rank and a scale.
 *
 * @apiNote Status: experimental
 */
public abstract class RankedConfig extends AdapterConfig {

    private final Builder<?> values;
    private final ModulePatterns<Integer> ranks;
    private final ModulePatterns<Double> alphas;

    /** Of a builder that was checked and belongs to this config alone. */
    RankedConfig(Builder<?> values) {
        super(values);
        this.values = values;
        this.ranks = new ModulePatterns<>(values.rankPattern);
        this.alphas = new ModulePatterns<>(values.alphaPattern);
    }

    /**
     * The rank of a module.
     *
     * @param modulePath dotted path of the module
     * @return the value of the first matching key of {@link #rankPattern}, else {@link #rank}
     */
    @Override
    public final int rankOf(String modulePath) {
        return ranks.lookup(modulePath, values.rank);
    }

    /**
     * The alpha of a module.
     *
     * @param modulePath dotted path of the module
     * @return the value of the first matching key of {@link #alphaPattern}, else {@link #alpha}
     */
    public final double alphaOf(String modulePath) {
        return alphas.lookup(modulePath, values.alpha);
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
    public final List<String> unmatchedPatterns(Collection<String> modulePaths) {
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
        return values.rank;
    }

    /**
     * Numerator of the scale where no pattern says otherwise (PEFT: {@code lora_alpha}, {@code alpha}).
     *
     * @return a finite number, 0 or more
     */
    public final double alpha() {
        return values.alpha;
    }

    /**
     * Ranks of single modules (PEFT: {@code rank_pattern}).
     *
     * @return rank by regular expression, matched as {@code (.*\.)?(key)$}; the first hit in order wins
     */
    public final Map<String, Integer> rankPattern() {
        return values.rankPattern;
    }

    /**
     * Alphas of single modules (PEFT: {@code alpha_pattern}).
     *
     * @return alpha by regular expression, matched as {@code (.*\.)?(key)$}; the first hit in order wins
     */
    public final Map<String, Double> alphaPattern() {
        return values.alphaPattern;
    }

    /**
     * Collects the fields of a config.
     *
     * @param <B> the builder itself
     * @apiNote Status: experimental
     */
    public abstract static class Builder<B extends Builder<B>> extends AdapterConfig.Builder<B> {

        /** The line of the rank. */
        static final Field<Builder<?>, Integer> RANK =
                new Field<>("rank", "r", FieldType.RANK, b -> b.rank, (b, v) -> b.rank = v);

        /** The lines of the patterns. */
        static final List<Field<Builder<?>, ?>> PATTERNS = List.of(
                new Field<>(
                        "rankPattern",
                        "rank_pattern",
                        FieldType.RANKS,
                        b -> b.rankPattern,
                        (b, v) -> b.rankPattern = v),
                new Field<>(
                        "alphaPattern",
                        "alpha_pattern",
                        FieldType.ALPHAS,
                        b -> b.alphaPattern,
                        (b, v) -> b.alphaPattern = v));

        int rank = 8;
        double alpha = 8;
        Map<String, Integer> rankPattern = Map.of();
        Map<String, Double> alphaPattern = Map.of();

        Builder() {}

        /** The line of alpha, as a method has it in its file. */
        static Field<Builder<?>, Double> alpha(String peftName) {
            return new Field<>("alpha", peftName, FieldType.ALPHA, b -> b.alpha, (b, v) -> b.alpha = v);
        }

        /**
         * Sets the rank of the update.
         *
         * @param rank 1 or more; 8 by default
         * @return this builder
         */
        public final B rank(int rank) {
            this.rank = rank;
            return self();
        }

        /**
         * Sets the numerator of the scale.
         *
         * @param alpha a finite number, 0 or more; 8 by default
         * @return this builder
         */
        public final B alpha(double alpha) {
            this.alpha = alpha;
            return self();
        }

        /**
         * Sets the ranks of single modules.
         *
         * @param ranks rank by regular expression, in an ordered map if keys overlap
         * @return this builder
         */
        public final B rankPattern(Map<String, Integer> ranks) {
            this.rankPattern = new LinkedHashMap<>(ranks);
            return self();
        }

        /**
         * Sets the alphas of single modules.
         *
         * @param alphas alpha by regular expression, in an ordered map if keys overlap
         * @return this builder
         */
        public final B alphaPattern(Map<String, Double> alphas) {
            this.alphaPattern = new LinkedHashMap<>(alphas);
            return self();
        }
    }
}
