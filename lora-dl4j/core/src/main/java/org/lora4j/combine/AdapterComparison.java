/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * How two adapters relate, module by module.
 *
 * @param modules by path the modules that both adapters have
 * @param onlyInFirst paths of modules that the second adapter lacks
 * @param onlyInSecond paths of modules that the first adapter lacks
 * @apiNote Status: experimental
 */
public record AdapterComparison(
        Map<String, ModuleComparison> modules, Set<String> onlyInFirst, Set<String> onlyInSecond) {

    /**
     * Copies the collections, in order of paths.
     *
     * @param modules by path the modules of both
     * @param onlyInFirst modules that the second lacks
     * @param onlyInSecond modules that the first lacks
     */
    public AdapterComparison {
        modules = Collections.unmodifiableMap(new TreeMap<>(modules));
        onlyInFirst = Collections.unmodifiableSet(new TreeSet<>(onlyInFirst));
        onlyInSecond = Collections.unmodifiableSet(new TreeSet<>(onlyInSecond));
    }

    /**
     * The figures as JSON, under the names of this record and of {@link ModuleComparison}; what is undefined because an
     * update is zero is null.
     *
     * @return an object, on several lines
     */
    public String json() {
        Map<String, Object> values = new LinkedHashMap<>();
        Map<String, Object> byPath = new LinkedHashMap<>();
        modules.forEach((path, module) -> byPath.put(path, module.values()));
        values.put("modules", byPath);
        values.put("onlyInFirst", onlyInFirst);
        values.put("onlyInSecond", onlyInSecond);
        return JsonObjects.write(values);
    }

    /**
     * A table with a line for each module: norms, the cosine of the updates, and how alike the spaces of outputs and of
     * inputs are of all directions of the update that has fewer.
     */
    @Override
    public String toString() {
        int column = Stream.concat(
                        Stream.of("module"), modules.keySet().stream().map(MessageText::value))
                .mapToInt(String::length)
                .max()
                .orElse(0);
        StringBuilder table = new StringBuilder();
        line(table, column, "module", "first norm", "second norm", "cosine", "outputs", "inputs");
        modules.forEach((path, module) -> line(
                table,
                column,
                MessageText.value(path),
                number(module.firstNorm()),
                number(module.secondNorm()),
                number(module.cosine()),
                number(module.columnSimilarity()),
                number(module.rowSimilarity())));
        only(table, "first", onlyInFirst);
        only(table, "second", onlyInSecond);
        return table.toString();
    }

    private static void line(StringBuilder table, int column, String name, String... cells) {
        table.append(String.format(Locale.ROOT, "%-" + column + "s", name));
        for (String cell : cells) {
            table.append(String.format(Locale.ROOT, "  %11s", cell));
        }
        table.append(System.lineSeparator());
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.4f", value);
    }

    private static void only(StringBuilder table, String which, Set<String> paths) {
        if (!paths.isEmpty()) {
            table.append("only in the ").append(which).append(": ").append(MessageText.values(paths));
            table.append(System.lineSeparator());
        }
    }
}
