/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.directory;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.huggingface.JsonObjectFile;

/** Vocabularies and merges as files of text. */
final class VocabularyFiles {

    /** Those of today have a tenth of it. */
    private static final long MOST_BYTES = 64 << 20;

    private static final int LONGEST_TOKEN = 1_024;

    private VocabularyFiles() {}

    private static ModelFormatException damaged(Path file, int line, String why) {
        return new ModelFormatException(MessageText.path(file) + ", line " + line + ": " + why
                + ". The file is damaged or another one: get it again. See docs/troubleshooting.md#tokenizer");
    }

    private interface Lines {
        void take(int line, String text) throws ModelFormatException;
    }

    private static void each(Path file, String expected, Lines lines) throws IOException {
        int line = 0;
        long read = 0;
        try (BufferedReader text = RegularFile.text(file, expected)) {
            if (Files.size(file) > MOST_BYTES) {
                throw new ModelFormatException(MessageText.path(file) + ": the file has " + Files.size(file)
                        + " bytes; expected " + expected + ", at most " + MOST_BYTES + ". Check what file it is.");
            }
            for (String next = text.readLine(); next != null; next = text.readLine()) {
                line++;
                read += next.length();
                if (read > MOST_BYTES || next.length() > 2 * LONGEST_TOKEN + 1) {
                    throw damaged(
                            file,
                            line,
                            "is longer than tokens are, expected at most " + LONGEST_TOKEN + " characters of each");
                }
                lines.take(line, next);
            }
        } catch (CharacterCodingException e) {
            throw damaged(file, line + 1, "is no UTF-8, expected " + expected);
        }
    }

    /** A token a line, whose number is its id; of two that are the same the later one counts. */
    static Map<String, Integer> lines(Path file) throws IOException {
        Map<String, Integer> ids = new LinkedHashMap<>();
        each(file, "the vocab.txt of a tokenizer", (line, token) -> ids.put(token, line - 1));
        return ids;
    }

    /** Tokens with their ids. */
    static Map<String, Integer> json(Path file) throws IOException {
        Map<String, Integer> ids = new LinkedHashMap<>();
        for (Map.Entry<String, Object> entry :
                JsonObjectFile.read(file, "the vocab.json of a tokenizer").entrySet()) {
            if (!(entry.getValue() instanceof Integer id) || id < 0) {
                throw new ModelFormatException(MessageText.path(file) + ": the id of "
                        + MessageText.name(entry.getKey()) + " is " + MessageText.value(entry.getValue())
                        + "; expected an integer, 0 or more. The file is damaged: get it again."
                        + " See docs/troubleshooting.md#tokenizer");
            }
            ids.put(entry.getKey(), id);
        }
        return ids;
    }

    /**
     * Merges, two tokens a line.
     *
     * @param headed whether the first line has to name a version: Transformers leaves it out, whatever it is
     */
    static List<List<String>> merges(Path file, boolean headed) throws IOException {
        List<List<String>> merges = new ArrayList<>();
        each(file, "the merges.txt of a tokenizer", (line, text) -> {
            if (line == 1 && text.startsWith("#version")) {
                return;
            }
            if (line == 1 && headed) {
                throw damaged(
                        file,
                        line,
                        "is " + MessageText.name(text)
                                + ", expected one that begins with #version, as Transformers leaves the first one out");
            }
            if (text.isBlank()) {
                return;
            }
            int blank = text.indexOf(' ');
            if (blank <= 0 || blank == text.length() - 1 || text.indexOf(' ', blank + 1) >= 0) {
                throw damaged(
                        file, line, "is " + MessageText.name(text) + ", expected two tokens with one blank between");
            }
            merges.add(List.of(text.substring(0, blank), text.substring(blank + 1)));
        });
        return merges;
    }
}
