/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.huggingface.JsonObjectFile;

/** What the small files of a model directory say of tokens and templates. */
final class ModelDirectory {

    static final String TOKENIZER_CONFIG = "tokenizer_config.json";

    private ModelDirectory() {}

    /** Refuses what is no directory. */
    static void require(Path directory) throws IOException {
        Arguments.required(directory, "load: directory", "a model directory");
        if (!Files.exists(directory)) {
            throw new NoSuchFileException(
                    MessageText.path(directory),
                    null,
                    "no such directory; expected a model directory. Check the path.");
        }
        if (!Files.isDirectory(directory)) {
            throw new FileSystemException(
                    MessageText.path(directory),
                    null,
                    "is a file; expected a model directory. Name the directory that holds it.");
        }
    }

    /** The fields of a file, or none if there is no such file. */
    static Map<String, Object> fields(Path directory, String name) throws IOException {
        Path file = directory.resolve(name);
        return Files.exists(file) ? JsonObjectFile.read(file, "the " + name + " of a model") : Map.of();
    }

    /** The special tokens by the names under which templates see them: {@code bos_token} and so on. */
    static Map<String, String> specialTokens(Path directory) throws IOException {
        Map<String, String> tokens = new LinkedHashMap<>();
        for (String name : new String[] {"special_tokens_map.json", TOKENIZER_CONFIG}) {
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
