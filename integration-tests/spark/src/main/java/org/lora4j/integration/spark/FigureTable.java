/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Figures with what was promised of them, printed as they come, and as a table of Markdown at the end. */
final class FigureTable {

    private final List<String> rows =
            new ArrayList<>(List.of("| figure | found | promised | verdict |", "|---|---:|---|---|"));

    void atMost(String name, double value, double most) {
        add(name, value, String.format(Locale.ROOT, "at most %.2f", most), value <= most);
    }

    void atLeast(String name, double value, double least) {
        add(name, value, String.format(Locale.ROOT, "at least %.2f", least), value >= least);
    }

    private void add(String name, double value, String wanted, boolean reached) {
        row(String.format(
                Locale.ROOT, "| %s | %.3f | %s | %s |", name, value, wanted, reached ? "reached" : "not reached"));
    }

    /** A number that nothing was promised of. */
    void note(String name, double value) {
        row(String.format(Locale.ROOT, "| %s | %.4f | | |", name, value));
    }

    private void row(String row) {
        rows.add(row);
        System.out.println(row);
    }

    void write(Path file) throws IOException {
        Files.write(file, rows);
        System.out.println(String.join(System.lineSeparator(), rows));
    }

    static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.get(sorted.size() / 2);
    }
}
