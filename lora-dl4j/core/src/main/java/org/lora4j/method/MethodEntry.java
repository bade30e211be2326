/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.Arguments;

/**
 * A line of the table of methods: the config of a method, what it asks for in a module, and what files and saved networks hold of it.
 *
 * <p>Example: <pre>{@code
 * MethodEntry<GainConfig> entry = MethodEntry.builder(GainConfig.class, GainConfig::builder)
 *         .method((config, path) -> new GainMethod(config.inputs()))
 *         .saved(GainMethod.TRAITS, options -> new GainMethod(options.flag("inputs")))
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe, if the functions are.
 *
 * @param <C> the config
 * @apiNote Status: experimental
 */
public final class MethodEntry<C extends AdapterConfig> {

    /**
     * Makes the rule that a config wants in a training beside gradients.
     *
     * @param <C> the config
     * @apiNote Status: experimental
     */
    @FunctionalInterface
    public interface RuleMaker<C extends AdapterConfig> {

        /**
         * Makes the rule of one run.
         *
         * @param config the config
         * @param names the names of the parameters that learn, by path of the module and suffix
         * @param changed gets the config that files of the adapter are to have from then on
         * @return the rule; empty if the config wants none
         */
        Optional<StepRule> of(C config, Map<String, Map<String, String>> names, Consumer<AdapterConfig> changed);
    }

    private final Class<C> config;
    private final Supplier<? extends AdapterConfig.Builder<?>> starter;
    private final String peftType;
    private final BiFunction<C, String, AdapterMethod> method;
    private final RuleMaker<C> rule;
    private final String adaptedBiases;
    private final List<FileField> fields;
    private final List<MethodTraits> variants;
    private final Map<String, Function<MethodOptions, AdapterMethod>> saved;

    private MethodEntry(Builder<C> builder) {
        config = builder.config;
        starter = builder.starter;
        peftType = starter.get().peftType();
        method = builder.method;
        rule = builder.rule;
        adaptedBiases =
                builder.adaptedBiases == null ? peftType.toLowerCase(Locale.ROOT) + "_only" : builder.adaptedBiases;
        fields = List.copyOf(builder.fields);
        variants = List.copyOf(builder.variants);
        saved = Map.copyOf(builder.saved);
    }

    /**
     * Starts a line.
     *
     * @param config the class of the config
     * @param starter starts a config with the defaults
     * @param <C> the config
     * @return a new builder
     */
    public static <C extends AdapterConfig> Builder<C> builder(
            Class<C> config, Supplier<? extends AdapterConfig.Builder<?>> starter) {
        Arguments.required(config, "MethodEntry.builder: config", "the class of a config");
        Arguments.required(starter, "MethodEntry.builder: starter", "such as LoraConfig::builder");
        return new Builder<>(config, starter);
    }

    /**
     * The class of the config.
     *
     * @return the class
     */
    public Class<C> config() {
        return config;
    }

    /**
     * Starts a config with the defaults.
     *
     * @return a new builder
     */
    public AdapterConfig.Builder<?> newConfig() {
        return starter.get();
    }

    /**
     * The name of the method in files (PEFT: {@code peft_type}), which its config says.
     *
     * @return such as {@code LORA}
     */
    public String peftType() {
        return peftType;
    }

    /**
     * What the method's files call the training of the biases of adapted modules.
     *
     * @return such as {@code lora_only}
     */
    public String adaptedBiases() {
        return adaptedBiases;
    }

    /**
     * The fields of PEFT's config that ours does not have.
     *
     * @return fields that are carried along or refused
     */
    public List<FileField> otherFields() {
        return fields;
    }

    /**
     * Every suffix of a tensor that its files may hold.
     *
     * @return suffixes of all variants
     */
    public Stream<String> suffixes() {
        return variants.stream().flatMap(variant -> variant.allSuffixes().stream());
    }

    /**
     * Whether a tensor has a trait in any variant.
     *
     * @param suffix one of {@link #suffixes}
     * @param trait the trait
     * @return true if so
     */
    public boolean is(String suffix, FactorTrait trait) {
        return variants.stream().anyMatch(variant -> variant.is(suffix, trait));
    }

