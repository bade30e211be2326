/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What to adapt and how: the immutable configuration of one adapter.
 *
 * <p>Fields keep the meaning of PEFT's {@code LoraConfig}; names are Java's, and {@code format.peft} writes PEFT's.
 * Numbers that follow from others ({@link #scalingOf}) are computed, never stored.
 *
 * <p>Example: <pre>{@code
 * LoraConfig config = LoraConfig.builder()
 *         .rank(8)
 *         .alpha(16)
 *         .targetModules("query", "value")
 *         .modulesToSave("classifier")
 *         .build();
 * }</pre>
 *
 * <p><b>Threads.</b> Safe.
 *
 * <p>Source: Hu et al. 2021, LoRA: Low-Rank Adaptation of Large Language Models, arXiv 2106.09685.
 *
 * @apiNote Status: experimental
 */
public final class LoraConfig {

    /** The one list of fields that equality, hash and text follow. */
    private static final List<Field> FIELDS = List.of(
            new Field("rank", c -> c.rank),
            new Field("alpha", c -> c.alpha),
            new Field("dropout", c -> c.dropout),
            new Field("targetModules", c -> c.targetModules),
            new Field("excludeModules", c -> c.excludeModules),
            new Field("layersToTransform", c -> c.layersToTransform),
            new Field("layersPattern", c -> c.layersPattern),
            new Field("rankPattern", c -> c.rankPattern),
            new Field("alphaPattern", c -> c.alphaPattern),
            new Field("scalingRule", c -> c.scalingRule),
            new Field("bias", c -> c.bias),
            new Field("modulesToSave", c -> c.modulesToSave),
            new Field("initialization", c -> c.initialization),
            new Field("dora", c -> c.dora),
            new Field("loraBias", c -> c.loraBias),
            new Field("targetParameters", c -> c.targetParameters),
            new Field("trainableTokens", c -> c.trainableTokens),
            new Field("fanInFanOut", c -> c.fanInFanOut),
            new Field("baseModelName", c -> c.baseModelName),
            new Field("taskType", c -> c.taskType));

    private static final LoraConfig DEFAULTS = new LoraConfig(new Builder());

    private final int rank;
    private final double alpha;
    private final double dropout;
    private final ModuleSelector targetModules;
    private final ModuleSelector excludeModules;
    private final List<Integer> layersToTransform;
    private final List<String> layersPattern;
    private final ModulePatterns<Integer> rankPattern;
    private final ModulePatterns<Double> alphaPattern;
    private final Scaling scalingRule;
    private final BiasTraining bias;
    private final List<String> modulesToSave;
    private final Initialization initialization;
    private final boolean dora;
    private final boolean loraBias;
    private final List<String> targetParameters;
    private final TrainableTokens trainableTokens;
    private final boolean fanInFanOut;
    private final String baseModelName;
    private final String taskType;
    private final LayerFilter layers;

    private LoraConfig(Builder from) {
        rank = from.rank;
        alpha = from.alpha;
        dropout = from.dropout;
        targetModules = from.targetModules;
        excludeModules = from.excludeModules;
        layersToTransform = List.copyOf(from.layersToTransform);
        layersPattern = List.copyOf(from.layersPattern);
        rankPattern = new ModulePatterns<>(from.rankPattern);
        alphaPattern = new ModulePatterns<>(from.alphaPattern);
        scalingRule = from.scalingRule;
        bias = from.bias;
        modulesToSave = List.copyOf(from.modulesToSave);
        initialization = from.initialization;
        dora = from.dora;
        loraBias = from.loraBias;
        targetParameters = List.copyOf(from.targetParameters);
        trainableTokens = from.trainableTokens;
        fanInFanOut = from.fanInFanOut;
        baseModelName = from.baseModelName;
        taskType = from.taskType;
        layers = new LayerFilter(layersToTransform, layersPattern);
    }

    /**
     * Starts a config with the defaults: rank 8, alpha 8, no dropout, standard scaling, no biases, no targets.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Starts a config with the values of this one.
     *
     * @return a new builder
     */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.rank = rank;
        builder.alpha = alpha;
        builder.dropout = dropout;
        builder.targetModules = targetModules;
        builder.excludeModules = excludeModules;
        builder.layersToTransform = layersToTransform;
        builder.layersPattern = layersPattern;
        builder.rankPattern = rankPattern.values();
        builder.alphaPattern = alphaPattern.values();
        builder.scalingRule = scalingRule;
        builder.bias = bias;
        builder.modulesToSave = modulesToSave;
        builder.initialization = initialization;
        builder.dora = dora;
        builder.loraBias = loraBias;
        builder.targetParameters = targetParameters;
        builder.trainableTokens = trainableTokens;
        builder.fanInFanOut = fanInFanOut;
        builder.baseModelName = baseModelName;
        builder.taskType = taskType;
        return builder;
    }

    /**
     * Whether this config adapts a module: a target, of a wanted layer, not excluded, and not part of a module that is
     * trained fully. A target given by its full path is adapted whatever its layer, as in PEFT.
     *
     * @param modulePath dotted path of the module
     * @return true if the module is adapted; with {@link ModuleSelector.AllLinear} ask only about linear modules that are
     *     not the output head, which is for the host to know
     */
    public boolean selects(String modulePath) {
        return targetModules.matches(modulePath)
                && (isNamedFully(modulePath) || layers.keeps(modulePath))
                && !excludeModules.matches(modulePath)
                && !savesFully(modulePath);
    }

    private boolean isNamedFully(String modulePath) {
        return targetModules instanceof ModuleSelector.Suffixes suffixes
                && suffixes.names().contains(modulePath);
    }

    /**
     * Whether a module is trained and saved in full.
     *
     * @param modulePath dotted path of the module
     * @return true if one of {@link #modulesToSave} names the module or a module around it, by full path or last segments
     */
    public boolean savesFully(String modulePath) {
        String dotted = "." + modulePath + ".";
        return modulesToSave.stream().anyMatch(name -> dotted.contains("." + name + "."));
    }

    /**
     * The rank of a module.
     *
     * @param modulePath dotted path of the module
     * @return the value of the first matching key of {@link #rankPattern}, else {@link #rank}
     */
    public int rankOf(String modulePath) {
        return rankPattern.lookup(modulePath, rank);
    }

    /**
     * The alpha of a module.
     *
     * @param modulePath dotted path of the module
     * @return the value of the first matching key of {@link #alphaPattern}, else {@link #alpha}
     */
    public double alphaOf(String modulePath) {
        return alphaPattern.lookup(modulePath, alpha);
    }

    /**
     * The factor on B·A in a module: {@link #scalingRule} applied to its alpha and rank.
     *
     * @param modulePath dotted path of the module
     * @return alpha/rank or alpha/√rank of this module
     */
    public double scalingOf(String modulePath) {
        return scalingRule.scaling(alphaOf(modulePath), rankOf(modulePath));
    }

    /**
     * The targets that choose no module, for the host's error.
     *
     * @param modulePaths the modules that exist and can be adapted
     * @return the entries of {@link #targetModules} without a module once layers are considered
     */
    public List<String> unmatchedTargets(Collection<String> modulePaths) {
        return targetModules.unmatched(modulePaths.stream()
                .filter(path -> isNamedFully(path) || layers.keeps(path))
                .toList());
    }

    /**
     * The excludes and the keys of patterns that concern no module. PEFT lets these pass, so a host reports them where a
     * person wrote the config and keeps silent where a file brought it.
     *
     * @param modulePaths the modules that exist and can be adapted
     * @return texts such as {@code rankPattern "q_porj"}, in the order excludes, ranks, alphas
     */
    public List<String> unmatchedPatterns(Collection<String> modulePaths) {
        List<String> without = new ArrayList<>();
        excludeModules.unmatched(modulePaths).forEach(e -> without.add("excludeModules \"" + e + "\""));
        rankPattern.unmatched(modulePaths).forEach(key -> without.add("rankPattern \"" + key + "\""));
        alphaPattern.unmatched(modulePaths).forEach(key -> without.add("alphaPattern \"" + key + "\""));
        return without;
    }

    /**
     * Rank of the update where no pattern says otherwise (PEFT: {@code r}).
     *
     * @return 1 or more
     */
    public int rank() {
        return rank;
    }

    /**
     * Numerator of the scale where no pattern says otherwise (PEFT: {@code lora_alpha}).
     *
     * @return a finite number, 0 or more
     */
    public double alpha() {
        return alpha;
    }

    /**
     * Probability of <em>dropping</em> an input of A while training (PEFT: {@code lora_dropout}; DL4J's number is the
     * probability of keeping).
     *
     * @return a number in [0, 1)
     */
    public double dropout() {
        return dropout;
    }

    /**
     * Which modules get a low-rank update (PEFT: {@code target_modules}).
     *
     * @return the selector, {@link ModuleSelector#none()} if only {@link #modulesToSave} learn
     */
    public ModuleSelector targetModules() {
        return targetModules;
    }

    /**
     * Which of the targets are left out after all (PEFT: {@code exclude_modules}).
     *
     * @return the selector, {@link ModuleSelector#none()} by default
     */
    public ModuleSelector excludeModules() {
        return excludeModules;
    }

    /**
     * Layers to which targets given by suffix are limited (PEFT: {@code layers_to_transform}).
     *
     * @return layer indices, 0 or more; empty for all layers
     */
    public List<Integer> layersToTransform() {
        return layersToTransform;
    }

    /**
     * Names of the lists whose index is the layer (PEFT: {@code layers_pattern}), as regular expressions.
     *
     * @return the names; empty for any list
     */
    public List<String> layersPattern() {
        return layersPattern;
    }

    /**
     * Ranks of single modules (PEFT: {@code rank_pattern}).
     *
     * @return rank by regular expression, matched as {@code (.*\.)?(key)$}; the first hit in order wins
     */
    public Map<String, Integer> rankPattern() {
        return rankPattern.values();
    }

    /**
     * Alphas of single modules (PEFT: {@code alpha_pattern}).
     *
     * @return alpha by regular expression, matched as {@code (.*\.)?(key)$}; the first hit in order wins
     */
    public Map<String, Double> alphaPattern() {
        return alphaPattern.values();
    }

    /**
     * How the scale follows from alpha and rank (PEFT: {@code use_rslora}).
     *
     * @return the rule
     */
    public Scaling scalingRule() {
        return scalingRule;
    }

    /**
     * Which biases of the base learn (PEFT: {@code bias}).
     *
     * @return the choice
     */
    public BiasTraining bias() {
        return bias;
    }

    /**
     * Modules trained and saved in full beside the updates (PEFT: {@code modules_to_save}).
     *
     * @return full paths or last segments
     */
    public List<String> modulesToSave() {
        return modulesToSave;
    }

    /**
     * How A and B start (PEFT: {@code init_lora_weights}).
     *
     * @return the start value
     */
    public Initialization initialization() {
        return initialization;
    }

    /**
     * Whether the update is split into direction and magnitude (PEFT: {@code use_dora}).
     *
     * @return true for DoRA
     */
    public boolean dora() {
        return dora;
    }

    /**
     * Whether B has a bias of its own (PEFT: {@code lora_bias}): {@code y = W x + b + scaling * (B A x + c)}.
     *
     * @return true if it has one
     */
    public boolean loraBias() {
        return loraBias;
    }

    /**
     * Parameters, not modules, that get a low-rank update, such as the stacked weights of experts (PEFT: {@code
     * target_parameters}).
     *
     * @return full paths or last segments; empty for none
     */
    public List<String> targetParameters() {
        return targetParameters;
    }

    /**
     * Whether this config adapts a parameter that is not the weight of a module.
     *
     * @param parameterPath dotted path of the parameter
     * @return true if one of {@link #targetParameters} names it, by full path or last segments
     */
    public boolean selectsParameter(String parameterPath) {
        return targetParameters.stream()
                .anyMatch(name -> parameterPath.equals(name) || parameterPath.endsWith("." + name));
    }

    /**
     * Whether this config adapts a parameter of a module that is not the module's weight.
     *
     * @param modulePath dotted path of the module
     * @return true if one of {@link #targetParameters} can be a parameter of this module
     */
    public boolean adaptsParametersOf(String modulePath) {
        return targetParameters.stream().anyMatch(name -> {
            String owner = name.substring(0, Math.max(0, name.lastIndexOf('.')));
            return owner.isEmpty() || modulePath.equals(owner) || modulePath.endsWith("." + owner);
        });
    }

    /**
     * Rows of embeddings that are trained in full (PEFT: {@code trainable_token_indices}).
     *
     * @return the rows, {@link TrainableTokens#none()} by default
     */
    public TrainableTokens trainableTokens() {
        return trainableTokens;
    }

    /**
     * PEFT's {@code fan_in_fan_out}, kept for the file only: hosts know the layout of their weights themselves.
     *
     * @return the flag
     */
    public boolean fanInFanOut() {
        return fanInFanOut;
    }

    /**
     * The base model this config is for (PEFT: {@code base_model_name_or_path}).
     *
     * @return a name or path, or null
     */
    public String baseModelName() {
        return baseModelName;
    }

    /**
     * The task (PEFT: {@code task_type}), such as {@code SEQ_CLS}.
     *
     * @return a name, or null
     */
    public String taskType() {
        return taskType;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LoraConfig config && values().equals(config.values());
    }

    @Override
    public int hashCode() {
        return values().hashCode();
    }

    private List<Object> values() {
        return FIELDS.stream().map(field -> field.of.apply(this)).collect(Collectors.toCollection(ArrayList::new));
    }

    /**
     * The fields that differ from the defaults.
     *
     * @return {@code LoraConfig{rank=4, targetModules=[query, value]}}
     */
    @Override
    public String toString() {
        return FIELDS.stream()
                .filter(field -> !Objects.equals(field.of.apply(this), field.of.apply(DEFAULTS)))
                .map(field -> field.name + "=" + field.of.apply(this))
                .collect(Collectors.joining(", ", "LoraConfig{", "}"));
    }

    private record Field(String name, Function<LoraConfig, Object> of) {}

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     */
    public static final class Builder {

        int rank = 8;
        double alpha = 8;
        double dropout;
        ModuleSelector targetModules = ModuleSelector.none();
        ModuleSelector excludeModules = ModuleSelector.none();
        List<Integer> layersToTransform = List.of();
        List<String> layersPattern = List.of();
        Map<String, Integer> rankPattern = Map.of();
        Map<String, Double> alphaPattern = Map.of();
        Scaling scalingRule = Scaling.STANDARD;
        BiasTraining bias = BiasTraining.NONE;
        List<String> modulesToSave = List.of();
        Initialization initialization = Initialization.KAIMING_UNIFORM;
        boolean dora;
        boolean loraBias;
        List<String> targetParameters = List.of();
        TrainableTokens trainableTokens = TrainableTokens.none();
        boolean fanInFanOut;
        String baseModelName;
        String taskType;

        private Builder() {}

        /**
         * Sets the rank of the update.
         *
         * @param rank 1 or more; 8 by default
         * @return this builder
         */
        public Builder rank(int rank) {
            this.rank = rank;
            return this;
        }

        /**
         * Sets the numerator of the scale.
         *
         * @param alpha a finite number, 0 or more; 8 by default
         * @return this builder
         */
        public Builder alpha(double alpha) {
            this.alpha = alpha;
            return this;
        }

        /**
         * Sets the probability of dropping an input of A while training.
         *
         * @param dropout a number in [0, 1); 0 by default
         * @return this builder
         */
        public Builder dropout(double dropout) {
            this.dropout = dropout;
            return this;
        }

        /**
         * Sets which modules get an update.
         *
         * @param targets the selector
         * @return this builder
         */
        public Builder targetModules(ModuleSelector targets) {
            this.targetModules = targets;
            return this;
        }

        /**
         * Sets which modules get an update, by full paths or last segments.
         *
         * @param names as for {@link ModuleSelector#suffixes(String...)}
         * @return this builder
         */
        public Builder targetModules(String... names) {
            return targetModules(ModuleSelector.suffixes(names));
        }

        /**
         * Sets which targets are left out.
         *
         * @param excludes the selector
         * @return this builder
         */
        public Builder excludeModules(ModuleSelector excludes) {
            this.excludeModules = excludes;
            return this;
        }

        /**
         * Sets which targets are left out, by full paths or last segments.
         *
         * @param names as for {@link ModuleSelector#suffixes(String...)}
         * @return this builder
         */
        public Builder excludeModules(String... names) {
            return excludeModules(ModuleSelector.suffixes(names));
        }

        /**
         * Limits targets given by suffix to certain layers.
         *
         * @param layers indices, 0 or more; empty for all
         * @return this builder
         */
        public Builder layersToTransform(List<Integer> layers) {
            this.layersToTransform = new ArrayList<>(layers);
            return this;
        }

        /**
         * Limits targets given by suffix to certain layers.
         *
         * @param layers indices, 0 or more; none for all
         * @return this builder
         */
        public Builder layersToTransform(int... layers) {
            return layersToTransform(Arrays.stream(layers).boxed().toList());
        }

        /**
         * Sets the names of the lists whose index is the layer.
         *
         * @param names regular expressions for one or more segments of a path; empty for any list
         * @return this builder
         */
        public Builder layersPattern(List<String> names) {
            this.layersPattern = new ArrayList<>(names);
            return this;
        }

        /**
         * Sets the names of the lists whose index is the layer.
         *
         * @param names regular expressions for one or more segments of a path; none for any list
         * @return this builder
         */
        public Builder layersPattern(String... names) {
            return layersPattern(Arrays.asList(names));
        }

        /**
         * Sets the ranks of single modules.
         *
         * @param ranks rank by regular expression, in an ordered map if keys overlap
         * @return this builder
         */
        public Builder rankPattern(Map<String, Integer> ranks) {
            this.rankPattern = new LinkedHashMap<>(ranks);
            return this;
        }

        /**
         * Sets the alphas of single modules.
         *
         * @param alphas alpha by regular expression, in an ordered map if keys overlap
         * @return this builder
         */
        public Builder alphaPattern(Map<String, Double> alphas) {
            this.alphaPattern = new LinkedHashMap<>(alphas);
            return this;
        }

        /**
         * Sets how the scale follows from alpha and rank.
         *
         * @param rule {@link Scaling#STANDARD} by default
         * @return this builder
         */
        public Builder scalingRule(Scaling rule) {
            this.scalingRule = rule;
            return this;
        }

        /**
         * Sets which biases of the base learn.
         *
         * @param choice {@link BiasTraining#NONE} by default
         * @return this builder
         */
        public Builder bias(BiasTraining choice) {
            this.bias = choice;
            return this;
        }

        /**
         * Sets the modules trained and saved in full.
         *
         * @param names full paths or last segments
         * @return this builder
         */
        public Builder modulesToSave(List<String> names) {
            this.modulesToSave = new ArrayList<>(names);
            return this;
        }

        /**
         * Sets the modules trained and saved in full.
         *
         * @param names full paths or last segments
         * @return this builder
         */
        public Builder modulesToSave(String... names) {
            return modulesToSave(Arrays.asList(names));
        }

        /**
         * Sets how A and B start.
         *
         * @param start {@link Initialization#KAIMING_UNIFORM} by default
         * @return this builder
         */
        public Builder initialization(Initialization start) {
            this.initialization = start;
            return this;
        }

        /**
         * Sets whether the update is split into direction and magnitude (DoRA).
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder dora(boolean flag) {
            this.dora = flag;
            return this;
        }

        /**
         * Sets whether B has a bias of its own.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder loraBias(boolean flag) {
            this.loraBias = flag;
            return this;
        }

        /**
         * Sets the parameters that get a low-rank update without being the weight of a module.
         *
         * @param names full paths or last segments, such as {@code experts.gate_up_proj}
         * @return this builder
         */
        public Builder targetParameters(List<String> names) {
            this.targetParameters = new ArrayList<>(names);
            return this;
        }

        /**
         * Sets the parameters that get a low-rank update without being the weight of a module.
         *
         * @param names as for {@link #targetParameters(List)}
         * @return this builder
         */
        public Builder targetParameters(String... names) {
            return targetParameters(Arrays.asList(names));
        }

        /**
         * Sets the rows of embeddings that are trained in full.
         *
         * @param tokens {@link TrainableTokens#none()} by default
         * @return this builder
         */
        public Builder trainableTokens(TrainableTokens tokens) {
            this.trainableTokens = tokens;
            return this;
        }

        /**
         * Sets PEFT's flag for weights stored as [in, out]; it goes to the file and changes nothing here.
         *
         * @param flag false by default
         * @return this builder
         */
        public Builder fanInFanOut(boolean flag) {
            this.fanInFanOut = flag;
            return this;
        }

        /**
         * Names the base model.
         *
         * @param name a name or path, or null
         * @return this builder
         */
        public Builder baseModelName(String name) {
            this.baseModelName = name;
            return this;
        }

        /**
         * Names the task.
         *
         * @param type a name in PEFT's spelling, or null
         * @return this builder
         */
        public Builder taskType(String type) {
            this.taskType = type;
            return this;
        }

        /**
         * Checks everything and makes the config.
         *
         * @return the config
         * @throws IllegalArgumentException if any field or any combination is not allowed; the message lists all of them
         */
        public LoraConfig build() {
            LoraConfigRules.check(this);
            return new LoraConfig(this);
        }
    }
}
