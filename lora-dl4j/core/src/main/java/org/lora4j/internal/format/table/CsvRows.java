/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.table;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;

/**
 * CSV as RFC 4180 has it, with a line of names at the top: quotes, line breaks within quotes, UTF-8 with or without a mark.
 * Quotes in a field that does not begin with one are as other characters, and empty lines are left out.
 *
 * @apiNote Status: internal
 */
public final class CsvRows {

    /** Where as much is wrong as a message shows, the rest tells nothing new. */
    static final String NOT_READ = " Lines behind these were not read.";

    private static final char QUOTE = '"';
    private static final String SEPARATORS = ",;\t|";
    private static final int END = -1;

    private final BufferedReader text;
    private final char separator;
    private final StringBuilder field = new StringBuilder();

    /** The last character that was read, and where it is. */
    private int last = '\n';

    private long line;
    private long column;

    /** Where the last record began, empty lines before it left out. */
    private long recordLine;

    private CsvRows(BufferedReader text, char separator) {
        this.text = text;
        this.separator = separator;
    }

    /** What is no CSV, and where. */
    private static final class Malformed extends Exception {

        private static final long serialVersionUID = 1;

        private final long line;
        private final transient String reason;

        Malformed(long line, long column, String problem) {
            super("line " + line + ", column " + column + ": " + problem, null, false, false);
            this.line = line;
            this.reason = ", column " + column + ": " + problem;
        }
    }

    /**
     * Reads a file whose rows need not all be good, one after the other. Rows of blanks alone are left out.
     *
     * @param bad gets the rows with another number of fields than the first line, and those with a quote that ends before its field
     * @param ends says before each row whether it and the rest are not wanted any more
     * @param good gets the others, each with the number of the line in which it begins
     * @return the names in the first line, without blanks around them; a column without a name is called by its number
     * @throws ModelFormatException if names repeat, the first line cannot be read, or a quote does not end
     * @throws CharacterCodingException at bytes that are no text in the charset; the message says where they are
     */
    public static List<String> read(
            Path file,
            char separator,
            Charset charset,
            BadLines bad,
            BooleanSupplier ends,
            Consumer<JsonLines.Line> good)
            throws IOException {
        try (BufferedReader text = RegularFile.text(file, "a file of rows", charset)) {
            return new CsvRows(text, separator).read(file, bad, ends, good);
        } catch (CharacterCodingException e) {
            throw JsonLines.notText(file, charset);
        }
    }

    private List<String> read(Path file, BadLines bad, BooleanSupplier ends, Consumer<JsonLines.Line> good)
            throws IOException {
        List<String> names = names(file);
        while (!ends.getAsBoolean()) {
            Optional<List<String>> fields;
            try {
                fields = record();
            } catch (Malformed e) {
                if (last == END) {
                    throw new ModelFormatException(
                            MessageText.path(file) + ": " + e.getMessage()
                                    + ". The rest of the file stands in it: add the second quote, or write the first one twice.");
                }
                bad.add((int) e.line, () -> e.reason);
                while (last != END && !isLineBreak(last)) {
                    read();
                }
                continue;
            }
            if (fields.isEmpty()) {
                break;
            }
            int count = fields.get().size();
            if (fields.get().stream().allMatch(String::isBlank)) {
                // What spreadsheets leave behind the last row.
                continue;
            }
            if (count == names.size()) {
                good.accept(new JsonLines.Line((int) recordLine, row(names, fields.get())));
            } else {
                bad.add(
                        (int) recordLine,
                        () -> " has " + count + " fields, expected " + names.size()
                                + ", one for each name in the first line");
            }
        }
        return names;
    }

    private List<String> names(Path file) throws IOException {
        List<String> names = new ArrayList<>();
        try {
            for (String name : record().orElse(List.of())) {
                names.add(name.isBlank() ? "column " + (names.size() + 1) : name.strip());
            }
        } catch (Malformed e) {
            throw new ModelFormatException(
                    MessageText.path(file) + ": " + e.getMessage() + ". The first line has the names of the columns.");
        }
        if (new HashSet<>(names).size() < names.size()) {
            throw new ModelFormatException(MessageText.path(file) + ": the names of the columns are "
                    + Problems.quoted(names) + ", expected different ones. Correct the first line.");
        }
        return names;
    }

