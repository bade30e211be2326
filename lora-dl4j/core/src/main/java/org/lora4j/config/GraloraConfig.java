/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;
import org.lora4j.error.Problems;

/**
 * What to adapt with GraLoRA and how: the weight is cut into blocks, each with a low-rank update of its own.
 *
 * <p>Example: <pre>{@code
 * GraloraConfig config = GraloraConfig.builder()
 *         .rank(32)
 *         .blocks(2)
 *         .alpha(64)
 *         .targetModules("query", "value")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Jung et al. 2025, GraLoRA: Granular Low-Rank Adaptation for Parameter-Efficient Fine-Tuning, arXiv 2505.20355.
 *
 * @apiNote Status: experimental
 */
public final class GraloraConfig extends RankedConfig {

    private static final Field<Integer> BLOCKS = new Field<>("blocks", "gralora_k", FieldType.RANK, 2);
    private static final Field<Integer> HYBRID_RANK = new Field<>("hybridRank", "hybrid_r", FieldType.RANK_OR_NONE, 0);
    private static final List<Field<?>> FIELDS = Field.table(
            TARGETS,
            LAYERS_TO_TRANSFORM,
            LAYERS_PATTERN,
            RANK.from(32),
            ALPHA.from(64.0),
            BLOCKS,
            HYBRID_RANK,
            DROPOUT.as("gralora_dropout"),
            INITIALIZATION,
            BIAS,
            FAN_IN_FAN_OUT);

    private GraloraConfig(Builder builder) {
        super(builder);
    }

    /**
     * Starts a config with the defaults: rank 32, alpha 64, two blocks along each side, no dropout, no targets.
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
     * The factor on the update: alpha over the sum of both ranks.
     *
     * @param modulePath dotted path of the module
     * @return a finite number
     */
    @Override
    public double scalingOf(String modulePath) {
        return Scaling.STANDARD.scaling(alpha(), rank() + hybridRank());
    }

    /**
     * How many blocks there are along each side of a weight (PEFT: {@code gralora_k}).
     *
     * @return a divisor of the rank
     */
    public int blocks() {
        return get(BLOCKS);
    }

    /**
     * The rank of an update of the whole weight, as LoRA's, beside those of the blocks (PEFT: {@code hybrid_r}).
     *
     * @return 0 for none
     */
    public int hybridRank() {
        return get(HYBRID_RANK);
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends RankedConfig.Builder<Builder> {

        private Builder() {
            super("GRALORA", FIELDS);
        }

        @Override
        void checkTogether(Problems problems) {
            int rank = get(RANK);
            int blocks = get(BLOCKS);
            problems.check(
                    rank < 1 || blocks < 1 || rank % blocks == 0,
                    "blocks = " + blocks + " with rank = " + rank + ", expected a divisor of the rank");
        }

        /**
         * Sets how many blocks there are along each side of a weight.
         *
         * @param blocks a divisor of the rank and of all inputs and outputs; 2 by default
         * @return this builder
         */
        public Builder blocks(int blocks) {
            return set(BLOCKS, blocks);
        }

        /**
         * Sets the rank of an update of the whole weight.
         *
         * @param rank 0 for none, the default
         * @return this builder
         */
        public Builder hybridRank(int rank) {
            return set(HYBRID_RANK, rank);
        }

        @Override
        public GraloraConfig build() {
            return new GraloraConfig(this);
        }
    }
}
