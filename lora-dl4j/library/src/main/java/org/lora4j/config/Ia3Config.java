/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import java.util.stream.Stream;
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

    private final Builder values;

    private Ia3Config(Builder values) {
        super(values);
        this.values = values;
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
        return values.copied();
    }

    @Override
    public String peftType() {
        return "IA3";
    }

    /**
     * The targets whose inputs are scaled, not their outputs (PEFT: {@code feedforward_modules}).
     *
     * @return the selector, {@link ModuleSelector#none()} by default
     */
    public ModuleSelector feedforwardModules() {
        return values.feedforwardModules;
    }

    /**
     * Whether the inputs of a module are scaled, not its outputs. A name means every module whose path ends with it, also
     * within a segment, as in PEFT.
     *
     * @param modulePath dotted path of the module
     * @return true if {@link #feedforwardModules} means it
     */
    public boolean isFeedforward(String modulePath) {
        return values.feedforwardModules instanceof ModuleSelector.Suffixes suffixes
                ? suffixes.names().stream().anyMatch(modulePath::endsWith)
                : values.feedforwardModules.matches(modulePath);
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder extends AdapterConfig.Builder<Builder> {

        private static final List<Field<? super Builder, ?>> FIELDS =
                Stream.<List<? extends Field<? super Builder, ?>>>of(
                                MODULES,
                                List.of(
                                        new Field<Builder, ModuleSelector>(
                                                "feedforwardModules",
                                                "feedforward_modules",
                                                FieldType.MODULES,
                                                b -> b.feedforwardModules,
                                                (b, v) -> b.feedforwardModules = v),
                                        start("init_ia3_weights", FieldType.DEFAULT_START),
                                        FAN_IN_FAN_OUT))
                        .<Field<? super Builder, ?>>flatMap(List::stream)
                        .toList();

        ModuleSelector feedforwardModules = ModuleSelector.none();

        private Builder() {}

        @Override
        public List<Field<? super Builder, ?>> fields() {
            return FIELDS;
        }

        @Override
        public Builder self() {
            return this;
        }

        @Override
        Builder fresh() {
            return new Builder();
        }

        @Override
        void checkTogether(Problems problems) {
            problems.check(
                    layersToTransform.isEmpty() && layersPattern.isEmpty(),
                    "layersToTransform = " + layersToTransform + " and layersPattern = " + layersPattern
                            + ", for which PEFT's IA3 has no fields, expected none; put the layers into the targets");
            if (targetModules instanceof ModuleSelector.Suffixes targets
                    && feedforwardModules instanceof ModuleSelector.Suffixes feedforward) {
                problems.check(
                        targets.names().containsAll(feedforward.names()),
                        "feedforwardModules = " + feedforwardModules + ", expected some of the targetModules "
                                + targetModules);
            }
        }

        /**
         * Sets the targets whose inputs are scaled.
         *
         * @param modules the selector
         * @return this builder
         */
        public Builder feedforwardModules(ModuleSelector modules) {
            this.feedforwardModules = modules;
            return this;
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
            return new Ia3Config(checked("Ia3Config"));
        }
    }
}
