/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Problems;
import org.lora4j.graph.GraphOrder;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.ModuleShape;
import org.lora4j.samediff.form.Layout;
import org.lora4j.samediff.form.ParameterForm;
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
    private final List<GraphParameter> parameters;

    TargetParameters(SameDiff base, List<GraphParameter> parameters) {
        this.base = base;
        this.parameters = parameters;
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

    /** The parameters that a config names. */
    List<GraphParameter> chosen(LoraConfig config) {
        return parameters.stream()
                .filter(parameter ->
                        config.selectsParameter(parameter.path()) && !config.savesFully(parameter.module()))
                .toList();
    }

    /**
     * The targets.
     *
     * @param found the factors of a file by path; empty for a fresh adapter
     * @param problems receives parameters that cannot be adapted
     */
    List<Target> targets(LoraConfig config, Map<String, Map<String, INDArray>> found, Problems problems) {
        Map<String, List<GraphParameter>> byModule = new LinkedHashMap<>();
        for (GraphParameter parameter : chosen(config)) {
            String problem = problem(parameter);
            if (problem == null) {
                byModule.computeIfAbsent(parameter.module(), m -> new ArrayList<>())
                        .add(parameter);
            } else {
                problems.add("targetParameters: \"" + parameter.path() + "\" " + problem);
            }
        }
        List<Target> targets = new ArrayList<>();
        byModule.forEach((module, group) -> {
            List<GraphParameter> ordered = registered(group);
            List<String> paths = new ArrayList<>();
            for (int depth = ordered.size() - 1; depth >= 0; depth--) {
                paths.add(module + ".base_layer".repeat(depth));
            }
            Map<GraphParameter, String> assigned = new LinkedHashMap<>();
            boolean fits = assign(config, ordered, paths, found, assigned);
            for (int i = 0; i < ordered.size(); i++) {
                GraphParameter parameter = ordered.get(i);
                String path = fits ? assigned.get(parameter) : paths.get(i);
                targets.add(target(config, parameter, path, found.getOrDefault(path, Map.of())));
            }
        });
        return targets;
    }

    private String problem(GraphParameter parameter) {
        long[] sizes = parameter.peftShape(array(parameter));
        boolean kernel =
                parameter.weightOf() != null && parameter.weightOf().shape().kind() == ModuleShape.Kind.CONVOLUTION;
        if (kernel || sizes.length < 2 || sizes.length > 3) {
            return "has shape " + Arrays.toString(sizes) + (kernel ? " of a convolution" : "")
                    + ", expected a matrix or a stack of matrices";
        }
        if (parameter.path().indexOf('.') < 0) {
            return "belongs to no module, expected a name with a dot, as PEFT cannot adapt a parameter of the root";
        }
        return GraphOrder.consumers(base, parameter.variable()).isEmpty() ? "is read by no op, expected one" : null;
    }

    private boolean assign(
            LoraConfig config,
            List<GraphParameter> open,
            List<String> paths,
            Map<String, Map<String, INDArray>> found,
            Map<GraphParameter, String> assigned) {
        int next = assigned.size();
        if (next == open.size()) {
            return true;
        }
        GraphParameter parameter = open.get(next);
        List<String> candidates = new ArrayList<>(paths);
        // The usual place first.
        candidates.add(0, candidates.remove(next));
        for (String path : candidates) {
            Map<String, INDArray> factors = found.getOrDefault(path, Map.of());
            int rank = config.rankOf(parameter.path());
            boolean fits = !assigned.containsValue(path)
                    && readings(parameter).stream().anyMatch(reading -> reading.fits(factors, rank));
            if (fits) {
                assigned.put(parameter, path);
                if (assign(config, open, paths, found, assigned)) {
                    return true;
                }
                assigned.remove(parameter);
            }
        }
        return false;
    }

    private Target target(LoraConfig config, GraphParameter parameter, String path, Map<String, INDArray> factors) {
        int rank = config.rankOf(parameter.path());
        List<Reading> readings = readings(parameter);
        Reading reading =
                readings.stream().filter(r -> r.fits(factors, rank)).findFirst().orElse(readings.get(0));
        String op = GraphOrder.consumers(base, parameter.variable()).stream()
                .min(Comparator.naturalOrder())
                .orElseThrow();
        GraphModule module = new GraphModule(
                parameter.path(),
                List.of(ParameterForm.site(parameter.variable(), op, reading.shape(), reading.layout())));
        return new Target(path, module, rank, config.scalingOf(parameter.path()));
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
        return base.getVariable(parameter.variable()).getArr();
    }

    private List<GraphParameter> registered(List<GraphParameter> group) {
        List<GraphParameter> open = new ArrayList<>(group);
        open.sort(Comparator.comparing(GraphParameter::path));
        Map<GraphParameter, Set<String>> behind = new LinkedHashMap<>();
        open.forEach(p -> behind.put(p, GraphOrder.descendants(base, List.of(p.variable()))));
        List<GraphParameter> ordered = new ArrayList<>();
        while (!open.isEmpty()) {
            GraphParameter next = open.stream()
                    .filter(p -> open.stream().noneMatch(q -> isUsedBefore(q, p, behind)))
                    .findFirst()
                    .orElse(open.get(0));
            open.remove(next);
            ordered.add(next);
        }
        return ordered;
    }

    private boolean isUsedBefore(GraphParameter one, GraphParameter other, Map<GraphParameter, Set<String>> behind) {
        return one != other && reaches(behind.get(one), other) && !reaches(behind.get(other), one);
    }

    /** Whether a result of an op that reads the parameter itself is among the variables. */
    private boolean reaches(Set<String> variables, GraphParameter parameter) {
        return GraphOrder.consumers(base, parameter.variable()).stream()
                .flatMap(op -> base.getOps().get(op).getOutputsOfOp().stream())
                .anyMatch(variables::contains);
    }
}
