/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * The files of a tokenizer: {@code tokenizer.json} as it was read, and those that older readers want, made of it.
 *
 * @apiNote Status: internal
 */
public final class TokenizerFiles {

    /** What special tokens are for, by how BERT and RoBERTa spell them. */
    private static final Map<String, List<String>> SPECIAL = Map.of(
            "unk_token", List.of("[UNK]", "<unk>"),
            "sep_token", List.of("[SEP]", "</s>"),
            "pad_token", List.of("[PAD]", "<pad>"),
            "cls_token", List.of("[CLS]", "<s>"),
            "mask_token", List.of("[MASK]", "<mask>"));

    private TokenizerFiles() {}

    /**
     * Writes the files.
     *
     * @param json the {@code tokenizer.json}
     * @param maxLength maximum number of tokens of a text
     * @throws IOException if it is damaged or cannot be written
     */
    public static List<String> write(byte[] json, int maxLength, Path directory) throws IOException {
        List<String> files = new ArrayList<>();
        WholeFile.write(directory.resolve("tokenizer.json"), out -> out.write(json));
        files.add("tokenizer.json");
        Map<String, Object> tokenizer = JsonObjects.read("tokenizer.json", json);
        Map<String, Object> special = special(tokenizer);
        Map<?, ?> model = object(tokenizer.get("model"));
        boolean wordPieces = "WordPiece".equals(model.get("type")) || model.containsKey("max_input_chars_per_word");
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("tokenizer_class", wordPieces ? "BertTokenizer" : "PreTrainedTokenizerFast");
        config.put("model_max_length", maxLength);
        if (wordPieces) {
            config.put(
                    "do_lower_case",
                    !Boolean.FALSE.equals(object(tokenizer.get("normalizer")).get("lowercase")));
            WholeFile.write(directory.resolve("vocab.txt"), vocabulary(object(model.get("vocab"))));
            files.add("vocab.txt");
        }
        config.putAll(special);
        JsonObjects.write(directory.resolve("tokenizer_config.json"), config);
        JsonObjects.write(directory.resolve("special_tokens_map.json"), special);
        files.add("tokenizer_config.json");
        files.add("special_tokens_map.json");
        return files;
    }

    private static Map<?, ?> object(Object value) {
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    private static Map<String, Object> special(Map<String, Object> tokenizer) {
        List<?> added = tokenizer.get("added_tokens") instanceof List<?> list ? list : List.of();
        List<String> contents = Stream.concat(
                        added.stream().map(entry -> object(entry).get("content")),
                        object(object(tokenizer.get("model")).get("vocab")).keySet().stream())
                .map(String::valueOf)
                .toList();
        Map<String, Object> special = new TreeMap<>();
        SPECIAL.forEach((purpose, spellings) -> {
            Optional<String> found =
                    spellings.stream().filter(contents::contains).findFirst();
            found.ifPresent(token -> special.put(purpose, token));
        });
        return special;
    }

    private static String vocabulary(Map<?, ?> ids) {
        Map<Integer, String> byId = new TreeMap<>();
        ids.forEach((token, id) -> {
            if (id instanceof Integer number) {
                byId.put(number, String.valueOf(token));
            }
        });
        return String.join("\n", byId.values()) + "\n";
    }
}
