/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.tribuo;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The figures of a run, as a table and as JSON. */
record Figures(List<Figure> figures, double seconds) {

    String table() {
        StringBuilder table = new StringBuilder(String.format(
                Locale.ROOT,
                "%-12s %-34s %-9s %9s %12s  %s%n",
                "task",
                "method",
                "measure",
                "mean",
                "learned",
                "draws"));
        for (Figure figure : figures) {
            List<String> draws = new ArrayList<>();
            figure.draws().forEach(draw -> draws.add(String.format(Locale.ROOT, "%.4f", draw)));
            table.append(String.format(
                    Locale.ROOT,
                    "%-12s %-34s %-9s %9.4f %,12d  %s%n",
                    figure.task(),
                    figure.method(),
                    figure.measure(),
                    figure.mean(),
                    figure.learned(),
                    String.join(" ", draws)));
        }
        return table.toString();
    }

    void write(Path file) throws IOException {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Figure figure : figures) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("task", figure.task());
            row.put("method", figure.method());
            row.put("measure", figure.measure());
            row.put("mean", figure.mean());
            row.put("draws", figure.draws());
            row.put("learned", figure.learned());
            rows.add(row);
        }
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("figures", rows);
        report.put("seconds", seconds);
        report.put("java", System.getProperty("java.version"));
        report.put("processors", Runtime.getRuntime().availableProcessors());
        new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), report);
    }
}
