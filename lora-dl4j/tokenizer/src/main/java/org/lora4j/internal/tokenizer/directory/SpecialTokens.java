/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.directory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.format.huggingface.JsonObjectFile;

/**
 * What the small files of a model directory say of special tokens.
 *
 * @apiNote Status: internal
 */
public final class SpecialTokens {

    /** The settings of a tokenizer. */
    public static final String CONFIG = "tokenizer_config.json";

    /** The special tokens alone, as older versions of Transformers write them. */
    public static final String MAP = "special_tokens_map.json";

    private SpecialTokens() {}

    /**
     * The fields of a file.
     *
     * @return none if there is no such file
     * @throws IOException if it is damaged or cannot be read
     */
    public static Map<String, Object> fields(Path directory, String name) throws IOException {
        Path file = directory.resolve(name);
        return Files.exists(file) ? JsonObjectFile.read(file, "the " + name + " of a model") : Map.of();
    }

    /**
     * The special tokens by their names, {@code bos_token} and so on.
     *
     * @return their spellings
     * @throws IOException if a file is damaged or cannot be read
     */
    public static Map<String, String> read(Path directory) throws IOException {
        Map<String, String> tokens = new LinkedHashMap<>();
        for (String name : List.of(MAP, CONFIG)) {
            fields(directory, name).forEach((field, value) -> {
                // As a text, or as an object that says how the token is found in texts, too.
                Object token = value instanceof Map<?, ?> object ? object.get("content") : value;
                if (field.endsWith("_token") && token instanceof String text) {
                    tokens.put(field, text);
                } else if (field.endsWith("_token") && token == null) {
                    tokens.remove(field);
                }
            });
        }
        return tokens;
    }
}
