/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.lora4j.error.Arguments;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.table.CsvRows;
import org.lora4j.internal.format.table.GuessedCharset;
import org.lora4j.internal.format.table.JsonLines;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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

    private static final Logger LOG = LoggerFactory.getLogger(TextTable.class);
    private static final char COMMA = ',';

    private final String source;
    private final String form;
    private final List<Map<String, Object>> rows;
    /** Of each row its number in the source, from 1: that of a part is found there, too. */
    private final List<Integer> numbers;

    private TextTable(String source, String form, List<Map<String, Object>> rows) {
        this(source, form, rows, IntStream.rangeClosed(1, rows.size()).boxed().toList());
    }

    private TextTable(String source, String form, List<Map<String, Object>> rows, List<Integer> numbers) {
        this.source = source;
        this.form = form;
        this.rows = rows;
        this.numbers = numbers;
    }

    /**
     * Reads a CSV file: quotes where needed, line breaks within quotes, the names of the columns in the first line. What is between
     * fields is told from that line: commas, semicolons, tabs or bars. The text is UTF-8, or UTF-16 with a byte order mark; bytes that
     * cannot be UTF-8 are read as windows-1252 (ISO 8859-1 is part of it), or UTF-16 where every second one is 0. The log says what
     * was guessed, and {@link #csv(Path, char, Charset)} leaves nothing to guess.
     *
     * @param file the file
     * @return its rows
     * @throws ModelFormatException if it is no such file; the message has the lines
     * @throws IOException if it cannot be read
     */
    public static TextTable csv(Path file) throws IOException {
        Arguments.required(file, "TextTable: file", "a file of rows");
        Charset charset = charset(file);
        char separator = CsvRows.separator(file, charset);
        if (separator != COMMA) {
            LOG.info(
                    "TextTable.csv: {} has {} between its columns, as its header shows",
                    MessageText.path(file),
                    MessageText.name(String.valueOf(separator)));
        }
        return csv(file, separator, charset);
    }

    /**
     * Reads a CSV file with a separator that is told.
     *
     * @param file as for {@link #csv(Path)}
     * @param separator such as a semicolon
     * @return its rows
     * @throws IOException as {@link #csv(Path)}
     * @throws IllegalArgumentException if the separator is a quote or a line break
     */
    public static TextTable csv(Path file, char separator) throws IOException {
        Arguments.required(file, "TextTable: file", "a file of rows");
        return csv(file, separator, charset(file));
    }

    /**
     * Reads a CSV file with a separator and a charset that are told.
     *
     * @param file as for {@link #csv(Path)}
     * @param separator such as a semicolon
     * @param charset such as {@code StandardCharsets.ISO_8859_1}
     * @return its rows
     * @throws IOException as {@link #csv(Path)}, and at bytes that are no text in this charset
     * @throws IllegalArgumentException if the separator is a quote or a line break
     */
    public static TextTable csv(Path file, char separator, Charset charset) throws IOException {
        Arguments.required(file, "TextTable: file", "a file of rows");
        Arguments.required(charset, "TextTable.csv: charset", "a charset such as StandardCharsets.UTF_8");
        String form = ", " + MessageText.name(String.valueOf(separator)) + " between columns, " + charset;
        return new TextTable(file.toString(), form, CsvRows.read(file, separator, charset));
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

    private static Charset charset(Path file) throws IOException {
        return GuessedCharset.told(LOG, "TextTable", file, "csv(file, separator, charset) tells it");
    }

    /**
     * Reads words with tags in the form of CoNLL: a word and its tag in a line, other columns between them, an empty line behind each
     * sentence. Tags are {@code O}, {@code B-type}, {@code I-type}; those of BIOES and BILOU become these, and the log says so. If no tag
     * says a place in an entity, tags are labels of words, such as parts of speech.
     * Lines of {@code -DOCSTART-} and comments of CoNLL-U ({@code # name = value}) are left out.
     *
     * @param file the file, in UTF-8 or as {@link #csv(Path)} guesses
     * @return an example for each sentence
     * @throws ModelFormatException if a line has a single column, or a tag of another form; the message lists the lines
     * @throws IOException if it cannot be read
     */
    public static List<LabeledWords> conll(Path file) throws IOException {
        Arguments.required(file, "TextTable.conll: file", "a file of words with tags");
        return ConllRows.read(
                file, GuessedCharset.told(LOG, "TextTable.conll", file, "convert it to UTF-8 if that is wrong"));
    }

    /**
     * Reads a file with one JSON object a line.
     *
     * @param file the file, in UTF-8 or as {@link #csv(Path)} guesses
     * @return its rows
     * @throws ModelFormatException if a line is no JSON object; the message lists them
     * @throws IOException if it cannot be read
     */
    public static TextTable jsonLines(Path file) throws IOException {
        Arguments.required(file, "TextTable.jsonLines: file", "a file of JSON lines");
        return jsonLines(file, GuessedCharset.told(LOG, "TextTable", file, "jsonLines(file, charset) tells it"));
    }

    /**
     * Reads a file with one JSON object a line in a charset that is told.
     *
     * @param file as for {@link #jsonLines(Path)}
     * @param charset such as {@code StandardCharsets.ISO_8859_1}
     * @return its rows
     * @throws IOException as {@link #jsonLines(Path)}, and at bytes that are no text in this charset
     */
    public static TextTable jsonLines(Path file, Charset charset) throws IOException {
        Arguments.required(file, "TextTable.jsonLines: file", "a file of JSON lines");
        Arguments.required(charset, "TextTable.jsonLines: charset", "a charset such as StandardCharsets.UTF_8");
        String form = ", JSON lines" + (charset.equals(StandardCharsets.UTF_8) ? "" : ", " + charset);
        return new TextTable(file.toString(), form, JsonLines.read(file, charset));
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
        return new TextTable("rows", "", copies);
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
     * Texts with labels. White space around a label is no part of it, and the log says where there was some.
     *
     * @param text name of the column with the text
     * @param label name of the column with the label, or with a list of labels
     * @return an example for each row
     * @throws IllegalArgumentException if a column is missing, or a row has no text or no label, or an empty one; the message names
     *     the rows, of which the first below the header is 1, also where this table is a part of another one
     */
    public List<LabeledText> labeled(String text, String label) {
        Arguments.required(text, "TextTable.labeled: text", "the name of a column");
        Arguments.required(label, "TextTable.labeled: label", "the name of a column");
        return examples(List.of(text, label), row -> {
            Object value = row.get(label);
            List<String> labels = value instanceof List<?> list
                    ? list.stream().map(one -> row.label(label, one)).toList()
                    : List.of(row.label(label, value));
            return new LabeledText(row.word(text), labels);
        });
    }

    /**
     * Texts with several labels in one field.
     *
     * @param text name of the column with the text
     * @param labels name of the column with the labels
     * @param separator what is between two labels; white space around it is left out, and so are empty labels
     * @return an example for each row
     * @throws IllegalArgumentException as {@link #labeled(String, String)}, but a text may have no label
     */
    public List<LabeledText> labeled(String text, String labels, String separator) {
        Arguments.required(text, "TextTable.labeled: text", "the name of a column");
        Arguments.required(labels, "TextTable.labeled: labels", "the name of a column");
        Arguments.required(separator, "TextTable.labeled: separator", "what is between labels");
        Pattern between = Pattern.compile(Pattern.quote(separator));
        return examples(
                List.of(text, labels),
                row -> new LabeledText(
                        row.word(text),
                        between.splitAsStream(row.word(labels))
                                .map(LabelText::trimmed)
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
                row -> new LabeledPair(row.word(first), row.word(second), row.label(label, row.get(label))));
    }

    /**
     * Texts with entities at characters, as tools for annotation write them in JSON lines: a list of {@code [0, 5, "city"]}, or of objects
     * with {@code start}, {@code end} and {@code label} (or {@code from}, {@code to}, {@code type}).
     *
     * @param text name of the column with the text
     * @param spans name of the column with the entities
     * @return an example for each row, its words as {@link LabeledWords#split} makes them
     * @throws IllegalArgumentException as {@link #labeled(String, String)}, and if a span has another form, is outside of the text or has
     *     no word in it
     */
    public List<LabeledWords> spans(String text, String spans) {
        Arguments.required(text, "TextTable.spans: text", "the name of a column");
        Arguments.required(spans, "TextTable.spans: spans", "the name of a column");
        return examples(List.of(text, spans), row -> LabeledWords.of(row.word(text), SpanValues.read(row.get(spans))));
    }

    /**
     * Two parts of the rows: of each label the same share, one at least and never all of it.
     *
     * @param label name of the column by which rows are told apart
     * @param fraction how much the validation part gets, above 0 and below 1
     * @param seed of the draw: equal seeds give equal parts
     * @return both parts, each in the order of this table
     * @throws IllegalArgumentException if the column is missing, the fraction is out of its range, or no label has two rows
     */
    public Split<TextTable> splitByLabel(String label, double fraction, long seed) {
        Arguments.required(label, "TextTable.splitByLabel: label", "the name of a column");
        List<String> labels = column(label);
        return tables(Split.byLabel(indices(), i -> LabelText.trimmed(labels.get(i)), fraction, seed));
    }

    /**
     * Two parts of the rows that share no group, such as a customer, a document or a conversation: rows of one group resemble each other, and a
     * score on half of a group that the model learned from is too good.
     *
     * @param group name of the column that says what belongs together
     * @param fraction about how much the validation part gets, above 0 and below 1
     * @param seed of the draw: equal seeds give equal parts
     * @return both parts, each in the order of this table
     * @throws IllegalArgumentException if the column is missing, the fraction is out of its range, or there is a single group
     */
    public Split<TextTable> splitByGroup(String group, double fraction, long seed) {
        Arguments.required(group, "TextTable.splitByGroup: group", "the name of a column");
        List<String> groups = column(group);
        return tables(Split.byGroup(indices(), groups::get, fraction, seed));
    }

    private List<Integer> indices() {
        return IntStream.range(0, rows.size()).boxed().toList();
    }

    private Split<TextTable> tables(Split<List<Integer>> split) {
        return new Split<>(part(split.train()), part(split.validation()));
    }

    private TextTable part(List<Integer> indices) {
        return new TextTable(
                source,
                form,
                indices.stream().map(rows::get).toList(),
                indices.stream().map(numbers::get).toList());
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
            String number = LabelText.trimmed(row.word(value));
            try {
                return new ScoredText(row.word(text), Double.parseDouble(number));
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
        return examples(List.of(name), row -> row.word(name));
    }

    /** One row while it becomes an example, and what was found on the way. */
    private static final class Row {

        private final Map<String, Object> values;
        private boolean trimmed;
        private boolean unnamed;

        private Row(Map<String, Object> values) {
            this.values = values;
        }

        private Object get(String column) {
            return values.get(column);
        }

        private String word(String column) {
            return String.valueOf(values.get(column));
        }

        private String label(String column, Object value) {
            String whole = String.valueOf(value);
            String label = LabelText.trimmed(whole);
            trimmed |= label.length() < whole.length();
            unnamed |= label.isEmpty() || value == null;
            return label;
        }
    }

    private <E> List<E> examples(List<String> columns, Function<Row, E> maker) {
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
        Map<String, List<Integer>> missing = new LinkedHashMap<>();
        List<Integer> unnamed = new ArrayList<>();
        List<Integer> trimmed = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            Row row = new Row(rows.get(i));
            int number = numbers.get(i);
            List<String> without =
                    columns.stream().filter(name -> row.get(name) == null).toList();
            if (!without.isEmpty()) {
                without.forEach(name -> missing.computeIfAbsent(name, rowsOf -> new ArrayList<>())
                        .add(number));
                continue;
            }
            try {
                examples.add(maker.apply(row));
            } catch (IllegalArgumentException e) {
                problems.add("row " + number + ": " + e.getMessage());
            }
            if (row.unnamed) {
                unnamed.add(number);
            }
            if (row.trimmed) {
                trimmed.add(number);
            }
        }
        missing.forEach((name, numbers) -> problems.add(
                at(numbers) + (numbers.size() == 1 ? " has no " : " have no ") + named(name) + ", expected a value"));
        problems.check(
                unnamed.isEmpty(),
                at(unnamed) + (unnamed.size() == 1 ? " has" : " have")
                        + " an empty label, expected a word; leave the rows out, or give them a label such as \"none\"");
        problems.throwIfAny(MessageText.value(source));
        if (!trimmed.isEmpty()) {
            LOG.warn("{}: white space around the label of {} was left out", MessageText.value(source), at(trimmed));
        }
        return examples;
    }

    private static String at(List<Integer> numbers) {
        return (numbers.size() == 1 ? "row " : "rows ") + MessageText.numbers(numbers);
    }

    private static String named(String name) {
        return "column " + MessageText.name(name);
    }

    @Override
    public String toString() {
        return "TextTable[" + MessageText.value(source) + ", " + rows.size() + " rows of " + Problems.quoted(columns())
                + form + "]";
    }
}
