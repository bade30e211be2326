/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.quickstart;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.lora4j.integration.demonstration.ReportFile;

/** The figures of a run, as a table and as {@code report.json}. Grows as the run goes on. */
final class QuickstartReport {

    private final Map<String, Object> figures = new LinkedHashMap<>();
    private final StringBuilder rows = new StringBuilder();

    QuickstartReport(long seed, int epochs) {
        figures.put("seed", seed);
        figures.put("epochs", epochs);
    }

    /** A way of adapting the encoder: its row in the table, its key in the file. */
    void add(String name, String key, Outcome outcome) {
        figures.put(key, outcome);
        rows.append(String.format(
                Locale.ROOT,
                "%-30s %8.2f%% %,12d %12.2f %,12d%n",
                name,
                100 * outcome.accuracy(),
                outcome.trainableParameters(),
                outcome.secondsPerEpoch(),
                outcome.savedBytes()));
    }

    void differences(double reload, double merge) {
        figures.put("reload", Map.of("maxDifference", reload));
        figures.put("merge", Map.of("maxDifference", merge));
    }

    String table() {
        return String.format(
                        Locale.ROOT,
                        "%-30s %9s %12s %12s %12s%n",
                        "",
                        "accuracy",
                        "trainable",
                        "s an epoch",
                        "bytes saved")
                + rows;
    }

    void write(Path file) throws IOException {
        ReportFile.write(file, figures);
    }
}
