/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import com.oracle.labs.mlrg.olcut.config.Config;
import com.oracle.labs.mlrg.olcut.config.Configurable;
import com.oracle.labs.mlrg.olcut.config.PropertyException;
import com.oracle.labs.mlrg.olcut.provenance.ConfiguredObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.Provenancable;
import com.oracle.labs.mlrg.olcut.provenance.impl.ConfiguredObjectProvenanceImpl;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.lora4j.adapter.AdapterConfigs;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.FieldType.Field;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.config.Scaling;
import org.lora4j.config.TrainableTokens;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.MessageText;

/**
 * What to adapt and how: an {@link AdapterConfig} for Tribuo's configuration files and provenance.
 *
 * <p>LoRA has a property for each option; one that is not set has the default of {@link LoraConfig}. Any other method is given as the
 * JSON of PEFT's {@code adapter_config.json} in {@code peftConfig}. Several trainers can share one spec.
 *
 * <p><b>State.</b> Immutable once configured. <b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public final class LoraSpec implements Configurable, Provenancable<ConfiguredObjectProvenance> {

    /** A field of the table of {@link LoraConfig}, by its name there, as the property that it is here. */
    record Property<V>(String name, Function<LoraSpec, V> get, BiConsumer<LoraSpec, V> set) {

        @SuppressWarnings("unchecked") // A name means one type of values, which a test sees to.
        private Field<V> in(LoraConfig.Builder config) {
            return (Field<V>) config.fields().stream()
                    .filter(field -> field.name().equals(name))
                    .findFirst()
                    .orElseThrow();
        }

        void take(LoraSpec spec, LoraConfig.Builder from) {
            set.accept(spec, from.get(in(from)));
        }

        void give(LoraSpec spec, LoraConfig.Builder to) {
            to.set(in(to), get.apply(spec));
        }
    }

    /** What trainers can be told; olcut wants each as a field of this class below. */
    static final List<Property<?>> PROPERTIES = List.of(
            new Property<Integer>("rank", s -> s.rank, (s, v) -> s.rank = v),
            new Property<Double>("alpha", s -> s.alpha, (s, v) -> s.alpha = v),
            new Property<Double>("dropout", s -> s.dropout, (s, v) -> s.dropout = v),
            new Property<>("targetModules", LoraSpec::targets, LoraSpec::targets),
            new Property<ModuleSelector>(
                    "excludeModules",
                    s -> s.excludeModules.isEmpty() ? ModuleSelector.none() : ModuleSelector.suffixes(s.excludeModules),
                    (s, v) -> s.excludeModules = names(v)),
            new Property<List<Integer>>(
                    "layersToTransform", s -> s.layersToTransform, (s, v) -> s.layersToTransform = v),
            new Property<List<String>>("layersPattern", s -> s.layersPattern, (s, v) -> s.layersPattern = v),
            new Property<Map<String, Integer>>("rankPattern", s -> s.rankPattern, (s, v) -> s.rankPattern = v),
            new Property<Map<String, Double>>("alphaPattern", s -> s.alphaPattern, (s, v) -> s.alphaPattern = v),
            new Property<Scaling>(
                    "scalingRule",
                    s -> s.rankStabilized ? Scaling.RANK_STABILIZED : Scaling.STANDARD,
                    (s, v) -> s.rankStabilized = v == Scaling.RANK_STABILIZED),
            new Property<BiasTraining>("bias", s -> s.bias, (s, v) -> s.bias = v),
            new Property<List<String>>("modulesToSave", s -> s.modulesToSave, (s, v) -> s.modulesToSave = v),
            new Property<Initialization>("initialization", s -> s.initialization, (s, v) -> s.initialization = v),
            new Property<Boolean>("dora", s -> s.dora, (s, v) -> s.dora = v),
            new Property<Boolean>("loraBias", s -> s.loraBias, (s, v) -> s.loraBias = v),
            new Property<List<String>>("targetParameters", s -> s.targetParameters, (s, v) -> s.targetParameters = v),
            new Property<TrainableTokens>(
                    "trainableTokens",
                    s -> new TrainableTokens(s.trainableTokens, Map.of()),
                    (s, v) -> s.trainableTokens = v.ofInputEmbedding()));

    @Config(description = "Rank of the factors.")
    private int rank = 8;

    @Config(description = "Numerator of the scale.")
    private double alpha = 8;

    @Config(description = "Probability of dropping an input of A in training.")
    private double dropout;

    @Config(
            description =
                    "Names of modules, whole paths or their last segments; empty for all linear ones but the head.")
    private List<String> targetModules = new ArrayList<>();

    @Config(description = "Instead of names: a regular expression for whole paths.")
    private String targetPattern = "";

    @Config(description = "Names of modules to leave out.")
    private List<String> excludeModules = new ArrayList<>();

    @Config(description = "Numbers of the layers to adapt; empty for all.")
    private List<Integer> layersToTransform = new ArrayList<>();

    @Config(description = "Names of the lists that layers are numbered in.")
    private List<String> layersPattern = new ArrayList<>();

    @Config(description = "Ranks of their own, by pattern.")
    private Map<String, Integer> rankPattern = new LinkedHashMap<>();

    @Config(description = "Alphas of their own, by pattern.")
    private Map<String, Double> alphaPattern = new LinkedHashMap<>();

    // Not the enum: OLCUT does not read enums back whose constants have bodies.
    @Config(description = "Scale by alpha / sqrt(rank) instead of alpha / rank.")
    private boolean rankStabilized;

    @Config(description = "Which biases of the base learn.")
    private BiasTraining bias = BiasTraining.NONE;

    @Config(description = "Modules that learn fully, beside the head.")
    private List<String> modulesToSave = new ArrayList<>();

    @Config(description = "Start values of the factors.")
    private Initialization initialization = Initialization.KAIMING_UNIFORM;

    @Config(description = "Weight-decomposed adaptation (DoRA); SameDiff bases only.")
    private boolean dora;

    @Config(description = "A bias on B.")
    private boolean loraBias;

    @Config(description = "Names of parameters to adapt as such; SameDiff bases only.")
    private List<String> targetParameters = new ArrayList<>();

    @Config(description = "Rows of the input embedding that learn, by token id; SameDiff bases only.")
    private List<Integer> trainableTokens = new ArrayList<>();

    @Config(description = "Instead of all other properties: the JSON of an adapter_config.json of PEFT, of any method.")
    private String peftConfig = "";

    private AdapterConfig config;

    /** For olcut. */
    private LoraSpec() {}

    /**
     * Adapts all linear modules but the head.
     *
     * @param rank rank of the factors, 1 or more
     * @param alpha numerator of the scale, above 0
     * @throws IllegalArgumentException if a number is outside of its range
     */
    public LoraSpec(int rank, double alpha) {
        this.rank = rank;
        this.alpha = alpha;
        this.config = built();
    }

    /**
     * A spec with the values of a config of any method.
     *
     * @param config the config
     * @return the spec: by properties of their own where LoRA has them, else by the JSON of PEFT
     * @throws IllegalArgumentException if the config has options for loading or names rows of tokens by module, which neither can say
     */
    public static LoraSpec of(AdapterConfig config) {
        LoraSpec spec = config instanceof LoraConfig lora ? with(lora.toBuilder()) : new LoraSpec();
        if (!(config instanceof LoraConfig) || !spec.built().equals(config)) {
            spec = new LoraSpec();
            spec.peftConfig = AdapterConfigs.write(config);
        }
        spec.config = spec.built();
        if (!spec.config.equals(config)) {
            throw new IllegalArgumentException("LoraSpec: the config has options that trainers do not know: "
                    + MessageText.value(config) + "; expected one like " + MessageText.value(spec.config)
                    + ". Leave the others at their defaults.");
        }
        return spec;
    }

    private static LoraSpec with(LoraConfig.Builder values) {
        LoraSpec spec = new LoraSpec();
        PROPERTIES.forEach(property -> property.take(spec, values));
        return spec;
    }

    private AdapterConfig built() {
        if (!peftConfig.isEmpty()) {
            return parsed();
        }
        if (!targetModules.isEmpty() && !targetPattern.isEmpty()) {
            throw new IllegalArgumentException("LoraSpec: targetModules = " + targetModules + " and targetPattern = "
                    + MessageText.name(targetPattern) + "; expected one of them.");
        }
        LoraConfig.Builder builder = LoraConfig.builder();
        PROPERTIES.forEach(property -> property.give(this, builder));
        return builder.build();
    }

    private AdapterConfig parsed() {
        LoraSpec untouched = new LoraSpec();
        List<String> others = PROPERTIES.stream()
                .filter(property -> !property.get.apply(this).equals(property.get.apply(untouched)))
                .map(Property::name)
                .toList();
        if (!others.isEmpty()) {
            throw new IllegalArgumentException(
                    "LoraSpec: peftConfig together with " + others + "; expected all options in peftConfig, or none.");
        }
        try {
            return AdapterConfigs.parse(peftConfig);
        } catch (AdapterFormatException e) {
            throw new IllegalArgumentException("LoraSpec: peftConfig: " + e.getMessage(), e);
        }
    }

    private ModuleSelector targets() {
        if (!targetPattern.isEmpty()) {
            return ModuleSelector.regex(targetPattern);
        }
        ModuleSelector others = targetParameters.isEmpty() ? ModuleSelector.allLinear() : ModuleSelector.none();
        return targetModules.isEmpty() ? others : ModuleSelector.suffixes(targetModules);
    }

    private void targets(ModuleSelector targets) {
        targetModules = names(targets);
        targetPattern = targets instanceof ModuleSelector.Regex regex ? regex.expression() : "";
    }

    private static List<String> names(ModuleSelector selector) {
        return selector instanceof ModuleSelector.Suffixes suffixes ? List.copyOf(suffixes.names()) : List.of();
    }

    /**
     * Checks what was configured.
     *
     * @throws PropertyException if a value is outside of its range; the message lists every problem
     */
    @Override
    public void postConfig() {
        try {
            config = built();
        } catch (IllegalArgumentException e) {
            throw new PropertyException(e, "", e.getMessage());
        }
    }

    /**
     * The config, without the head.
     *
     * @return the config
     */
    public AdapterConfig config() {
        return config;
    }

    @Override
    public ConfiguredObjectProvenance getProvenance() {
        return new ConfiguredObjectProvenanceImpl(this, "LoraSpec");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LoraSpec that && config.equals(that.config);
    }

    @Override
    public int hashCode() {
        return config.hashCode();
    }

    @Override
    public String toString() {
        return "LoraSpec(" + config + ")";
    }
}
