/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.multitask;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.integration.demonstration.ReportFile;

/**
 * The figures of a run.
 *
 * @param tasks the tasks
 * @param arms the ways, measured
 * @param epochs passes over the training texts
 * @param seed seed of everything
 */
record MultiTaskReport(List<TextTask> tasks, List<Arm> arms, int epochs, long seed) {

    String table() {
        StringBuilder table = new StringBuilder("|");
        arms.forEach(arm -> table.append(" | ").append(arm.name()));
        table.append(" |\n|---").append("|---".repeat(arms.size())).append("|\n");
        for (TextTask task : tasks) {
            row(table, task.name(), arm -> percent(arm.accuracies().get(task.name())));
        }
        row(table, "average accuracy", arm -> percent(arm.average()));
        row(table, "parameters without heads", arm -> String.format(Locale.ROOT, "%,d", arm.parameters()));
        row(table, "parameters of the heads", arm -> String.format(Locale.ROOT, "%,d", arm.heads()));
        row(
                table,
                "training, " + epochs + " epochs",
                arm -> String.format(Locale.ROOT, "%.0f s", arm.trainingSeconds()));
        row(table, "a step", arm -> String.format(Locale.ROOT, "%.0f ms", 1000 * arm.trainingSeconds() / arm.steps()));
        return table.toString();
    }

    private interface Cell {
        String of(Arm arm);
    }

    private void row(StringBuilder table, String title, Cell cell) {
        table.append("| ").append(title);
        arms.forEach(arm -> table.append(" | ").append(cell.of(arm)));
        table.append(" |\n");
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }

    void write(Path file) throws IOException {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("epochs", epochs);
        figures.put("seed", seed);
        figures.put("arms", arms);
        ReportFile.write(file, figures);
    }
}
