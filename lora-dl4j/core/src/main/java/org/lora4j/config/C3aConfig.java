/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.lora4j.config.FieldType.Field;

/**
 * What to adapt with C3A and how: the update of a weight is made of circulant blocks, each of which one vector determines.
 *
 * <p>Example: <pre>{@code
 * C3aConfig config = C3aConfig.builder()
 *         .blockSize(64)
 *         .targetModules("query", "value")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Chen et al. 2024, Parameter-Efficient Fine-Tuning via Circular Convolution, arXiv 2407.19342.
 *
 * @apiNote Status: experimental
 */
public final class C3aConfig extends AdapterConfig {

    private static final Field<Integer> BLOCK_SIZE = new Field<>("blockSize", "block_size", FieldType.RANK, 256);
    private static final Field<Map<String, Integer>> BLOCK_SIZE_PATTERN =
            new Field<>("blockSizePattern", "block_size_pattern", FieldType.RANKS, Map.of());
    private static final List<Field<?>> FIELDS = Field.table(
            TARGETS,
            LAYERS_TO_TRANSFORM,
            LAYERS_PATTERN,
            BLOCK_SIZE,
            BLOCK_SIZE_PATTERN,
            INITIALIZATION.as("init_weights", FieldType.C3A_START).from(Initialization.XAVIER_UNIFORM),
            BIAS);

    private final ModulePatterns<Integer> blockSizes;

    private C3aConfig(Builder builder) {
        super(builder);
        blockSizes = ModulePatterns.ofEnds(blockSizePattern());
    }

    /**
     * Starts a config with PEFT's defaults: blocks of 256, a random start ({@link Initialization#XAVIER_UNIFORM}), no targets.
     * With {@link Initialization#KAIMING_UNIFORM}, PEFT's {@code true}, a fresh adapter changes nothing.
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
    public List<String> unmatchedPatterns(Collection<String> modulePaths) {
        List<String> without = super.unmatchedPatterns(modulePaths);
        blockSizes.unmatched(modulePaths).forEach(key -> without.add("blockSizePattern \"" + key + "\""));
        return without;
    }

    /**
     * The size of the blocks of a module.
     *
     * @param modulePath dotted path of the module
     * @return the value of the first matching key of {@link #blockSizePattern}, else {@link #blockSize}
     */
    public int blockSizeOf(String modulePath) {
        return blockSizes.lookup(modulePath, blockSize());
    }

    /**
     * The size of the blocks where no pattern says otherwise (PEFT: {@code block_size}).
     *
     * @return a divisor of inputs and outputs
     */
    public int blockSize() {
        return get(BLOCK_SIZE);
    }

    /**
     * Sizes of blocks of single modules (PEFT: {@code block_size_pattern}).
     *
     * @return size by regular expression, matched as {@code (.*\.)?(key)$}; the first hit in order wins
     */
    public Map<String, Integer> blockSizePattern() {
        return get(BLOCK_SIZE_PATTERN);
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends AdapterConfig.Builder<Builder> {

        private Builder() {
            super("C3A", FIELDS);
        }

        /**
         * Sets the size of the blocks.
         *
         * @param size a divisor of all inputs and outputs; 256 by default
         * @return this builder
         */
        public Builder blockSize(int size) {
            return set(BLOCK_SIZE, size);
        }

        /**
         * Sets the sizes of blocks of single modules.
         *
         * @param sizes size by regular expression, in an ordered map if keys overlap
         * @return this builder
         */
        public Builder blockSizePattern(Map<String, Integer> sizes) {
            return set(BLOCK_SIZE_PATTERN, sizes);
        }

        @Override
        public C3aConfig build() {
            return new C3aConfig(this);
        }
    }
}
