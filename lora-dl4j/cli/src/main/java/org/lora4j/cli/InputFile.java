/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.RegularFile;

/** Texts to answer: rows of a table, or lines of a text. */
final class InputFile {

    private static final String STANDARD_INPUT = "-";
    private static final int LONGEST = 1 << 24;

    private InputFile() {}

    static DataFile read(String name, String column, CliSettings settings, Terminal terminal) {
        try {
            if (name.equals(STANDARD_INPUT)) {
                // Not closed: it is the process's.
                return lines(
                        "standard input",
                        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)),
                        column);
            }
            Path file = CliSettings.path(name, "--input");
            String end = name.toLowerCase(Locale.ROOT);
            if (!settings.has(Setting.FORMAT) && (end.endsWith(".txt") || end.endsWith(".text"))) {
                try (BufferedReader text = RegularFile.text(file, "a file of lines")) {
                    return lines(MessageText.path(file), text, column);
                }
            }
            return TextRows.file(file, settings, terminal);
        } catch (IOException e) {
            throw new CliException(ExitCode.INPUT, FailureWords.words(e), e);
        }
    }

    /** Of a stream nobody knows the size before it is read. */
    private static void requireRoom(String name, long lines, long characters) {
        if (characters > DataFile.room()) {
            throw CliException.input(name + ": the first " + lines + " lines have " + DataFile.size(characters)
                    + "; texts are held in memory, and of "
                    + DataFile.size(Runtime.getRuntime().maxMemory())
                    + " there is room for " + DataFile.size(DataFile.room())
                    + ". Answer them in parts, or take more memory: JAVA_OPTS=-Xmx32g lora4j ...");
        }
    }

    private static DataFile lines(String name, BufferedReader text, String column) throws IOException {
        List<DataRow> rows = new ArrayList<>();
        long number = 0;
        long characters = 0;
        for (String line = text.readLine(); line != null; line = text.readLine()) {
            number++;
            if (line.length() > LONGEST) {
                throw CliException.input(
                        name + ", line " + number + ": " + line.length() + " characters, expected at most " + LONGEST);
            }
            characters += line.length();
            requireRoom(name, number, characters);
            String plain = number == 1 && line.startsWith("\uFEFF") ? line.substring(1) : line;
            if (!plain.isBlank()) {
                rows.add(new DataRow(number, Map.of(column, plain)));
            }
        }
        if (rows.isEmpty()) {
            throw CliException.input(name + " is empty; expected a text on each line");
        }
        return new DataFile(name, rows, Set.of(column), 0);
    }
}
