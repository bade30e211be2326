/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.report;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.lora4j.internal.report.ReportBlock.ColoredText;
import org.lora4j.internal.report.ReportBlock.Curves;
import org.lora4j.internal.report.ReportBlock.Facts;
import org.lora4j.internal.report.ReportBlock.Grid;
import org.lora4j.internal.report.ReportBlock.HeatGrid;
import org.lora4j.internal.report.ReportBlock.Note;
import org.lora4j.internal.report.ReportBlock.Verdict;
import org.lora4j.internal.report.ReportBlock.Word;

/**
 * How much of each block a report shows. What is left out is counted where it is missing.
 *
 * @param rows rows of a table, names of a matrix, values by name
 * @param characters characters of a text
 * @param words words of a colored text
 * @param blocks blocks of a part
 * @apiNote Status: internal
 */
public record ReportCut(int rows, int characters, int words, int blocks) {

    /** What comes in. */
    public static final ReportCut FIRST = new ReportCut(1_000, ReportBlock.LONGEST_TEXT, 2_000, 200);

    private static final int SHORTEST = 60;

    /** The most rows and columns of a matrix. */
    private static final int MATRIX = 150;

    /** Half as much. */
    private ReportCut half() {
        return new ReportCut(
                Math.max(1, rows / 2),
                Math.max(SHORTEST, characters / 2),
                Math.max(1, words / 2),
                Math.max(1, blocks / 2));
    }

    /**
     * Writes as much of a report as fits.
     *
     * @param document the report
     * @param bytes how many bytes it may have
     * @param writer makes the text of a report; may end where it has more characters than there may be bytes
     * @return the text
     * @throws IllegalArgumentException if not even its titles fit
     */
    public static String fitting(
            ReportDocument document, int bytes, BiFunction<ReportDocument, Integer, String> writer) {
        for (ReportCut cut = FIRST; ; cut = cut.half()) {
            String text = writer.apply(cut.of(document), bytes);
            // Most texts need no second look at their bytes.
            if (text.length() <= bytes && text.getBytes(StandardCharsets.UTF_8).length <= bytes) {
                return text;
            }
            if (cut.equals(cut.half())) {
                throw new IllegalArgumentException(
                        "TrainingReport: the shortest form has more than " + bytes + " bytes; expected fewer columns");
            }
        }
    }

    private ReportDocument of(ReportDocument document) {
        Map<ReportPart, List<ReportBlock>> parts = new EnumMap<>(ReportPart.class);
        document.parts().forEach((part, blocks) -> {
            List<ReportBlock> kept = new ArrayList<>();
            blocks.stream().limit(this.blocks).forEach(block -> kept.add(of(block)));
            if (blocks.size() > this.blocks) {
                kept.add(new Note("Cut: " + (blocks.size() - this.blocks)
                        + " more blocks of this part did not fit into the report."));
            }
            parts.put(part, kept);
        });
        List<Verdict> verdicts = document.verdicts().stream()
                .limit(rows)
                .map(verdict -> new Verdict(text(verdict.question()), verdict.answer(), text(verdict.sentence())))
                .toList();
        return new ReportDocument(
                document.title(),
                text(document.headline()),
                verdicts,
                parts,
                this == FIRST ? document.paired() : Map.of());
    }

    private ReportBlock of(ReportBlock block) {
        if (this == FIRST && !(block instanceof Facts) && !(block instanceof HeatGrid)) {
            // It came in with no more than that.
            return block;
        }
        if (block instanceof Grid grid) {
            return new Grid(grid.id(), grid.caption(), grid.columns(), rows(grid), grid.of(), grid.folded());
        }
        if (block instanceof HeatGrid heat) {
            return heat(heat);
        }
        if (block instanceof ColoredText colored) {
            List<Word> kept =
                    colored.words().subList(0, Math.min(words, colored.words().size()));
            return new ColoredText(
                    text(colored.caption()),
                    kept.stream()
                            .map(word -> new Word(text(word.text()), word.value()))
                            .toList(),
                    colored.of());
        }
        if (block instanceof Facts facts) {
            return facts(facts);
        }
        if (block instanceof Curves curves) {
            return new Curves(
                    curves.id(),
                    text(curves.caption()),
                    curves.x(),
                    curves.y(),
                    curves.logarithmic(),
                    curves.series().subList(0, Math.min(rows, curves.series().size())));
        }
        return block instanceof Note note ? new Note(text(note.text())) : block;
    }

    private List<List<Object>> rows(Grid grid) {
        List<List<Object>> kept = new ArrayList<>();
        for (List<Object> row :
                grid.rows().subList(0, Math.min(rows, grid.rows().size()))) {
            List<Object> cells = new ArrayList<>(row.size());
            row.forEach(cell -> cells.add(cell instanceof String text ? text(text) : cell));
            kept.add(cells);
        }
        return kept;
    }

    private Facts facts(Facts facts) {
        Map<String, Object> kept = new LinkedHashMap<>();
        facts.values().entrySet().stream()
                .limit(rows)
                .forEach(fact -> kept.put(
                        text(fact.getKey()), fact.getValue() instanceof String text ? text(text) : fact.getValue()));
        int more = facts.values().size() - kept.size();
        if (more > 0) {
            kept.put("cut", more + " more");
        }
        return new Facts(facts.id(), text(facts.caption()), kept);
    }

    private HeatGrid heat(HeatGrid heat) {
        int height = Math.min(Math.min(rows, MATRIX), heat.rows().size());
        int width = Math.min(Math.min(rows, MATRIX), heat.columns().size());
        boolean whole = height == heat.rows().size() && width == heat.columns().size();
        return new HeatGrid(
                heat.id(),
                whole
                        ? heat.caption()
                        : heat.caption() + " (cut: " + height + " of "
                                + heat.rows().size() + " rows, " + width + " of "
                                + heat.columns().size() + " columns)",
                heat.rowTitle(),
                heat.columnTitle(),
                heat.rows().subList(0, height).stream().map(this::text).toList(),
                heat.columns().subList(0, width).stream().map(this::text).toList(),
                heat.values().subList(0, height).stream()
                        .map(row -> row.subList(0, width))
                        .toList(),
                heat.byRow());
    }

    private String text(String text) {
        return ShownText.of(text, characters);
    }
}
