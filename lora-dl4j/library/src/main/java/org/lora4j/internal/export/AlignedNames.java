/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.peft.PeftKeys;

/**
 * The names of a model's parameters as an adapter has them. The same encoder is {@code bert.encoder...} within a model for a
 * task and {@code encoder...} by itself: one of the two may have a prefix that the other has not.
 *
 * @apiNote Status: internal
 */
public final class AlignedNames {

    private static final String WEIGHT = ".weight";

    private AlignedNames() {}

    /**
     * Finds the prefix with which all modules of all adapters are there.
     *
     * @param where the call, for messages
     * @param parameters names in the model
     * @param adapters the adapters
     * @return by name in the model that of the adapters; unchanged if there is no such prefix
     * @throws IncompatibleBaseException if more than one prefix fits
     */
    public static Map<String, String> of(String where, Collection<String> parameters, List<Adapter> adapters)
            throws IncompatibleBaseException {
        Set<String> wanted = adapters.stream()
                .flatMap(adapter -> adapter.modules().keySet().stream())
                .map(path -> PeftKeys.withoutWrappers(path) + WEIGHT)
                .collect(Collectors.toCollection(LinkedHashSet::new));
        Set<String> heads = adapters.stream()
                .flatMap(adapter -> adapter.savedParameters().keySet().stream())
                .collect(Collectors.toSet());
        if (wanted.isEmpty() || parameters.containsAll(wanted)) {
            return renamed(parameters, name -> name);
        }
        String first = wanted.iterator().next();
        Map<String, Map<String, String>> fitting = new LinkedHashMap<>();
        for (String name : parameters) {
            if (name.endsWith("." + first)) {
                String prefix = name.substring(0, name.length() - first.length());
                fitting.put(
                        prefix,
                        renamed(parameters, each -> each.startsWith(prefix) ? each.substring(prefix.length()) : each));
            } else if (first.endsWith("." + name)) {
                String prefix = first.substring(0, first.length() - name.length());
                fitting.put(prefix, renamed(parameters, each -> heads.contains(each) ? each : prefix + each));
            }
        }
        fitting.values()
                .removeIf(names ->
                        !names.values().containsAll(wanted) || new HashSet<>(names.values()).size() < names.size());
        if (fitting.size() > 1) {
            throw new IncompatibleBaseException(where + ": the modules of the adapter are there more than once, below "
                    + Problems.quoted(fitting.keySet())
                    + "; expected once. Rename the modules of the adapter, so that they name one of them.");
        }
        return fitting.isEmpty()
                ? renamed(parameters, name -> name)
                : fitting.values().iterator().next();
    }

    private static Map<String, String> renamed(Collection<String> names, UnaryOperator<String> rule) {
        Map<String, String> renamed = new LinkedHashMap<>();
        names.forEach(name -> renamed.put(name, rule.apply(name)));
        return renamed;
    }
}
