/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.NoMatchingModuleException;
import org.lora4j.error.Problems;
import org.lora4j.method.ModuleShape;
import org.lora4j.samediff.form.NotAdaptable;

/**
 * What a config means in one graph.
 *
 * @param modules the modules that get factors
 * @param parameters the parameters that are trained fully: modules to save and trained biases
 */
record Selection(List<GraphModule> modules, List<GraphParameter> parameters) {

    static Selection of(LoraConfig config, GraphModules graph, List<GraphParameter> all) {
        List<GraphModule> chosen = candidates(config, graph).stream()
                .filter(module -> config.selects(module.path()))
                .toList();
        Set<String> adapted = new LinkedHashSet<>();
        chosen.forEach(module -> adapted.add(module.path()));
        List<GraphParameter> trained = all.stream()
                .filter(parameter -> config.savesFully(parameter.module()) || isTrainedBias(config, adapted, parameter))
                .toList();
        return new Selection(chosen, trained);
    }

    // PEFT's "all linear" leaves out the output layer. Where every linear module looks like one, nothing tells them
    // apart.
    private static List<GraphModule> candidates(LoraConfig config, GraphModules graph) {
        if (!(config.targetModules() instanceof ModuleSelector.AllLinear)) {
            return graph.modules();
        }
        List<GraphModule> linear = graph.modules().stream()
                .filter(module -> module.shape().kind() == ModuleShape.Kind.LINEAR)
                .toList();
        List<GraphModule> inner = linear.stream()
                .filter(module -> !graph.heads().contains(module.path()))
                .toList();
        return inner.isEmpty() ? linear : inner;
    }

    // PEFT takes every parameter with "bias" anywhere in its path for bias "all".
    private static boolean isTrainedBias(LoraConfig config, Set<String> adapted, GraphParameter parameter) {
        boolean isAdapted = adapted.contains(parameter.module());
        return switch (config.bias()) {
            case NONE -> false;
            case ALL -> parameter.path().contains("bias") && (parameter.weightOf() == null || !isAdapted);
            case ADAPTED_ONLY -> parameter.isBias() && isAdapted;
        };
    }

    /** Throws if any entry of a config that a person wrote matches nothing. */
    static void checkThatAllMatch(LoraConfig config, GraphModules graph, List<GraphParameter> parameters) {
        List<String> paths =
                candidates(config, graph).stream().map(GraphModule::path).toList();
        Problems problems = new Problems();
        config.unmatchedTargets(paths)
                .forEach(name -> problems.add("targetModules \"" + name + "\" matches no module"
                        + because(name, graph, closest(name, paths))));
        config.unmatchedPatterns(graph.paths()).forEach(entry -> problems.add(entry + " matches no module"));
        List<String> holders =
                parameters.stream().map(GraphParameter::module).distinct().toList();
        for (String name : config.modulesToSave()) {
            LoraConfig alone = LoraConfig.builder()
                    .targetModules(ModuleSelector.none())
                    .modulesToSave(name)
                    .build();
            if (parameters.stream().noneMatch(parameter -> alone.savesFully(parameter.module()))) {
                problems.add("modulesToSave \"" + name + "\" matches no module" + closest(name, holders));
            }
        }
        Selection selection = of(config, graph, parameters);
        if (problems.isEmpty()
                && selection.modules().isEmpty()
                && selection.parameters().isEmpty()) {
            problems.add("targetModules " + config.targetModules() + " without the excluded ones select no module");
        }
        if (!problems.isEmpty()) {
            throw new NoMatchingModuleException(problems.message("LoraConfig on this graph")
                    + ". Lora.modules(graph) lists the " + graph.modules().size()
                    + " adaptable modules, and what cannot be adapted with the reason.");
        }
    }

    private static String because(String name, GraphModules graph, String otherwise) {
        for (NotAdaptable entry : graph.notAdaptable()) {
            String path = ModulePaths.ofWeight(entry.subject());
            if (path.equals(name) || path.endsWith("." + name)) {
                return ": weight \"" + entry.subject() + "\" cannot be adapted, " + entry.reason();
            }
        }
        return otherwise;
    }

    private static String closest(String name, List<String> paths) {
        Set<String> names = new LinkedHashSet<>(paths);
        List<String> last = new ArrayList<>();
        paths.forEach(path -> last.add(path.substring(path.lastIndexOf('.') + 1)));
        names.addAll(last);
        return ClosestNames.hint(name, names);
    }
}
