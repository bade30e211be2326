/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.Problems;

/** The adapters of one graph by name, in the order in which they were added. Every wrong name gets a full answer here. */
final class AdapterSet {

    private final Map<String, LiveAdapter> adapters = new LinkedHashMap<>();

    void add(LiveAdapter adapter) {
        adapters.put(adapter.name(), adapter);
    }

    void remove(String name) {
        adapters.remove(name);
    }

    List<String> names() {
        return List.copyOf(adapters.keySet());
    }

    List<LiveAdapter> all() {
        return List.copyOf(adapters.values());
    }

    /** The variables of all adapters. */
    Set<String> variables() {
        Set<String> variables = new HashSet<>();
        adapters.values().forEach(adapter -> variables.addAll(adapter.variables()));
        return variables;
    }

    LiveAdapter get(String name) {
        LiveAdapter adapter = adapters.get(name);
        if (adapter == null) {
            throw new IllegalArgumentException("adapter \"" + name + "\": there is no such adapter; expected one of "
                    + Problems.quoted(names()) + ClosestNames.hint(String.valueOf(name), names())
                    + ". Add it with addAdapter.");
        }
        return adapter;
    }

    /** The adapters of these names, each of which must exist and be given once. */
    List<LiveAdapter> get(Collection<String> names) {
        Problems problems = new Problems();
        Set<String> seen = new HashSet<>();
        for (String name : names) {
            problems.check(adapters.containsKey(name), "there is no adapter \"" + name + "\"");
            problems.check(seen.add(name), "\"" + name + "\" is given twice");
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("adapters") + "; expected names out of "
                    + Problems.quoted(names()) + ", each once. Add missing ones with addAdapter.");
        }
        return names.stream().map(adapters::get).toList();
    }

    /** Throws unless an adapter may be added under this name. */
    void requireFree(String name) {
        boolean folder = name != null
                && !name.isBlank()
                && !name.equals(".")
                && !name.equals("..")
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || Character.isISOControl(c));
        if (!folder) {
            throw new IllegalArgumentException("adapter name \"" + name + "\": it cannot be the name of a folder;"
                    + " expected text without slashes and control characters. Choose another name.");
        }
        if (adapters.containsKey(name)) {
            throw new IllegalArgumentException("adapter \"" + name + "\": the name is taken; expected none of "
                    + Problems.quoted(names()) + ". Choose another name or call removeAdapter first.");
        }
    }

    /** Throws if two of these adapters would put their copy in the place of the same parameter or of the same row. */
    void requireNoSharedCopies(List<LiveAdapter> wanted) {
        Map<String, String> owners = new LinkedHashMap<>();
        Problems problems = new Problems();
        for (LiveAdapter adapter : wanted) {
            for (String path : adapter.copies().keySet()) {
                String other = owners.putIfAbsent(path, adapter.name());
                problems.check(
                        other == null,
                        "\"" + other + "\" and \"" + adapter.name() + "\" both hold a fully trained copy of \"" + path
                                + "\"");
            }
        }
        checkRows(wanted, problems);
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("activate")
                    + "; expected at most one copy of each parameter. Activate one of these adapters at a time.");
        }
    }

    private static void checkRows(List<LiveAdapter> wanted, Problems problems) {
        Map<String, String> owners = new LinkedHashMap<>();
        for (LiveAdapter adapter : wanted) {
            adapter.tokens().values().forEach(tokens -> {
                for (int row : tokens.rows().rows()) {
                    String where = "row " + row + " of \"" + tokens.module().path() + "\"";
                    String other = owners.putIfAbsent(where, adapter.name());
                    problems.check(
                            other == null, "\"" + other + "\" and \"" + adapter.name() + "\" both replace " + where);
                }
            });
        }
    }
}
