/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.lora4j.internal.report.ReportBlock;
import org.lora4j.internal.report.ReportBlock.Column;
import org.lora4j.internal.report.ReportBlock.Curves;
import org.lora4j.internal.report.ReportBlock.Facts;
import org.lora4j.internal.report.ReportBlock.Note;
import org.lora4j.internal.report.ReportBlock.Series;
import org.lora4j.internal.report.ReportBlock.Verdict;
import org.lora4j.internal.report.ReportDocument;
import org.lora4j.internal.report.ReportPart;

/** Runs beside each other: settings that differ, figures, curves over each other, and differences example by example. */
final class RunComparison {

    private static final double Z = 1.959963984540054;

    /** What a table of settings has, and what a table of figures has. */
    private static final List<ReportPart> SETTINGS = List.of(ReportPart.SETTINGS, ReportPart.DATA, ReportPart.RECEIPT);

    private static final List<ReportPart> FIGURES = List.of(
            ReportPart.TRAINING, ReportPart.EVALUATION, ReportPart.CHANGES, ReportPart.FORGETTING, ReportPart.COST);

    private final List<ReportDocument> runs;
    private final List<String> names;

    private RunComparison(List<ReportDocument> runs) {
        this.runs = runs;
        this.names = names(runs);
    }

    /** Titles, with a number where two are the same. */
    private static List<String> names(List<ReportDocument> runs) {
        Set<String> names = new LinkedHashSet<>();
        for (ReportDocument run : runs) {
            String name = run.title();
            for (int number = 2; !names.add(name); number++) {
                name = run.title() + " (" + number + ")";
            }
        }
        return List.copyOf(names);
    }

    static ReportDocument of(List<ReportDocument> runs) {
        return new RunComparison(runs).document();
    }

    private ReportDocument document() {
        List<ReportBlock> blocks = new ArrayList<>();
        blocks.add(overview());
        add(facts(SETTINGS, true, "differences", "Settings that differ"), blocks);
        add(facts(FIGURES, false, "figures", "Figures"), blocks);
        TableRows verdicts = answers();
        if (!verdicts.isEmpty()) {
            blocks.add(verdicts.grid());
        }
        paired(blocks);
        curves(blocks);
        return ReportDocument.empty("Comparison of " + String.join(", ", names))
                .headed(runs.size() + " runs beside each other; differences are from the first, " + names.get(0))
                .with(ReportPart.COMPARISON, blocks);
    }

    private static void add(TableRows table, List<ReportBlock> blocks) {
        if (!table.isEmpty()) {
            blocks.add(table.grid());
        }
    }

    private ReportBlock overview() {
        TableRows table = new TableRows("runs", "Runs", TableRows.text("run"), TableRows.text("how it went"));
        for (int i = 0; i < runs.size(); i++) {
            table.add(names.get(i), runs.get(i).summary());
        }
        return table.grid();
    }

    private Column[] columns(String first) {
        List<Column> columns = new ArrayList<>(List.of(TableRows.text(first)));
        names.forEach(name -> columns.add(TableRows.number(name)));
        return columns.toArray(Column[]::new);
    }

    /** Values by name, a column for each run. */
    private TableRows facts(List<ReportPart> parts, boolean differing, String id, String caption) {
        Map<String, Object[]> values = new LinkedHashMap<>();
        for (int run = 0; run < runs.size(); run++) {
            for (ReportPart part : parts) {
                for (ReportBlock block : runs.get(run).block(part)) {
                    if (block instanceof Facts facts) {
                        int at = run;
                        facts.values()
                                .forEach((name, value) -> values.computeIfAbsent(
                                                (facts.caption().isEmpty() ? part.title() : facts.caption()) + ": "
                                                        + name,
                                                key -> new Object[runs.size()])[at] = value);
                    }
                }
            }
        }
        TableRows table = new TableRows(id, caption, columns("what"));
        values.forEach((name, ofRuns) -> {
            boolean same = true;
            for (Object value : ofRuns) {
                same &= Objects.equals(value, ofRuns[0]);
            }
            if (!differing || !same) {
                List<Object> cells = new ArrayList<>(List.of(name));
                cells.addAll(Arrays.asList(ofRuns));
                table.add(cells.toArray());
            }
        });
        return table;
    }

