/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
     * Adds the pooling, and the normalization if there is one.
     *
     * @param pooling the pooling; of a pooler only its first token
     * @param dimension the length of a vector
     */
    public void pooling(Pooling pooling, int dimension) throws IOException {
        boolean mean = pooling == Pooling.MEAN || pooling == Pooling.NORMALIZED_MEAN;
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("word_embedding_dimension", dimension);
        config.put("pooling_mode_cls_token", !mean);
        config.put("pooling_mode_mean_tokens", mean);
        config.put("pooling_mode_max_tokens", false);
        config.put("pooling_mode_mean_sqrt_len_tokens", false);
        config.put("pooling_mode_weightedmean_tokens", false);
        config.put("pooling_mode_lasttoken", false);
        config.put("include_prompt", true);
        write(Files.createDirectories(add("Pooling", "Pooling")), config);
        if (pooling == Pooling.NORMALIZED_MEAN || pooling == Pooling.NORMALIZED_CLS) {
            Files.createDirectories(add("Normalize", "Normalize"));
        }
    }

    /**
     * Adds a linear module.
     *
     * @param activation the class of PyTorch after it
     * @return the directory for its tensors {@code linear.weight} and {@code linear.bias}
     */
    public Path dense(long inputs, long outputs, String activation) throws IOException {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("in_features", inputs);
        config.put("out_features", outputs);
        config.put("bias", true);
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
     * Writes the list of modules, the longest text and the prompts.
     *
     * @param maxLength maximum number of tokens of a text
     * @param prompts what is put before texts, by purpose
     * @param defaultPrompt the purpose of what every text gets, or null
     * @return the names of all files
     * @throws IOException if they cannot be written
     */
    public List<String> write(int maxLength, Map<String, String> prompts, String defaultPrompt) throws IOException {
        String list = modules.stream().collect(Collectors.joining(",\n", "[\n", "\n]\n"));
        WholeFile.write(directory.resolve("modules.json"), list);
        Map<String, Object> length = new LinkedHashMap<>();
        length.put("max_seq_length", maxLength);
        length.put("do_lower_case", false);
        JsonObjects.write(directory.resolve("sentence_bert_config.json"), length);
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("prompts", prompts);
        if (defaultPrompt != null) {
            config.put("default_prompt_name", defaultPrompt);
        }
        config.put("similarity_fn_name", "cosine");
        JsonObjects.write(directory.resolve("config_sentence_transformers.json"), config);
        files.addAll(List.of("modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"));
        return files;
    }
}
