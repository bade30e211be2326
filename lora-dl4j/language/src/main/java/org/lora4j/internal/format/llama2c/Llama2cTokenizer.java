/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.llama2c;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * A vocabulary of llama2.c as Hugging Face's tokenizer: SentencePiece's BPE, with a space before the text, bytes for what has
 * no token, and the beginning in front.
 *
 * @apiNote Status: internal
 */
public final class Llama2cTokenizer {

    private static final String SPACE = "\u2581";

    private Llama2cTokenizer() {}

    /** Writes {@code tokenizer.json}, {@code tokenizer_config.json} and {@code special_tokens_map.json}. */
    public static void write(Llama2cVocabulary vocabulary, Path directory) throws IOException {
        Map<String, Object> special = fields(
                "bos_token",
                vocabulary.tokens().get(Llama2cVocabulary.BEGIN),
                "eos_token",
                vocabulary.tokens().get(Llama2cVocabulary.END),
                "unk_token",
                vocabulary.tokens().get(Llama2cVocabulary.UNKNOWN));
        Map<String, Object> config = new LinkedHashMap<>(special);
        config.putAll(fields(
                "add_bos_token",
                true,
                "add_eos_token",
                false,
                "legacy",
                true,
                "clean_up_tokenization_spaces",
                false,
                "tokenizer_class",
                "LlamaTokenizer"));
        JsonObjects.write(directory.resolve("tokenizer.json"), tokenizer(vocabulary));
        JsonObjects.write(directory.resolve("tokenizer_config.json"), config);
        JsonObjects.write(directory.resolve("special_tokens_map.json"), special);
    }

    private static Map<String, Object> tokenizer(Llama2cVocabulary vocabulary) {
        String begin = vocabulary.tokens().get(Llama2cVocabulary.BEGIN);
        Map<String, Object> a = fields("Sequence", fields("id", "A", "type_id", 0));
        Map<String, Object> b = fields("Sequence", fields("id", "B", "type_id", 1));
        List<Map<String, Object>> added = IntStream.rangeClosed(Llama2cVocabulary.UNKNOWN, Llama2cVocabulary.END)
                .mapToObj(id -> added(id, vocabulary.tokens().get(id)))
                .toList();
        Map<String, Object> tokenizer = fields("version", "1.0", "truncation", null, "padding", null);
        tokenizer.put("added_tokens", added);
        tokenizer.put(
                "normalizer",
                sequence("normalizers", List.of(fields("type", "Prepend", "prepend", SPACE), replace(" ", SPACE))));
        tokenizer.put("pre_tokenizer", null);
        tokenizer.put(
                "post_processor",
                fields(
                        "type",
                        "TemplateProcessing",
                        "single",
                        List.of(special(begin, 0), a),
                        "pair",
                        List.of(special(begin, 0), a, special(begin, 1), b),
                        "special_tokens",
                        fields(
                                begin,
                                fields(
                                        "id",
                                        begin,
                                        "ids",
                                        List.of(Llama2cVocabulary.BEGIN),
                                        "tokens",
                                        List.of(begin)))));
        tokenizer.put(
                "decoder",
                sequence(
                        "decoders",
                        List.of(
                                replace(SPACE, " "),
                                fields("type", "ByteFallback"),
                                fields("type", "Fuse"),
                                fields("type", "Strip", "content", " ", "start", 1, "stop", 0))));
        tokenizer.put("model", model(vocabulary));
        return tokenizer;
    }

    private static Map<String, Object> model(Llama2cVocabulary vocabulary) {
        Map<String, Integer> ids = new LinkedHashMap<>();
        vocabulary.tokens().forEach(token -> ids.put(token, ids.size()));
        Map<String, Object> model = fields(
                "type",
                "BPE",
                "dropout",
                null,
                "unk_token",
                vocabulary.tokens().get(Llama2cVocabulary.UNKNOWN),
                "continuing_subword_prefix",
                null,
                "end_of_word_suffix",
                null,
                "fuse_unk",
                true,
                "byte_fallback",
                true,
                "ignore_merges",
                false);
        model.put("vocab", ids);
        model.put("merges", merges(vocabulary, ids));
        return model;
    }

    /** Every way to make a token of two, those of the token with the highest score first. */
    private static List<String> merges(Llama2cVocabulary vocabulary, Map<String, Integer> ids) {
        List<String> merges = new ArrayList<>();
        IntStream.range(Llama2cVocabulary.FIRST_BYTE, vocabulary.tokens().size())
                .boxed()
                .sorted(Comparator.comparing((Integer id) -> -vocabulary.scores()[id]))
                .map(vocabulary.tokens()::get)
                .forEach(token -> {
                    for (int cut = token.length() - 1; cut > 0; cut--) {
                        String left = token.substring(0, cut);
                        String right = token.substring(cut);
                        if (ids.containsKey(left) && ids.containsKey(right)) {
                            merges.add(left + " " + right);
                        }
                    }
                });
        return merges;
    }

    private static Map<String, Object> added(int id, String token) {
        return fields(
                "id",
                id,
                "content",
                token,
                "single_word",
                false,
                "lstrip",
                false,
                "rstrip",
                false,
                "normalized",
                false,
                "special",
                true);
    }

    private static Map<String, Object> special(String token, int type) {
        return fields("SpecialToken", fields("id", token, "type_id", type));
    }

    private static Map<String, Object> replace(String from, String to) {
        return fields("type", "Replace", "pattern", fields("String", from), "content", to);
    }

    private static Map<String, Object> sequence(String name, List<Map<String, Object>> parts) {
        return fields("type", "Sequence", name, parts);
    }

    private static Map<String, Object> fields(Object... namesAndValues) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            fields.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return fields;
    }
}
