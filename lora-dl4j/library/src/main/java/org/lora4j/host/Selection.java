/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.host;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.NoMatchingModuleException;
import org.lora4j.error.Problems;
import org.lora4j.method.ModuleShape;
import org.lora4j.model.AdaptableModule;

/**
 * What a config means in one model.
 *
 * @param modules the modules that get factors
 * @param parameters the parameters that are trained fully: modules to save and trained biases
 * @param <M> a module of the host
 * @param <P> a parameter of the host
 * @apiNote Status: experimental
 */
public record Selection<M extends AdaptableModule, P extends HostParameter>(List<M> modules, List<P> parameters) {

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
     * @param config a config
     * @param choice what there is
     * @param <M> a module of the host
     * @param <P> a parameter of the host
     * @return what the config selects
     */
    public static <M extends AdaptableModule, P extends HostParameter> Selection<M, P> of(
            AdapterConfig config, Choice<M, P> choice) {
        List<M> chosen = candidates(config, choice.modules(), choice.heads()).stream()
                .filter(module -> config.selects(module.path()))
                .toList();
        Set<String> adapted = new LinkedHashSet<>();
        chosen.forEach(module -> adapted.add(module.path()));
        List<P> trained = choice.parameters().stream()
                .filter(parameter -> config.savesFully(parameter.module()) || isTrainedBias(config, adapted, parameter))
                .toList();
        return new Selection<>(chosen, trained);
    }

    /**
     * The modules that the targets of a config are matched against. PEFT's "all linear" leaves out the output layer; where
     * every linear module looks like one, nothing tells them apart.
     *
     * @param config a config
     * @param modules all modules that can be adapted
     * @param heads paths of output heads
     * @param <M> a module of the host
     * @return all of them, or the linear ones
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

    // PEFT takes every parameter with "bias" anywhere in its path for bias "all".
    private static boolean isTrainedBias(AdapterConfig config, Set<String> adapted, HostParameter parameter) {
        boolean isAdapted = adapted.contains(parameter.module());
        return switch (config.bias()) {
            case NONE -> false;
            case ALL -> parameter.path().contains("bias") && (parameter.weightOf() == null || !isAdapted);
            case ADAPTED_ONLY -> parameter.isBias() && isAdapted;
        };
    }

    /**
     * Refuses a config that a person wrote if any entry of it matches nothing.
     *
     * @param config a config
     * @param choice what there is
     * @param <M> a module of the host
     * @param <P> a parameter of the host
     * @throws NoMatchingModuleException naming every such entry with the closest names
     */
    public static <M extends AdaptableModule, P extends HostParameter> void requireMatches(
            AdapterConfig config, Choice<M, P> choice) {
        List<String> paths = candidates(config, choice.modules(), choice.heads()).stream()
                .map(AdaptableModule::path)
                .toList();
        Problems problems = new Problems();
        config.unmatchedTargets(paths)
                .forEach(name -> problems.add("targetModules \"" + name + "\" matches no module"
                        + because(name, choice, closest(name, paths))));
        config.unmatchedPatterns(choice.paths()).forEach(entry -> problems.add(entry + " matches no module"));
        List<String> holders = choice.parameters().stream()
                .map(HostParameter::module)
                .distinct()
                .toList();
        for (String name : config.modulesToSave()) {
            List<String> alone = List.of(name);
            if (choice.parameters().stream()
                    .noneMatch(parameter -> AdapterConfig.contains(parameter.module(), alone))) {
                problems.add("modulesToSave \"" + name + "\" matches no module" + closest(name, holders));
            }
        }
        Selection<M, P> selection = of(config, choice);
        if (problems.isEmpty()
                && selection.modules().isEmpty()
                && selection.parameters().isEmpty()) {
            problems.add("targetModules " + config.targetModules() + " without the excluded ones select no module");
        }
        if (!problems.isEmpty()) {
            throw new NoMatchingModuleException(problems.message(
                            config.getClass().getSimpleName() + " on this " + choice.where())
                    + otherNames(config, paths) + ". " + choice.list() + " lists the "
                    + choice.modules().size() + " adaptable modules, and what cannot be adapted with the reason.");
        }
    }

    /**
     * What a message says where targets are like nothing in the model, as those of another architecture are.
     *
     * @param config the config of a person
     * @param paths the modules that its targets are matched against
     * @return the beginning of a sentence with the names that there are, or an empty text if targets match or nearly do
     */
    public static String otherNames(AdapterConfig config, Collection<String> paths) {
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

    private static String because(String name, Choice<?, ?> choice, String otherwise) {
        for (Map.Entry<String, String> entry : choice.notAdaptable().entrySet()) {
            String path = entry.getKey();
            if (path.equals(name) || path.endsWith("." + name)) {
                return ": \"" + path + "\" cannot be adapted, " + entry.getValue();
            }
        }
        return otherwise;
    }

    /**
     * A hint at the closest of some paths or of their last parts, or at the module that a parameter belongs to.
     *
     * @param name what matches nothing
     * @param paths what there is
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
