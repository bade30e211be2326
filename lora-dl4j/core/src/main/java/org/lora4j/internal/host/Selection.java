/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.AdapterConfig.TargetUse;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.NoMatchingModuleException;
import org.lora4j.error.Problems;
import org.lora4j.method.ModuleShape;
import org.lora4j.model.AdaptableModule;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a config means in one model.
 *
 * @param modules the modules that get factors
 * @param weights the parameters that get factors (PEFT: {@code target_parameters}), each the weight of a module
 * @param tokens rows of tables that are replaced
 * @param parameters the parameters that are trained fully: modules to save and trained biases
 * @param <M> a module of the host
 * @param <P> a parameter of the host
 * @apiNote Status: internal
 */
public record Selection<M extends AdaptableModule, P extends HostParameter>(
        List<M> modules, List<P> weights, List<ReplacedTokenRows<M>> tokens, List<P> parameters) {

    /**
     * What a config can choose from.
     *
     * @param modules all modules that can be adapted
     * @param heads paths of output heads, which "all linear" leaves out
     * @param parameters all parameters
     * @param notAdaptable what cannot be adapted, by path, with the reason
     * @param where what the model is called in messages
     * @param list how the user lists all of this
     * @param <M> a module of the host
     * @param <P> a parameter of the host
     */
    public record Choice<M extends AdaptableModule, P extends HostParameter>(
            List<M> modules,
            Set<String> heads,
            List<P> parameters,
            Map<String, String> notAdaptable,
            String where,
            String list) {

        private List<String> paths() {
            return modules.stream().map(AdaptableModule::path).toList();
        }
    }

    /**
     * Selects.
     *
     * @param found the tensors of an adapter file by path; empty for a fresh adapter
     * @param problems receives parameters and rows that cannot be
     */
    public static <M extends AdaptableModule, P extends HostParameter> Selection<M, P> of(
            AdapterConfig config, Choice<M, P> choice, Map<String, Map<String, INDArray>> found, Problems problems) {
        RepeatedLayers.refuse(config, choice.where(), problems);
        List<M> chosen = candidates(config, choice.modules(), choice.heads()).stream()
                .filter(module -> config.selects(module.path()))
                .toList();
        Set<String> adapted = new LinkedHashSet<>();
        chosen.forEach(module -> adapted.add(module.path()));
        List<P> weights = weights(config, choice, Set.copyOf(adapted), problems);
        weights.forEach(weight -> adapted.add(weight.path()));
        List<M> tables = choice.modules().stream()
                .filter(module -> module.shape().kind() == ModuleShape.Kind.EMBEDDING)
                .toList();
        List<ReplacedTokenRows<M>> tokens = ReplacedTokenRows.of(
                config, new ReplacedTokenRows.Tables<>(tables, AdaptableModule::path, choice.where()), found, problems);
        List<P> trained = choice.parameters().stream()
                .filter(parameter -> TrainedParameters.include(
                        config, parameter.path(), parameter.weightOf() != null, adapted::contains))
                .toList();
        Map<String, Boolean> weightsByPath = new LinkedHashMap<>();
        choice.parameters().forEach(parameter -> weightsByPath.put(parameter.path(), parameter.weightOf() != null));
        TrainedParameters.requireNormalizations(config, weightsByPath, problems);
        return new Selection<>(chosen, weights, tokens, trained);
    }

    private static <M extends AdaptableModule, P extends HostParameter> List<P> weights(
            AdapterConfig config, Choice<M, P> choice, Set<String> targets, Problems problems) {
        List<P> weights = new ArrayList<>();
        for (P parameter : choice.parameters()) {
            if (config.selectsParameter(parameter.path()) && !config.savesFully(parameter.module())) {
                Optional<String> obstacle = obstacle(parameter, choice.notAdaptable());
                obstacle.ifPresent(reason -> problems.add("targetParameters: \"" + parameter.path() + "\" " + reason));
                problems.check(
                        !targets.contains(parameter.module()),
                        "\"" + parameter.module()
                                + "\" is adapted through targetModules and through targetParameters (\""
                                + parameter.path() + "\"), expected one of them");
                if (obstacle.isEmpty()) {
                    weights.add(parameter);
                }
            }
        }
        return weights;
    }

    /** Why a parameter cannot get factors of its own. */
    private static Optional<String> obstacle(HostParameter parameter, Map<String, String> notAdaptable) {
        if (parameter.weightOf() == null) {
            String reason = notAdaptable.get(parameter.module());
            return Optional.of("is no weight of a module that can be adapted"
                    + (reason == null ? "" : " (" + reason + ")") + ", expected one");
        }
        return parameter.weightOf().shape().kind() == ModuleShape.Kind.CONVOLUTION
                ? Optional.of("has shape " + Arrays.toString(parameter.peftShape())
                        + " of a convolution, expected a matrix or a stack of matrices")
                : Optional.empty();
    }

    /**
     * How the factors of a module see its weight: a table that was named as a parameter is a matrix like any other.
     *
     * @return its shape, or that of a linear map
     */
    public ModuleShape shapeOf(AdaptableModule module) {
        ModuleShape shape = module.shape();
        boolean matrix = shape.kind() == ModuleShape.Kind.EMBEDDING
                && !named(module.path()).equals(module.path());
        return matrix ? ModuleShape.linear(shape.weight()[1], shape.weight()[0]) : shape;
    }

    /**
     * The path by which a config knows what has factors under the path of a module.
     *
     * @return the path of its weight if that was named as a parameter; else the path itself
     */
    public String named(String module) {
        return weights.stream()
                .map(HostParameter::path)
                .filter(path -> HostParameter.module(path).equals(module))
                .findFirst()
                .orElse(module);
    }

    private boolean isEmpty() {
        return modules.isEmpty() && weights.isEmpty() && tokens.isEmpty() && parameters.isEmpty();
    }

    /**
     * The modules that the targets of a config are matched against. PEFT's "all linear" leaves out the output layer; where
     * every linear module looks like one, nothing tells them apart.
     */
    public static <M extends AdaptableModule> List<M> candidates(
            AdapterConfig config, List<M> modules, Set<String> heads) {
        if (!(config.targetModules() instanceof ModuleSelector.AllLinear)) {
            return modules;
        }
        List<M> linear = modules.stream()
                .filter(module -> module.shape().kind() == ModuleShape.Kind.LINEAR)
                .toList();
        List<M> inner =
                linear.stream().filter(module -> !heads.contains(module.path())).toList();
        return inner.isEmpty() ? linear : inner;
    }

    /**
     * The names that entries of a config can match.
     *
     * @param targets paths that targets are matched against
     * @param modules paths of all modules that can be adapted
     * @param holders paths of all modules that have parameters
     * @param obstacles why a module of a path cannot be adapted
     * @param where what the model is called in messages
     * @param list how the user lists all of this
     */
    public record Names(
            Collection<String> targets,
            Collection<String> modules,
            Collection<String> holders,
            Map<String, String> obstacles,
            String where,
            String list) {

        /**
         * Refuses a config that a person wrote if any entry of it matches nothing.
         *
         * @throws NoMatchingModuleException naming every such entry with the closest names
         */
        public void require(AdapterConfig config, Problems problems, BooleanSupplier selectsNothing) {
            config.unmatchedTargets(targets)
                    .forEach(name -> problems.add("targetModules \"" + name + "\" matches no module" + because(name)));
            config.unmatchedPatterns(modules).forEach(entry -> problems.add(entry + " matches no module"));
            for (String name : config.modulesToSave()) {
                List<String> alone = List.of(name);
                if (holders.stream().noneMatch(holder -> AdapterConfig.contains(holder, alone))) {
                    problems.add("modulesToSave \"" + name + "\" matches no module" + closest(name, holders));
                }
            }
            if (problems.isEmpty() && selectsNothing.getAsBoolean()) {
                problems.add("targetModules " + config.targetModules() + " without the excluded ones select no module");
            }
            if (!problems.isEmpty()) {
                throw new NoMatchingModuleException(
                        problems.message(config.getClass().getSimpleName() + " on this " + where)
                                + otherNames(config, targets) + ". " + list + " lists the " + modules.size()
                                + " adaptable modules, and what cannot be adapted with the reason.");
            }
        }

        private String because(String name) {
            return obstacles.entrySet().stream()
                    .filter(obstacle -> ("." + obstacle.getKey()).endsWith("." + name))
                    .map(obstacle -> ": " + obstacle.getValue())
                    .findFirst()
                    .orElseGet(() -> closest(name, targets));
        }
    }

    /**
     * Selects by a config that a person wrote.
     *
     * @throws NoMatchingModuleException naming every entry that matches nothing or cannot be, with the closest names
     */
    public static <M extends AdaptableModule, P extends HostParameter> Selection<M, P> checked(
            AdapterConfig config, Choice<M, P> choice) {
        Map<String, String> obstacles = new LinkedHashMap<>();
        choice.notAdaptable()
                .forEach((path, reason) -> obstacles.put(path, "\"" + path + "\" cannot be adapted, " + reason));
        List<String> holders = choice.parameters().stream()
                .map(HostParameter::module)
                .distinct()
                .toList();
        List<String> targets = config.targetUse() == TargetUse.WHOLE
                ? holders
                : candidates(config, choice.modules(), choice.heads()).stream()
                        .map(AdaptableModule::path)
                        .toList();
        List<String> parameters =
                choice.parameters().stream().map(HostParameter::path).toList();
        Problems problems = new Problems();
        requireParameters(config, parameters, problems);
        Selection<M, P> selection = of(config, choice, Map.of(), problems);
        List<String> adaptable = new ArrayList<>(choice.paths());
        selection.weights().forEach(weight -> adaptable.add(weight.path()));
        new Names(targets, adaptable, holders, obstacles, choice.where(), choice.list())
                .require(config, problems, selection::isEmpty);
        return selection;
    }

    /**
     * Checks that every target parameter is there.
     *
     * @param problems receives names that match none
     */
    public static void requireParameters(AdapterConfig config, Collection<String> paths, Problems problems) {
        for (String name : config.targetParameters()) {
            problems.check(
                    paths.stream().anyMatch(path -> path.equals(name) || path.endsWith("." + name)),
                    "targetParameters \"" + name + "\" matches no parameter" + closest(name, paths));
        }
    }

    /** What a message says where targets are like nothing in the model, as those of another architecture are. */
    private static String otherNames(AdapterConfig config, Collection<String> paths) {
        List<String> strange = config.unmatchedTargets(paths).stream()
                .filter(name -> closest(name, paths).isEmpty())
                .toList();
        if (strange.isEmpty() || paths.isEmpty()) {
            return "";
        }
        Set<String> names = new LinkedHashSet<>();
        paths.forEach(path -> names.add(path.substring(path.lastIndexOf('.') + 1)));
        return ". Modules go by other names in this architecture: " + Problems.quoted(names)
                + "; name some of them, or take ModuleSelector.allLinear()";
    }

    /**
     * A hint at the closest of some paths or of their last parts, or at the module that a parameter belongs to.
     *
     * @return the hint, or an empty text
     */
    public static String closest(String name, Collection<String> paths) {
        Set<String> names = new LinkedHashSet<>(paths);
        List<String> last = new ArrayList<>();
        paths.forEach(path -> last.add(path.substring(path.lastIndexOf('.') + 1)));
        names.addAll(last);
        String hint = ClosestNames.hint(name, names);
        int dot = name.lastIndexOf('.');
        if (hint.isEmpty() && dot > 0 && paths.contains(name.substring(0, dot))) {
            hint = "; it is a part of the module " + MessageText.name(name.substring(0, dot)) + ", which is meant here";
        }
        return hint;
    }
}
