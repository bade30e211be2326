/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.method.MethodTraits;

/**
 * The adapters of one model by name, in the order in which they were added. Every wrong name gets a full answer here.
 *
 * @apiNote Status: internal
 */
public final class AdapterNames<A extends HostAdapter> {

    private final Map<String, A> adapters = new LinkedHashMap<>();

    AdapterNames() {}

    /** Adds an adapter, or puts it in the place of the one of its name. */
    public void put(A adapter) {
        adapters.put(adapter.name(), adapter);
    }

    void remove(String name) {
        adapters.remove(name);
    }

    /**
     * The names.
     *
     * @return a copy, in the order in which adapters were added
     */
    public List<String> names() {
        return List.copyOf(adapters.keySet());
    }

    /**
     * All adapters.
     *
     * @return a copy, in the order in which they were added
     */
    public List<A> all() {
        return List.copyOf(adapters.values());
    }

    /**
     * One adapter.
     *
     * @throws IllegalArgumentException if there is none of this name
     */
    public A get(String name) {
        A adapter = adapters.get(name);
        if (adapter == null) {
            throw new IllegalArgumentException(
                    "adapter " + MessageText.name(name) + ": there is no such adapter; expected one of "
                            + Problems.quoted(names()) + ClosestNames.hint(String.valueOf(name), names())
                            + ". Add it with addAdapter.");
        }
        return adapter;
    }

    /**
     * Several adapters.
     *
     * @throws IllegalArgumentException if one is unknown or given twice; the message lists all such names
     */
    public List<A> get(Collection<String> names) {
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

    void requireFree(String name) {
        boolean folder = name != null
                && !name.isBlank()
                && !name.equals(".")
                && !name.equals("..")
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || Character.isISOControl(c));
        if (!folder) {
            throw new IllegalArgumentException(
                    "adapter name " + MessageText.name(name) + ": it cannot be the name of a folder;"
                            + " expected text without slashes and control characters. Choose another name.");
        }
        if (adapters.containsKey(name)) {
            throw new IllegalArgumentException(
                    "adapter " + MessageText.name(name) + ": the name is taken; expected none of "
                            + Problems.quoted(names()) + ". Choose another name or call removeAdapter first.");
        }
    }

    /** Throws if two of these adapters would put their copy in the place of the same parameter or of the same row. */
    void requireNoSharedCopies(List<A> wanted) {
        Map<String, String> owners = new LinkedHashMap<>();
        Problems problems = new Problems();
        for (A adapter : wanted) {
            for (String path : adapter.savedPaths()) {
                claim(owners, adapter, "hold a fully trained copy of \"" + path + "\"", problems);
            }
            for (String row : adapter.replacedRows()) {
                claim(owners, adapter, "replace " + row, problems);
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("activate")
                    + "; expected at most one copy of each parameter. Activate one of these adapters at a time.");
        }
    }

    /** What multiplies a module multiplies what other methods add there, too, in an order that merging would have to keep. */
    void requireMethodsThatAgree(List<A> wanted) {
        Map<String, HostAdapter> first = new LinkedHashMap<>();
        Problems problems = new Problems();
        for (A adapter : wanted) {
            adapter.partsByModule().forEach((path, part) -> {
                HostAdapter other = first.putIfAbsent(path, adapter);
                MethodTraits own = part.method().traits();
                MethodTraits before = other == null
                        ? own
                        : other.partsByModule().get(path).method().traits();
                boolean same = before.name().equals(own.name());
                boolean agree = same ? other == null || !before.isSingle() : !(before.multiplies() || own.multiplies());
                problems.check(
                        agree,
                        "\"" + (other == null ? null : other.name()) + "\" (" + before.name() + ") and \""
                                + adapter.name() + "\" (" + own.name() + ") both adapt \"" + path + "\"");
            });
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("activate")
                    + "; expected adapters of one method where one of them multiplies what the others add, and one adapter of KaSA."
                    + " Activate one of these adapters at a time.");
        }
    }

    private static void claim(Map<String, String> owners, HostAdapter adapter, String claim, Problems problems) {
        String other = owners.putIfAbsent(claim, adapter.name());
        problems.check(other == null, "\"" + other + "\" and \"" + adapter.name() + "\" both " + claim);
    }
}
