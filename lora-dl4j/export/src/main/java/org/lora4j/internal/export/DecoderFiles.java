/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.huggingface.JsonObjectFile;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.internal.language.CompanionFiles;
import org.lora4j.internal.language.DecoderConfigReader;
import org.lora4j.internal.tokenizer.TokenizerContent;

/**
 * The files beside the weights of a decoder.
 *
 * @param directory the model's directory
 * @param config the fields of its {@code config.json}
 * @apiNote Status: internal
 */
public record DecoderFiles(Path directory, Map<String, Object> config) {

    private static final String GENERATION = "generation_config.json";
    private static final String TOKENIZER = "tokenizer.json";
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    private static final String TEMPLATE = "chat_template.jinja";

    /**
     * Reads the config of a directory.
     *
     * @throws ModelFormatException if the config is damaged
     * @throws IOException if it does not exist or cannot be read
     */
    public static DecoderFiles read(Path directory) throws IOException {
        return new DecoderFiles(directory, json(directory, DecoderConfigReader.FILE));
    }

    private static Map<String, Object> json(Path directory, String name) throws IOException {
        return JsonObjectFile.read(directory.resolve(name), "the " + name + " of a Hugging Face model");
    }

    private Map<String, Object> optional(String name) throws IOException {
        return Files.exists(directory.resolve(name)) ? json(directory, name) : Map.of();
    }

    /**
     * The base of rotations.
     *
     * @return as the config says it, else what its Python class takes
     */
    public double theta() {
        Object newer = config.get("rope_parameters") instanceof Map<?, ?> map ? map.get("rope_theta") : null;
        Object theta = newer == null ? config.get("rope_theta") : newer;
        return theta instanceof Number number ? number.doubleValue() : 1e4;
    }

    /**
     * What says how the tokenizer works.
     *
     * @param problems gets that there is no {@code tokenizer.json}
     * @return the files' fields; a chat template of its own file as a field of {@code tokenizer_config.json}
     * @throws IOException if a file is damaged or cannot be read
     */
    public Optional<GgufVocabulary.Files> vocabulary(Problems problems) throws IOException {
        if (!TokenizerContent.isThere(directory.resolve(TOKENIZER))) {
            problems.add(
                    "there is no " + TOKENIZER + " beside the model, expected it: the file holds the tokenizer, too");
            return Optional.empty();
        }
        Map<String, Object> settings = new LinkedHashMap<>(optional(TOKENIZER_CONFIG));
        Path template = directory.resolve(TEMPLATE);
        if (Files.exists(template)) {
            settings.put("chat_template", text(template));
        }
        return Optional.of(new GgufVocabulary.Files(tokenizer(), settings, config, optional(GENERATION)));
    }

    private Map<String, Object> tokenizer() throws IOException {
        Path file = directory.resolve(TOKENIZER);
        return Files.exists(file)
                ? json(directory, TOKENIZER)
                : JsonObjects.read(file.toString(), TokenizerContent.json(file));
    }

    private static String text(Path file) throws IOException {
        byte[] bytes = RegularFile.bytes(file, "a text", JsonObjectFile.MOST_BYTES, ModelFormatException::new);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /**
     * Copies everything that goes along with the weights, and the config with another element type.
     *
     * @param type how Transformers names the element type
     * @return the names of the files
     * @throws IOException if a file cannot be read or written
     */
    public List<String> copy(Path target, String type) throws IOException {
        return CompanionFiles.copy(directory, target, type);
    }

    @Override
    public String toString() {
        return "DecoderFiles[" + directory + "]";
    }
}
