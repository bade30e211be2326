/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import java.util.Map;
import org.lora4j.config.FieldType.Field;

/**
 * An adapter of FourierFT: the update of a weight is the inverse Fourier transform of few coefficients. PEFT draws their positions
 * with PyTorch's generator and saves them nowhere: they are given when such an adapter is loaded ({@code AdapterLoader.tensors}),
 * and lora4j, whose positions no other reader could draw, begins none.
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Gao et al. 2024, Parameter-Efficient Fine-Tuning with Discrete Fourier Transform, arXiv 2405.03003.
 *
 * @apiNote Status: experimental
 */
public final class FourierFtConfig extends AdapterConfig {

    private static final Field<Integer> FREQUENCIES = new Field<>("frequencies", "n_frequency", FieldType.RANK, 1000);
    private static final Field<Double> SCALING = new Field<>("scaling", "scaling", FieldType.NUMBER, 150.0);
    private static final Field<Map<String, Integer>> FREQUENCY_PATTERN =
            new Field<>("frequencyPattern", "n_frequency_pattern", FieldType.RANKS, Map.of());
    private static final List<Field<?>> FIELDS = Field.table(
            MODULES_AND_LAYERS,
            FREQUENCIES,
            SCALING,
            FREQUENCY_PATTERN,
            INITIALIZATION.from(Initialization.RANDOM),
            BIAS,
            FAN_IN_FAN_OUT);

    private final ModulePatterns<Integer> frequencies;

    private FourierFtConfig(Builder builder) {
        super(builder);
        frequencies = ModulePatterns.ofEnds(frequencyPattern());
    }

    /**
     * Starts a config with the defaults: 1000 frequencies, scaling 150, no targets.
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
     * How many coefficients a module has where no pattern says otherwise (PEFT: {@code n_frequency}).
     *
     * @return 1 or more
     */
    public int frequencies() {
        return get(FREQUENCIES);
    }

    /**
     * Numbers of coefficients of single modules (PEFT: {@code n_frequency_pattern}).
     *
     * @return number by regular expression, matched as {@code (.*\.)?(key)$}; the first hit in order wins
     */
    public Map<String, Integer> frequencyPattern() {
        return get(FREQUENCY_PATTERN);
    }

    /**
     * The number of coefficients of a module, which stands for the rank.
     *
     * @param modulePath dotted path of the module
     * @return 1 or more
     */
    @Override
    public int rankOf(String modulePath) {
        return frequencies.lookup(modulePath, frequencies());
    }

    @Override
    public double scalingOf(String modulePath) {
        return get(SCALING);
    }

    @Override
    public List<String> obstaclesToStart() {
        return List.of("no file holds the positions of FourierFT's coefficients, and no other reader draws those that"
                + " lora4j would, expected another method");
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends AdapterConfig.Builder<Builder> {

        private Builder() {
            super("FOURIERFT", FIELDS);
        }

        /**
         * Sets how many coefficients a module has.
         *
         * @param number 1 or more; 1000 by default
         * @return this builder
         */
        public Builder frequencies(int number) {
            return set(FREQUENCIES, number);
        }

        /**
         * Sets the numbers of coefficients of single modules.
         *
         * @param numbers number by regular expression, in an ordered map if keys overlap
         * @return this builder
         */
        public Builder frequencyPattern(Map<String, Integer> numbers) {
            return set(FREQUENCY_PATTERN, numbers);
        }

        /**
         * Sets the factor on the update.
         *
         * @param factor a finite number; 150 by default
         * @return this builder
         */
        public Builder scaling(double factor) {
            return set(SCALING, factor);
        }

        @Override
        public FourierFtConfig build() {
            return new FourierFtConfig(this);
        }
    }
}
