/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.lora4j.internal.report.ReportBlock.ColoredText;
import org.lora4j.internal.report.ReportBlock.Column;
import org.lora4j.internal.report.ReportBlock.Curves;
import org.lora4j.internal.report.ReportBlock.Facts;
import org.lora4j.internal.report.ReportBlock.Grid;
import org.lora4j.internal.report.ReportBlock.HeatGrid;
import org.lora4j.internal.report.ReportBlock.Note;
import org.lora4j.internal.report.ReportBlock.Series;
import org.lora4j.internal.report.ReportBlock.Verdict;
import org.lora4j.internal.report.ReportBlock.Word;

/**
 * A report as plain text for logs and terminals: the sentence, the answers, values, and the start of each table.
 *
 * @apiNote Status: internal
 */
public final class ReportText {

    private static final int ROWS = 10;
    private static final int WIDEST_CELL = 60;
    private static final int WORDS = 5;

    private final StringBuilder text = new StringBuilder();

    private ReportText() {}

    /**
     * Writes a report.
     *
     * @param report the report
     * @return lines
     */
    public static String of(ReportDocument report) {
        ReportText text = new ReportText();
        text.line(report.title())
                .line("="
                        .repeat(Math.min(WIDEST_CELL, Math.max(1, report.title().length()))));
        if (!report.summary().isEmpty()) {
            text.line(report.summary());
        }
        report.verdicts().forEach(text::verdict);
        report.parts().forEach((part, blocks) -> {
            text.line("").line(part.title()).line("-".repeat(part.title().length()));
            blocks.forEach(text::block);
        });
        return text.text.toString();
    }

    private ReportText line(String line) {
        text.append(line).append('\n');
        return this;
    }

    private void verdict(Verdict verdict) {
        line("[" + verdict.answer().name().toLowerCase(Locale.ROOT) + "] " + verdict.question() + ": "
                + verdict.sentence());
    }

    private void block(ReportBlock block) {
        if (block instanceof Note note) {
            line(note.text());
        } else if (block instanceof Verdict verdict) {
            verdict(verdict);
        } else if (block instanceof Facts facts) {
            facts.values().forEach((name, value) -> line(name + ": " + cell(value, Column.Kind.NUMBER)));
        } else if (block instanceof Grid grid) {
            grid(grid);
        } else if (block instanceof Curves curves) {
            line(curves.caption());
            curves.series().stream()
                    .filter(series -> series.style() != Series.Style.REFERENCE)
                    .forEach(series -> line("  " + inWords(series)));
        } else if (block instanceof HeatGrid heat) {
            line(heat.caption() + ": " + heat.rows().size() + " by "
                    + heat.columns().size() + ", see the page");
        } else if (block instanceof ColoredText colored) {
            line(colored.caption());
            line("  " + inWords(colored));
        }
    }

    /**
     * What a line of a chart does.
     *
     * @param series the line
     * @return where it starts, ends and is lowest and highest
     */
    public static String inWords(Series series) {
        List<Integer> there = new ArrayList<>();
        for (int i = 0; i < series.y().size(); i++) {
            if (series.y().get(i) != null && series.x().get(i) != null) {
                there.add(i);
            }
        }
        if (there.isEmpty()) {
            return series.name() + ": no points";
        }
        Comparator<Integer> byHeight =
                Comparator.comparingDouble(i -> series.y().get(i));
        return series.name() + ": " + point(series, there.get(0)) + " to " + point(series, there.get(there.size() - 1))
                + ", lowest " + point(series, there.stream().min(byHeight).orElseThrow()) + ", highest "
                + point(series, there.stream().max(byHeight).orElseThrow());
    }

    private static String point(Series series, int at) {
        return ShownNumber.of(series.y().get(at)) + " at "
                + ShownNumber.of(series.x().get(at));
    }

    /** The words that count most, in the order of the text. */
    private static String inWords(ColoredText colored) {
        List<Word> most = colored.words().stream()
                .filter(word -> word.value() != null)
                .sorted(Comparator.comparingDouble((Word word) -> -Math.abs(word.value())))
                .limit(WORDS)
                .toList();
        List<String> words = most.stream()
                .map(word -> String.format(Locale.ROOT, "%s %+.4f", flat(word.text()), word.value()))
                .toList();
        return String.join(", ", words);
    }

    private void grid(Grid grid) {
        line(grid.caption());
        List<String[]> lines = new ArrayList<>();
        lines.add(grid.columns().stream().map(column -> flat(column.name())).toArray(String[]::new));
        for (List<Object> row :
                grid.rows().subList(0, Math.min(ROWS, grid.rows().size()))) {
            String[] cells = new String[row.size()];
            for (int i = 0; i < cells.length; i++) {
                cells[i] = cell(row.get(i), grid.columns().get(i).kind());
            }
            lines.add(cells);
        }
        int[] widths = new int[grid.columns().size()];
        lines.forEach(cells -> {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], cells[i].length());
            }
        });
        for (String[] cells : lines) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                String padding = " ".repeat(widths[i] - cells[i].length());
                boolean left = grid.columns().get(i).kind() == Column.Kind.TEXT;
                line.append("  ").append(left ? cells[i] + padding : padding + cells[i]);
            }
            line(line.toString().stripTrailing());
        }
        long more = Math.max(grid.of(), grid.rows().size())
                - Math.min(ROWS, grid.rows().size());
        if (more > 0) {
            line(String.format(Locale.ROOT, "  and %,d more", more));
        }
    }

    private static String cell(Object value, Column.Kind kind) {
        return flat(shown(value, kind));
    }

    /**
     * A cell of a table in words.
     *
     * @param value a text, a number or null
     * @param kind what the column has
     * @return a text; empty for null
     */
    public static String shown(Object value, Column.Kind kind) {
        if (value instanceof Double number) {
            return kind == Column.Kind.SHARE ? ShownNumber.share(number) : ShownNumber.of(number);
        }
        return value == null ? "" : String.valueOf(value);
    }

    /** A text on one line. */
    private static String flat(String text) {
        return ShownText.of(text.replaceAll("\\s+", " ").strip(), WIDEST_CELL);
    }
}
