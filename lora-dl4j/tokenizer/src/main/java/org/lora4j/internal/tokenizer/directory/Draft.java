/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.directory;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.tokenizer.directory.TokenizerSettings.AddedToken;

/** A {@code tokenizer.json} in the making: a model with its ids, and the parts around it. */
final class Draft {

    /** The post-processor, once the special tokens have ids. */
    interface Joining {
        Map<String, Object> part(Map<String, AddedToken> named, Map<String, Integer> ids);
    }

    final String source;
    final Map<String, Object> model;
    final Map<String, Integer> ids;

    /** Ids of the model and of the tokens beside it, once those are known. */
    final Map<String, Integer> all = new LinkedHashMap<>();

    final Map<String, AddedToken> added = new LinkedHashMap<>();
    final List<AddedToken> further = new ArrayList<>();
    List<Map<String, Object>> normalizers = List.of();
    Map<String, Object> preTokenizer;
    Map<String, Object> decoder;
    Joining joining = (named, all) -> null;

    /** Names of the special tokens that the post-processor takes. */
    List<String> around = List.of();

    private Draft(String source, Map<String, Object> model, Map<String, Integer> ids) {
        this.source = source;
        this.model = model;
        this.ids = ids;
    }

    static Draft wordPiece(String source, Map<String, Integer> ids, String unknown) {
        return new Draft(
                source,
                JsonParts.part(
                        "WordPiece",
                        "unk_token",
                        unknown,
                        "continuing_subword_prefix",
                        "##",
                        "max_input_chars_per_word",
                        100,
                        "vocab",
                        ids),
                ids);
    }

    static Draft bpe(
            String source, Map<String, Integer> ids, List<List<String>> merges, String unknown, boolean byteFallback) {
        return new Draft(
                source,
                JsonParts.part(
                        "BPE",
                        "unk_token",
                        unknown,
                        "fuse_unk",
                        unknown != null,
                        "byte_fallback",
                        byteFallback,
                        "vocab",
                        ids,
                        "merges",
                        merges),
                ids);
    }

    static Draft unigram(String source, List<String> pieces, List<Double> scores, int unknown, boolean byteFallback) {
        Map<String, Integer> ids = new LinkedHashMap<>();
        List<List<Object>> vocabulary = new ArrayList<>();
        for (int i = 0; i < pieces.size(); i++) {
            ids.put(pieces.get(i), i);
            vocabulary.add(List.of(pieces.get(i), scores.get(i)));
        }
        return new Draft(
                source,
                JsonParts.part("Unigram", "unk_id", unknown, "byte_fallback", byteFallback, "vocab", vocabulary),
                ids);
    }
}
