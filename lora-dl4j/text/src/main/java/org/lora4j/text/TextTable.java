/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.lora4j.error.Arguments;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.table.CsvRows;
import org.lora4j.internal.format.table.JsonLines;

/**
 * Rows of a file, to make examples of.
 *
 * <pre>{@code
 * List<LabeledText> train = TextTable.csv(Path.of("train.csv")).labeled("text", "category");
 * }</pre>
 *
 * <p><b>State.</b> Immutable. <b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public final class TextTable {

    private final String source;
    private final List<Map<String, Object>> rows;

    private TextTable(String source, List<Map<String, Object>> rows) {
        this.source = source;
        this.rows = rows;
    }

    /**
     * Reads a CSV file: commas, quotes where needed, line breaks within quotes, the names of the columns in the first line.
     *
     * @param file the file, UTF-8
     * @return its rows
     * @throws ModelFormatException if it is no such file; the message has the lines
     * @throws IOException if it cannot be read
     */
    public static TextTable csv(Path file) throws IOException {
        return csv(file, ',');
    }

    /**
     * Reads a CSV file with another separator.
     *
     * @param file as for {@link #csv(Path)}
     * @param separator such as a semicolon
     * @return its rows
     * @throws IOException as {@link #csv(Path)}
     * @throws IllegalArgumentException if the separator is a quote or a line break
     */
    public static TextTable csv(Path file, char separator) throws IOException {
        Arguments.required(file, "TextTable: file", "a file of rows");
        return new TextTable(file.toString(), CsvRows.read(file, separator));
    }

    /**
     * Reads a file of values with tabs in between, otherwise as CSV.
     *
     * @param file as for {@link #csv(Path)}
     * @return its rows
     * @throws IOException as {@link #csv(Path)}
     */
    public static TextTable tsv(Path file) throws IOException {
        return csv(file, '\t');
    }

    /**
     * Reads a file with one JSON object a line.
     *
     * @param file the file, UTF-8
     * @return its rows
     * @throws ModelFormatException if a line is no JSON object; the message lists them
     * @throws IOException if it cannot be read
     */
    public static TextTable jsonLines(Path file) throws IOException {
        Arguments.required(file, "TextTable.jsonLines: file", "a file of JSON lines");
        return new TextTable(file.toString(), JsonLines.read(file));
    }

    /**
     * Rows that are there already.
     *
     * @param rows for each row its values by name: texts, numbers, truth values, lists of them
     * @return the table
     */
    public static TextTable of(List<? extends Map<String, ?>> rows) {
        Arguments.allRequired(rows, "TextTable.of: rows", "a map of values by name");
        List<Map<String, Object>> copies = new ArrayList<>();
        rows.forEach(row -> copies.add(Collections.unmodifiableMap(new LinkedHashMap<>(row))));
        return new TextTable("rows", copies);
    }

    /**
     * The number of rows.
     *
     * @return 0 or more
     */
    public int size() {
        return rows.size();
    }

    /**
     * The rows.
     *
     * @return for each row its values by name; not to be written to
     */
    public List<Map<String, Object>> rows() {
        return Collections.unmodifiableList(rows);
    }

    /**
     * The names that occur.
     *
     * @return the names, in the order of the first row that has each
     */
    public Set<String> columns() {
        Set<String> names = new LinkedHashSet<>();
        rows.forEach(row -> names.addAll(row.keySet()));
        return names;
    }

    /**
     * Texts with labels.
     *
     * @param text name of the column with the text
     * @param label name of the column with the label, or with a list of labels
     * @return an example for each row
     * @throws IllegalArgumentException if a column is missing, or a row has no text or no label; the message lists the
     *     first problems
     */
    public List<LabeledText> labeled(String text, String label) {
        Arguments.required(text, "TextTable.labeled: text", "the name of a column");
        Arguments.required(label, "TextTable.labeled: label", "the name of a column");
        return examples(List.of(text, label), row -> {
            Object value = row.get(label);
            List<String> labels = value instanceof List<?> list
                    ? list.stream().map(String::valueOf).toList()
                    : List.of(word(value));
            return new LabeledText(word(row.get(text)), labels);
        });
    }

    /**
     * Texts with several labels in one field.
     *
     * @param text name of the column with the text
     * @param labels name of the column with the labels
     * @param separator what is between two labels; white space around it is left out, and so are empty labels
     * @return an example for each row
     * @throws IllegalArgumentException as {@link #labeled(String, String)}
     */
    public List<LabeledText> labeled(String text, String labels, String separator) {
        Arguments.required(text, "TextTable.labeled: text", "the name of a column");
        Arguments.required(labels, "TextTable.labeled: labels", "the name of a column");
        Arguments.required(separator, "TextTable.labeled: separator", "what is between labels");
        Pattern between = Pattern.compile("\\s*" + Pattern.quote(separator) + "\\s*");
        return examples(
                List.of(text, labels),
                row -> new LabeledText(
                        word(row.get(text)),
                        Arrays.stream(between.split(word(row.get(labels)).strip()))
                                .filter(label -> !label.isEmpty())
                                .toList()));
    }

    /**
     * Pairs of texts with a label.
     *
     * @param first name of the column with the first text
     * @param second name of the column with the second text
     * @param label name of the column with the label
     * @return an example for each row
     * @throws IllegalArgumentException as {@link #labeled(String, String)}
     */
    public List<LabeledPair> pairs(String first, String second, String label) {
        Arguments.required(first, "TextTable.pairs: first", "the name of a column");
        Arguments.required(second, "TextTable.pairs: second", "the name of a column");
        Arguments.required(label, "TextTable.pairs: label", "the name of a column");
        return examples(
                List.of(first, second, label),
                row -> new LabeledPair(word(row.get(first)), word(row.get(second)), word(row.get(label))));
    }

    /**
     * Texts with a number.
     *
     * @param text name of the column with the text
     * @param value name of the column with the number, with a point
     * @return an example for each row
     * @throws IllegalArgumentException as {@link #labeled(String, String)}, and if a value is no finite number
     */
    public List<ScoredText> scored(String text, String value) {
        Arguments.required(text, "TextTable.scored: text", "the name of a column");
        Arguments.required(value, "TextTable.scored: value", "the name of a column");
        return examples(List.of(text, value), row -> {
            String number = word(row.get(value)).strip();
            try {
                return new ScoredText(word(row.get(text)), Double.parseDouble(number));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        named(value) + " is " + MessageText.name(number) + ", expected a number with a point", e);
            }
        });
    }

    /**
     * The values of one column as texts.
     *
     * @param name name of the column
     * @return a text for each row
     * @throws IllegalArgumentException as {@link #labeled(String, String)}
     */
    public List<String> column(String name) {
        Arguments.required(name, "TextTable.column: name", "the name of a column");
        return examples(List.of(name), row -> word(row.get(name)));
    }

    private <E> List<E> examples(List<String> columns, Function<Map<String, Object>, E> maker) {
        Problems problems = new Problems();
        Set<String> known = columns();
        for (String name : columns) {
            problems.check(
                    known.contains(name),
                    "no " + named(name) + ", expected one of " + Problems.quoted(known)
                            + ClosestNames.hint(name, known));
        }
        problems.throwIfAny(MessageText.value(source));
        List<E> examples = new ArrayList<>();
        for (int i = 0; i < rows.size() && !problems.isFull(); i++) {
            Map<String, Object> row = rows.get(i);
            String where = "row " + (i + 1);
            List<String> missing =
                    columns.stream().filter(name -> row.get(name) == null).toList();
            if (!missing.isEmpty()) {
                problems.add(where + " has no " + Problems.quoted(missing) + ", expected a value");
                continue;
            }
            try {
                examples.add(maker.apply(row));
            } catch (IllegalArgumentException e) {
                problems.add(where + ": " + e.getMessage());
            }
        }
        problems.throwIfAny(MessageText.value(source));
        return examples;
    }

    private static String named(String name) {
        return "column " + MessageText.name(name);
    }

    private static String word(Object value) {
        return String.valueOf(value);
    }

    @Override
    public String toString() {
        return "TextTable[" + MessageText.value(source) + ", " + rows.size() + " rows of " + Problems.quoted(columns())
                + "]";
    }
}
