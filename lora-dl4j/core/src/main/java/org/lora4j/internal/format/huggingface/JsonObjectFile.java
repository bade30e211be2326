/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.huggingface;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.json.StrictJson;

/**
 * Reads a JSON file that holds one object.
 *
 * <p>Duplicate keys, bytes after the object and deep nesting are errors. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class JsonObjectFile {

    /** The longest file that is read, in bytes: an index of a very large model has a tenth of it. */
    public static final int MOST_BYTES = 16 << 20;

    private static final int DEEPEST = 64;

    private static final ObjectMapper JSON = StrictJson.mapper(DEEPEST);

    private static final TypeReference<Map<String, Object>> MAP = new TypeReference<>() {};

    private static final TypeReference<List<Object>> LIST = new TypeReference<>() {};

    private JsonObjectFile() {}

    /**
     * Reads a file.
     *
     * @param expected what the file should be, for messages: {@code the config.json of a model}
     * @return the fields in file order as plain values: String, Number, Boolean, List, Map, null; unmodifiable
     * @throws ModelFormatException if the file is too long or not one JSON object
     * @throws IOException if it does not exist or cannot be read
     */
    public static Map<String, Object> read(Path file, String expected) throws IOException {
        byte[] bytes = RegularFile.bytes(file, expected, MOST_BYTES, ModelFormatException::new);
        JsonNode root = parse(file, bytes, expected);
        if (!(root instanceof ObjectNode)) {
            throw new ModelFormatException(file + ": holds "
                    + (root == null || root.isMissingNode() ? "nothing" : root.getNodeType()) + "; expected " + expected
                    + ", one JSON object. The file is damaged or another one: get it again.");
        }
        return Collections.unmodifiableMap(JSON.convertValue(root, MAP));
    }

    /**
     * Reads a file that holds one list.
     *
     * @param expected as for {@link #read}
     * @return the entries as plain values; unmodifiable
     * @throws ModelFormatException if the file is too long or not one JSON list
     * @throws IOException if it does not exist or cannot be read
     */
    public static List<Object> readList(Path file, String expected) throws IOException {
        JsonNode root = parse(file, RegularFile.bytes(file, expected, MOST_BYTES, ModelFormatException::new), expected);
        if (!(root instanceof ArrayNode)) {
            throw new ModelFormatException(file + ": holds no list; expected " + expected
                    + ", one JSON list. The file is damaged or another one: get it again.");
        }
        return Collections.unmodifiableList(JSON.convertValue(root, LIST));
    }

    private static JsonNode parse(Path file, byte[] bytes, String expected) throws IOException {
        try {
            return JSON.readTree(StrictJson.text(bytes));
        } catch (JsonProcessingException e) {
            throw new ModelFormatException(
                    file + ": not valid JSON" + field(e) + ": " + e.getOriginalMessage() + "; expected " + expected
                            + ". The file is damaged: get it again.",
                    e);
        } catch (IOException e) {
            throw new ModelFormatException(
                    file + ": not readable as UTF-8 JSON: " + e.getMessage() + "; expected " + expected
                            + ". The file is damaged: get it again.",
                    e);
        }
    }

    /** The field at which reading stopped, if it is within one. */
    private static String field(JsonProcessingException e) {
        try {
            String name = e.getProcessor() instanceof JsonParser parser ? parser.currentName() : null;
            return name == null ? "" : " at " + MessageText.name(name);
        } catch (IOException unknown) {
            return "";
        }
    }
}
