/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.huggingface;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.file.RegularFile;

/**
 * The text of a {@code config.json} with another element type: every other character stays, so that a field which nobody here
 * knows does, too. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class ConfigText {

    /** Transformers 4 writes the first, 5 the second. */
    private static final Set<String> TYPES = Set.of("torch_dtype", "dtype");

    private static final JsonFactory JSON = new JsonFactory();

    private ConfigText() {}

    /**
     * Reads a config and replaces its element type.
     *
     * @param type how Transformers names the type, such as {@code bfloat16}
     * @return the text; a config without a type has one now, as its first field
     * @throws ModelFormatException if the file is too long or damaged
     */
    public static String retyped(Path file, String type) throws IOException {
        byte[] bytes = RegularFile.bytes(
                file, "the config.json of a model", JsonObjectFile.MOST_BYTES, ModelFormatException::new);
        String text = new String(bytes, StandardCharsets.UTF_8);
        StringBuilder edited = new StringBuilder();
        int copied = 0;
        try (JsonParser parser = JSON.createParser(text)) {
            parser.nextToken();
            int open = offset(parser.currentLocation());
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.currentName();
                JsonToken value = parser.nextToken();
                int from = offset(parser.currentTokenLocation());
                parser.skipChildren();
                if (TYPES.contains(field)) {
                    edited.append(text, copied, from).append('"').append(type).append('"');
                    copied = end(file, field, value, parser);
                }
            }
            if (copied == 0) {
                edited.append(text, 0, open).append("\n  \"torch_dtype\": \"" + type + "\",");
                copied = open;
            }
        } catch (JsonProcessingException e) {
            throw new ModelFormatException(
                    MessageText.path(file) + ": not valid JSON: " + e.getOriginalMessage()
                            + "; expected the config.json of a model. The file is damaged: get it again.",
                    e);
        }
        return edited.append(text, copied, text.length()).toString();
    }

    private static int offset(JsonLocation location) {
        return (int) location.getCharOffset();
    }

    private static int end(Path file, String field, JsonToken value, JsonParser parser) throws IOException {
        if (value == JsonToken.VALUE_STRING) {
            // A text is read to its end when it is asked for.
            parser.getText();
            return offset(parser.currentLocation());
        }
        if (value == JsonToken.VALUE_NULL) {
            return offset(parser.currentTokenLocation()) + "null".length();
        }
        throw new ModelFormatException(MessageText.path(file) + ": " + field + " is a " + value
                + "; expected the name of an element type. The file is damaged or of another program: get it again.");
    }
}
