/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.Problems;

/**
 * The names of a model's parameters as what was trained has them. The same encoder is {@code bert.encoder...} within a model
 * for a task and {@code encoder...} by itself: one of the two may have a prefix that the other has not.
 *
 * @apiNote Status: internal
 */
final class AlignedNames {

    private AlignedNames() {}

    /**
     * Finds the prefix with which all that is wanted is there.
     *
     * @param where the call, for messages
     * @param parameters names in the model
     * @param wanted names of parameters that have to be there
     * @param heads names that stay as they are
     * @return by name in the model that of what was trained; unchanged if there is no such prefix
     * @throws IncompatibleBaseException if more than one prefix fits
     */
    static Map<String, String> of(
            String where, Collection<String> parameters, Set<String> wanted, Collection<String> heads)
            throws IncompatibleBaseException {
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
