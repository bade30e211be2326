/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.pretrained.Pooling;

/**
 * The files of sentence-transformers beside a model: which modules run one after the other, and their configs.
 *
 * @apiNote Status: internal
 */
public final class SentenceFiles {

    private static final String PACKAGE = "sentence_transformers.models.";

    private final Path directory;
    private final List<String> modules = new ArrayList<>();
    private final List<String> files = new ArrayList<>();

    /** Begins with the encoder. */
    public SentenceFiles(Path directory) {
        this.directory = directory;
        add("", "Transformer");
    }

    private Path add(String name, String type) {
        String path = name.isEmpty() ? "" : modules.size() + "_" + name;
        Map<String, Object> module = new LinkedHashMap<>();
        module.put("idx", modules.size());
        module.put("name", Integer.toString(modules.size()));
        module.put("path", path);
        module.put("type", PACKAGE + type);
        modules.add(JsonObjects.write(module).strip());
        return directory.resolve(path);
    }

    /**
     * Adds what is taken of the tokens.
     *
     * @param pooling the pooling, of which only the modes are written here; of a pooler its first token
     * @param dimension the width of the hidden states
     */
    public void pooling(Pooling pooling, int dimension) throws IOException {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("word_embedding_dimension", dimension);
        List<Pooling.Mode> modes = pooling.modes();
        config.put("pooling_mode_cls_token", modes.contains(Pooling.Mode.CLS) || modes.contains(Pooling.Mode.POOLER));
        config.put("pooling_mode_mean_tokens", modes.contains(Pooling.Mode.MEAN));
        config.put("pooling_mode_max_tokens", modes.contains(Pooling.Mode.MAX));
        config.put("pooling_mode_mean_sqrt_len_tokens", modes.contains(Pooling.Mode.MEAN_SQRT_LENGTH));
        config.put("pooling_mode_weightedmean_tokens", modes.contains(Pooling.Mode.WEIGHTED_MEAN));
        config.put("pooling_mode_lasttoken", modes.contains(Pooling.Mode.LAST_TOKEN));
        config.put("include_prompt", pooling.includesPrompt());
        write(Files.createDirectories(add("Pooling", "Pooling")), config);
    }

    /** Adds the division by the length. */
    public void normalize() throws IOException {
        Files.createDirectories(add("Normalize", "Normalize"));
    }

    /**
     * Adds a linear module.
     *
     * @param bias whether it has one
     * @param activation the class of PyTorch after it
     * @return the directory for its tensors {@code linear.weight} and {@code linear.bias}
     */
    public Path dense(long inputs, long outputs, boolean bias, String activation) throws IOException {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("in_features", inputs);
        config.put("out_features", outputs);
        config.put("bias", bias);
        config.put("activation_function", activation);
        Path folder = Files.createDirectories(add("Dense", "Dense"));
        write(folder, config);
        return folder;
    }

    private void write(Path folder, Map<String, Object> config) throws IOException {
        JsonObjects.write(folder.resolve("config.json"), config);
        files.add(directory.relativize(folder.resolve("config.json")).toString().replace('\\', '/'));
    }

    /**
     * What is said of texts and vectors.
     *
     * @param maxLength maximum number of tokens of a text
     * @param lowerCase whether texts are written in lower case first
     * @param prompts what is put before texts, by purpose
     * @param defaultPrompt the purpose of what every text gets; empty if there is none
     * @param similarity by what vectors are compared
     * @apiNote Status: internal
     */
    public record Texts(
            int maxLength,
            boolean lowerCase,
            Map<String, String> prompts,
            Optional<String> defaultPrompt,
            String similarity) {}

    /**
     * Writes the list of modules, the longest text and the prompts.
     *
     * @param texts what is said of texts and vectors
     * @return the names of all files
     * @throws IOException if they cannot be written
     */
    public List<String> write(Texts texts) throws IOException {
        String list = modules.stream().collect(Collectors.joining(",\n", "[\n", "\n]\n"));
        WholeFile.write(directory.resolve("modules.json"), list);
        Map<String, Object> length = new LinkedHashMap<>();
        length.put("max_seq_length", texts.maxLength());
        length.put("do_lower_case", texts.lowerCase());
        JsonObjects.write(directory.resolve("sentence_bert_config.json"), length);
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("prompts", texts.prompts());
        texts.defaultPrompt().ifPresent(name -> config.put("default_prompt_name", name));
        config.put("similarity_fn_name", texts.similarity());
        JsonObjects.write(directory.resolve("config_sentence_transformers.json"), config);
        files.addAll(List.of("modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"));
        return files;
    }
}
