/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.lora4j.error.MessageText;
import org.lora4j.text.LabeledWords;

/** One row on its way to an example: its values by setting, refused in words that name the line. */
final class Cells {

    /** A row that is no example. */
    static final class BadRow extends Exception {

        private static final long serialVersionUID = 1;

        BadRow(String problem) {
            super(problem, null, false, false);
        }
    }

    private final DataRow row;
    private final CliSettings settings;
    private final Numbers numbers;

    Cells(DataRow row, CliSettings settings, Numbers numbers) {
        this.row = row;
        this.settings = settings;
        this.numbers = numbers;
    }

    private Object value(String column) throws BadRow {
        Object value = row.fields().get(column);
        if (value == null || value instanceof String text && text.isBlank()) {
            throw new BadRow(place() + "column '" + MessageText.value(column) + "' is empty");
        }
        return value;
    }

    private String place() {
        return row.line() > 0 ? "line " + row.line() + ": " : "";
    }

    private String column(Setting setting) {
        return settings.textOr(setting);
    }

    /** A text, which may be empty if that is let pass here: it is left out, or told, later. */
    String text(Setting setting) throws BadRow {
        Object value = row.fields().get(column(setting));
        if (settings.flag(Setting.SKIP_EMPTY) && value instanceof String text) {
            return text;
        }
        return String.valueOf(value(column(setting)));
    }

    String label(Setting setting) throws BadRow {
        return String.valueOf(value(column(setting))).strip();
    }

    /** The labels of a cell: of a list, of what a separator is between, or one. A list may be empty. */
    List<String> labels(Setting setting) throws BadRow {
        Object cell = row.fields().get(column(setting));
        if (cell instanceof List<?> list) {
            return list.stream().map(one -> String.valueOf(one).strip()).toList();
        }
        Optional<String> between = settings.text(Setting.LABEL_SEPARATOR);
        if (between.isPresent()) {
            return Arrays.stream(String.valueOf(cell == null ? "" : cell).split(Pattern.quote(between.get())))
                    .map(String::strip)
                    .filter(label -> !label.isEmpty())
                    .toList();
        }
        return List.of(label(setting));
    }

    /** A text, or a list of them; none if there is none. */
    List<String> texts(Setting setting) {
        Object cell = row.fields().get(column(setting));
        return cell instanceof List<?> list
                ? list.stream().map(String::valueOf).toList()
                : cell == null || String.valueOf(cell).isBlank() ? List.of() : List.of(String.valueOf(cell));
    }

    double number(Setting setting) throws BadRow {
        Object cell = value(column(setting));
        if (cell instanceof Number number) {
            return number.doubleValue();
        }
        String text = String.valueOf(cell).strip();
        return numbers.read(text)
                .orElseThrow(() -> new BadRow(place() + "column '" + MessageText.value(column(setting)) + "' is "
                        + MessageText.name(text) + ", expected a number with a " + numbers.mark()));
    }

    /** Words with tags, of columns with lists or of a text with spans. */
    LabeledWords words(Setting text, Setting spans) throws BadRow {
        Object tokens = firstOf("words", "tokens");
        Object tags = firstOf("tags", "ner_tags");
        if (tokens instanceof List<?> words && tags instanceof List<?> known) {
            if (words.size() != known.size()) {
                throw new BadRow(place() + words.size() + " words and " + known.size() + " tags, expected as many");
            }
            return new LabeledWords(
                    words.stream().map(String::valueOf).toList(),
                    known.stream().map(String::valueOf).toList());
        }
        try {
            return LabeledWords.of(
                    String.valueOf(value(column(text))), Spans.read(row.fields().get(column(spans))));
        } catch (IllegalArgumentException e) {
            throw new BadRow(place() + "column '" + MessageText.value(column(spans)) + "': " + e.getMessage());
        }
    }

    private Object firstOf(String... names) {
        return Arrays.stream(names)
                .map(row.fields()::get)
                .filter(value -> value != null)
                .findFirst()
                .orElse(null);
    }

    /** What it belongs to, if a column says so. */
    String group() throws BadRow {
        Optional<String> column = settings.text(Setting.GROUP);
        return column.isPresent() ? String.valueOf(value(column.get())) : "";
    }

    DataRow row() {
        return row;
    }
}
