/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.lora4j.model.ModuleStatus;
import org.lora4j.model.ParameterSummary;
import org.lora4j.model.ParameterSummary.ModuleParameters;
import org.lora4j.samediff.LiveAdapter.Part;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Words the state of an adapted graph as values. */
final class Reports {

    private Reports() {}

    static List<ModuleStatus> status(GraphModules modules, Collection<LiveAdapter> adapters, AdapterState state) {
        List<ModuleStatus> status = new ArrayList<>();
        Map<String, GraphModule> shown = new LinkedHashMap<>();
        modules.modules().forEach(module -> shown.put(module.path(), module));
        adapters.forEach(adapter -> adapter.modules().forEach((path, part) -> shown.putIfAbsent(path, part.module())));
        for (GraphModule module : shown.values()) {
            String path = module.path();
            List<String> here = names(adapters, adapter -> adapter.touches(path));
            List<String> saved = names(
                    adapters,
                    adapter -> adapter.copies().values().stream()
                            .anyMatch(copy -> copy.parameter().module().equals(path)));
            status.add(new ModuleStatus(
                    path,
                    module.shape(),
                    here,
                    state.active().stream().filter(here::contains).toList(),
                    here.stream().filter(state.trainable()::contains).toList(),
                    state.merged().stream().filter(here::contains).toList(),
                    saved,
                    modules.heads().contains(path)));
        }
        return List.copyOf(status);
    }

    private static List<String> names(Collection<LiveAdapter> adapters, Predicate<LiveAdapter> condition) {
        return adapters.stream().filter(condition).map(LiveAdapter::name).toList();
    }

    static ParameterSummary summary(SameDiff base, AdapterSet adapters, AdapterState state, boolean enabled) {
        long total = 0;
        for (SDVariable leaf : base.variables()) {
            total += parameters(leaf);
        }
        long trainable = 0;
        List<ModuleParameters> modules = new ArrayList<>();
        for (String name : state.active()) {
            LiveAdapter adapter = adapters.get(name);
            long own = adapter.parameters().stream()
                    .mapToLong(p -> p.value().length())
                    .sum();
            total += own;
            trainable += enabled && state.learning().contains(name) ? own : 0;
            adapter.modules().forEach((path, part) -> modules.add(parameters(path, name, part)));
        }
        return new ParameterSummary(trainable, total, modules, state.arrays().bytes());
    }

    private static ModuleParameters parameters(String path, String adapter, Part part) {
        return new ModuleParameters(
                path,
                adapter,
                part.rank(),
                part.parameters(),
                part.module().shape().parameters(),
                part.isFullRank());
    }

    // Scalars in a graph are constants of formulas, not parameters.
    private static long parameters(SDVariable leaf) {
        boolean isLeaf =
                leaf.getVariableType() == VariableType.VARIABLE || leaf.getVariableType() == VariableType.CONSTANT;
        INDArray array = isLeaf && leaf.dataType().isFPType() ? leaf.getArr() : null;
        return array == null || array.rank() == 0 ? 0 : array.length();
    }
}
