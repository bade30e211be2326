/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What a model made of words, as texts repeat them. When it is full it begins anew, so that it stays with what is read now.
 * <b>Threads.</b> Safe.
 */
final class WordCache {

    /** As many as Hugging Face's library keeps. */
    private static final int MOST = 10_000;

    /** Longer words hardly come twice. */
    private static final int LONGEST = 64;

    private final Map<String, int[]> words = new ConcurrentHashMap<>();

    /** The word as a key; null if it is too long to be kept. */
    static String key(AlignedText word) {
        return word.length() <= LONGEST ? word.text() : null;
    }

    int[] get(String key) {
        return key == null ? null : words.get(key);
    }

    void put(String key, int[] tokens) {
        if (key != null) {
            if (words.size() >= MOST) {
                words.clear();
            }
            words.put(key, tokens);
        }
    }
}
