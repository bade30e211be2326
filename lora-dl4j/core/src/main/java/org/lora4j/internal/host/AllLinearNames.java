/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.internal.format.peft.PeftFile;
import org.lora4j.internal.format.peft.PeftKeys;

/** Writes names of modules in the place of "all linear", so that exactly those are selected again. */
final class AllLinearNames {

    private AllLinearNames() {}

    /** What an adapter was made from, with names of the modules of a model whose paths are given. */
    static PeftFile in(HostAdapter adapter, List<String> paths) {
        AdapterConfig config = adapter.config();
        boolean none = adapter.modulePaths().isEmpty();
        if (!(config.targetModules() instanceof ModuleSelector.AllLinear) || none) {
            return adapter.file();
        }
        Set<String> adapted = adapter.targetPaths().stream()
                .map(PeftKeys::wrapperOf)
                .collect(Collectors.toCollection(LinkedHashSet::new));
        ModuleSelector names = ModuleSelector.suffixes(adapted);
        List<String> taken = paths.stream()
                .filter(path -> names.matches(path) && !adapter.modulePaths().contains(path))
                .filter(path -> !config.excludeModules().matches(path) && !config.savesFully(path))
                .toList();
        AdapterConfig named = config.toBuilder()
                .targetModules(names)
                .excludeModules(alsoExcluding(config.excludeModules(), taken, adapted))
                .build();
        return new PeftFile(named, adapter.file().extras());
    }

    /** A selector of what another one excludes and of some paths more, but of none that is adapted. */
    private static ModuleSelector alsoExcluding(ModuleSelector before, List<String> paths, Set<String> adapted) {
        if (paths.isEmpty()) {
            return before;
        }
        boolean byName = before instanceof ModuleSelector.None || before instanceof ModuleSelector.Suffixes;
        Set<String> names = new LinkedHashSet<>();
        if (before instanceof ModuleSelector.Suffixes suffixes) {
            names.addAll(suffixes.names());
        }
        names.addAll(paths);
        ModuleSelector suffixes = ModuleSelector.suffixes(names);
        if (byName && adapted.stream().noneMatch(suffixes::matches)) {
            return suffixes;
        }
        String exactly = paths.stream().map(AllLinearNames::escaped).collect(Collectors.joining("|"));
        return ModuleSelector.regex(expression(before) + exactly);
    }

    private static String expression(ModuleSelector selector) {
        if (selector instanceof ModuleSelector.Regex regex) {
            return "(?:" + regex.expression() + ")|";
        }
        if (selector instanceof ModuleSelector.Suffixes suffixes) {
            return suffixes.names().stream()
                    .map(name -> "(?:.*\\.)?" + escaped(name) + "|")
                    .collect(Collectors.joining());
        }
        return "";
    }

    // Not Pattern.quote, whose \Q Python does not know.
    private static String escaped(String path) {
        return Pattern.compile("[^A-Za-z0-9_]").matcher(path).replaceAll("\\\\$0");
    }
}
