/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/** The tokens of one sequence: the prompt, and what came after it. */
final class TokenHistory {

    private final int prompt;
    private final BitSet seen = new BitSet();
    private final Map<Integer, Integer> counts = new HashMap<>();
    private int[] ids;
    private int size;

    TokenHistory(int[] prompt) {
        this.prompt = prompt.length;
        this.ids = prompt.clone();
        this.size = prompt.length;
        for (int id : prompt) {
            seen.set(id);
        }
    }

    void add(int id) {
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, Math.max(16, size + (size >> 1)));
        }
        ids[size++] = id;
        seen.set(id);
        counts.merge(id, 1, Integer::sum);
    }

    int size() {
        return size;
    }

    int id(int index) {
        return ids[index];
    }

    /** How many came after the prompt. */
    int newTokens() {
        return size - prompt;
    }

    /** Every id that is there; not to be changed. */
    BitSet seen() {
        return seen;
    }

    /** How often each id came after the prompt; not to be changed. */
    Map<Integer, Integer> counts() {
        return counts;
    }

    int[] promptIds() {
        return Arrays.copyOf(ids, prompt);
    }

    int[] newIds() {
        return Arrays.copyOfRange(ids, prompt, size);
    }
}
