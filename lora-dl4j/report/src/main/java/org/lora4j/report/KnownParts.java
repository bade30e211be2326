/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.continual.ForgettingReport;
import org.lora4j.internal.report.ReportBlock.Column;
import org.lora4j.internal.report.ReportBlock.Facts;
import org.lora4j.internal.report.ReportBlock.HeatGrid;
import org.lora4j.internal.report.ReportDocument;
import org.lora4j.internal.report.ReportPart;
import org.lora4j.retention.Retention;
import org.lora4j.retention.RetentionReport;

/** What is still known of earlier tasks, and of what the base knew. */
final class KnownParts {

    private KnownParts() {}

    static ReportDocument add(ReportDocument report, ForgettingReport found) {
        List<String> tasks = found.tasks();
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("tasks", tasks.size());
        facts.put("average accuracy", found.averageAccuracy());
        facts.put("accuracy when learned", found.learningAccuracy());
        facts.put("backward transfer", found.backwardTransfer());
        found.forwardTransfer().ifPresent(value -> facts.put("forward transfer", value));
        facts.put("average forgetting", found.averageForgetting());
        List<List<Double>> values = IntStream.range(0, tasks.size())
                .mapToObj(i -> IntStream.range(0, tasks.size())
                        .mapToObj(j -> found.accuracy(i, j))
                        .toList())
                .toList();
        TableRows table = new TableRows(
                "forgotten",
                "What was lost of each task",
                TableRows.text("task"),
                TableRows.share("when learned"),
                TableRows.share("at the end"),
                TableRows.share("lost from its best time"));
        int last = tasks.size() - 1;
        for (int j = 0; j <= last; j++) {
            table.add(tasks.get(j), found.accuracy(j, j), found.accuracy(last, j), found.forgetting(j));
        }
        ReportDocument with = report.headline().isEmpty()
                ? report.headed(String.format(
                        Locale.ROOT,
                        "%d tasks one after another: average accuracy %.4f, average forgetting %.4f",
                        tasks.size(),
                        found.averageAccuracy(),
                        found.averageForgetting()))
                : report;
        return with.with(
                ReportPart.FORGETTING,
                List.of(
                        new Facts("forgetting", "Tasks one after another", facts),
                        new HeatGrid(
                                "forgetting-matrix",
                                "Accuracy on each task after each task was learned",
                                "learned last",
                                "tested",
                                tasks,
                                tasks,
                                values,
                                false),
                        table.grid()));
    }

    static ReportDocument add(ReportDocument report, RetentionReport found) {
        List<String> heads = List.copyOf(found.baseAccuracy().keySet());
        List<Column> columns = new ArrayList<>(List.of(
                TableRows.text("state"),
                TableRows.number("cosine distance"),
                TableRows.number("relative L2"),
                TableRows.share("shared neighbors of " + found.neighbors())));
        heads.forEach(head -> columns.add(TableRows.share("earlier head: " + head)));
        TableRows table = new TableRows(
                "retention",
                "Features beside those of the base, on " + found.examples() + " examples",
                columns.toArray(Column[]::new));
        Retention base = new Retention("base", 0, 0, 0, 1, found.baseAccuracy());
        List<Retention> states = new ArrayList<>(List.of(base));
        states.addAll(found.states());
        for (Retention state : states) {
            List<Object> cells = new ArrayList<>(
                    List.of(state.state(), state.cosineDistance(), state.relativeL2(), state.neighborOverlap()));
            heads.forEach(head -> cells.add(state.headAccuracy().get(head)));
            table.add(cells.toArray());
        }
        return report.with(ReportPart.FORGETTING, List.of(table.grid()));
    }
}
