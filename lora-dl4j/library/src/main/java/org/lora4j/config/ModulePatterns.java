/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.PatternSyntaxException;
import org.lora4j.error.MessageText;

/**
 * Values for single modules by regular expression: the first key, in order, that matches {@code (.*\.)?(key)$} wins.
 * Order is part of the value, hence the own equality.
 */
final class ModulePatterns<V> {

    private final Map<String, V> values;
    private final Map<String, Expression> compiled = new LinkedHashMap<>();
    private final List<String> problems = new ArrayList<>();

    ModulePatterns(Map<String, V> values) {
        this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
        values.keySet().forEach(this::compile);
    }

    private void compile(String key) {
        try {
            compiled.put(key, Expression.compile("(.*\\.)?(" + key + ")$"));
        } catch (PatternSyntaxException e) {
            problems.add("key " + MessageText.name(key) + " is not a regular expression (" + e.getDescription() + ")");
        }
    }

    Map<String, V> values() {
        return values;
    }

    List<String> problems() {
        return problems;
    }

    V lookup(String modulePath, V otherwise) {
        for (Map.Entry<String, Expression> entry : compiled.entrySet()) {
            if (entry.getValue().matchesStart(modulePath)) {
                return values.get(entry.getKey());
            }
        }
        return otherwise;
    }

    List<String> unmatched(Collection<String> modulePaths) {
        return compiled.entrySet().stream()
                .filter(entry ->
                        modulePaths.stream().noneMatch(path -> entry.getValue().matchesStart(path)))
                .map(Map.Entry::getKey)
                .toList();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ModulePatterns<?> patterns
                && new ArrayList<>(values.entrySet()).equals(new ArrayList<>(patterns.values.entrySet()));
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return values.toString();
    }
}
