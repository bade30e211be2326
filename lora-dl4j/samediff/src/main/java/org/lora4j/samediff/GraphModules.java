/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.samediff.form.Finding;
import org.lora4j.internal.samediff.form.GraphReader;
import org.lora4j.internal.samediff.form.Layout;
import org.lora4j.internal.samediff.form.ParameterForm;
import org.lora4j.internal.samediff.form.RefusedWeight;
import org.lora4j.internal.samediff.form.Site;
import org.lora4j.internal.samediff.form.SiteForms;
import org.lora4j.method.ModuleShape;
import org.lora4j.model.NotAdaptable;
import org.lora4j.quant.StoredWeights;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a SameDiff graph consists of, as seen by adapters: the modules that can be adapted, and what cannot with the
 * reason. Works on any graph, built in code or loaded from a file.
 *
 * <p>The path of a module is made from the name of its weight: {@code /} becomes a dot, and a last part that only says
 * "weight" ({@code .weight}, {@code .kernel}, {@code .W}, {@code _w}, ...) is left out. A weight that is read in two ways,
 * for instance as embedding table and as output projection, makes two modules; the second one's path has the name of its
 * op behind. Where a graph has no names, give some.
 *
 * @param modules the adaptable modules, in the order in which the graph applies them
 * @param notAdaptable weights without a module, with the reason
 * @param heads paths of the linear modules that are output heads, which "all linear" leaves out: see
 *     {@link #find(SameDiff)}
 * @apiNote Status: stable
 */
public record GraphModules(List<GraphModule> modules, List<NotAdaptable> notAdaptable, Set<String> heads) {

    /**
     * Copies the collections.
     *
     * @param modules the adaptable modules
     * @param notAdaptable weights without a module
     * @param heads paths of output heads
     */
    public GraphModules {
        Arguments.allRequired(modules, "GraphModules: modules", "a module");
        Arguments.allRequired(notAdaptable, "GraphModules: notAdaptable", "a weight");
        Arguments.allRequired(heads, "GraphModules: heads", "a path");
        modules = List.copyOf(modules);
        notAdaptable = List.copyOf(notAdaptable);
        heads = Set.copyOf(heads);
    }

    /**
     * Finds the modules of a graph.
     *
     * <p>A linear module is an output head if its result goes to the end of the graph (a loss or an output) without
     * meeting another weight, a normalization, or the result of another module.
     *
     * @param graph a graph; only read
     * @return its modules
     */
    public static GraphModules find(SameDiff graph) {
        return find(graph, Map.of());
    }

    /**
     * Finds the modules of a graph, some of which the caller names.
     *
     * @param graph a graph; only read
     * @param names path by name of a weight, of an op that applies a module, or of that op's output
     * @return its modules
     * @throws IllegalArgumentException if a name belongs to no module, or a path is malformed or given twice; the message
     *     lists every problem
     */
    public static GraphModules find(SameDiff graph, Map<String, String> names) {
        Arguments.allRequired(names, "GraphModules.find: names", "a module path");
        Objects.requireNonNull(graph, "GraphModules: the graph is null; expected a SameDiff graph");
        ModuleNames naming = new ModuleNames(graph, names);
        GraphReader reader = new GraphReader(graph);
        Set<String> ofStored = StoredWeights.parts(graph);
        List<List<Site>> groups = new ArrayList<>();
        List<NotAdaptable> refused = new ArrayList<>();
        for (SameDiffOp op : GraphOrder.topological(graph)) {
            if (ofStored.containsAll(op.getOutputsOfOp())) {
                continue; // It computes a stored weight.
            }
            for (Finding finding : SiteForms.inspect(reader, op)) {
                if (finding instanceof Site site && !ModulePaths.isFactor(site.weight())) {
                    group(groups, site);
                } else {
                    refused.add(refusal(finding));
                }
            }
        }
        List<GraphModule> modules = new ArrayList<>();
        naming.assign(groups).forEach((path, sites) -> modules.add(new GraphModule(path, sites)));
        modules.addAll(slicedProjections(graph, reader, modules));
        HeadRule rule = new HeadRule(
                reader, modules, refused.stream().map(NotAdaptable::op).toList());
        refused.addAll(readElsewhere(graph, reader, modules, refused));
        return new GraphModules(modules, refused, rule.heads(modules));
    }

    // torch.nn.MultiheadAttention keeps three projections in one parameter. A graph that slices it for keys and values
    // of
    // another sequence has no op that applies the module, so that its weight is adapted for all its readers.
    private static List<GraphModule> slicedProjections(SameDiff graph, GraphReader reader, List<GraphModule> modules) {
        Set<String> known = new HashSet<>();
        modules.forEach(module -> known.add(module.weight()));
        return graph.getVariables().keySet().stream()
                .filter(name -> ModulePaths.isInProjection(name) && !known.contains(name))
                .filter(name -> reader.isLeaf(name) && isMatrix(graph, name))
                .filter(name -> !GraphOrder.consumers(graph, name).isEmpty())
                .flatMap(name -> slicedProjection(graph, name).stream())
                .toList();
    }

    private static Optional<GraphModule> slicedProjection(SameDiff graph, String weight) {
        long[] sizes = graph.getVariable(weight).getArr().shape();
        boolean outputsFirst = sizes[0] == 3 * sizes[1];
        if (sizes.length != 2 || !outputsFirst && sizes[1] != 3 * sizes[0]) {
            return Optional.empty();
        }
        long inputs = Math.min(sizes[0], sizes[1]);
        Site site = ParameterForm.site(
                weight,
                GraphOrder.consumers(graph, weight).get(0),
                ModuleShape.linear(inputs, 3 * inputs),
                outputsFirst ? Layout.SAME : Layout.TRANSPOSED);
        return Optional.of(new GraphModule(ModulePaths.ofWeight(weight), List.of(site)));
    }

    private static void group(List<List<Site>> groups, Site site) {
        for (List<Site> group : groups) {
            if (group.get(0).sameModule(site)) {
                group.add(site);
                return;
            }
        }
        groups.add(new ArrayList<>(List.of(site)));
    }

    private static NotAdaptable refusal(Finding finding) {
        return finding instanceof Site site
                ? new NotAdaptable(
                        site.weight(),
                        site.op(),
                        "it is a low-rank factor of an adapter in this graph; expected a weight of the base model."
                                + " Save adapters and not adapted graphs, or merge before saving")
                : ((RefusedWeight) finding).weight();
    }

    // Matrices that only ops without a form read, such as position embeddings that are added: the user asks for them
    // too.
    private static List<NotAdaptable> readElsewhere(
            SameDiff graph, GraphReader reader, List<GraphModule> modules, List<NotAdaptable> refused) {
        Set<String> ofStored = StoredWeights.leaves(graph);
        Set<String> known = new HashSet<>();
        modules.forEach(module -> known.add(module.weight()));
        refused.forEach(entry -> known.add(entry.subject()));
        List<NotAdaptable> found = new ArrayList<>();
        for (String name : graph.getVariables().keySet()) {
            List<String> consumers = GraphOrder.consumers(graph, name);
            if (!known.contains(name)
                    && !ofStored.contains(name)
                    && !consumers.isEmpty()
                    && reader.isLeaf(name)
                    && isMatrix(graph, name)) {
                String kind = graph.getOps().get(consumers.get(0)).getOp().opName();
                String reason = "it is read by an op of kind \"" + kind
                        + "\", which is no linear map, embedding or convolution. Train it fully through modulesToSave, or"
                        + " adapt it through targetParameters";
                found.add(new NotAdaptable(name, consumers.get(0), reason));
            }
        }
        return found;
    }

    private static boolean isMatrix(SameDiff graph, String leaf) {
        INDArray array = graph.getVariable(leaf).getArr();
        if (array == null || array.rank() < 2 || !array.dataType().isFPType()) {
            return false;
        }
        long longest = 1;
        for (long size : array.shape()) {
            longest = Math.max(longest, size);
        }
        return array.length() > longest;
    }

    /**
     * The module of a path.
     *
     * @param path a path
     * @return the module, or null if there is none
     */
    public GraphModule get(String path) {
        Arguments.required(path, "GraphModules.get: path", "the path of a module");
        return modules.stream()
                .filter(module -> module.path().equals(path))
                .findFirst()
                .orElse(null);
    }

    /**
     * All paths.
     *
     * @return the paths in the order of {@link #modules}
     */
    public List<String> paths() {
        return modules.stream().map(GraphModule::path).filter(Objects::nonNull).toList();
    }

    /**
     * Lists everything: a line for each module, and for each reason why something cannot be adapted, with some of the names.
     *
     * @return the modules, then what cannot be adapted
     */
    @Override
    public String toString() {
        String adaptable = modules.stream()
                .map(module -> module + (heads.contains(module.path()) ? " [output head]" : ""))
                .collect(Collectors.joining("\n"));
        String refused = Problems.byReason(notAdaptable.stream()
                        .map(entry -> Map.entry(entry.subject(), entry.reason()))
                        .toList())
                .stream()
                .map(line -> "not adaptable: " + line)
                .collect(Collectors.joining("\n"));
        return refused.isEmpty() ? adaptable : adaptable + "\n" + refused;
    }
}
