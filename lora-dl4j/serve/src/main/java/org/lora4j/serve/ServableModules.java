/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.samediff.form.ModuleSites;
import org.lora4j.internal.samediff.form.Site;
import org.lora4j.method.ModuleShape;
import org.lora4j.quant.StoredWeight;
import org.lora4j.quant.StoredWeights;
import org.lora4j.samediff.GraphModule;
import org.lora4j.samediff.GraphModules;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * Which modules of a graph can have an update of its own for each row: FLOAT linear maps whose input has its rows one
 * after the other, or is one for all rows, which take from the output by an index.
 */
final class ServableModules {

    /** Forms whose activation is {@code [..., in]}, if its last axis has the size of the input. */
    private static final Set<String> FORMS = Set.of("matmul", "linear op", "tensordot");

    private final SameDiff base;
    private final Map<String, GraphModule> modules = new LinkedHashMap<>();
    private final Map<String, String> refusals = new LinkedHashMap<>();
    private final Set<String> idle = new LinkedHashSet<>();
    private final Map<String, SharedInput> shared = new HashMap<>();

    ServableModules(SameDiff base, GraphModules graph, List<String> outputs) {
        this.base = base;
        Set<String> reached = GraphOrder.ancestors(base, outputs);
        for (GraphModule module : graph.modules()) {
            modules.put(module.path(), module);
            String problem = problem(module);
            boolean matters = ModuleSites.of(module).stream()
                    .flatMap(site -> base.getOps().get(site.op()).getOutputsOfOp().stream())
                    .anyMatch(reached::contains);
            if (!matters) {
                idle.add(module.path());
            } else if (problem != null) {
                refusals.put(module.path(), problem);
            }
        }
    }

    /** In which forms the weights are kept, sorted. */
    Set<String> storedAs() {
        Set<String> forms = new TreeSet<>();
        for (GraphModule module : modules.values()) {
            forms.add(StoredWeights.find(base, module.weight())
                    .map(StoredWeight::form)
                    .orElseGet(() ->
                            ServedBase.form(base.getVariable(module.weight()).dataType())));
        }
        return forms;
    }

    private String problem(GraphModule module) {
        if (module.shape().kind() != ModuleShape.Kind.LINEAR || !FORMS.contains(module.form())) {
            return "a " + module.shape() + " spelled as \"" + module.form()
                    + "\" has no update for each row; expected a linear module ("
                    + String.join(", ", FORMS.stream().sorted().toList())
                    + "). Leave it out of the adapter, or serve the adapter through AdaptedSameDiff";
        }
        DataType type = base.getVariable(module.weight()).dataType();
        return type == DataType.FLOAT ? null : "its weight is " + type + "; expected FLOAT";
    }

    /** The activations of the modules that may be served, to be checked. */
    Set<String> inputs() {
        Set<String> inputs = new LinkedHashSet<>();
        modules.forEach((path, module) -> {
            if (refusal(path) == null && matters(path)) {
                ModuleSites.of(module).forEach(site -> {
                    inputs.add(input(site));
                    inputs.addAll(SharedInput.of(base, site).taken(base));
                });
            }
        });
        return inputs;
    }

    /** Refuses the modules whose activations do not keep rows apart. */
    void check(RowCheck rows) {
        modules.forEach((path, module) -> {
            for (Site site : refusal(path) == null && matters(path) ? ModuleSites.of(module) : List.<Site>of()) {
                String problem = isAlongLastAxis(site, rows)
                        ? rows.problem(input(site), module.shape().inputs())
                        : "\"" + input(site) + "\" is not contracted along its last axis";
                if (problem != null && rows.isShared(input(site))) {
                    SharedInput found = SharedInput.of(base, site);
                    String refusal = found.refusal(base, rows);
                    problem = refusal == null ? null : problem + "; it is one for all rows, but " + refusal;
                    if (refusal == null) {
                        shared.put(site.op(), found);
                    }
                }
                if (problem != null) {
                    refusals.put(
                            path,
                            "its input does not keep the rows of a batch one after the other (" + problem
                                    + "). Leave the module out of the adapter, or give examples that differ");
                }
            }
        });
    }

    private boolean isAlongLastAxis(Site site, RowCheck rows) {
        if (!site.form().name().equals("tensordot")) {
            return true;
        }
        // The integer arguments are: number of axes of x, these axes, number of axes of W, these axes.
        long axis = ((DynamicCustomOp) base.getOps().get(site.op()).getOp()).iArgs()[1];
        return axis == -1 || axis == rows.axes(input(site)) - 1;
    }

    private String input(Site site) {
        return GraphOrder.inputs(base.getOps().get(site.op())).get(site.dataInput());
    }

    private String refusal(String path) {
        return refusals.get(path);
    }

    private boolean matters(String path) {
        return !idle.contains(path);
    }

    /** The modules by path, after the check. */
    Map<String, BaseModule> described() {
        Map<String, BaseModule> all = new LinkedHashMap<>();
        modules.forEach((path, module) -> all.put(
                path,
                new BaseModule(
                        path,
                        module.weightPath(),
                        module.bias() == null ? null : module.biasPath(),
                        refusal(path),
                        module.bias() == null ? null : biasProblem(module),
                        matters(path),
                        () -> weight(module),
                        () -> array(module.bias()).dup('c').reshape(-1).dup('c'))));
        return all;
    }

    // A bias that is used elsewhere, too, would change there as well in an adapted graph.
    private String biasProblem(GraphModule module) {
        boolean everywhere =
                ModuleSites.of(module).stream().allMatch(site -> module.bias().equals(site.bias()));
        int readers = GraphOrder.consumers(base, module.bias()).size();
        return everywhere && readers <= ModuleSites.of(module).size()
                ? null
                : "the bias \"" + module.bias() + "\" is not added behind each use of module \"" + module.path()
                        + "\" and there only";
    }

    private INDArray weight(GraphModule module) {
        return ModuleSites.of(module).get(0).weightLayout().toPeft(array(module.weight()), module.shape());
    }

    private INDArray array(String variable) {
        return base.getVariable(variable).getArr();
    }

    /** How the rows of a batch take from a site that they share; null if each has its own. */
    SharedInput shared(Site site) {
        return shared.get(site.op());
    }

    GraphModule get(String path) {
        return modules.get(path);
    }
}
