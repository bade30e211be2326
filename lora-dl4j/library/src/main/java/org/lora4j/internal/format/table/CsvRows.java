/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.table;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;

/**
 * CSV as RFC 4180 has it, with a line of names at the top: quotes, line breaks within quotes, UTF-8 with or without a mark.
 *
 * @apiNote Status: internal
 */
public final class CsvRows {

    private static final String MISSING =
            "TextTable: the library de.siegmar:fastcsv is not on the class path; expected it for"
                    + " CSV and TSV, it is an optional dependency of lora-dl4j. Add to the pom: <dependency><groupId>de.siegmar"
                    + "</groupId><artifactId>fastcsv</artifactId><version>4.1.0</version></dependency>";

    private static final char BYTE_ORDER_MARK = '\uFEFF';

    private CsvRows() {}

    /**
     * Reads a file.
     *
     * @param file the file
     * @param separator what is between fields
     * @return for each row its values by the name of the column
     * @throws ModelFormatException if it is no such file: names that repeat, rows of another length, a quote without end; the
     *     message has the lines
     * @throws IOException if it cannot be read
     * @throws IllegalStateException if the library is not on the class path
     */
    public static List<Map<String, Object>> read(Path file, char separator) throws IOException {
        RegularFile.require(file, "a file of rows");
        try {
            return Reader.rows(file, separator);
        } catch (NoClassDefFoundError e) {
            throw new IllegalStateException(MISSING, e);
        }
    }

    /** The only class that touches the optional library. */
    private static final class Reader {

        static List<Map<String, Object>> rows(Path file, char separator) throws IOException {
            Problems problems = new Problems();
            List<Map<String, Object>> rows = new ArrayList<>();
            // This reader refuses what is no UTF-8; that of the library would replace it.
            try (BufferedReader text = Files.newBufferedReader(file);
                    CsvReader<CsvRecord> records = CsvReader.builder()
                            .fieldSeparator(separator)
                            .allowExtraFields(true)
                            .allowMissingFields(true)
                            .ofCsvRecord(withoutMark(text))) {
                List<String> names = null;
                for (CsvRecord record : records) {
                    List<String> fields = record.getFields();
                    if (names == null) {
                        names = fields;
                        problems.check(
                                new HashSet<>(names).size() == names.size(),
                                "the names of the columns are " + Problems.quoted(names) + ", expected different ones");
                    } else if (fields.size() != names.size()) {
                        problems.add("line " + record.getStartingLineNumber() + " has " + fields.size()
                                + " fields, expected " + names.size() + ", one for each name in the first line");
                    } else {
                        Map<String, Object> row = new LinkedHashMap<>();
                        for (int i = 0; i < fields.size(); i++) {
                            row.put(names.get(i), fields.get(i));
                        }
                        rows.add(row);
                    }
                }
                problems.check(!rows.isEmpty() || !problems.isEmpty(), "no rows, expected names and one row or more");
            } catch (CharacterCodingException e) {
                problems.add("not readable as UTF-8, expected text in UTF-8");
            } catch (CsvParseException | UncheckedIOException e) {
                problems.add(MessageText.value(
                        e.getCause() instanceof CharacterCodingException
                                ? "not readable as UTF-8, expected text in UTF-8"
                                : e.getMessage()));
            }
            if (!problems.isEmpty()) {
                throw new ModelFormatException(problems.message(file.toString())
                        + ". Fields with a separator, a quote or a line break stand in quotes, a quote in them twice.");
            }
            return rows;
        }

        private static BufferedReader withoutMark(BufferedReader text) throws IOException {
            text.mark(1);
            if (text.read() != BYTE_ORDER_MARK) {
                text.reset();
            }
            return text;
        }
    }
}
