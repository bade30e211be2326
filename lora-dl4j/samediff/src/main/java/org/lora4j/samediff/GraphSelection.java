/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.AdapterConfig.TargetUse;
import org.lora4j.error.Problems;
import org.lora4j.internal.host.RepeatedLayers;
import org.lora4j.internal.host.ReplacedTokenRows;
import org.lora4j.internal.host.Selection;
import org.lora4j.internal.host.TrainedParameters;
import org.lora4j.method.AdapterMethod.BiasEffect;
import org.lora4j.method.LoraMethod;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a config means in one graph.
 *
 * @param targets what gets factors
 * @param tokens rows of embeddings that are replaced
 * @param parameters the parameters that are trained fully: modules to save and trained biases
 */
record GraphSelection(
        List<Target> targets, List<ReplacedTokenRows<GraphModule>> tokens, List<GraphParameter> parameters) {

    /**
     * The graph that configs are read against.
     *
     * @param spare paths of modules that nothing reads
     */
    record Scope(
            SameDiff base,
            GraphModules graph,
            List<GraphParameter> parameters,
            TargetParameters targetParameters,
            Set<String> spare) {

        /** The arrays of the leaves, by dotted names. */
        Map<String, INDArray> values() {
            Map<String, INDArray> values = new LinkedHashMap<>();
            for (SDVariable variable : base.variables()) {
                boolean isLeaf = variable.getVariableType() == VariableType.VARIABLE
                        || variable.getVariableType() == VariableType.CONSTANT;
                if (isLeaf && variable.getArr() != null) {
                    values.put(ModulePaths.dotted(variable.name()), variable.getArr());
                }
            }
            return values;
        }
    }

    /**
     * Reads a config.
     *
     * @param found the tensors of an adapter file by path, which settle what the graph leaves open; empty for a fresh one
     * @param problems receives what cannot be
     */
    static GraphSelection of(
            AdapterConfig config, Scope scope, Map<String, Map<String, INDArray>> found, Problems problems) {
        List<Target> targets = new ArrayList<>(moduleTargets(config, scope, found));
        targets.addAll(scope.targetParameters().targets(config, found, problems));
        checkPathsAreUnique(targets, problems);
        if (!config.layerReplication().isEmpty()) {
            RepeatedLayers.check(config.layerReplication(), scope.values(), problems);
        }
        List<String> whole = targets.stream()
                .filter(target -> target.method().traits().biasEffect() == BiasEffect.ADDS
                        && target.module().fedByWeight())
                .map(Target::path)
                .toList();
        problems.check(
                whole.isEmpty(),
                "loraBias with projections inside an attention op (" + Problems.quoted(whole)
                        + "), expected modules with an output of their own");
        targets.stream()
                .filter(target -> !(target.method() instanceof LoraMethod)
                        && target.module().isAttentionInput())
                .forEach(target -> problems.add(target.method()
                                .traits()
                                .option()
                                .orElse(target.method().traits().name())
                        + " with modules of the kind torch.nn.MultiheadAttention (\"" + target.path()
                        + "\"), which PEFT does not load, expected plain LoRA"));
        List<ReplacedTokenRows<GraphModule>> tokens =
                ReplacedTokenRows.of(config, tables(scope.graph()), found, problems);
        Set<String> adapted = new LinkedHashSet<>();
        targets.forEach(target -> adapted.add(target.module().path()));
        List<GraphParameter> trained = scope.parameters().stream()
                .filter(parameter -> TrainedParameters.include(
                        config, parameter.path(), parameter.weightOf() != null, adapted::contains))
                .filter(parameter -> !scope.spare().contains(parameter.module())
                        || adapted.contains(parameter.module())
                        || config.savesFully(parameter.module()))
                .toList();
        Map<String, Boolean> weights = new LinkedHashMap<>();
        scope.parameters().forEach(parameter -> weights.put(parameter.path(), parameter.weightOf() != null));
        TrainedParameters.requireNormalizations(config, weights, problems);
        return new GraphSelection(List.copyOf(targets), tokens, trained);
    }

    private static ReplacedTokenRows.Tables<GraphModule> tables(GraphModules graph) {
        List<GraphModule> tables = graph.modules().stream()
                .filter(module -> module.shape().weight().length == 2 && !module.fedByWeight())
                .toList();
        return new ReplacedTokenRows.Tables<>(tables, GraphModule::weight, "graph");
    }

    /** The targets that are modules, by path. */
    static Target target(AdapterConfig config, GraphModule module) {
        return Target.of(config, module.path(), module);
    }

    private static Collection<Target> moduleTargets(
            AdapterConfig config, Scope scope, Map<String, Map<String, INDArray>> found) {
        GraphModules graph = scope.graph();
        Map<String, Target> byModule = new LinkedHashMap<>();
        for (GraphModule module : candidates(config, graph)) {
            boolean spare =
                    scope.spare().contains(module.path()) && !SpareModules.takesPart(config, module.path(), found);
            if (config.selects(module.path()) && !spare) {
                byModule.putIfAbsent(module.path(), target(config, module));
            }
        }
        for (GraphModule module : graph.modules()) {
            GraphModule output = module.isAttentionInput() ? graph.get(module.path() + ".out_proj") : null;
            if (output != null && byModule.containsKey(module.path())) {
                Target wrapper = byModule.get(module.path());
                String path = module.path() + ".base_layer.out_proj";
                byModule.put(
                        output.path(), new Target(path, output, wrapper.rank(), wrapper.scaling(), wrapper.method()));
            }
        }
        return byModule.values();
    }

    private static void checkPathsAreUnique(List<Target> targets, Problems problems) {
        Set<String> paths = new LinkedHashSet<>();
        for (Target target : targets) {
            problems.check(
                    paths.add(target.path()),
                    "\"" + target.path() + "\" is adapted through targetModules and through targetParameters (\""
                            + target.module().path() + "\"), expected one of them");
        }
    }

    private static List<GraphModule> candidates(AdapterConfig config, GraphModules graph) {
        return Selection.candidates(config, graph.modules(), graph.heads());
    }

    /** Reads a config that a person wrote; throws if any entry matches nothing or cannot be. */
    static GraphSelection checked(AdapterConfig config, Scope scope) {
        GraphModules graph = scope.graph();
        List<String> holders = scope.parameters().stream()
                .map(GraphParameter::module)
                .distinct()
                .toList();
        List<String> targets = config.targetUse() == TargetUse.WHOLE
                ? holders
                : candidates(config, graph).stream().map(GraphModule::path).toList();
        List<String> adaptable = new ArrayList<>(graph.paths());
        adaptable.addAll(scope.targetParameters().chosen(config).keySet());
        Map<String, String> obstacles = new LinkedHashMap<>();
        graph.notAdaptable()
                .forEach(entry -> obstacles.putIfAbsent(
                        ModulePaths.ofWeight(entry.subject()),
                        "weight \"" + entry.subject() + "\" cannot be adapted, " + entry.reason()));
        config.unmatchedTargets(targets).stream()
                .filter(SpareModules::isPooler)
                .forEach(name -> obstacles.putIfAbsent(name, SpareModules.absence(name)));
        Problems problems = new Problems();
        Selection.requireParameters(config, scope.targetParameters().paths(), problems);
        GraphSelection selection = of(config, scope, Map.of(), problems);
        new Selection.Names(targets, adaptable, holders, obstacles, "graph", "Lora.modules(graph)")
                .require(config, problems, selection::isEmpty);
        return selection;
    }

    private boolean isEmpty() {
        return targets.isEmpty() && tokens.isEmpty() && parameters.isEmpty();
    }
}