    private static Map<String, Object> row(List<String> names, List<String> fields) {
        Map<String, Object> row = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            row.put(names.get(i), fields.get(i));
        }
        return row;
    }

    /**
     * Reads a file.
     *
     * @param separator what is between fields
     * @return for each row its values by the name of the column
     * @throws ModelFormatException if it is no such file: names that repeat, rows of another length, a quote without end; the
     *     message has the lines
     * @throws IllegalArgumentException if the separator is a quote or a line break
     */
    public static List<Map<String, Object>> read(Path file, char separator, Charset charset) throws IOException {
        if (separator == QUOTE || separator == '\n' || separator == '\r') {
            throw new IllegalArgumentException("TextTable.csv: separator = "
                    + MessageText.name(String.valueOf(separator)) + "; expected a character such as a comma.");
        }
        Problems problems = new Problems();
        List<Map<String, Object>> rows = new ArrayList<>();
        try (BufferedReader text = RegularFile.text(file, "a file of rows", charset)) {
            new CsvRows(text, separator).addTo(rows, problems);
        } catch (CharacterCodingException e) {
            problems.add(Utf8Check.problem(file, charset));
        } catch (Malformed e) {
            problems.add(e.getMessage());
        }
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(file.toString())
                    + ". Fields with a separator, a quote or a line break stand in quotes, a quote in them twice."
                    + (problems.isFull() ? NOT_READ : ""));
        }
        return rows;
    }

    /**
     * What is between the fields of a file: the one of {@code , ; tab |} by which its header has the most names and the first row as
     * many fields.
     *
     * @return the separator; a comma for a single column
     */
    public static char separator(Path file, Charset charset) throws IOException {
        char best = SEPARATORS.charAt(0);
        int most = 1;
        boolean bestFits = false;
        for (char candidate : SEPARATORS.toCharArray()) {
            try (BufferedReader text = RegularFile.text(file, "a file of rows", charset)) {
                CsvRows rows = new CsvRows(text, candidate);
                int names = rows.record().map(List::size).orElse(0);
                boolean fits = rows.record().map(first -> first.size() == names).orElse(true);
                if (names > 1 && (most == 1 || fits && !bestFits || fits == bestFits && names > most)) {
                    best = candidate;
                    most = names;
                    bestFits = fits;
                }
            } catch (Malformed e) {
                // By this one the quotes are none; another may read them, and reading tells if none does.
                continue;
            } catch (CharacterCodingException e) {
                return best;
            }
        }
        return best;
    }

    private void addTo(List<Map<String, Object>> rows, Problems problems) throws IOException, Malformed {
        List<String> names = record().orElse(List.of());
        problems.check(
                new HashSet<>(names).size() == names.size(),
                "the names of the columns are " + Problems.quoted(names) + ", expected different ones");
        while (!problems.isFull()) {
            long start = line + 1;
            Optional<List<String>> fields = record();
            if (fields.isEmpty()) {
                break;
            }
            if (fields.get().size() != names.size()) {
                problems.add("line " + start + " has " + fields.get().size() + " fields, expected " + names.size()
                        + ", one for each name in the first line");
                continue;
            }
            rows.add(row(names, fields.get()));
        }
        problems.check(!rows.isEmpty() || !problems.isEmpty(), "no rows, expected names and one row or more");
    }

    /** The fields up to the end of a line, or nothing at the end of the text. */
    private Optional<List<String>> record() throws IOException, Malformed {
        List<String> fields = new ArrayList<>();
        int c = read();
        while (isLineBreak(c)) {
            c = read();
        }
        if (c == END) {
            return Optional.empty();
        }
        recordLine = line;
        while (true) {
            field.setLength(0);
            c = c == QUOTE ? quoted() : plain(c);
            fields.add(field.toString());
            if (c != separator) {
                return Optional.of(fields);
            }
            c = read();
        }
    }

    private int plain(int first) throws IOException {
        int c = first;
        while (c != separator && c != END && !isLineBreak(c)) {
            field.append((char) c);
            c = read();
        }
        return c;
    }

    private int quoted() throws IOException, Malformed {
        long startLine = line;
        long startColumn = column;
        while (true) {
            int c = read();
            if (c == END) {
                throw new Malformed(startLine, startColumn, "a quote begins that does not end, expected a second one");
            }
            if (c == QUOTE) {
                c = read();
                if (c == separator || c == END || isLineBreak(c)) {
                    return c;
                }
                if (c != QUOTE) {
                    throw new Malformed(
                            line,
                            column,
                            MessageText.name(Character.toString(c)) + " behind a closing quote, expected "
                                    + MessageText.name(Character.toString(separator)) + " or the end of the line");
                }
            }
            field.append((char) c);
        }
    }

    private static boolean isLineBreak(int c) {
        return c == '\n' || c == '\r';
    }

    private int read() throws IOException {
        int c = text.read();
        // The second half of \r\n is on the line of the first.
        boolean begins = last == '\n' || last == '\r' && c != '\n';
        line += begins ? 1 : 0;
        column = begins ? 1 : column + 1;
        last = c;
        return c;
    }
}
