/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.table;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.json.StrictJson;

/**
 * Rows of a file of JSON: one array of objects, or one object a line, as the first character that is no blank says. With or without
 * a byte order mark.
 *
 * @apiNote Status: internal
 */
public final class JsonRows {

    private static final int DEEPEST = 64;

    private static final ObjectReader JSON = StrictJson.mapper(DEEPEST)
            .readerFor(new TypeReference<Map<String, Object>>() {})
            .without(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private JsonRows() {}

    /**
     * Reads a file whose rows need not all be good, one after the other.
     *
     * @param bad gets the rows that are no objects
     * @param ends says before each row whether it and the rest are not wanted any more
     * @param good gets the others, each with the number of the line in which it begins
     * @throws ModelFormatException if an array is no JSON; the message has the line
     * @throws CharacterCodingException at bytes that are no text in this charset; the message says where they are
     */
    public static void read(
            Path file, Charset charset, BadLines bad, BooleanSupplier ends, Consumer<JsonLines.Line> good)
            throws IOException {
        if (!isArray(file, charset)) {
            JsonLines.read(file, charset, bad, ends, good);
            return;
        }
        try (BufferedReader text = RegularFile.text(file, "a file of JSON", charset);
                JsonParser parser = JSON.createParser(text)) {
            parser.nextToken();
            int row = 0;
            while (parser.nextToken() != JsonToken.END_ARRAY && !ends.getAsBoolean()) {
                row++;
                int line = parser.currentTokenLocation().getLineNr();
                if (parser.currentToken() == JsonToken.START_OBJECT) {
                    good.accept(new JsonLines.Line(line, JSON.readValue(parser)));
                } else {
                    String where = ", row " + row + " is another value, expected a JSON object";
                    bad.add(line, () -> where);
                    parser.skipChildren();
                }
            }
        } catch (JsonProcessingException e) {
            throw new ModelFormatException(
                    MessageText.path(file) + ": line "
                            + (e.getLocation() == null ? 1 : e.getLocation().getLineNr()) + " is no JSON: "
                            + MessageText.value(e.getOriginalMessage())
                            + "; expected one array of objects. The file is damaged: get it again.",
                    e);
        } catch (CharacterCodingException e) {
            throw JsonLines.notText(file, charset);
        }
    }

    private static boolean isArray(Path file, Charset charset) throws IOException {
        try (BufferedReader text = RegularFile.text(file, "a file of JSON", charset)) {
            int c = text.read();
            while (c >= 0 && Character.isWhitespace(c)) {
                c = text.read();
            }
            return c == '[';
        } catch (CharacterCodingException e) {
            throw JsonLines.notText(file, charset);
        }
    }
}
