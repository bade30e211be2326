/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.internal.format.file.WholeFile;

/** What a benchmark found: times in tables, and every promise with its verdict. As text, as Markdown and as JSON. */
final class Summary {

    /** Name of the JSON field that holds the promises. */
    static final String PROMISES = "promises";

    private final String title;
    private final Map<String, String> machine;
    private final Map<String, Measurements> tables = new LinkedHashMap<>();
    private final Map<String, List<Map<String, Object>>> grids = new LinkedHashMap<>();
    private final List<Promise> promises = new ArrayList<>();
    private final Map<String, Object> more = new LinkedHashMap<>();

    Summary(String title, Map<String, String> machine) {
        this.title = title;
        this.machine = machine;
    }

    Summary table(String name, Measurements measured) {
        tables.put(name, measured);
        return this;
    }

    /** A table of its own columns: rows of one or more cells by the names of their columns, the same in all rows. */
    Summary grid(String name, List<Map<String, Object>> rows) {
        grids.put(name, rows);
        return this;
    }

    Summary promise(Promise promise) {
        promises.add(promise);
        return this;
    }

    /** A number or a text beside the promises. */
    Summary note(String name, Object value) {
        more.put(name, value);
        return this;
    }

    List<Promise> promises() {
        return promises;
    }

    /** Tables and verdicts in Markdown; readable as it is, so it is what is printed, too. */
    String markdown() {
        StringBuilder text = new StringBuilder();
        line(text, "### " + title);
        line(text, "");
        machine.forEach((name, value) -> line(text, "* " + name + ": " + value));
        more.forEach((name, value) -> line(text, "* " + name + ": " + value));
        line(text, "");
        tables.forEach((name, measured) -> {
            row(text, List.of(name, "best ms", "median ms", "processor ms, median", "turns"));
            row(text, List.of("---", "---:", "---:", "---:", "---:"));
            measured.labels().forEach((key, label) -> row(text, cells(measured, key, label)));
            line(text, "");
        });
        grids.forEach((name, rows) -> {
            List<String> columns = new ArrayList<>(rows.get(0).keySet());
            row(text, Stream.concat(Stream.of(name), columns.stream().skip(1)).toList());
            row(
                    text,
                    columns.stream()
                            .map(c -> c.equals(columns.get(0)) ? "---" : "---:")
                            .toList());
            rows.forEach(cells ->
                    row(text, cells.values().stream().map(Summary::cell).toList()));
            line(text, "");
        });
        if (!promises.isEmpty()) {
            row(text, List.of("figure", "found", "promised", "verdict", ""));
            row(text, List.of("---", "---:", "---", "---", "---"));
            promises.forEach(p -> row(text, List.of(p.name(), p.found(), p.wanted(), p.verdict(), p.note())));
        }
        return text.toString();
    }

    private static List<String> cells(Measurements measured, String key, String label) {
        return List.of(
                label,
                milliseconds(measured.best(key, TimedBy.WALL)),
                milliseconds(measured.median(key, TimedBy.WALL)),
                milliseconds(measured.median(key, TimedBy.PROCESSOR)),
                String.valueOf(measured.turns(key)));
    }

    private static String cell(Object value) {
        return value instanceof Double number
                ? String.format(Locale.ROOT, Math.abs(number) < 10 ? "%.2f" : "%.0f", number)
                : String.valueOf(value);
    }

    private static String milliseconds(double seconds) {
        return String.format(Locale.ROOT, seconds < 0.1 ? "%.2f" : "%.0f", 1000 * seconds);
    }

    private static void row(StringBuilder text, List<String> cells) {
        line(text, "| " + String.join(" | ", cells) + " |");
    }

    private static void line(StringBuilder text, String line) {
        text.append(line).append(System.lineSeparator());
    }

    Map<String, Object> json() {
        Map<String, Object> times = new LinkedHashMap<>();
        tables.forEach((name, measured) -> {
            Map<String, Object> byKey = new LinkedHashMap<>();
            measured.labels().forEach((key, label) -> byKey.put(key, times(measured, key, label)));
            times.put(name, byKey);
        });
        List<Object> found = new ArrayList<>();
        for (Promise promise : promises) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("name", promise.name());
            entry.put(
                    "value", promise.value().isEmpty() ? null : promise.value().getAsDouble());
            entry.put("promised", promise.wanted());
            entry.put("verdict", promise.verdict());
            entry.put("note", promise.note());
            found.add(entry);
        }
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("title", title);
        report.put("machine", machine);
        report.putAll(more);
        report.put("times", times);
        report.putAll(grids);
        report.put(PROMISES, found);
        return report;
    }

    private static Map<String, Object> times(Measurements measured, String key, String label) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("label", label);
        for (TimedBy clock : TimedBy.values()) {
            entry.put(
                    clock.name().toLowerCase(Locale.ROOT),
                    Map.of("best", measured.best(key, clock), "median", measured.median(key, clock)));
        }
        entry.put("turns", measured.turns(key));
        return entry;
    }

    /** Prints everything, and leaves {@code NAME-benchmark.json} and {@code NAME-benchmark.md} in the folder; then {@link Strict}. */
    void publish(Path folder, String name) throws IOException {
        Files.createDirectories(folder);
        Path json = folder.resolve(name + "-benchmark.json");
        new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(json.toFile(), json());
        WholeFile.write(folder.resolve(name + "-benchmark.md"), markdown());
        System.out.printf(
                Locale.ROOT,
                "%n%s%nAlso in %s%n",
                markdown(),
                json.toAbsolutePath().normalize());
        Strict.require(promises.stream()
                .filter(promise -> promise.verdict().equals(Promise.NOT_REACHED))
                .map(Promise::name)
                .toList());
    }
}
