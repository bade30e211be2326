/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A table as Markdown has it. */
public final class MarkdownTable {

    private final StringBuilder table = new StringBuilder();

    /**
     * A table without rows.
     *
     * @param columns what stands above the columns
     */
    public MarkdownTable(List<String> columns) {
        line(columns);
        line(Collections.nCopies(columns.size(), "---"));
    }

    /**
     * Adds a row.
     *
     * @param first the first cells
     * @param shares numbers from 0 to 1 for the others, which stand there in percent
     */
    public void row(List<?> first, List<Double> shares) {
        List<String> cells = shares.stream()
                .map(share -> String.format(Locale.ROOT, "%.1f %%", 100 * share))
                .collect(Collectors.toList());
        for (int i = 0; i < first.size(); i++) {
            Object cell = first.get(i);
            cells.add(i, cell instanceof Double number ? String.format(Locale.ROOT, "%.2f", number) : cell.toString());
        }
        line(cells);
    }

    private void line(List<String> cells) {
        table.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    @Override
    public String toString() {
        return table.toString();
    }
}
