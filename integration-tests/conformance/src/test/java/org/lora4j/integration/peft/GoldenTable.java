/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.lora4j.internal.format.file.WholeFile;

/**
 * The outcome of a run with a column for each host.
 *
 * @param columns the reports of the hosts over the same cases in the same order; the first has the checks without a network
 */
record GoldenTable(List<Column> columns) {

    /**
     * One host.
     *
     * @param host its name
     * @param report what came out
     */
    record Column(String host, GoldenReport report) {}

    GoldenTable {
        columns = List.copyOf(columns);
    }

    private List<CaseResult> row(int number) {
        return columns.stream()
                .map(column -> column.report().results().get(number))
                .toList();
    }

    private int rows() {
        return columns.get(0).report().results().size();
    }

    /** Failed if it failed in any host; otherwise what the first one says. */
    private Status status(int number) {
        List<CaseResult> row = row(number);
        boolean failed = row.stream().anyMatch(result -> result.status() == Status.FAILED);
        return failed ? Status.FAILED : row.get(0).status();
    }

    long count(Status status) {
        long count = 0;
        for (int i = 0; i < rows(); i++) {
            count += status(i) == status ? 1 : 0;
        }
        return count;
    }

    /** Cases in lines, hosts in columns, and below each host's counts. */
    String text() {
        List<List<String>> lines = new ArrayList<>();
        lines.add(line("case", columns.stream().map(Column::host).toList()));
        for (int i = 0; i < rows(); i++) {
            List<CaseResult> row = row(i);
            lines.add(
                    line(row.get(0).name(), row.stream().map(GoldenTable::word).toList()));
        }
        int[] widths = new int[columns.size() + 1];
        for (List<String> line : lines) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        }
        String table = lines.stream().map(line -> padded(line, widths)).collect(Collectors.joining("\n"));
        String counts = columns.stream()
                .map(column -> column.host() + ": " + column.report().summary())
                .collect(Collectors.joining("\n"));
        return table + "\n" + counts;
    }

    private static List<String> line(String first, List<String> others) {
        List<String> line = new ArrayList<>(List.of(first));
        line.addAll(others);
        return line;
    }

    private static String word(CaseResult result) {
        return result.status().name().toLowerCase(Locale.ROOT);
    }

    private static String padded(List<String> line, int[] widths) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            text.append(line.get(i))
                    .append(" ".repeat(widths[i] + 2 - line.get(i).length()));
        }
        return text.toString().stripTrailing();
    }

    String summary() {
        return GoldenReport.counts(count(Status.PASSED), count(Status.FAILED), count(Status.UNSUPPORTED));
    }

    void write(Path file) throws IOException {
        List<Map<String, Object>> cases = new ArrayList<>();
        for (int i = 0; i < rows(); i++) {
            Map<String, Object> one = GoldenReport.json(row(i).get(0));
            Map<String, Object> hosts = new LinkedHashMap<>();
            for (Column column : columns.subList(1, columns.size())) {
                hosts.put(
                        column.host(),
                        GoldenReport.json(column.report().results().get(i)));
            }
            one.put("hosts", hosts);
            cases.add(one);
        }
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("passed", count(Status.PASSED));
        report.put("failed", count(Status.FAILED));
        report.put("unsupported", count(Status.UNSUPPORTED));
        report.put("cases", cases);
        Files.createDirectories(file.toAbsolutePath().getParent());
        WholeFile.write(
                file, new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(report) + "\n");
    }
}
