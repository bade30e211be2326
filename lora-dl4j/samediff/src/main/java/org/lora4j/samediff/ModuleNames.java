/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.Problems;
import org.lora4j.internal.samediff.form.Site;
import org.lora4j.internal.samediff.form.SiteForms;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Gives every group of sites its path. The result depends on the names in the graph only, never on the order of its ops,
 * so a graph that was saved and loaded has the same paths.
 */
final class ModuleNames {

    private final SameDiff graph;
    private final Map<String, String> given;
    private final Set<String> taken = new HashSet<>();
    private final Set<String> weightsSeen = new HashSet<>();

    ModuleNames(SameDiff graph, Map<String, String> given) {
        this.graph = graph;
        this.given = given;
        check(graph, given);
    }

    private static void check(SameDiff graph, Map<String, String> given) {
        Problems problems = new Problems();
        Set<String> known = new HashSet<>(graph.getVariables().keySet());
        known.addAll(graph.getOps().keySet());
        Map<String, String> byPath = new HashMap<>();
        new TreeMap<>(given).forEach((name, path) -> {
            if (!known.contains(name)) {
                problems.add("\"" + name + "\" is neither a variable nor an op" + ClosestNames.hint(name, known));
            }
            if (path == null || path.isBlank() || path.startsWith(".") || path.endsWith(".") || path.contains("..")) {
                problems.add("\"" + name + "\" is given the path \"" + path
                        + "\"; expected words with single dots between them");
            }
            String other = byPath.put(String.valueOf(path), name);
            if (other != null) {
                problems.add("\"" + other + "\" and \"" + name + "\" are both given the path \"" + path
                        + "\"; expected different paths");
            }
        });
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    problems.message("module names") + ". Name weights or ops of the graph.");
        }
    }

    /** The groups by path; names that concern no module are an error. */
    Map<String, List<Site>> assign(List<List<Site>> groups) {
        List<List<Site>> ordered = new ArrayList<>(groups);
        ordered.sort(Comparator.comparing((List<Site> group) -> group.get(0).weight())
                .thenComparing(group -> SiteForms.order(group.get(0).form()))
                .thenComparing(ModuleNames::firstOp));
        Map<List<Site>, String> paths = new IdentityHashMap<>();
        Set<String> used = new HashSet<>();
        for (List<Site> group : ordered) {
            String key = givenKey(group, used);
            if (key != null) {
                used.add(key);
                taken.add(given.get(key));
                paths.put(group, given.get(key));
            }
        }
        checkUsed(used);
        for (List<Site> group : ordered) {
            boolean another = !weightsSeen.add(group.get(0).weight());
            paths.computeIfAbsent(group, g -> free(g, another));
        }
        Map<String, List<Site>> byPath = new LinkedHashMap<>();
        groups.forEach(group -> byPath.put(paths.get(group), group));
        return byPath;
    }

    private void checkUsed(Set<String> used) {
        List<String> unused = given.keySet().stream()
                .filter(name -> !used.contains(name))
                .sorted()
                .toList();
        if (!unused.isEmpty()) {
            throw new IllegalArgumentException(
                    "module names: " + Problems.quoted(unused)
                            + " name no adaptable module; expected the weight of a module, an op that applies one, or"
                            + " that op's output. Lora.modules(graph) lists the modules, and what cannot be adapted with the reason.");
        }
    }

    private String givenKey(List<Site> group, Set<String> used) {
        for (Site site : group) {
            if (site.role() == null) {
                List<String> names = new ArrayList<>(List.of(site.op()));
                names.addAll(graph.getOps().get(site.op()).getOutputsOfOp());
                for (String name : names) {
                    if (given.containsKey(name)) {
                        return name;
                    }
                }
            }
        }
        String weight = group.get(0).weight();
        return given.containsKey(weight) && !used.contains(weight) ? weight : null;
    }

    private String free(List<Site> group, boolean another) {
        Site site = group.get(0);
        String path = ModulePaths.ofWeight(site.weight());
        if (site.role() != null && ModulePaths.isAutomatic(site.weight())) {
            path = ModulePaths.dotted(site.op()) + "." + site.role();
        }
        String longer = another ? path + "." + ModulePaths.dotted(firstOp(group)) : ModulePaths.dotted(site.weight());
        for (String candidate : another ? List.of(longer) : List.of(path, longer)) {
            if (taken.add(candidate)) {
                return candidate;
            }
        }
        int number = 2;
        while (!taken.add(longer + "." + number)) {
            number++;
        }
        return longer + "." + number;
    }

    private static String firstOp(List<Site> group) {
        return group.stream().map(Site::op).min(Comparator.naturalOrder()).orElseThrow();
    }
}
