/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.peft.PeftKeys;

/**
 * Which modules the result adapts.
 *
 * @param targets the union of the adapters' targets
 * @param isExplicit whether they are full paths, so that limits and excludes have nothing left to say
 */
record TargetUnion(ModuleSelector targets, boolean isExplicit) {

    static TargetUnion of(List<Adapter> adapters, Problems problems) {
        List<AdapterConfig> configs = adapters.stream().map(Adapter::config).toList();
        boolean sameLimits = configs.stream()
                        .map(c -> List.of(c.excludeModules(), c.layersToTransform(), c.layersPattern()))
                        .distinct()
                        .count()
                == 1;
        if (!sameLimits) {
            Set<String> paths = new TreeSet<>();
            adapters.forEach(adapter -> paths.addAll(wrappers(adapter)));
            return new TargetUnion(ModuleSelector.suffixes(paths), true);
        }
        return new TargetUnion(union(adapters, problems), false);
    }

    private static ModuleSelector union(List<Adapter> adapters, Problems problems) {
        List<ModuleSelector> distinct = adapters.stream()
                .map(adapter -> adapter.config().targetModules())
                .filter(selector -> !(selector instanceof ModuleSelector.None))
                .distinct()
                .toList();
        if (distinct.size() <= 1) {
            return distinct.stream().findFirst().orElse(ModuleSelector.none());
        }
        List<String> expressions = distinct.stream()
                .filter(ModuleSelector.Regex.class::isInstance)
                .map(selector -> ((ModuleSelector.Regex) selector).expression())
                .toList();
        if (expressions.size() == distinct.size()) {
            return ModuleSelector.regex(expressions.stream().collect(Collectors.joining(")|(", "(", ")")));
        }
        problems.check(
                expressions.isEmpty(),
                "targetModules are a regular expression in some adapters and names in others (" + distinct
                        + "), expected one kind; PEFT cannot combine these either");
        Set<String> names = new LinkedHashSet<>();
        adapters.forEach(adapter -> names.addAll(names(adapter)));
        return ModuleSelector.suffixes(names);
    }

    /** Only the host knew what all-linear meant; the adapter knows what came of it. */
    private static Collection<String> names(Adapter adapter) {
        return adapter.config().targetModules() instanceof ModuleSelector.Suffixes suffixes
                ? suffixes.names()
                : wrappers(adapter);
    }

    private static Set<String> wrappers(Adapter adapter) {
        return adapter.modules().keySet().stream()
                .map(PeftKeys::wrapperOf)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    void applyTo(LoraConfig.Builder builder) {
        builder.targetModules(targets);
        if (isExplicit) {
            builder.excludeModules(ModuleSelector.none())
                    .layersToTransform(List.of())
                    .layersPattern(List.of());
        }
    }
}
