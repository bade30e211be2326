/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.lora4j.host.AdapterNames;
import org.lora4j.host.HostState;
import org.lora4j.model.ModuleStatus;
import org.lora4j.model.ParameterSummary;
import org.lora4j.model.ParameterSummary.ModuleParameters;

/** Words the state of an adapted network as values. */
final class NetworkReports {

    private NetworkReports() {}

    static List<ModuleStatus> status(NetworkModules modules, AdapterNames<NetworkAdapter> adapters, HostState state) {
        List<ModuleStatus> status = new ArrayList<>();
        for (NetworkModule module : modules.modules()) {
            String path = module.path();
            List<String> here = names(adapters, adapter -> adapter.parts().containsKey(path));
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

    private static List<String> names(AdapterNames<NetworkAdapter> adapters, Predicate<NetworkAdapter> condition) {
        return adapters.all().stream()
                .filter(condition)
                .map(NetworkAdapter::name)
                .toList();
    }

    static ParameterSummary summary(
            NetworkModules base, AdapterNames<NetworkAdapter> adapters, HostState state, boolean enabled) {
        long total = base.parameters().stream()
                .mapToLong(parameter -> parameter.value().length())
                .sum();
        long trainable = 0;
        List<ModuleParameters> modules = new ArrayList<>();
        for (String name : state.active()) {
            NetworkAdapter adapter = adapters.get(name);
            total += adapter.parameters();
            trainable += enabled && state.learning().contains(name) ? adapter.parameters() : 0;
            adapter.parts()
                    .forEach((path, part) -> modules.add(new ModuleParameters(
                            path,
                            name,
                            part.rank(),
                            part.parameters(),
                            part.module().shape().parameters(),
                            part.isFullRank())));
        }
        long merged = state.merges().values().stream()
                .mapToLong(weight -> weight.length() * weight.dataType().width())
                .sum();
        return new ParameterSummary(trainable, total, modules, merged);
    }
}
