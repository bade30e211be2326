/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.Problems;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.samediff.form.Layout;
import org.lora4j.internal.samediff.form.ParameterForm;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.ModuleShape;
import org.lora4j.quant.StoredWeights;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Finds what the {@code targetParameters} of a config mean in one graph.
 *
 * <p>A matrix counts as {@code [out, in]}, three axes as {@code [experts, out, in]} whatever the graph does with them, as
 * in PEFT; {@code [experts, in, out]} where the factors of a file fit nothing else. Several parameters of one module are
 * wrapped in one another in the order in which the module registers them, the last one outermost. A graph does not tell
 * that order, so the order of use stands in for it, then the order of names; where the factors of a file fit one
 * assignment only, that one holds.
 */
final class TargetParameters {

    private final SameDiff base;
    private final Map<String, GraphParameter> byPath = new LinkedHashMap<>();

    TargetParameters(SameDiff base, List<GraphParameter> parameters) {
        this.base = base;
        Set<String> variables = new HashSet<>();
        for (GraphParameter parameter : parameters) {
            if (variables.add(parameter.variable())) {
                byPath.putIfAbsent(path(parameter), parameter);
            }
        }
    }

    // A weight that is not called "weight" or the like has a module of its own name, but is a parameter of the one
    // around.
    private static String path(GraphParameter parameter) {
        String name = ModulePaths.dotted(parameter.variable());
        boolean own =
                parameter.weightOf() != null && parameter.weightOf().path().equals(name);
        return own ? name : parameter.path();
    }

    /** The paths of all parameters. */
    List<String> paths() {
        return List.copyOf(byPath.keySet());
    }

    /** One parameter seen as a module in one of the possible ways. */
    private record Reading(ModuleShape shape, Layout layout) {

        boolean fits(Map<String, INDArray> factors, int rank) {
            Map<String, long[]> expected = new LoraMethod().factors(shape, rank);
            return expected.keySet().stream()
                    .allMatch(suffix -> factors.containsKey(suffix)
                            && Arrays.equals(
                                    expected.get(suffix), factors.get(suffix).shape()));
        }
    }

    /** The parameters that a config names, by path. */
    Map<String, GraphParameter> chosen(AdapterConfig config) {
        Map<String, GraphParameter> chosen = new LinkedHashMap<>();
        byPath.forEach((path, parameter) -> {
            if (config.selectsParameter(path) && !config.savesFully(ModulePaths.parent(path))) {
                chosen.put(path, parameter);
            }
        });
        return chosen;
    }

    /**
     * The targets.
     *
     * @param found the factors of a file by path; empty for a fresh adapter
     * @param problems receives parameters that cannot be adapted
     */
    List<Target> targets(AdapterConfig config, Map<String, Map<String, INDArray>> found, Problems problems) {
        Map<String, List<String>> byModule = new LinkedHashMap<>();
        chosen(config).forEach((path, parameter) -> {
            String problem = problem(path, parameter);
            if (problem == null) {
                byModule.computeIfAbsent(ModulePaths.parent(path), m -> new ArrayList<>())
                        .add(path);
            } else {
                problems.add("targetParameters: \"" + path + "\" " + problem);
            }
        });
        List<Target> targets = new ArrayList<>();
        byModule.forEach((module, group) -> {
            List<String> ordered = registered(group);
            List<String> places = new ArrayList<>();
            for (int depth = ordered.size() - 1; depth >= 0; depth--) {
                places.add(module + ".base_layer".repeat(depth));
            }
            Map<String, String> assigned = new LinkedHashMap<>();
            boolean fits = assign(config, ordered, places, found, assigned);
            for (int i = 0; i < ordered.size(); i++) {
                String place = fits ? assigned.get(ordered.get(i)) : places.get(i);
                targets.add(target(config, ordered.get(i), place, found.getOrDefault(place, Map.of())));
            }
        });
        return targets;
    }

