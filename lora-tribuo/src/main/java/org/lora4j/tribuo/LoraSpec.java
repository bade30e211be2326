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
import org.lora4j.config.BiasTraining;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.config.Scaling;
import org.lora4j.config.TrainableTokens;
import org.lora4j.error.MessageText;

/**
 * What to adapt and how: {@link LoraConfig} for Tribuo's configuration files and provenance.
 *
 * <p>A property that is not set has the default of {@link LoraConfig}. Several trainers can share one spec.
 *
 * <p><b>State.</b> Immutable once configured. <b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public final class LoraSpec implements Configurable, Provenancable<ConfiguredObjectProvenance> {

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

    private LoraConfig config;

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
     * A spec with the values of a config, whose builder has all options.
     *
     * @param config the config
     * @return the spec
     * @throws IllegalArgumentException if the config has options for loading, or names rows of tokens by module, which have no
     *     place here
     */
    public static LoraSpec of(LoraConfig config) {
        LoraSpec spec = new LoraSpec();
        spec.take(config);
        spec.config = spec.built();
        if (!spec.config.equals(config)) {
            throw new IllegalArgumentException("LoraSpec: the config has options that trainers do not know: "
                    + MessageText.value(config) + "; expected one like " + MessageText.value(spec.config)
                    + ". Leave the others at their defaults.");
        }
        return spec;
    }

    private void take(LoraConfig from) {
        rank = from.rank();
        alpha = from.alpha();
        dropout = from.dropout();
        if (from.targetModules() instanceof ModuleSelector.Suffixes names) {
            targetModules = new ArrayList<>(names.names());
        } else if (from.targetModules() instanceof ModuleSelector.Regex regex) {
            targetPattern = regex.expression();
        }
        if (from.excludeModules() instanceof ModuleSelector.Suffixes names) {
            excludeModules = new ArrayList<>(names.names());
        }
        layersToTransform = new ArrayList<>(from.layersToTransform());
        layersPattern = new ArrayList<>(from.layersPattern());
        rankPattern = new LinkedHashMap<>(from.rankPattern());
        alphaPattern = new LinkedHashMap<>(from.alphaPattern());
        rankStabilized = from.scalingRule() == Scaling.RANK_STABILIZED;
        bias = from.bias();
        modulesToSave = new ArrayList<>(from.modulesToSave());
        initialization = from.initialization();
        dora = from.dora();
        loraBias = from.loraBias();
        targetParameters = new ArrayList<>(from.targetParameters());
        trainableTokens = new ArrayList<>(from.trainableTokens().ofInputEmbedding());
    }

    private LoraConfig built() {
        if (!targetModules.isEmpty() && !targetPattern.isEmpty()) {
            throw new IllegalArgumentException("LoraSpec: targetModules = " + targetModules + " and targetPattern = "
                    + MessageText.name(targetPattern) + "; expected one of them.");
        }
        LoraConfig.Builder builder = LoraConfig.builder()
                .rank(rank)
                .alpha(alpha)
                .dropout(dropout)
                .targetModules(targets())
                .layersToTransform(layersToTransform)
                .layersPattern(layersPattern)
                .rankPattern(rankPattern)
                .alphaPattern(alphaPattern)
                .scalingRule(rankStabilized ? Scaling.RANK_STABILIZED : Scaling.STANDARD)
                .bias(bias)
                .modulesToSave(modulesToSave)
                .initialization(initialization)
                .dora(dora)
                .loraBias(loraBias)
                .targetParameters(targetParameters)
                .trainableTokens(new TrainableTokens(trainableTokens, Map.of()));
        if (!excludeModules.isEmpty()) {
            builder.excludeModules(ModuleSelector.suffixes(excludeModules));
        }
        return builder.build();
    }

    private ModuleSelector targets() {
        if (!targetPattern.isEmpty()) {
            return ModuleSelector.regex(targetPattern);
        }
        if (!targetModules.isEmpty()) {
            return ModuleSelector.suffixes(targetModules);
        }
        return targetParameters.isEmpty() ? ModuleSelector.allLinear() : ModuleSelector.none();
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
    public LoraConfig config() {
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
