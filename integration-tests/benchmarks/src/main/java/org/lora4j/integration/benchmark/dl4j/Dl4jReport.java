/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.dl4j;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.BiConsumer;
import org.lora4j.internal.format.file.WholeFile;

/**
 * The figures of all builds of the native library side by side, as Markdown and as JSON.
 *
 * @param runs what was measured, by build; the first one counts
 * @param load average load of the system before and after
 * @param memory low-memory training, bytes over start-up in bytes of the parameters; empty if not measured
 */
record Dl4jReport(Map<String, Run> runs, String load, OptionalDouble memory) {

    private static final double MOST_MEMORY = 1.1;
    private static final String MEMORY = "low memory, resident bytes over start-up / bytes of parameters";

    /** Tables of figures, times and profiles. */
    String markdown() {
        StringBuilder text = new StringBuilder();
        runs.forEach((build, run) -> {
            text.append("**").append(build).append("**").append(System.lineSeparator());
            run.machine().forEach((name, value) -> line(text, "* " + name + ": " + value));
            line(text, "");
        });
        line(text, "Load average: " + load);
        line(text, "");
        figures(text);
        times(text);
        profiles(text);
        return text.toString();
    }

    private static void line(StringBuilder text, String line) {
        text.append(line).append(System.lineSeparator());
    }

    private static void row(StringBuilder text, List<String> cells) {
        line(text, "| " + String.join(" | ", cells) + " |");
    }

    private void head(StringBuilder text, List<String> first) {
        List<String> cells = new ArrayList<>(first);
        cells.addAll(runs.keySet());
        row(text, cells);
        row(text, cells.stream().map(cell -> "---").toList());
    }

    private void figures(StringBuilder text) {
        head(text, List.of("", "figure", "target"));
        for (Figure figure : Figure.ALL) {
            List<String> cells = new ArrayList<>(List.of(figure.model().label(), figure.label(), figure.promise()));
            for (Run run : runs.values()) {
                OptionalDouble value = figure.value(run);
                cells.add(
                        value.isEmpty()
                                ? Figure.NOT_MEASURED
                                : String.format(Locale.ROOT, "%.2f %s", value.getAsDouble(), figure.verdict(run)));
            }
            row(text, cells);
        }
        String verdict = memory.isEmpty()
                ? Figure.NOT_MEASURED
                : String.format(
                        Locale.ROOT,
                        "%.2f %s",
                        memory.getAsDouble(),
                        Figure.verdict(memory.getAsDouble(), Figure.Bound.AT_MOST, MOST_MEMORY));
        row(text, List.of("MLP 2048-8192-8192-10", MEMORY, "<= " + MOST_MEMORY, verdict));
        line(text, "");
    }

    private void times(StringBuilder text) {
        head(text, List.of("", "median (best) of the turns, ms"));
        each((model, contender) -> {
            List<String> cells = new ArrayList<>(List.of(model.label(), contender.label()));
            for (Run run : runs.values()) {
                cells.add(String.format(
                        Locale.ROOT,
                        "%.2f (%.2f)",
                        1000 * run.median(model, contender).orElse(Double.NaN),
                        1000 * run.best(model, contender).orElse(Double.NaN)));
            }
            row(text, cells);
        });
        line(text, "");
    }

    private void each(BiConsumer<Model, Contender> taken) {
        Run first = runs.values().iterator().next();
        for (Model model : Model.values()) {
            for (Contender contender : Contender.values()) {
                if (first.median(model, contender).isPresent()) {
                    taken.accept(model, contender);
                }
            }
        }
    }

    private void profiles(StringBuilder text) {
        runs.forEach((build, run) -> run.profiles().forEach((model, byContender) -> {
            line(text, "Time of a step, " + model.label() + ", " + build + ":");
            line(text, "");
            byContender.forEach((contender, shares) -> {
                List<String> parts = new ArrayList<>();
                shares.forEach((part, share) -> parts.add(String.format(Locale.ROOT, "%s %.0f %%", part, 100 * share)));
                line(text, "* " + contender.label() + ": " + String.join(", ", parts));
            });
            line(text, "");
        }));
    }

    /** Everything, with the seconds of every turn. */
    Map<String, Object> json() {
        Map<String, Object> builds = new LinkedHashMap<>();
        runs.forEach((build, run) -> {
            List<Object> figures = new ArrayList<>();
            for (Figure figure : Figure.ALL) {
                Map<String, Object> entry = new LinkedHashMap<>();
                entry.put("model", figure.model().name());
                entry.put("figure", figure.label());
                entry.put("target", figure.promise());
                entry.put(
                        "value",
                        figure.value(run).isEmpty() ? null : figure.value(run).getAsDouble());
                entry.put("verdict", figure.verdict(run));
                figures.add(entry);
            }
            builds.put(build, Map.of("figures", figures, "run", run));
        });
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("load", load);
        report.put("rank", Model.RANK);
        report.put("lowMemoryBytesOverParameters", memory.isEmpty() ? null : memory.getAsDouble());
        report.put("builds", builds);
        return report;
    }

    /** Names of the figures that were measured and not reached, by the build that counts. */
    List<String> missed() {
        Run first = runs.values().iterator().next();
        List<String> missed = new ArrayList<>(Figure.ALL.stream()
                .filter(figure -> figure.verdict(first).equals(Figure.NOT_REACHED))
                .map(figure -> figure.model().label() + ", " + figure.label())
                .toList());
        if (memory.orElse(0) > MOST_MEMORY) {
            missed.add(MEMORY);
        }
        return missed;
    }

    void write(Path json, Path markdown) throws IOException {
        new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(json.toFile(), json());
        WholeFile.write(markdown, markdown());
    }
}
