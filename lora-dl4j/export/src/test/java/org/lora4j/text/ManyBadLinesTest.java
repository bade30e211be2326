/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.error.ModelFormatException;
import org.lora4j.language.LmExample;

/** Files of which most lines are wrong cost what reading them costs; what is said of them has an end. */
class ManyBadLinesTest {

    private static final int LINES = 20_000;

    @TempDir
    private Path folder;

    private Path file(String bad, int good) throws IOException {
        Path file = folder.resolve("lines.jsonl");
        try (BufferedWriter text = Files.newBufferedWriter(file)) {
            for (int i = 0; i < LINES; i++) {
                text.write(i == good ? "{\"text\": \"Once.\"}\n" : bad + "\n");
            }
        }
        return file;
    }

    @ParameterizedTest
    @ValueSource(strings = {"no JSON", "[1, 2]", "7", "null", "{\"text\": ", "{\"a\" 1}", "{\"story\": \"x\"}"})
    void linesThatAreLeftOut_areExplainedAThousandTimes_andThenCounted(String bad) throws IOException {
        Path file = file(bad, LINES - 1);
        List<String> skipped = new ArrayList<>();

        List<LmExample> examples = LmExample.jsonLines(file, skipped::add);

        assertThat(examples).hasSize(1);
        assertThat(skipped).hasSize(LmExample.MOST_EXPLAINED + 1);
        assertThat(skipped.get(0)).startsWith("line 1");
        assertThat(skipped.get(LmExample.MOST_EXPLAINED))
                .isEqualTo("and " + (LINES - 1 - LmExample.MOST_EXPLAINED) + " lines more");
    }

    @ParameterizedTest
    @ValueSource(strings = {"no JSON", "{\"story\": \"x\"}"})
    void linesThatAreRefused_endTheReading(String bad) throws IOException {
        Path file = file(bad, -1);

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> LmExample.jsonLines(file))
                .withMessageContaining("10 problems: line 1");
    }

    @Test
    void rowsWithoutAColumn_areNamedTogether() {
        List<Map<String, String>> rows = new ArrayList<>();
        rows.add(Map.of("text", "a", "label", "b"));
        for (int i = 0; i < LINES; i++) {
            rows.add(Map.of("text", "a"));
        }
        TextTable table = TextTable.of(rows);

        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> table.labeled("text", "label"))
                .withMessageContaining("rows 2 to 20001 have no column \"label\", expected a value");
    }

    @Test
    void byteOrderMark_isNoPartOfTheFirstLine() throws IOException {
        Path file = Files.writeString(
                folder.resolve("marked.jsonl"),
                "\uFEFF{\"text\": \"Once.\", \"label\": \"a\"}\r\n{\"text\": \"Twice.\", \"label\": \"b\"}\n");

        assertThat(TextTable.jsonLines(file).labeled("text", "label"))
                .containsExactly(new LabeledText("Once.", "a"), new LabeledText("Twice.", "b"));
        assertThat(LmExample.jsonLines(file)).hasSize(2);
        assertThat(LmExample.jsonLines(file, line -> {
                    throw new AssertionError(line);
                }))
                .hasSize(2);
        Path rows = Files.writeString(folder.resolve("marked.csv"), "\uFEFFtext,label\nOnce.,a\n");
        assertThat(TextTable.csv(rows).columns()).containsExactly("text", "label");
    }

    @Test
    void bytesThatAreNoUtf8_areGuessedAsCsvGuesses_andDamagedUtf8_isRefused_alsoWhereLinesMayBeLeftOut()
            throws IOException {
        String line = "{\"text\": \"\u00e9 once\"}\n";
        Path latin = Files.write(folder.resolve("latin.jsonl"), line.getBytes(StandardCharsets.ISO_8859_1));
        Path wide =
                Files.write(folder.resolve("wide.json"), ("\uFEFF[" + line + "]").getBytes(StandardCharsets.UTF_16LE));
        Path damaged = Files.write(
                folder.resolve("damaged.jsonl"),
                ("{\"text\": \"\u00c3\u00a9\u00e9\"}\n").getBytes(StandardCharsets.ISO_8859_1));

        assertThat(LmExample.jsonLines(latin).toString()).contains("\u00e9 once");
        assertThat(LmExample.read(wide).toString()).contains("\u00e9 once");
        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> LmExample.jsonLines(damaged, skipped -> {}))
                .withMessageStartingWith(damaged + ": line 1, column 12: byte 0xE9, expected text in UTF-8");
    }

    @Test
    void nulls_inRowsAndLists_areNamed() {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("text", "a");
        row.put("label", null);
        List<Map<String, Object>> rows = new ArrayList<>();
        rows.add(null);

        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> TextTable.of(List.of(row)).labeled("text", "label"))
                .withMessageContaining("row 1 has no column \"label\"");
        assertThatExceptionOfType(NullPointerException.class)
                .isThrownBy(() -> TextTable.of(rows))
                .withMessageContaining("rows[0] is null");
    }
}
