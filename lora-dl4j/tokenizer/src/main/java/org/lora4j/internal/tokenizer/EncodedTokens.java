/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Arrays;

/**
 * The tokens of a text, of a pair of texts or of a list of words.
 *
 * <p><b>State.</b> Filled while a text is encoded, then no more.
 *
 * @apiNote Status: internal
 */
public final class EncodedTokens {

    private int size;
    private int[] ids = new int[32];
    private String[] tokens = new String[32];
    private int[] words = new int[32];
    private int[] starts = new int[32];
    private int[] ends = new int[32];
    private int[] types = new int[32];

    /** Of which text a token is, -1 for special ones. */
    private int[] sequences = new int[32];

    private boolean cut;

    EncodedTokens() {}

    void add(int id, String token, int word, int start, int end, int type, int sequence) {
        if (size == ids.length) {
            resize(2 * size);
        }
        ids[size] = id;
        tokens[size] = token;
        words[size] = word;
        starts[size] = start;
        ends[size] = end;
        types[size] = type;
        sequences[size++] = sequence;
    }

    private void resize(int length) {
        ids = Arrays.copyOf(ids, length);
        tokens = Arrays.copyOf(tokens, length);
        words = Arrays.copyOf(words, length);
        starts = Arrays.copyOf(starts, length);
        ends = Arrays.copyOf(ends, length);
        types = Arrays.copyOf(types, length);
        sequences = Arrays.copyOf(sequences, length);
    }

    /** All tokens of another one, as of one text. */
    void addAll(EncodedTokens other, int type, int sequence) {
        for (int i = 0; i < other.size; i++) {
            add(other.ids[i], other.tokens[i], other.words[i], other.starts[i], other.ends[i], type, sequence);
        }
        cut |= other.cut;
    }

    /** Leaves out what is behind the first tokens. */
    void truncate(int length) {
        cut |= length < size;
        size = Math.min(size, length);
    }

    void moveEnds(int index, int start, int end) {
        starts[index] = start;
        ends[index] = end;
    }

    /**
     * How many tokens there are.
     *
     * @return 0 or more
     */
    public int size() {
        return size;
    }

    /**
     * The ids.
     *
     * @return a copy
     */
    public int[] ids() {
        return Arrays.copyOf(ids, size);
    }

    /** The id of a token. */
    int id(int index) {
        return ids[index];
    }

    /**
     * The type of each token: that of its text, by the rules of the file.
     *
     * @return a copy
     */
    public int[] types() {
        return Arrays.copyOf(types, size);
    }

    /**
     * For each token the index of its word, -1 for special ones.
     *
     * @return a copy
     */
    public int[] words() {
        return Arrays.copyOf(words, size);
    }

    /**
     * How a token is spelled.
     *
     * @return as in the vocabulary, or, of some unknown ones, as in the text
     */
    public String token(int index) {
        return tokens[index];
    }

    /**
     * Where a token starts in its text.
     *
     * @return a number of code points
     */
    public int start(int index) {
        return starts[index];
    }

    /**
     * Where a token ends in its text.
     *
     * @return a number of code points
     */
    public int end(int index) {
        return ends[index];
    }

    /**
     * Of which text a token is.
     *
     * @return 0 or 1, or -1 for a special one that was added
     */
    public int sequence(int index) {
        return sequences[index];
    }

    /**
     * Whether tokens were left out as there were too many.
     *
     * @return true if some were
     */
    public boolean isCut() {
        return cut;
    }

    @Override
    public String toString() {
        return "EncodedTokens[" + size + " tokens" + (cut ? ", cut" : "") + "]";
    }
}
