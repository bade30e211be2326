/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.quickstart;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.lora4j.integration.demonstration.ReportFile;

/** The figures of a run, as a table and as {@code report.json}. */
record QuickstartReport(
        Outcome headOnly,
        Outcome lora,
        Outcome full,
        double reloadDifference,
        double mergeDifference,
        long seed,
        int epochs) {

    String table() {
        return String.format(
                Locale.ROOT,
                "%-30s %9s %12s %12s %14s%n%s%s%s",
                "",
                "accuracy",
                "trainable",
                "s an epoch",
                "bytes saved",
                row("frozen encoder, trained head", headOnly),
                row("LoRA", lora),
                row("full fine-tuning", full));
    }

    private static String row(String name, Outcome outcome) {
        return String.format(
                Locale.ROOT,
                "%-30s %8.2f%% %,12d %12.2f %,14d%n",
                name,
                100 * outcome.accuracy(),
                outcome.trainableParameters(),
                outcome.secondsPerEpoch(),
                outcome.savedBytes());
    }

    void write(Path file) throws IOException {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("headOnly", headOnly);
        report.put("lora", lora);
        report.put("full", full);
        report.put("reload", Map.of("maxDifference", reloadDifference));
        report.put("merge", Map.of("maxDifference", mergeDifference));
        report.put("seed", seed);
        report.put("epochs", epochs);
        ReportFile.write(file, report);
    }
}
