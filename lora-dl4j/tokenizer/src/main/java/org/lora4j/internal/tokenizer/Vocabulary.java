/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** The tokens of a model by id and ids by token, in the order of the file; where two have one id, the later one counts. */
final class Vocabulary {

    /** Vocabularies of today have a fortieth of it. */
    static final int LARGEST_ID = 10_000_000;

    /** Those of today have some two hundred characters; what looks for the longest one reads as far. */
    static final int LONGEST_TOKEN = 1_024;

    private final Map<String, Integer> ids;
    private final String[] tokens;

    /** Tokens whose ids lie so far apart that an array would be mostly empty. */
    private final Map<Integer, String> others = new HashMap<>();

    private int end;
    private int distinct;
    private int characters;

    private Vocabulary(Map<String, Integer> ids, int direct) {
        this.ids = ids;
        this.tokens = new String[direct];
    }

    static Vocabulary of(String[] tokens, int[] ids, int count) {
        int highest = -1;
        for (int i = 0; i < count; i++) {
            highest = Math.max(highest, ids[i]);
        }
        int direct = Math.min(highest + 1, 2 * count + 1_024);
        Vocabulary vocabulary = new Vocabulary(new HashMap<>(count * 4 / 3 + 1), direct);
        vocabulary.end = highest + 1;
        for (int i = 0; i < count; i++) {
            vocabulary.put(tokens[i], ids[i]);
        }
        return vocabulary;
    }

    private void put(String token, int id) {
        ids.put(token, id);
        characters += token.length();
        boolean known;
        if (id < tokens.length) {
            known = tokens[id] != null;
            tokens[id] = token;
        } else {
            known = others.put(id, token) != null;
        }
        distinct += known ? 0 : 1;
    }

    /** The id of a token; null if there is none. */
    Integer id(String token) {
        return ids.get(token);
    }

    /** The token of an id; null if there is none. */
    String token(int id) {
        return id >= 0 && id < tokens.length ? tokens[id] : others.get(id);
    }

    /** How many tokens there are. */
    int size() {
        return ids.size();
    }

    /** How many ids have a token. */
    int distinct() {
        return distinct;
    }

    /** One more than the highest id. */
    int end() {
        return end;
    }

    /** The tokens for those who look for the longest one. */
    Trie trie() {
        Trie trie = new Trie(characters / 2 + 16);
        ids.forEach(trie::put);
        return trie;
    }

    /** Ids of tokens of one character. */
    LongIntMap characters() {
        LongIntMap points = new LongIntMap(1_024);
        for (Map.Entry<String, Integer> entry : ids.entrySet()) {
            String token = entry.getKey();
            if (!token.isEmpty() && token.length() == Character.charCount(token.codePointAt(0))) {
                points.put(token.codePointAt(0), entry.getValue());
            }
        }
        return points;
    }

    /** The ids of the tokens that stand for bytes, {@code <0x00>} and so on; -1 for those that there are not. */
    int[] bytes() {
        int[] bytes = new int[256];
        Arrays.setAll(bytes, unit -> ids.getOrDefault(String.format(Locale.ROOT, "<0x%02X>", unit), -1));
        return bytes;
    }
}
