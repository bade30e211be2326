/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.huggingface;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;

/**
 * What the files of sentence-transformers beside a model say of how its vectors are made.
 *
 * @param poolingModes the names of the modes that the pooling's config switches on, such as {@code
 *     pooling_mode_mean_tokens}; empty if there is no pooling module
 * @param normalized whether vectors are divided by their length
 * @param maxLength maximum number of tokens of a text, if the files say so
 * @param prompts what is put before texts, by the name of the purpose
 * @param defaultPrompt name of the prompt that every text gets
 * @apiNote Status: internal
 */
public record SentenceModules(
        List<String> poolingModes,
        boolean normalized,
        OptionalInt maxLength,
        Map<String, String> prompts,
        Optional<String> defaultPrompt) {

    private static final String MODULES = "modules.json";
    private static final String MODE = "pooling_mode_";
    private static final Pattern FOLDER = Pattern.compile("\\w[\\w.-]*");

    /**
     * Reads the files of a directory.
     *
     * @return empty if it has no {@code modules.json}
     * @throws ModelFormatException if a file is damaged, or the model has a module that is neither a transformer, a pooling
     *     nor a normalization; the message lists every problem
     */
    public static Optional<SentenceModules> read(Path directory) throws IOException {
        Path modules = directory.resolve(MODULES);
        if (!Files.exists(modules)) {
            return Optional.empty();
        }
        Problems problems = new Problems();
        List<String> modes = new ArrayList<>();
        boolean normalized = false;
        for (Object entry : JsonObjectFile.readList(modules, "the modules.json of sentence-transformers")) {
            Map<?, ?> module = entry instanceof Map<?, ?> map ? map : Map.of();
            String type = String.valueOf(module.get("type"));
            switch (type.substring(type.lastIndexOf('.') + 1)) {
                case "Transformer" -> {}
                case "Pooling" -> {
                    String folder = String.valueOf(module.get("path"));
                    if (FOLDER.matcher(folder).matches()) {
                        modes.addAll(modes(directory.resolve(folder)));
                    } else {
                        problems.add("path of the pooling " + MessageText.name(folder)
                                + ", expected a folder beside it such as \"1_Pooling\"");
                    }
                }
                case "Normalize" -> normalized = true;
                default ->
                    problems.add("module of type " + MessageText.name(type)
                            + ", expected Transformer, Pooling or Normalize: its numbers would be left out");
            }
        }
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(MessageText.path(modules))
                    + ". Get another model, or take the weights alone: TextEncoder.of(weights, tokenizer, pooling).");
        }
        Map<String, Object> length = optional(directory.resolve("sentence_bert_config.json"));
        Map<String, Object> prompts = optional(directory.resolve("config_sentence_transformers.json"));
        return Optional.of(new SentenceModules(
                List.copyOf(modes),
                normalized,
                length.get("max_seq_length") instanceof Integer most ? OptionalInt.of(most) : OptionalInt.empty(),
                texts(prompts.get("prompts")),
                Optional.ofNullable(prompts.get("default_prompt_name")).map(String::valueOf)));
    }

    private static List<String> modes(Path folder) throws IOException {
        Map<String, Object> config = JsonObjectFile.read(folder.resolve("config.json"), "the config.json of a pooling");
        return config.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(MODE) && Boolean.TRUE.equals(entry.getValue()))
                .map(Map.Entry::getKey)
                .toList();
    }

    private static Map<String, Object> optional(Path file) throws IOException {
        return Files.exists(file) ? JsonObjectFile.read(file, "a config of sentence-transformers") : Map.of();
    }

    private static Map<String, String> texts(Object value) {
        Map<String, String> texts = new LinkedHashMap<>();
        if (value instanceof Map<?, ?> map) {
            map.forEach((name, text) -> texts.put(String.valueOf(name), String.valueOf(text)));
        }
        return texts;
    }
}
