/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * The intruder dimensions of an adapter.
 *
 * @param topK how many of the strongest directions of each weight were looked at
 * @param epsilon the cosine below which one is an intruder
 * @param modules the weights that change, in order of paths
 * @param leftOut what else the adapter changes, by path, and why it was not looked at
 * @apiNote Status: experimental
 */
public record IntruderReport(int topK, double epsilon, List<ModuleIntruders> modules, Map<String, String> leftOut) {

    /**
     * Copies list and map.
     *
     * @param topK how many directions were looked at
     * @param epsilon the limit
     * @param modules the weights that change
     * @param leftOut what is left out, and why
     */
    public IntruderReport {
        modules = List.copyOf(modules);
        leftOut = Collections.unmodifiableMap(new TreeMap<>(leftOut));
    }

    /**
     * How many intruder dimensions there are.
     *
     * @return the sum over all modules
     */
    public int count() {
        return modules.stream().mapToInt(module -> module.intruders().size()).sum();
    }

    /**
     * The figures as JSON, under the names of this record and of {@link ModuleIntruders}.
     *
     * @return an object, on several lines
     */
    public String json() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("topK", topK);
        values.put("epsilon", epsilon);
        values.put("count", count());
        values.put("modules", modules.stream().map(ModuleIntruders::values).toList());
        values.put("leftOut", leftOut);
        return JsonObjects.write(values);
    }

    /** A table with a line for each module: its intruders, and its smallest cosine. */
    @Override
    public String toString() {
        ReportTable table = new ReportTable("module", "intruders of " + topK, "their indices", "smallest cosine");
        modules.forEach(module -> table.line(
                module.path(),
                module.intruders().size(),
                module.intruders().isEmpty() ? "-" : module.intruders(),
                module.cosines().stream().min(Double::compare).orElse(1.0)));
        return table.leftOut(leftOut).toString();
    }
}