    private TableRows answers() {
        Map<String, Object[]> byQuestion = new LinkedHashMap<>();
        for (int run = 0; run < runs.size(); run++) {
            for (Verdict verdict : runs.get(run).verdicts()) {
                byQuestion.computeIfAbsent(verdict.question(), name -> new Object[runs.size()])[run] =
                        verdict.answer().name().toLowerCase(Locale.ROOT);
            }
        }
        TableRows table = new TableRows("answers", "Answers", columns("question"));
        byQuestion.forEach((question, answers) -> {
            List<Object> cells = new ArrayList<>(List.of(question));
            cells.addAll(Arrays.asList(answers));
            table.add(cells.toArray());
        });
        return table;
    }

    /** The mean difference of scores of the same examples, and how sure it is. */
    private void paired(List<ReportBlock> blocks) {
        TableRows table = new TableRows(
                "paired",
                "Differences from " + names.get(0) + " example by example, with 95 % intervals",
                TableRows.text("run"),
                TableRows.text("score"),
                TableRows.number("examples"),
                TableRows.number("difference"),
                TableRows.number("from"),
                TableRows.number("to"),
                TableRows.text("what it says"));
        ReportDocument first = runs.get(0);
        for (int run = 1; run < runs.size(); run++) {
            for (Map.Entry<String, List<Double>> scores : runs.get(run).paired().entrySet()) {
                List<Double> before = first.paired().get(scores.getKey());
                if (before == null) {
                    continue;
                }
                if (before.size() != scores.getValue().size()) {
                    blocks.add(new Note("Not compared example by example: " + scores.getKey() + " of "
                            + names.get(run) + " is of " + scores.getValue().size() + " examples, that of "
                            + names.get(0)
                            + " of " + before.size() + "."));
                    continue;
                }
                difference(table, names.get(run), scores.getKey(), before, scores.getValue());
            }
        }
        add(table, blocks);
    }

    private static void difference(TableRows table, String run, String score, List<Double> before, List<Double> after) {
        int count = before.size();
        double mean = 0;
        for (int i = 0; i < count; i++) {
            mean += (after.get(i) - before.get(i)) / count;
        }
        double squares = 0;
        for (int i = 0; i < count; i++) {
            squares += Math.pow(after.get(i) - before.get(i) - mean, 2);
        }
        double error = count > 1 ? Math.sqrt(squares / (count - 1) / count) : 0;
        // Of few examples that came out alike, one more may differ.
        double half = Math.max(1.0 / count, Z * error);
        String words = mean - half <= 0 && mean + half >= 0 ? "may be chance" : mean > 0 ? "higher" : "lower";
        table.add(run, score, count, mean, mean - half, mean + half, words);
    }

    /** Charts that two or more runs have, with the lines of all. */
    private void curves(List<ReportBlock> blocks) {
        Map<String, List<Series>> lines = new LinkedHashMap<>();
        Map<String, Curves> charts = new LinkedHashMap<>();
        Map<String, Integer> owners = new LinkedHashMap<>();
        for (int run = 0; run < runs.size(); run++) {
            String name = names.get(run);
            for (List<ReportBlock> part : runs.get(run).parts().values()) {
                for (ReportBlock block : part) {
                    if (block instanceof Curves curves) {
                        charts.putIfAbsent(curves.id(), curves);
                        owners.merge(curves.id(), 1, Integer::sum);
                        List<Series> all = lines.computeIfAbsent(curves.id(), id -> new ArrayList<>());
                        curves.series().stream()
                                .filter(series -> series.style() == Series.Style.LINE)
                                .forEach(series -> all.add(new Series(
                                        name + ": " + series.name(), Series.Style.LINE, series.x(), series.y())));
                    }
                }
            }
        }
        charts.forEach((id, chart) -> {
            if (owners.get(id) > 1 && lines.get(id).size() > 1) {
                blocks.add(new Curves(id, chart.caption(), chart.x(), chart.y(), chart.logarithmic(), lines.get(id)));
            }
        });
    }
}
