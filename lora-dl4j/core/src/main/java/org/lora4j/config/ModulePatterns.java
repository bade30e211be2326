/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.PatternSyntaxException;
import org.lora4j.error.MessageText;

/**
 * Values for single modules by regular expression: the first key, in order, that matches {@code (.*\.)?(key)$} wins,
 * and if none does, the one that is the path.
 * Order is part of the value, hence the own equality.
 */
final class ModulePatterns<V> {

    private final Map<String, V> values;
    private final Map<String, BoundedPattern> compiled = new LinkedHashMap<>();
    private final List<String> problems = new ArrayList<>();

    /** Keys match a path or its end behind a dot. */
    ModulePatterns(Map<String, V> values) {
        this(values, key -> "(.*\\.)?(" + key + ")$");
    }

    private ModulePatterns(Map<String, V> values, UnaryOperator<String> expression) {
        this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
        values.keySet().forEach(key -> compile(key, expression.apply(key)));
    }

    /** Keys match the end of a path behind a dot; if none does, the key that is the path counts (PEFT: C3A, FourierFT). */
    static <V> ModulePatterns<V> ofEnds(Map<String, V> values) {
        return new ModulePatterns<>(values, key -> ".*\\." + key + "$");
    }

    private void compile(String key, String expression) {
        try {
            compiled.put(key, BoundedPattern.compile(expression));
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
        for (Map.Entry<String, BoundedPattern> entry : compiled.entrySet()) {
            if (entry.getValue().matchesStart(modulePath)) {
                return values.get(entry.getKey());
            }
        }
        return values.getOrDefault(modulePath, otherwise);
    }

    List<String> unmatched(Collection<String> modulePaths) {
        return compiled.entrySet().stream()
                .filter(entry -> modulePaths.stream()
                        .noneMatch(path -> entry.getValue().matchesStart(path) || path.equals(entry.getKey())))
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