    private String problem(String path, GraphParameter parameter) {
        long[] sizes = parameter.peftShape(array(parameter));
        boolean kernel =
                parameter.weightOf() != null && parameter.weightOf().shape().kind() == ModuleShape.Kind.CONVOLUTION;
        if (kernel || sizes.length < 2 || sizes.length > 3) {
            return "has shape " + Arrays.toString(sizes) + (kernel ? " of a convolution" : "")
                    + ", expected a matrix or a stack of matrices";
        }
        if (path.indexOf('.') < 0) {
            return "belongs to no module, expected a name with a dot, as PEFT cannot adapt a parameter of the root";
        }
        return GraphOrder.consumers(base, parameter.variable()).isEmpty() ? "is read by no op, expected one" : null;
    }

    private boolean assign(
            AdapterConfig config,
            List<String> parameters,
            List<String> places,
            Map<String, Map<String, INDArray>> found,
            Map<String, String> assigned) {
        int next = assigned.size();
        if (next == parameters.size()) {
            return true;
        }
        String parameter = parameters.get(next);
        List<String> candidates = new ArrayList<>(places);
        // The usual place first.
        candidates.add(0, candidates.remove(next));
        candidates.removeAll(assigned.values());
        for (String place : candidates) {
            Map<String, INDArray> factors = found.getOrDefault(place, Map.of());
            int rank = config.rankOf(parameter);
            if (readings(byPath.get(parameter)).stream().anyMatch(reading -> reading.fits(factors, rank))) {
                assigned.put(parameter, place);
                if (assign(config, parameters, places, found, assigned)) {
                    return true;
                }
                assigned.remove(parameter);
            }
        }
        return false;
    }

    private Target target(AdapterConfig config, String path, String place, Map<String, INDArray> factors) {
        int rank = config.rankOf(path);
        GraphParameter parameter = byPath.get(path);
        List<Reading> readings = readings(parameter);
        Reading reading =
                readings.stream().filter(r -> r.fits(factors, rank)).findFirst().orElse(readings.get(0));
        String op = GraphOrder.consumers(base, parameter.variable()).stream()
                .min(Comparator.naturalOrder())
                .orElseThrow();
        GraphModule module = new GraphModule(
                path, List.of(ParameterForm.site(parameter.variable(), op, reading.shape(), reading.layout())));
        return new Target(place, module, rank, config.scalingOf(path), AdapterMethods.of(config, path, module.shape()));
    }

    private List<Reading> readings(GraphParameter parameter) {
        long[] sizes = parameter.peftShape(array(parameter));
        if (sizes.length == 2) {
            Layout layout = parameter.weightOf() == null
                    ? Layout.SAME
                    : parameter.weightOf().weightLayout();
            // A table that lies transposed does so compared with [vocabulary, size], which is [out, in] here.
            return List.of(new Reading(ModuleShape.linear(sizes[1], sizes[0]), layout));
        }
        return List.of(
                new Reading(ModuleShape.experts(sizes[0], sizes[2], sizes[1]), Layout.SAME),
                new Reading(ModuleShape.experts(sizes[0], sizes[1], sizes[2]), Layout.TRANSPOSED));
    }

    private INDArray array(GraphParameter parameter) {
        return StoredWeights.value(base, parameter.variable());
    }

    private List<String> registered(List<String> group) {
        List<String> open = new ArrayList<>(group);
        open.sort(Comparator.naturalOrder());
        Map<String, Set<String>> behind = new HashMap<>();
        for (String path : open) {
            behind.put(
                    path, GraphOrder.descendants(base, List.of(byPath.get(path).variable())));
        }
        List<String> ordered = new ArrayList<>();
        while (!open.isEmpty()) {
            String next = open.stream()
                    .filter(p -> open.stream().noneMatch(q -> isUsedBefore(q, p, behind)))
                    .findFirst()
                    .orElse(open.get(0));
            open.remove(next);
            ordered.add(next);
        }
        return ordered;
    }

    private boolean isUsedBefore(String one, String other, Map<String, Set<String>> behind) {
        return !one.equals(other) && reaches(behind.get(one), other) && !reaches(behind.get(other), one);
    }

    /** Whether a result of an op that reads the parameter itself is among the variables. */
    private boolean reaches(Set<String> variables, String parameter) {
        return GraphOrder.consumers(base, byPath.get(parameter).variable()).stream()
                .flatMap(op -> base.getOps().get(op).getOutputsOfOp().stream())
                .anyMatch(variables::contains);
    }
}
