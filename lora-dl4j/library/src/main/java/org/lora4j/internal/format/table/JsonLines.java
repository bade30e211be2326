/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.table;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;

/**
 * One JSON object a line. Empty lines are left out.
 *
 * @apiNote Status: internal
 */
public final class JsonLines {

    private static final int DEEPEST = 64;

    private static final ObjectMapper JSON = mapper();

    private static final TypeReference<Map<String, Object>> MAP = new TypeReference<>() {};

    private JsonLines() {}

    private static ObjectMapper mapper() {
        JsonMapper mapper = JsonMapper.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build();
        mapper.getFactory()
                .setStreamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build());
        return mapper;
    }

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
     * @param file the file
     * @return for each line its fields as plain values
     * @throws ModelFormatException if a line is no JSON object, or there is none; the message lists the lines
     * @throws IOException if it cannot be read
     */
    public static List<Map<String, Object>> read(Path file) throws IOException {
        Problems problems = new Problems();
        List<Line> lines = lines(file, problems, Problems.SHOWN);
        problems.check(!lines.isEmpty() || !problems.isEmpty(), "no lines, expected one JSON object or more");
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(file.toString())
                    + ". Each line is one JSON object by itself." + (problems.isFull() ? CsvRows.NOT_READ : ""));
        }
        return lines.stream().map(Line::fields).toList();
    }

    /**
     * Reads a file whose lines need not all be good.
     *
     * @param file the file
     * @param problems receives what is wrong with lines, each problem with the number of its line
     * @param most problems after which the rest is not read
     * @return the lines that are JSON objects
     * @throws IOException if it cannot be read
     */
    public static List<Line> lines(Path file, Problems problems, int most) throws IOException {
        RegularFile.require(file, "a file of JSON lines");
        List<Line> lines = new ArrayList<>();
        try (BufferedReader text = Files.newBufferedReader(file)) {
            int number = 0;
            for (String line = text.readLine(); line != null && problems.size() < most; line = text.readLine()) {
                number++;
                if (!line.isBlank()) {
                    add(line, number, lines, problems);
                }
            }
        } catch (CharacterCodingException e) {
            problems.add(Utf8.problem(file));
        }
        return lines;
    }

    private static int column(JsonProcessingException e) {
        return e.getLocation() == null ? 1 : e.getLocation().getColumnNr();
    }

    private static void add(String line, int number, List<Line> lines, Problems problems) {
        try {
            Map<String, Object> row = JSON.readValue(line, MAP);
            if (row == null) {
                problems.add("line " + number + " is null, expected a JSON object");
            } else {
                lines.add(new Line(number, row));
            }
        } catch (MismatchedInputException e) {
            problems.add("line " + number + ", column " + column(e) + " is another value, expected a JSON object");
        } catch (JsonProcessingException e) {
            problems.add("line " + number + ", column " + column(e) + " is no JSON: "
                    + MessageText.value(e.getOriginalMessage()));
        }
    }
}
