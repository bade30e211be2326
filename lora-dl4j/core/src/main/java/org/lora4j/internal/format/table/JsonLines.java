/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.table;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.json.StrictJson;

/**
 * One JSON object a line, with or without a byte order mark. Empty lines are left out.
 *
 * @apiNote Status: internal
 */
public final class JsonLines {

    private static final int DEEPEST = 64;

    private static final ObjectMapper JSON = StrictJson.mapper(DEEPEST);

    private static final TypeReference<Map<String, Object>> MAP = new TypeReference<>() {};

    private JsonLines() {}

    /**
     * A line that is not empty.
     *
     * @param number its number in the file, from 1
     * @param fields its fields as plain values
     */
    public record Line(int number, Map<String, Object> fields) {}

    /**
     * Reads a file.
     *
     * @return for each line its fields as plain values
     * @throws ModelFormatException if a line is no JSON object, or there is none; the message lists the lines
     */
    public static List<Map<String, Object>> read(Path file, Charset charset) throws IOException {
        Problems problems = new Problems();
        List<Map<String, Object>> rows = new ArrayList<>();
        BadLines bad = new BadLines(Problems.SHOWN, problems::add);
        try {
            read(file, charset, bad, bad::isFull, line -> rows.add(line.fields()));
        } catch (CharacterCodingException e) {
            problems.add(e.getMessage());
        }
        problems.check(!rows.isEmpty() || !problems.isEmpty(), "no lines, expected one JSON object or more");
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(file.toString())
                    + ". Each line is one JSON object by itself." + (problems.isFull() ? CsvRows.NOT_READ : ""));
        }
        return rows;
    }

    /** Bytes that are no text in a charset, and where. */
    private static final class NotText extends CharacterCodingException {

        private static final long serialVersionUID = 1;

        private final String problem;

        NotText(String problem) {
            this.problem = problem;
        }

        @Override
        public String getMessage() {
            return problem;
        }
    }

    /**
     * Reads a file whose lines need not all be good, line by line.
     *
     * @param bad gets the lines that are no JSON objects
     * @param ends says before each line whether it and the rest are not wanted any more
     * @param good gets the others
     * @throws CharacterCodingException at bytes that are no text in this charset; the message says where they are
     */
    public static void read(Path file, Charset charset, BadLines bad, BooleanSupplier ends, Consumer<Line> good)
            throws IOException {
        try (BufferedReader text = RegularFile.text(file, "a file of JSON lines", charset)) {
            int number = 0;
            for (String line = text.readLine(); line != null && !ends.getAsBoolean(); line = text.readLine()) {
                number++;
                if (!line.isBlank()) {
                    add(line, number, bad, good);
                }
            }
        } catch (CharacterCodingException e) {
            throw notText(file, charset);
        }
    }

    static CharacterCodingException notText(Path file, Charset charset) throws IOException {
        return new NotText(Utf8Check.problem(file, charset));
    }

    private static int column(JsonProcessingException e) {
        return e.getLocation() == null ? 1 : e.getLocation().getColumnNr();
    }

    private static void add(String line, int number, BadLines bad, Consumer<Line> good) {
        // Most of what is no object shows it at its ends, without an exception of the parser.
        String object = line.strip();
        if (!object.startsWith("{") || !object.endsWith("}")) {
            bad.add(number, () -> problem(line));
            return;
        }
        Map<String, Object> row;
        try {
            row = JSON.readValue(line, MAP);
        } catch (JsonProcessingException e) {
            bad.add(number, () -> problem(e));
            return;
        }
        good.accept(new Line(number, row));
    }

    private static String problem(String line) {
        try {
            JSON.readValue(line, MAP);
            return " is null, expected a JSON object";
        } catch (JsonProcessingException e) {
            return problem(e);
        }
    }

    private static String problem(JsonProcessingException e) {
        String where = ", column " + column(e);
        return e instanceof MismatchedInputException
                ? where + " is another value, expected a JSON object"
                : where + " is no JSON: " + MessageText.value(e.getOriginalMessage());
    }
}
