/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.lora4j.config.FieldType.Field;
import org.lora4j.error.Problems;

/**
 * What every method of adaptation is told: which modules, which of them learn in full, and of which base; PEFT's {@code
 * PeftConfig}. The config of a method extends it: {@link LoraConfig}, {@link Ia3Config}, {@link LohaConfig}.
 *
 * <p>Fields keep the meaning of PEFT's; names are Java's, and {@code format.peft} writes PEFT's. Each field is one line in
 * the table of its config.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public abstract class AdapterConfig {

    private final Builder<?> values;
    private final LayerFilter layers;

    /** Of a builder that was checked and belongs to this config alone. */
    AdapterConfig(Builder<?> values) {
        this.values = values;
        this.layers = new LayerFilter(values.layersToTransform, values.layersPattern);
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
    public abstract String peftType();

    /**
     * Whether this config adapts a module: a target, of a wanted layer, not excluded, and not part of a module that is
     * trained fully. A target given by its full path is adapted whatever its layer, as in PEFT.
     *
     * @param modulePath dotted path of the module
     * @return true if the module is adapted; with {@link ModuleSelector.AllLinear} ask only about linear modules that are
     *     not the output head, which is for the host to know
     */
    public final boolean selects(String modulePath) {
        return targetModules().matches(modulePath)
                && (isNamedFully(modulePath) || layers.keeps(modulePath))
                && !excludeModules().matches(modulePath)
                && !savesFully(modulePath);
    }

    private boolean isNamedFully(String modulePath) {
        return targetModules() instanceof ModuleSelector.Suffixes suffixes
                && suffixes.names().contains(modulePath);
    }

    /**
     * Whether a module is trained and saved in full.
     *
     * @param modulePath dotted path of the module
     * @return true if one of {@link #modulesToSave} names the module or a module around it, by full path or last segments
     */
    public final boolean savesFully(String modulePath) {
        return contains(modulePath, modulesToSave());
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
        return targetModules()
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
        return values.targetModules;
    }

    /**
     * Which of the targets are left out after all (PEFT: {@code exclude_modules}).
     *
     * @return the selector, {@link ModuleSelector#none()} by default
     */
    public final ModuleSelector excludeModules() {
        return values.excludeModules;
    }

    /**
     * Layers to which targets given by suffix are limited (PEFT: {@code layers_to_transform}).
     *
     * @return layer indices, 0 or more; empty for all layers
     */
    public final List<Integer> layersToTransform() {
        return values.layersToTransform;
    }

    /**
     * Names of the lists whose index is the layer (PEFT: {@code layers_pattern}), as regular expressions.
     *
     * @return the names; empty for any list
     */
    public final List<String> layersPattern() {
        return values.layersPattern;
    }

    /**
     * Modules trained and saved in full beside the updates (PEFT: {@code modules_to_save}).
     *
     * @return full paths or last segments
     */
    public final List<String> modulesToSave() {
        return values.modulesToSave;
    }

    /**
     * Which biases of the base learn (PEFT: {@code bias}).
     *
     * @return the choice; none where a method has no such field
     */
    public BiasTraining bias() {
        return BiasTraining.NONE;
    }

    /**
     * How the factors start (PEFT: {@code init_lora_weights} and the like).
     *
     * @return the start value; {@link Initialization#KAIMING_UNIFORM} is the usual one of each method
     */
    public Initialization initialization() {
        return values.initialization;
    }

    /**
     * Probability of dropping an input of the update while training.
     *
     * @return a number in [0, 1); 0 for methods that do not drop inputs
     */
    public double dropout() {
        return 0;
    }

    /**
     * What stands in the way of training with this config, though its adapters can be used.
     *
     * @return a sentence for each obstacle; empty if there is none
     */
    public List<String> obstaclesToTraining() {
        return List.of();
    }

    /**
     * Parameters, not modules, that get an update (PEFT: {@code target_parameters}).
     *
     * @return full paths or last segments; empty for none
     */
    public List<String> targetParameters() {
        return List.of();
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
        return TrainableTokens.none();
    }

    /**
     * PEFT's {@code fan_in_fan_out}, kept for the file only: hosts know the layout of their weights themselves.
     *
     * @return the flag
     */
    public final boolean fanInFanOut() {
        return values.fanInFanOut;
    }

    /**
     * The base model this config is for (PEFT: {@code base_model_name_or_path}).
     *
     * @return a name or path, or null
     */
    public final String baseModelName() {
        return values.baseModelName;
    }

    /**
     * The task (PEFT: {@code task_type}), such as {@code SEQ_CLS}.
     *
     * @return a name, or null
     */
    public final String taskType() {
        return values.taskType;
    }

    /**
     * Whether another object is a config of the same method with the same values.
     *
     * @param other anything
     * @return true if nothing differs
     */
    @Override
    public final boolean equals(Object other) {
        return other instanceof AdapterConfig config
                && getClass() == config.getClass()
                && values.compared().equals(config.values.compared());
    }

    /**
     * A hash of the values.
     *
     * @return the hash
     */
    @Override
    public final int hashCode() {
        return values.compared().hashCode();
    }

    /**
     * The fields that differ from the defaults.
     *
     * @return such as {@code LoraConfig{rank=4, targetModules=[query, value]}}
     */
    @Override
    public final String toString() {
        return getClass().getSimpleName() + "{" + values.changes() + "}";
    }

    /**
     * Collects the fields of a config. Setters accept anything; {@link #build()} checks.
     *
     * <p><b>Threads.</b> For one thread.
     *
     * @param <B> the builder itself
     * @apiNote Status: experimental
     */
    public abstract static class Builder<B extends Builder<B>> {

        /** What all configs have. */
        static final List<Field<Builder<?>, ?>> MODULES = List.of(
                new Field<>(
                        "targetModules",
                        "target_modules",
                        FieldType.TARGETS,
                        b -> b.targetModules,
                        (b, v) -> b.targetModules = v),
                new Field<>(
                        "excludeModules",
                        "exclude_modules",
                        FieldType.MODULES,
                        b -> b.excludeModules,
                        (b, v) -> b.excludeModules = v),
                new Field<>(
                        "modulesToSave",
                        "modules_to_save",
                        FieldType.NAMES,
                        b -> b.modulesToSave,
                        (b, v) -> b.modulesToSave = v),
                new Field<>(
                        "baseModelName",
                        "base_model_name_or_path",
                        FieldType.TEXT,
                        b -> b.baseModelName,
                        (b, v) -> b.baseModelName = v),
                new Field<>("taskType", "task_type", FieldType.TEXT, b -> b.taskType, (b, v) -> b.taskType = v));

        /** What configs of methods with layers have. */
        static final List<Field<Builder<?>, ?>> LAYERS = List.of(
                new Field<>(
                        "layersToTransform",
                        "layers_to_transform",
                        FieldType.LAYERS,
                        b -> b.layersToTransform,
                        (b, v) -> b.layersToTransform = v),
                new Field<>(
                        "layersPattern",
                        "layers_pattern",
                        FieldType.LAYER_LISTS,
                        b -> b.layersPattern,
                        (b, v) -> b.layersPattern = v));

        /** The line of the layout of the weights. */
        static final Field<Builder<?>, Boolean> FAN_IN_FAN_OUT = new Field<>(
                "fanInFanOut", "fan_in_fan_out", FieldType.FLAG, b -> b.fanInFanOut, (b, v) -> b.fanInFanOut = v);

        ModuleSelector targetModules = ModuleSelector.none();
        ModuleSelector excludeModules = ModuleSelector.none();
        List<Integer> layersToTransform = List.of();
        List<String> layersPattern = List.of();
        List<String> modulesToSave = List.of();
        Initialization initialization = Initialization.KAIMING_UNIFORM;
        boolean fanInFanOut;
        String baseModelName;
        String taskType;

        Builder() {}

        /** The start value, as a method has it in its file. */
        static Field<Builder<?>, Initialization> start(String peftName, FieldType<Initialization> type) {
            return new Field<>("initialization", peftName, type, b -> b.initialization, (b, v) -> b.initialization = v);
        }

        /**
         * The table of fields, which reading, writing, rules, equality and text follow.
         *
         * @return all fields of the config
         */
        public abstract List<Field<? super B, ?>> fields();

        /**
         * This builder, as what it is.
         *
         * @return this builder
         */
        public abstract B self();

        /** A builder with the defaults. */
        abstract B fresh();

        /** Adds what is wrong with fields that go with each other. */
        abstract void checkTogether(Problems problems);

        /**
         * Checks everything and makes the config.
         *
         * @return the config
         * @throws IllegalArgumentException if any field or any combination is not allowed; the message lists all of them
         */
        public abstract AdapterConfig build();

        /** A checked copy that belongs to a config; {@code config} is what the config is called. */
        final B checked(String config) {
            Problems problems = new Problems();
            for (Field<? super B, ?> field : fields()) {
                field.check(self(), problems);
            }
            checkModules(problems);
            checkTogether(problems);
            problems.throwIfAny(config);
            return copied();
        }

        /** A copy. */
        final B copied() {
            B copy = fresh();
            for (Field<? super B, ?> field : fields()) {
                field.copy(self(), copy);
            }
            return copy;
        }

        private void checkModules(Problems problems) {
            problems.check(
                    trains(),
                    "targetModules selects nothing and modulesToSave is empty, expected at least one module to train");
            problems.check(
                    layersPattern.isEmpty() || !layersToTransform.isEmpty(),
                    "layersPattern = " + layersPattern + " without layersToTransform, expected both or neither");
            boolean limited = !layersToTransform.isEmpty() || !layersPattern.isEmpty();
            boolean byName =
                    targetModules instanceof ModuleSelector.Suffixes || targetModules instanceof ModuleSelector.None;
            problems.check(
                    !limited || byName,
                    "layersToTransform and layersPattern need targetModules given by name, found " + targetModules
                            + "; put the layers into the expression");
        }

        /** Whether anything learns. */
        boolean trains() {
            return !(targetModules instanceof ModuleSelector.None) || !modulesToSave.isEmpty();
        }

        final List<Object> compared() {
            List<Object> compared = new ArrayList<>();
            for (Field<? super B, ?> field : fields()) {
                compared.add(field.compared(self()));
            }
            return compared;
        }

        final String changes() {
            B defaults = fresh();
            return fields().stream()
                    .filter(field -> !Objects.equals(field.compared(self()), field.compared(defaults)))
                    .map(field -> field.name() + "=" + field.get().apply(self()))
                    .collect(Collectors.joining(", "));
        }

        /**
         * Sets which modules get an update.
         *
         * @param targets the selector
         * @return this builder
         */
        public final B targetModules(ModuleSelector targets) {
            this.targetModules = targets;
            return self();
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
            this.excludeModules = excludes;
            return self();
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
            this.layersToTransform = new ArrayList<>(layers);
            return self();
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
            this.layersPattern = new ArrayList<>(names);
            return self();
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
            this.modulesToSave = new ArrayList<>(names);
            return self();
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
            this.initialization = start;
            return self();
        }

        /**
         * Sets PEFT's flag for weights stored as [in, out]; it goes to the file and changes nothing here.
         *
         * @param flag false by default
         * @return this builder
         */
        public final B fanInFanOut(boolean flag) {
            this.fanInFanOut = flag;
            return self();
        }

        /**
         * Names the base model.
         *
         * @param name a name or path, or null
         * @return this builder
         */
        public final B baseModelName(String name) {
            this.baseModelName = name;
            return self();
        }

        /**
         * Names the task.
         *
         * @param type a name in PEFT's spelling, or null
         * @return this builder
         */
        public final B taskType(String type) {
            this.taskType = type;
            return self();
        }
    }
}
