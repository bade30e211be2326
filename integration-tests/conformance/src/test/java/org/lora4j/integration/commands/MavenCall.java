/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.commands;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is typed behind {@code mvn}.
 *
 * @param profiles names behind {@code -P}
 * @param properties names and values behind {@code -D}
 * @param modules names behind {@code -pl}
 * @param goals phases and goals
 * @param others options that nothing here knows
 */
record MavenCall(
        Set<String> profiles,
        Map<String, String> properties,
        List<String> modules,
        List<String> goals,
        List<String> others) {

    private static final Set<String> FLAGS = Set.of("-am", "-o", "-q", "-B", "-U", "-e", "-ntp", "-fae", "-v");
    private static final Set<String> PHASES = Set.of(
            "clean",
            "validate",
            "generate-sources",
            "compile",
            "test-compile",
            "test",
            "package",
            "integration-test",
            "verify",
            "install",
            "deploy");

    static MavenCall of(List<String> words) {
        List<String> profiles = new ArrayList<>();
        Map<String, String> properties = new LinkedHashMap<>();
        List<String> modules = new ArrayList<>();
        List<String> goals = new ArrayList<>();
        List<String> others = new ArrayList<>();
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            if (word.equals("-pl") && i + 1 < words.size()) {
                i++;
                modules.addAll(List.of(words.get(i).split(",")));
            } else if (word.startsWith("-P")) {
                profiles.addAll(List.of(word.substring(2).split(",")));
            } else if (word.startsWith("-D")) {
                String[] parts = word.substring(2).split("=", 2);
                properties.put(parts[0], parts.length == 1 ? "" : parts[1]);
            } else if (word.startsWith("-")) {
                others.add(word);
            } else {
                goals.add(word);
            }
        }
        others.removeIf(option -> FLAGS.contains(option) || option.matches("-T\\d+C?"));
        return new MavenCall(Set.copyOf(profiles), properties, modules, goals, others);
    }

    /** What would not be understood, or would change nothing. */
    List<String> problems(BuildFiles build, Set<String> propertiesOfOthers) {
        List<String> problems = new ArrayList<>();
        others.forEach(option -> problems.add("mvn has no option " + option));
        profiles.stream()
                .filter(profile -> !build.hasProfile(profile))
                .forEach(profile -> problems.add("no pom has a profile " + profile));
        modules.stream()
                .filter(module -> !build.hasModule(module))
                .forEach(module -> problems.add("there is no module " + module));
        goals.stream()
                .filter(goal -> !PHASES.contains(goal) && !build.hasPlugin(goal.replaceFirst(":.*", "")))
                .forEach(goal -> problems.add("there is neither a phase nor a plugin for " + goal));
        properties.forEach((name, value) -> {
            boolean isRead = goals.isEmpty() ? build.reads(name) : build.reads(name, this);
            if (!isRead && !propertiesOfOthers.contains(name)) {
                problems.add("nothing reads -D" + name + (goals.isEmpty() ? "" : " in this call"));
            }
            build.values(name)
                    .filter(values -> !value.isEmpty() && !values.contains(value))
                    .ifPresent(values -> problems.add("-D" + name + " is none of " + values));
        });
        return problems;
    }
}
