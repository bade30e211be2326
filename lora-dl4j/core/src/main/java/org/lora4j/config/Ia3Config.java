/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import org.lora4j.config.FieldType.Field;
import org.lora4j.error.Problems;

/**
 * What to adapt with (IA)³: a learned number for each output of a module, or for each input of one that is named in {@link
 * #feedforwardModules}.
 *
 * <p>Example, the modules of a transformer: <pre>{@code
 * Ia3Config config = Ia3Config.builder()
 *         .targetModules("key", "value", "output.dense")
 *         .feedforwardModules("output.dense")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Liu et al. 2022, Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than In-Context Learning,
 * arXiv 2205.05638.
 *
 * @apiNote Status: experimental
 */
public final class Ia3Config extends AdapterConfig {

    private static final Field<ModuleSelector> FEEDFORWARD_MODULES =
            new Field<>("feedforwardModules", "feedforward_modules", FieldType.MODULES, ModuleSelector.none());
    private static final List<Field<?>> FIELDS =
            Field.table(MODULES, FEEDFORWARD_MODULES, INITIALIZATION.as("init_ia3_weights"), FAN_IN_FAN_OUT);

    private Ia3Config(Builder builder) {
        super(builder);
    }

    /**
     * Starts a config without targets and without feed-forward modules.
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
     * The targets whose inputs are scaled, not their outputs (PEFT: {@code feedforward_modules}).
     *
     * @return the selector, {@link ModuleSelector#none()} by default
     */
    public ModuleSelector feedforwardModules() {
        return get(FEEDFORWARD_MODULES);
    }

    /**
     * Whether the inputs of a module are scaled, not its outputs. A name means every module whose path ends with it, also
     * within a segment, as in PEFT.
     *
     * @param modulePath dotted path of the module
     * @return true if {@link #feedforwardModules} means it
     */
    public boolean isFeedforward(String modulePath) {
        return feedforwardModules() instanceof ModuleSelector.Suffixes suffixes
                ? suffixes.names().stream().anyMatch(modulePath::endsWith)
                : feedforwardModules().matches(modulePath);
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends AdapterConfig.Builder<Builder> {

        private Builder() {
            super("IA3", FIELDS);
        }

        @Override
        void checkTogether(Problems problems) {
            if (get(TARGET_MODULES) instanceof ModuleSelector.Suffixes targets
                    && get(FEEDFORWARD_MODULES) instanceof ModuleSelector.Suffixes feedforward) {
                problems.check(
                        targets.names().containsAll(feedforward.names()),
                        "feedforwardModules = " + feedforward + ", expected some of the targetModules " + targets);
            }
        }

        /**
         * Sets the targets whose inputs are scaled.
         *
         * @param modules the selector
         * @return this builder
         */
        public Builder feedforwardModules(ModuleSelector modules) {
            return set(FEEDFORWARD_MODULES, modules);
        }

        /**
         * Sets the targets whose inputs are scaled, by names of {@link #targetModules}.
         *
         * @param names as for {@link ModuleSelector#suffixes(String...)}
         * @return this builder
         */
        public Builder feedforwardModules(String... names) {
            return feedforwardModules(ModuleSelector.suffixes(names));
        }

        @Override
        public Ia3Config build() {
            return new Ia3Config(this);
        }
    }
}
