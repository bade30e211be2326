/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.WholeFile;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j init}. */
final class InitCommand extends SimpleCommand {

    private static final List<String> TEXTS =
            List.of("text", "question", "sentence", "utterance", "message", "review", "body", "query", "content");
    private static final List<String> LABELS =
            List.of("label", "intent", "category", "class", "topic", "sentiment", "target");

    InitCommand() {
        super(
                "init",
                "lora4j init",
                "lora4j init --data questions.csv && lora4j train --config lora4j.yaml --out model/");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addOption(CliCommand.option("--file", "FILE", "the file to write [lora4j.yaml]"));
        spec.addOption(CliCommand.flag("--force", "replace the file"));
        SettingFlags.describe(spec, Setting.DATA, Setting.TEXT, Setting.LABEL, Setting.BASE, Setting.OUT);
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        Path file = call.path("--file").orElse(CliSettings.path("lora4j.yaml", "--file"));
        if (Files.exists(file) && !call.has("--force")) {
            throw CliException.usage(MessageText.path(file)
                    + " is there already; nothing is overwritten. Name another one by --file, or replace it: --force");
        }
        CliSettings given = SettingFlags.read(call);
        CliSettings.Builder asked = CliSettings.builder();
        if (!given.has(Setting.DATA)) {
            ask(call.terminal(), asked);
        }
        CliSettings flags =
                CliSettings.builder().putAll(asked.build()).putAll(given).build();
        Path data = flags.required(Setting.DATA, "questions.csv");
        CliSettings settings = CliSettings.builder()
                .putAll(looked(call, flags, data))
                .putAll(flags)
                .build();
        WholeFile.write(file, SettingsText.complete(settings));
        if (call.terminal().isJson()) {
            call.printJson(Map.of("written", file.toString()));
        } else {
            call.terminal()
                    .print("written: " + file + ". Look into it, then: lora4j train --config "
                            + Shell.quoted(file.toString())
                            + (settings.has(Setting.OUT) ? "" : " --out model/"));
        }
        return ExitCode.OK;
    }

    private static void ask(Terminal terminal, CliSettings.Builder asked) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        question(terminal, in, "File with examples (CSV, JSON lines)?", Setting.DATA, asked);
        question(terminal, in, "Column with the text? (empty: found by its name)", Setting.TEXT, asked);
        question(terminal, in, "Column with the label? (empty: found by its name)", Setting.LABEL, asked);
        question(terminal, in, "Directory for the model? (empty: said later)", Setting.OUT, asked);
    }

    private static void question(
            Terminal terminal, BufferedReader in, String words, Setting setting, CliSettings.Builder asked)
            throws IOException {
        terminal.note(words);
        Optional.ofNullable(in.readLine())
                .map(String::strip)
                .filter(answer -> !answer.isEmpty())
                .ifPresent(answer -> asked.put(setting, answer, "the answer"));
    }

    /** What the file itself tells: the columns by their names, or by their values. */
    private static CliSettings looked(Call call, CliSettings flags, Path data) {
        CliSettings.Builder found = CliSettings.builder();
        if (Files.isDirectory(data)) {
            return found.put(Setting.TASK, ImageLearner.KIND, "the data").build();
        }
        DataFile file = TextRows.file(data, flags, call.terminal());
        Set<String> columns = file.columns();
        if (TaskChoice.isForLanguage(columns)) {
            found.put(Setting.TASK, LanguageLearner.KIND, "the data");
            return found.build();
        }
        if (columns.contains("words") && columns.contains("tags")) {
            return found.build();
        }
        if (!flags.has(Setting.TEXT)) {
            named(columns, TEXTS).or(() -> longest(file)).ifPresent(name -> found.put(Setting.TEXT, name, "the data"));
        }
        if (!flags.has(Setting.LABEL)) {
            String text = flags.text(Setting.TEXT).orElseGet(() -> found.build().textOr(Setting.TEXT));
            named(columns, LABELS)
                    .or(() -> fewest(file, text))
                    .ifPresent(name -> found.put(Setting.LABEL, name, "the data"));
        }
        return found.build();
    }

    private static Optional<String> named(Set<String> columns, List<String> usual) {
        return usual.stream()
                .flatMap(name -> columns.stream()
                        .filter(column -> column.toLowerCase(Locale.ROOT).equals(name)))
                .findFirst();
    }

    private static Optional<String> longest(DataFile file) {
        return file.columns().stream()
                .max(Comparator.comparingDouble(name -> file.rows().stream()
                        .mapToInt(row -> String.valueOf(row.fields().get(name)).length())
                        .average()
                        .orElse(0)));
    }

    /** The other column with the fewest different values, if rows share them. */
    private static Optional<String> fewest(DataFile file, String text) {
        return file.columns().stream()
                .filter(name -> !name.equals(text))
                .filter(name -> different(file, name) <= Math.max(2, file.rows().size() / 2))
                .min(Comparator.comparingInt(name -> different(file, name)));
    }

    private static int different(DataFile file, String name) {
        Set<String> values = new TreeSet<>();
        file.rows().forEach(row -> values.add(String.valueOf(row.fields().get(name))));
        return values.size();
    }
}
