/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.error.MessageText;

/** Lines of cells under a head, the first column to the left, the others to the right. */
final class ReportTable {

    private final List<String[]> lines = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    ReportTable(String... head) {
        lines.add(head);
    }

    /** Adds a line: texts as they are, numbers rounded. */
    ReportTable line(Object... cells) {
        lines.add(Arrays.stream(cells).map(ReportTable::cell).toArray(String[]::new));
        return this;
    }

    /** Names what a report has no line for. */
    ReportTable leftOut(Map<String, String> reasons) {
        reasons.forEach((path, reason) -> notes.add("left out: " + MessageText.value(path) + " (" + reason + ")"));
        return this;
    }

    private static String cell(Object value) {
        if (!(value instanceof Double number)) {
            return MessageText.value(value);
        }
        double size = Math.abs(number);
        return String.format(Locale.ROOT, size != 0 && (size < 1e-3 || size >= 1e5) ? "%.2e" : "%.4f", number);
    }

    /** A number as JSON has it, which knows neither infinity nor NaN. */
    static Double json(double number) {
        return Double.isFinite(number) ? number : null;
    }

    @Override
    public String toString() {
        int[] widths = new int[lines.get(0).length];
        lines.forEach(line -> Arrays.setAll(widths, i -> Math.max(widths[i], line[i].length())));
        StringBuilder table = new StringBuilder();
        for (String[] line : lines) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < line.length; i++) {
                String padding = " ".repeat(widths[i] - line[i].length());
                text.append(i == 0 ? line[i] + padding : "  " + padding + line[i]);
            }
            table.append(text.toString().stripTrailing()).append(System.lineSeparator());
        }
        notes.forEach(note -> table.append(note).append(System.lineSeparator()));
        return table.toString();
    }
}
