/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.lora4j.method.ModuleShape;
import org.lora4j.model.AdaptableModule;
import org.lora4j.model.ModuleStatus;
import org.lora4j.model.ParameterSummary;
import org.lora4j.model.ParameterSummary.ModuleParameters;

/** Words the state of an adapted model as values. */
final class HostReports {

    private HostReports() {}

    static List<ModuleStatus> status(
            List<? extends AdaptableModule> modules,
            Set<String> heads,
            Collection<? extends HostAdapter> adapters,
            HostState<?> state) {
        Map<String, ModuleShape> shown = new LinkedHashMap<>();
        modules.forEach(module -> shown.put(module.path(), module.shape()));
        for (HostAdapter adapter : adapters) {
            adapter.partsByModule()
                    .forEach((path, part) ->
                            shown.putIfAbsent(path, part.module().shape()));
        }
        List<ModuleStatus> status = new ArrayList<>();
        shown.forEach((path, shape) -> {
            List<String> here = names(adapters, adapter -> adapter.touches(path));
            List<String> saved = names(adapters, adapter -> saves(adapter, path));
            status.add(new ModuleStatus(
                    path,
                    shape,
                    here,
                    state.active().stream().filter(here::contains).toList(),
                    here.stream().filter(state.trainable()::contains).toList(),
                    state.merged().stream().filter(here::contains).toList(),
                    saved,
                    heads.contains(path)));
        });
        return List.copyOf(status);
    }

    /** The heads that no adapter changes. */
    static Set<String> frozen(Set<String> heads, Collection<? extends HostAdapter> adapters) {
        Set<String> frozen = new TreeSet<>(heads);
        frozen.removeIf(head -> adapters.stream().anyMatch(adapter -> adapter.touches(head) || saves(adapter, head)));
        return frozen;
    }

    private static boolean saves(HostAdapter adapter, String module) {
        return adapter.savedPaths().stream()
                .anyMatch(parameter -> HostParameter.module(parameter).equals(module));
    }

    private static List<String> names(Collection<? extends HostAdapter> adapters, Predicate<HostAdapter> condition) {
        return adapters.stream().filter(condition).map(HostAdapter::name).toList();
    }

    static ParameterSummary summary(
            long base,
            List<? extends HostAdapter> active,
            Set<String> learning,
            long mergedBytes,
            Set<String> frozenHeads) {
        long total = base;
        long trainable = 0;
        List<ModuleParameters> modules = new ArrayList<>();
        for (HostAdapter adapter : active) {
            total += adapter.parameters();
            trainable += learning.contains(adapter.name()) ? adapter.parameters() : 0;
            modules.addAll(adapter.parametersByModule());
        }
        return new ParameterSummary(trainable, total, modules, mergedBytes, List.copyOf(frozenHeads));
    }
}
