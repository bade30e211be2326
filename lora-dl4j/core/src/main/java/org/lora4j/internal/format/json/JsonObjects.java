/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.json;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.WholeFile;

/**
 * JSON objects as text and as maps.
 *
 * <p>Duplicate keys, text after the object and deep nesting are errors. Numbers with a fraction are read as {@code double},
 * and written so that reading gives the same one. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class JsonObjects {

    /** The longest file that is read, in bytes. */
    public static final int MOST_BYTES = 16 << 20;

    private static final int DEEPEST = 64;

    private static final ObjectMapper JSON = StrictJson.mapper(DEEPEST);

    private static final TypeReference<Map<String, Object>> MAP = new TypeReference<>() {};

    private JsonObjects() {}

    /**
     * Writes an object.
     *
     * @param fields texts, numbers, truth values, lists and maps by name, in the order to write; numbers finite
     * @return the text, over several lines, ended by one
     */
    public static String write(Map<String, ?> fields) {
        try {
            return JSON.writeValueAsString(fields) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("JsonObjects: not plain values: " + e.getOriginalMessage(), e);
        }
    }

    /**
     * Writes an object to a file, which is replaced whole or stays as it was.
     *
     * @param fields as for {@link #write(Map)}
     */
    public static void write(Path file, Map<String, ?> fields) throws IOException {
        WholeFile.write(file, write(fields));
    }

    /**
     * Reads an object.
     *
     * @param where what the text is, for messages
     * @return the fields in the order of the text; unmodifiable
     * @throws CorruptAdapterException if it is not one JSON object
     */
    public static Map<String, Object> read(String where, String text) throws CorruptAdapterException {
        JsonNode root;
        try {
            root = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new CorruptAdapterException(
                    where + ": not valid JSON: " + e.getOriginalMessage()
                            + "; expected one JSON object. The text is damaged: get it again.",
                    e);
        }
        if (!(root instanceof ObjectNode)) {
            throw new CorruptAdapterException(
                    where + ": holds " + (root == null || root.isMissingNode() ? "nothing" : root.getNodeType())
                            + "; expected one JSON object. The text is damaged or another one: get it again.");
        }
        return Collections.unmodifiableMap(JSON.convertValue(root, MAP));
    }

    /**
     * Reads an object.
     *
     * @param where what the bytes are, for messages
     * @return as {@link #read(String, String)}
     * @throws CorruptAdapterException as there, and if they are no UTF-8
     */
    public static Map<String, Object> read(String where, byte[] bytes) throws CorruptAdapterException {
        String text;
        try {
            text = StrictJson.text(bytes);
        } catch (CharacterCodingException e) {
            throw new CorruptAdapterException(
                    where + ": not readable as UTF-8 JSON: " + e.getMessage()
                            + "; expected one JSON object. The text is damaged: get it again.",
                    e);
        }
        return read(where, text);
    }

    /**
     * Reads a file that holds an object.
     *
     * @return as {@link #read(String, String)}
     * @throws CorruptAdapterException as there, and if the file is longer than {@value #MOST_BYTES} bytes
     * @throws IOException if it does not exist or cannot be read
     */
    public static Map<String, Object> read(Path file) throws IOException {
        byte[] bytes = RegularFile.bytes(file, "a file of JSON", MOST_BYTES, CorruptAdapterException::new);
        return read(file.toString(), bytes);
    }
}
