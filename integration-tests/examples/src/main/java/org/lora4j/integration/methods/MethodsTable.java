/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.methods;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The trials of one problem as a table: a line a method, best first. */
final class MethodsTable {

    private MethodsTable() {}

    /** The table, in Markdown; several seeds of a method at one rate make one line. */
    static String of(String problem, List<Trial> trials) {
        Map<String, List<Trial>> byMethod = new TreeMap<>();
        trials.forEach(trial -> byMethod.computeIfAbsent(trial.method(), name -> new ArrayList<>())
                .add(trial));
        List<List<Trial>> lines = new ArrayList<>(byMethod.values());
        lines.sort(Comparator.comparingDouble((List<Trial> line) -> -mean(line)));
        StringBuilder table = new StringBuilder("\n### " + problem + "\n\n")
                .append(
                        "| method | accuracy | spread | rate | parameters | processor time of a step, ms | saved, KB | neighbors kept |\n")
                .append("|---|---|---|---|---|---|---|---|\n");
        for (List<Trial> line : lines) {
            Trial first = line.get(0);
            table.append(String.format(
                    Locale.ROOT,
                    "| %s | %.2f | %.2f | %.0e | %,d | %.0f | %,d | %.2f |%n",
                    first.method(),
                    100 * mean(line),
                    100 * deviation(line),
                    first.rate(),
                    first.parameters(),
                    middle(line),
                    first.bytes() / 1024,
                    line.stream().mapToDouble(Trial::neighbors).average().orElseThrow()));
        }
        return table.toString();
    }

    /** The middle one of the times, which the first training of a process, with its compilations, does not disturb. */
    private static double middle(List<Trial> trials) {
        return trials.stream()
                .mapToDouble(Trial::processorMilliseconds)
                .sorted()
                .toArray()[trials.size() / 2];
    }

    private static double mean(List<Trial> trials) {
        return trials.stream().mapToDouble(Trial::test).average().orElseThrow();
    }

    private static double deviation(List<Trial> trials) {
        double mean = mean(trials);
        double squares = trials.stream()
                .mapToDouble(trial -> Math.pow(trial.test() - mean, 2))
                .sum();
        return trials.size() < 2 ? 0 : Math.sqrt(squares / (trials.size() - 1));
    }
}
