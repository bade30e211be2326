/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.lora4j.error.MessageText;
import org.lora4j.text.LabeledWords;
import org.lora4j.text.TextTable;

/** Rows of files as examples; all rows that are none are told in one message, unless so many may be left out. */
final class TextRows {

    private static final int SHOWN = 5;

    private TextRows() {}

    /** The rows of a file, those of CoNLL as lists of words and tags. */
    static DataFile file(Path file, CliSettings settings, Terminal terminal) {
        DataFile.Reading reading = DataFile.Reading.of(file, settings);
        return reading.format() == DataFile.Format.CONLL ? conll(file) : DataFile.read(file, reading, terminal);
    }

    private static DataFile conll(Path file) {
        try (DataFile.Opened opened = DataFile.Opened.of(file)) {
            List<DataRow> rows = new ArrayList<>();
            for (LabeledWords sentence : TextTable.conll(opened.path())) {
                rows.add(new DataRow(0, Map.of("words", sentence.words(), "tags", sentence.tags())));
            }
            return new DataFile(MessageText.path(file), rows, Set.of("words", "tags"), 0);
        } catch (IOException e) {
            throw new CliException(ExitCode.INPUT, FailureWords.words(e), e);
        }
    }

    /** Makes examples of rows. */
    static <E> List<Item<E>> items(
            DataFile file,
            CliSettings settings,
            List<Setting> columns,
            TextKind.FromRow<E> example,
            Function<E, String> label,
            Terminal terminal) {
        require(file, settings, columns);
        Numbers numbers = numbers(file, settings, columns);
        List<Item<E>> items = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        long bad = 0;
        for (DataRow row : file.rows()) {
            Cells cells = new Cells(row, settings, numbers);
            try {
                E made = example.of(cells);
                items.add(new Item<>(made, label.apply(made), cells.group()));
            } catch (Cells.BadRow e) {
                if (bad++ < SHOWN) {
                    problems.add(e.getMessage());
                }
            }
        }
        long allowed = settings.wide(Setting.SKIP_BAD).orElse(0) - file.skipped();
        String told = String.join("; ", problems) + (bad > SHOWN ? "; and " + (bad - SHOWN) + " more rows" : "");
        if (bad > Math.max(0, allowed)) {
            boolean all = items.isEmpty();
            throw CliException.input(file.name() + ": " + (all ? "no row can be used: " : "") + told + ". "
                    + (all
                            ? "Correct the file, or name other columns"
                            : "Correct them, or leave them out: --skip-bad " + (bad + file.skipped())));
        }
        if (bad > 0) {
            terminal.note(file.name() + ": " + bad + (bad == 1 ? " row was" : " rows were") + " left out: " + told);
        }
        return items;
    }

    private static void require(DataFile file, CliSettings settings, List<Setting> columns) {
        boolean tagged = Stream.of("words", "tokens").anyMatch(file.columns()::contains)
                && Stream.of("tags", "ner_tags").anyMatch(file.columns()::contains);
        List<String> names = columns.contains(Setting.SPANS) && tagged
                ? List.of()
                : columns.stream().map(settings::textOr).toList();
        Optional<String> group = settings.text(Setting.GROUP);
        file.require(Stream.concat(names.stream(), group.stream()).toList());
    }

    private static Numbers numbers(DataFile file, CliSettings settings, List<Setting> columns) {
        Optional<Setting> numbers = columns.stream()
                .filter(setting -> setting == Setting.NUMBER || setting == Setting.RELEVANCE)
                .findFirst();
        String column = numbers.map(settings::textOr).orElse("");
        return Numbers.of(
                settings,
                column,
                file.rows().stream()
                        .map(row -> row.fields().get(column))
                        .filter(String.class::isInstance)
                        .map(cell -> ((String) cell).strip())
                        .toList());
    }

    /**
     * Refuses labels that training does not have, by part.
     *
     * @param otherwise what may be wrong if there is one label only
     */
    static <E> void checkLabels(
            List<Item<E>> train, Map<String, List<Item<E>>> parts, Function<E, List<String>> labels, String otherwise) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        train.forEach(item -> labels.apply(item.example()).forEach(label -> counts.merge(label, 1, Integer::sum)));
        if (counts.size() < 2) {
            throw CliException.input("all " + train.size() + " examples to learn from have the same label, "
                    + MessageText.values(counts.keySet())
                    + "; expected two labels or more. " + otherwise);
        }
        parts.forEach((name, items) -> {
            List<String> unknown = items.stream()
                    .flatMap(item -> labels.apply(item.example()).stream())
                    .filter(label -> !counts.containsKey(label))
                    .distinct()
                    .sorted()
                    .toList();
            if (!unknown.isEmpty()) {
                throw CliException.input(
                        "the " + name + " part has " + (unknown.size() == 1 ? "a label" : "labels")
                                + " that the training part does not have: " + MessageText.values(unknown)
                                + ". A model cannot tell what it never saw: add examples of it to the training part, or remove it");
            }
        });
    }
}
