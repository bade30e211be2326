/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lora4j.config.FieldType.Field;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;

/**
 * What every method of adaptation is told: which modules, which of them learn in full, and of which base; PEFT's {@code
 * PeftConfig}. The config of a method extends it: {@link LoraConfig}, {@link Ia3Config}, {@link LohaConfig}.
 *
 * <p>Fields keep the meaning of PEFT's; names are Java's, and {@code format.peft} writes PEFT's. Each field is one line in
 * the table of its config.
 *
 * <p>A method from outside of the library has a config that extends this class, too, and a {@link Builder} of its own; {@code
 * AdapterMethods.register} makes both known. What is protected here is for them, and experimental as they are.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public abstract class AdapterConfig {

    // The fields that methods share: those that all have, those of methods with layers, and those that some have.
    static final Field<ModuleSelector> TARGET_MODULES =
            new Field<>("targetModules", "target_modules", FieldType.TARGETS, ModuleSelector.none());

    static final Field<ModuleSelector> EXCLUDE_MODULES =
            new Field<>("excludeModules", "exclude_modules", FieldType.MODULES, ModuleSelector.none());
    static final Field<List<String>> MODULES_TO_SAVE =
            new Field<>("modulesToSave", "modules_to_save", FieldType.NAMES, List.of());
    static final Field<String> BASE_MODEL_NAME =
            new Field<>("baseModelName", "base_model_name_or_path", FieldType.TEXT, null);
    static final Field<String> TASK_TYPE = new Field<>("taskType", "task_type", FieldType.TEXT, null);
    static final List<Field<?>> MODULES =
            List.of(TARGET_MODULES, EXCLUDE_MODULES, MODULES_TO_SAVE, BASE_MODEL_NAME, TASK_TYPE);

    /** What configs of methods have whose targets are all adapted. */
    static final List<Field<?>> TARGETS = List.of(TARGET_MODULES, MODULES_TO_SAVE, BASE_MODEL_NAME, TASK_TYPE);

    static final Field<List<Integer>> LAYERS_TO_TRANSFORM =
            new Field<>("layersToTransform", "layers_to_transform", FieldType.LAYERS, List.of());
    static final Field<List<String>> LAYERS_PATTERN =
            new Field<>("layersPattern", "layers_pattern", FieldType.LAYER_LISTS, List.of());

    /** What configs have whose targets may be excluded and limited to layers: most. */
    protected static final List<Field<?>> MODULES_AND_LAYERS =
            Field.table(MODULES, LAYERS_TO_TRANSFORM, LAYERS_PATTERN);

    /** How the factors start: {@link Initialization#KAIMING_UNIFORM} is the method's own start. */
    protected static final Field<Initialization> INITIALIZATION =
            new Field<>("initialization", "init_weights", FieldType.DEFAULT_START, Initialization.KAIMING_UNIFORM);

    static final Field<Boolean> FAN_IN_FAN_OUT = new Field<>("fanInFanOut", "fan_in_fan_out", FieldType.FLAG, false);

    /** The probability of dropping an input of the update while training. */
    protected static final Field<Double> DROPOUT = new Field<>("dropout", "dropout", FieldType.DROPOUT, 0.0);

    /** Which biases of the base learn. */
    protected static final Field<BiasTraining> BIAS = new Field<>("bias", "bias", FieldType.BIAS, BiasTraining.NONE);

    static final Field<List<String>> TARGET_PARAMETERS =
            new Field<>("targetParameters", "target_parameters", FieldType.NAMES, List.of());
    static final Field<TrainableTokens> TRAINABLE_TOKENS =
            new Field<>("trainableTokens", "trainable_token_indices", FieldType.TOKENS, TrainableTokens.none());

    static final Field<LayerReplication> LAYER_REPLICATION =
            new Field<>("layerReplication", "layer_replication", FieldType.REPLICATION, LayerReplication.none());

    private final FieldValues values;
    private final LayerFilter layers;

    /**
     * With the values of a builder.
     *
     * @param builder has the values
     * @throws IllegalArgumentException if any field or any combination is not allowed; the message lists all of them
     */
    protected AdapterConfig(Builder<?> builder) {
        builder.check(getClass().getSimpleName());
        values = builder.values.copy();
        layers = new LayerFilter(layersToTransform(), layersPattern());
    }

    /**
     * The value of a field.
     *
     * @param field a field of any method
     * @param <V> its values
     * @return its default if the method does not have the field
     */
    protected final <V> V get(Field<V> field) {
        return values.get(field);
    }

    /**
     * Starts a config of the same method with the values of this one.
     *
     * @return a new builder
     */
    public abstract Builder<?> toBuilder();

    /**
     * PEFT's name of the method, as files have it.
     *
     * @return such as {@code LORA}
     */
    public final String peftType() {
        return values.peftType;
    }

    /**
     * Whether this config adapts a module: a target, of a wanted layer, not excluded, and not part of a module that is
     * trained fully. A target given by its full path is adapted whatever its layer, as in PEFT.
     *
     * @param modulePath dotted path of the module
     * @return true if the module is adapted; with {@link ModuleSelector.AllLinear} ask only about linear modules that are
     *     not the output head, which is for the host to know
     */
    public final boolean selects(String modulePath) {
        return targetUse() == TargetUse.FACTORS && isTarget(modulePath) && !savesFully(modulePath);
    }

    private boolean isTarget(String modulePath) {
        return targetModules().matches(modulePath)
                && (isNamedFully(modulePath) || layers.keeps(modulePath))
                && !excludeModules().matches(modulePath);
    }

    private boolean isNamedFully(String modulePath) {
        return targetModules() instanceof ModuleSelector.Suffixes suffixes
                && suffixes.names().contains(modulePath);
    }

    /**
     * Whether a module is trained and saved in full.
     *
     * @param modulePath dotted path of the module
     * @return true if one of {@link #modulesToSave} names the module or a module around it, by full path or last segments,
     *     or if the module is a {@linkplain #isTrainedTarget target that is trained itself}
     */
    public final boolean savesFully(String modulePath) {
        return contains(modulePath, modulesToSave()) || isTrainedTarget(modulePath);
    }

    /**
     * Whether a module is a target of a method that trains its targets themselves.
     *
     * @param modulePath dotted path of the module
     * @return true with {@link TargetUse#WHOLE}, if the module is selected and not one of {@link #modulesToSave}
     */
    public final boolean isTrainedTarget(String modulePath) {
        return targetUse() == TargetUse.WHOLE && isTarget(modulePath) && !contains(modulePath, modulesToSave());
    }

    /**
     * What the method does with the modules that are its targets.
     *
     * @return the same for all configs of a method
     */
    public TargetUse targetUse() {
        return TargetUse.FACTORS;
    }

    /**
     * What a method does with its targets.
     *
     * @apiNote Status: stable
     */
    public enum TargetUse {
        /** It adapts them: factors act beside what stays frozen. */
        FACTORS,
        /** It trains and saves their own parameters, which are few. */
        WHOLE,
        /** It trains and saves rows of their tables. */
        ROWS
    }

    /**
     * Whether names in {@code modulesToSave} mean a module.
     *
     * @param modulePath dotted path of the module
     * @param names names as in {@link #modulesToSave}
     * @return true if one of them names the module or a module around it
     */
    public static boolean contains(String modulePath, Collection<String> names) {
        String dotted = "." + modulePath + ".";
        return names.stream().anyMatch(name -> dotted.contains("." + name + "."));
    }

    /**
     * The targets that choose no module, for the host's error.
     *
     * @param modulePaths the modules that exist and can be adapted
     * @return the entries of {@link #targetModules} without a module once layers are considered
     */
    public final List<String> unmatchedTargets(Collection<String> modulePaths) {
        return targetUse() == TargetUse.ROWS
                ? List.of()
                : targetModules()
                        .unmatched(modulePaths.stream()
                                .filter(path -> isNamedFully(path) || layers.keeps(path))
                                .toList());
    }

    /**
     * The excludes and the keys of patterns that concern no module. PEFT lets these pass, so a host reports them where a
     * person wrote the config and keeps silent where a file brought it.
     *
     * @param modulePaths the modules that exist and can be adapted
     * @return texts such as {@code rankPattern "q_porj"}, in the order of the fields
     */
    public List<String> unmatchedPatterns(Collection<String> modulePaths) {
        List<String> without = new ArrayList<>();
        excludeModules().unmatched(modulePaths).forEach(e -> without.add("excludeModules \"" + e + "\""));
        return without;
    }

    /**
     * The rank of the update of a module.
     *
     * @param modulePath dotted path of the module
     * @return 1 or more; 1 for methods without ranks
     */
    public int rankOf(String modulePath) {
        return 1;
    }

    /**
     * The factor on the update of a module.
     *
     * @param modulePath dotted path of the module
     * @return a finite number; 1 for methods without one
     */
    public double scalingOf(String modulePath) {
        return 1;
    }

    /**
     * Which modules are adapted (PEFT: {@code target_modules}).
     *
     * @return the selector, {@link ModuleSelector#none()} if only {@link #modulesToSave} learn
     */
    public final ModuleSelector targetModules() {
        return get(TARGET_MODULES);
    }

    /**
     * Which of the targets are left out after all (PEFT: {@code exclude_modules}).
     *
     * @return the selector, {@link ModuleSelector#none()} by default
     */
    public final ModuleSelector excludeModules() {
        return get(EXCLUDE_MODULES);
    }

    /**
     * Layers to which targets given by suffix are limited (PEFT: {@code layers_to_transform}).
     *
     * @return layer indices, 0 or more; empty for all layers
     */
    public final List<Integer> layersToTransform() {
        return get(LAYERS_TO_TRANSFORM);
    }

    /**
     * Names of the lists whose index is the layer (PEFT: {@code layers_pattern}), as regular expressions.
     *
     * @return the names; empty for any list
     */
    public final List<String> layersPattern() {
        return get(LAYERS_PATTERN);
    }

    /**
     * Modules trained and saved in full beside the updates (PEFT: {@code modules_to_save}).
     *
     * @return full paths or last segments
     */
    public final List<String> modulesToSave() {
        return get(MODULES_TO_SAVE);
    }

    /**
     * Which biases of the base learn (PEFT: {@code bias}).
     *
     * @return the choice; none where a method has no such field
     */
    public final BiasTraining bias() {
        return get(BIAS);
    }

    /**
     * How the factors start (PEFT: {@code init_lora_weights} and the like).
     *
     * @return the start value; {@link Initialization#KAIMING_UNIFORM} is the usual one of each method
     */
    public final Initialization initialization() {
        return get(INITIALIZATION);
    }

    /**
     * Whether the base gives up a part of the weights that are adapted, so that a saved adapter belongs to what is left.
     *
     * @return true for starts that are computed from the weight, and for KaSA
     */
    public boolean movesBase() {
        return initialization().movesBase();
    }

    /**
     * Probability of <em>dropping</em> an input of the update while training (PEFT: {@code lora_dropout} and the like; DL4J's
     * number is the probability of keeping).
     *
     * @return a number in [0, 1); 0 for methods that do not drop inputs
     */
    public final double dropout() {
        return get(DROPOUT);
    }

    /**
     * What stands in the way of beginning a fresh adapter with this config, though those that there are can be used and
     * trained further.
     *
     * @return a sentence for each obstacle; empty if there is none
     */
    public List<String> obstaclesToStart() {
        return List.of();
    }

    /**
     * What stands in the way of training with this config, though its adapters can be used.
     *
     * @return a sentence for each obstacle; empty if there is none
     */
    public List<String> obstaclesToTraining() {
        return values.fields.stream()
                .filter(field -> field.type() == FieldType.DROPOUT_IN_FILE && values.isChanged(field))
                .map(field -> field.name() + " = " + get(field) + ", expected 0")
                .toList();
    }

    /**
     * Parameters, not modules, that get an update, such as the stacked weights of experts (PEFT: {@code target_parameters}).
     *
     * @return full paths or last segments; empty for none
     */
    public final List<String> targetParameters() {
        return get(TARGET_PARAMETERS);
    }

    /**
     * Whether this config adapts a parameter that is not the weight of a module.
     *
     * @param parameterPath dotted path of the parameter
     * @return true if one of {@link #targetParameters} names it, by full path or last segments
     */
    public final boolean selectsParameter(String parameterPath) {
        return targetParameters().stream()
                .anyMatch(name -> parameterPath.equals(name) || parameterPath.endsWith("." + name));
    }

    /**
     * Whether this config adapts a parameter of a module that is not the module's weight.
     *
     * @param modulePath dotted path of the module
     * @return true if one of {@link #targetParameters} can be a parameter of this module
     */
    public final boolean adaptsParametersOf(String modulePath) {
        return targetParameters().stream().anyMatch(name -> {
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
        return get(TRAINABLE_TOKENS);
    }

    /**
     * The rows that are trained in a table, if any are.
     *
     * @param modulePath dotted path of an embedding that has such rows
     * @return token ids in the order of the rows of the adapter
     */
    public List<Integer> tokenRows(String modulePath) {
        return trainableTokens().of(modulePath);
    }

    /**
     * Whether the rows of a table are trained because it is named.
     *
     * @param modulePath dotted path of the table
     * @return false as well for the input embedding, if it is meant without its name
     */
    public boolean trainsRowsOf(String modulePath) {
        return trainableTokens().byModule().keySet().stream().anyMatch(name -> TrainableTokens.means(name, modulePath));
    }

    /**
     * The names of tables with trained rows that mean no module, for the host's error.
     *
     * @param modulePaths the tables that exist
     * @return names without a table
     */
    public List<String> unmatchedTokens(Collection<String> modulePaths) {
        return trainableTokens().byModule().keySet().stream()
                .filter(name -> modulePaths.stream().noneMatch(path -> TrainableTokens.means(name, path)))
                .toList();
    }

    /**
     * The repeated layers of which the model has to be made that this config is for (PEFT: {@code layer_replication}).
     * Modules are numbered as in that model.
     *
     * @return the layers, {@link LayerReplication#none()} by default
     */
    public final LayerReplication layerReplication() {
        return get(LAYER_REPLICATION);
    }

    /**
     * PEFT's {@code fan_in_fan_out}, kept for the file only: hosts know the layout of their weights themselves.
     *
     * @return the flag
     */
    public final boolean fanInFanOut() {
        return get(FAN_IN_FAN_OUT);
    }

    /**
     * The base model this config is for (PEFT: {@code base_model_name_or_path}).
     *
     * @return a name or path, or null
     */
    public final String baseModelName() {
        return get(BASE_MODEL_NAME);
    }

    /**
     * The task (PEFT: {@code task_type}), such as {@code SEQ_CLS}.
     *
     * @return a name, or null
     */
    public final String taskType() {
        return get(TASK_TYPE);
    }

    /**
     * Whether another object is a config of the same method with the same values.
     *
     * @param other anything
     * @return true if nothing differs
     */
    @Override
    public final boolean equals(Object other) {
        return other instanceof AdapterConfig config && getClass() == config.getClass() && values.equals(config.values);
    }

    /**
     * In what another config differs from this one.
     *
     * @param other a config, perhaps of another method
     * @return for each field that differs its name with both values, such as {@code rank: 2 here, 16 there}; that of the method alone
     *     if it is another one
     */
    public final Map<String, String> differencesFrom(AdapterConfig other) {
        Objects.requireNonNull(other, "differencesFrom: other is null; expected a config");
        Map<String, String> differences = new LinkedHashMap<>();
        if (getClass() != other.getClass()) {
            differences.put(
                    "method",
                    getClass().getSimpleName() + " here, " + other.getClass().getSimpleName() + " there");
            return differences;
        }
        for (Field<?> field : toBuilder().fields()) {
            Object here = get(field);
            Object there = other.get(field);
            if (!Objects.equals(here, there)) {
                differences.put(field.name(), here + " here, " + there + " there");
            }
        }
        return differences;
    }

    /**
     * A hash of the values.
     *
     * @return the hash
     */
    @Override
    public final int hashCode() {
        return values.hashCode();
    }

    /**
     * The fields that differ from the defaults.
     *
     * @return such as {@code LoraConfig{rank=4, targetModules=[query, value]}}
     */
    @Override
    public final String toString() {
        return getClass().getSimpleName() + "{" + values + "}";
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     *
     * @param <B> the builder itself
     * @apiNote Status: stable
     */
    public abstract static class Builder<B extends Builder<B>> {

        private final FieldValues values;

        /**
         * Starts with the defaults.
         *
         * @param peftType the name of the method in files, of capitals, digits and underscores
         * @param fields the table of the fields that the method has ({@code Field.table}), in the order in which texts name them
         */
        protected Builder(String peftType, List<Field<?>> fields) {
            values = new FieldValues(peftType, fields);
        }

        /**
         * The name of the method in files (PEFT: {@code peft_type}).
         *
         * @return such as {@code LORA}
         */
        public final String peftType() {
            return values.peftType;
        }

        /**
         * The table of fields, which reading, writing, rules, equality and text follow.
         *
         * @return all fields of the config
         */
        public final List<Field<?>> fields() {
            return values.fields;
        }

        /**
         * The value of a field.
         *
         * @param field a field of any method
         * @param <V> its values
         * @return what was set, the default if nothing was
         */
        public final <V> V get(Field<V> field) {
            return values.get(field);
        }

        /**
         * Sets a field.
         *
         * @param field a field of any method; {@link #build()} refuses those that are not in {@link #fields()}
         * @param value the value, which is copied
         * @param <V> its values
         * @return this builder
         */
        public final <V> B set(Field<V> field, V value) {
            values.put(field, value);
            return self();
        }

        /**
         * Takes the values of a config of the same method.
         *
         * @param config the config
         * @return this builder
         * @throws IllegalArgumentException if the config is of another method
         */
        public final B from(AdapterConfig config) {
            Arguments.required(config, "AdapterConfig.Builder.from: config", "a config of the same method");
            if (!config.peftType().equals(peftType())) {
                throw new IllegalArgumentException("AdapterConfig.Builder.from: a config of " + config.peftType()
                        + "; expected one of " + peftType() + ". Start with toBuilder() of the config.");
            }
            values.putAll(config.values);
            return self();
        }

        @SuppressWarnings("unchecked") // B is the builder itself.
        private B self() {
            return (B) this;
        }

        /** Whether anything learns. */
        boolean trains() {
            return !(get(TARGET_MODULES) instanceof ModuleSelector.None)
                    || !isEmpty(MODULES_TO_SAVE)
                    || !isEmpty(TARGET_PARAMETERS)
                    || values.isChanged(TRAINABLE_TOKENS);
        }

        /** Adds what is wrong with fields that go with each other. */
        void checkTogether(Problems problems) {
            problems.addAll(problemsTogether());
        }

        /**
         * What is wrong with fields that go with each other; each field by itself is checked by its type.
         *
         * @return a text for each problem, such as {@code top = 3, expected at most the number of vectors, 2}
         */
        protected List<String> problemsTogether() {
            return List.of();
        }

        /**
         * Checks everything and makes the config.
         *
         * @return the config
         * @throws IllegalArgumentException if any field or any combination is not allowed; the message lists all of them
         */
        public abstract AdapterConfig build();

        /** {@code config} is what the config is called. */
        private void check(String config) {
            Problems problems = new Problems();
            values.check(problems);
            checkModules(problems);
            checkTogether(problems);
            problems.throwIfAny(config);
        }

        private void checkModules(Problems problems) {
            ModuleSelector targets = get(TARGET_MODULES);
            boolean noTarget = targets instanceof ModuleSelector.None;
            problems.check(
                    trains(),
                    "targetModules selects nothing and modulesToSave is empty, expected at least one module to train");
            problems.check(
                    isEmpty(LAYERS_PATTERN) || !isEmpty(LAYERS_TO_TRANSFORM),
                    "layersPattern = " + get(LAYERS_PATTERN) + " without layersToTransform, expected both or neither");
            boolean limited = !isEmpty(LAYERS_TO_TRANSFORM) || !isEmpty(LAYERS_PATTERN);
            problems.check(
                    !limited || noTarget || targets instanceof ModuleSelector.Suffixes,
                    "layersToTransform and layersPattern need targetModules given by name, found " + targets
                            + "; put the layers into the expression");
        }

        final boolean isEmpty(Field<? extends List<?>> field) {
            return get(field).isEmpty();
        }

        /**
         * Sets which modules get an update.
         *
         * @param targets the selector
         * @return this builder
         */
        public final B targetModules(ModuleSelector targets) {
            return set(TARGET_MODULES, targets);
        }

        /**
         * Sets which modules get an update, by full paths or last segments.
         *
         * @param names as for {@link ModuleSelector#suffixes(String...)}
         * @return this builder
         */
        public final B targetModules(String... names) {
            return targetModules(ModuleSelector.suffixes(names));
        }

        /**
         * Sets which targets are left out.
         *
         * @param excludes the selector
         * @return this builder
         */
        public final B excludeModules(ModuleSelector excludes) {
            return set(EXCLUDE_MODULES, excludes);
        }

        /**
         * Sets which targets are left out, by full paths or last segments.
         *
         * @param names as for {@link ModuleSelector#suffixes(String...)}
         * @return this builder
         */
        public final B excludeModules(String... names) {
            return excludeModules(ModuleSelector.suffixes(names));
        }

        /**
         * Limits targets given by suffix to certain layers.
         *
         * @param layers indices, 0 or more; empty for all
         * @return this builder
         */
        public final B layersToTransform(List<Integer> layers) {
            return set(LAYERS_TO_TRANSFORM, layers);
        }

        /**
         * Limits targets given by suffix to certain layers.
         *
         * @param layers indices, 0 or more; none for all
         * @return this builder
         */
        public final B layersToTransform(int... layers) {
            return layersToTransform(Arrays.stream(layers).boxed().toList());
        }

        /**
         * Sets the names of the lists whose index is the layer.
         *
         * @param names regular expressions for one or more segments of a path; empty for any list
         * @return this builder
         */
        public final B layersPattern(List<String> names) {
            return set(LAYERS_PATTERN, names);
        }

        /**
         * Sets the names of the lists whose index is the layer.
         *
         * @param names regular expressions for one or more segments of a path; none for any list
         * @return this builder
         */
        public final B layersPattern(String... names) {
            return layersPattern(Arrays.asList(names));
        }

        /**
         * Sets the modules trained and saved in full.
         *
         * @param names full paths or last segments
         * @return this builder
         */
        public final B modulesToSave(List<String> names) {
            return set(MODULES_TO_SAVE, names);
        }

        /**
         * Sets the modules trained and saved in full.
         *
         * @param names full paths or last segments
         * @return this builder
         */
        public final B modulesToSave(String... names) {
            return modulesToSave(Arrays.asList(names));
        }

        /**
         * Sets how the factors start.
         *
         * @param start {@link Initialization#KAIMING_UNIFORM} by default
         * @return this builder
         */
        public final B initialization(Initialization start) {
            return set(INITIALIZATION, start);
        }

        /**
         * Sets the probability of dropping an input of the update while training.
         *
         * @param probability a number in [0, 1); 0 by default
         * @return this builder
         */
        public B dropout(double probability) {
            return set(DROPOUT, probability);
        }

        /**
         * Sets which biases of the base learn.
         *
         * @param choice {@link BiasTraining#NONE} by default
         * @return this builder
         */
        public B bias(BiasTraining choice) {
            return set(BIAS, choice);
        }

        /**
         * Sets PEFT's flag for weights stored as [in, out]; it goes to the file and changes nothing here.
         *
         * @param flag false by default
         * @return this builder
         */
        public final B fanInFanOut(boolean flag) {
            return set(FAN_IN_FAN_OUT, flag);
        }

        /**
         * Names the base model.
         *
         * @param name a name or path, or null
         * @return this builder
         */
        public final B baseModelName(String name) {
            return set(BASE_MODEL_NAME, name);
        }

        /**
         * Names the task.
         *
         * @param type a name in PEFT's spelling, or null
         * @return this builder
         */
        public final B taskType(String type) {
            return set(TASK_TYPE, type);
        }
    }
}