    /** What makes methods of saved networks, by the name before the colon of their id. */
    Map<String, Function<MethodOptions, AdapterMethod>> saved() {
        return saved;
    }

    List<MethodTraits> variants() {
        return variants;
    }

    /** Whether its targets get factors. */
    boolean hasMethod() {
        return method != null;
    }

    AdapterMethod method(AdapterConfig asked, String path) {
        return method.apply(config.cast(asked), path);
    }

    Optional<StepRule> rule(
            AdapterConfig asked, Map<String, Map<String, String>> names, Consumer<AdapterConfig> changed) {
        return rule.of(config.cast(asked), names, changed);
    }

    /**
     * Collects what a line says.
     *
     * <p><b>Threads.</b> For one thread.
     *
     * @param <C> the config
     * @apiNote Status: experimental
     */
    public static final class Builder<C extends AdapterConfig> {

        private final Class<C> config;
        private final Supplier<? extends AdapterConfig.Builder<?>> starter;
        private final List<FileField> fields = new ArrayList<>();
        private final List<MethodTraits> variants = new ArrayList<>();
        private final Map<String, Function<MethodOptions, AdapterMethod>> saved = new LinkedHashMap<>();
        private BiFunction<C, String, AdapterMethod> method;
        private RuleMaker<C> rule = (asked, names, changed) -> Optional.empty();
        private String adaptedBiases;

        private Builder(Class<C> config, Supplier<? extends AdapterConfig.Builder<?>> starter) {
            this.config = config;
            this.starter = starter;
        }

        /**
         * Sets what the config asks for in a module; a config that trains its targets themselves has nothing here.
         *
         * @param asked gives the method for a config and the path of a module
         * @return this builder
         */
        public Builder<C> method(BiFunction<C, String, AdapterMethod> asked) {
            method = asked;
            return this;
        }

        /**
         * Adds a variant by its name in saved networks: which factors it has, and how it is made when such a network is read.
         *
         * @param traits the traits of the variant, with every factor that it may have
         * @param make makes the method of the options that {@link MethodTraits#id} told
         * @return this builder
         */
        public Builder<C> saved(MethodTraits traits, Function<MethodOptions, AdapterMethod> make) {
            Arguments.required(traits, "MethodEntry: traits", "the traits of a variant");
            Arguments.required(make, "MethodEntry: make", "what makes the method of a saved network");
            saved.put(traits.savedName(), make);
            variants.add(traits);
            return this;
        }

        /**
         * Sets what the config wants in a training beside gradients.
         *
         * @param maker makes the rule of a run
         * @return this builder
         */
        public Builder<C> stepRule(RuleMaker<C> maker) {
            rule = Arguments.required(maker, "MethodEntry: maker", "what makes the rule of a run");
            return this;
        }

        /**
         * Adds fields of PEFT's config that change nothing here and are kept for writing back.
         *
         * @param name PEFT's name
         * @param initial PEFT's default, as JSON would have it
         * @return this builder
         */
        public Builder<C> carried(String name, Object initial) {
            return field(name, FileField.Use.CARRIED, initial);
        }

        /**
         * Adds a field of PEFT's config that would change what an adapter computes.
         *
         * @param name PEFT's name
         * @param initial PEFT's default, which switches it off, as JSON would have it
         * @return this builder
         */
        public Builder<C> refused(String name, Object initial) {
            return field(name, FileField.Use.REFUSED, initial);
        }

        /** As {@link #refused}; the release of PEFT whose fields are written does not know the field. */
        Builder<C> later(String name) {
            return field(name, FileField.Use.LATER, null);
        }

        /** What files call the training of the biases of adapted modules, where it is not named after the method. */
        Builder<C> adaptedBiases(String name) {
            adaptedBiases = name;
            return this;
        }

        private Builder<C> field(String name, FileField.Use use, Object initial) {
            fields.add(new FileField(name, use, initial));
            return this;
        }

        /**
         * Makes the line.
         *
         * @return the line
         */
        public MethodEntry<C> build() {
            return new MethodEntry<>(this);
        }
    }
}
