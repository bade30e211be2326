/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tokenizer;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import org.lora4j.internal.tokenizer.EncodedTokens;

/**
 * The tokens of a text, of a pair of texts or of a list of words, as the arrays that models read.
 *
 * <p><i>State.</i> Immutable. <i>Threads.</i> Safe.
 *
 * @apiNote Status: stable
 */
public final class Encoding {

    /** Stands for what a token that is put around texts does not have. */
    private static final int NONE = -1;

    private final int[] ids;
    private final int[] typeIds;
    private final int[] wordIds;
    private final int[] spans;
    private final int[] mask;
    private final List<Token> tokens;
    private final boolean cut;

    private Encoding(int[] wordIds, int[] mask, List<Token> tokens, boolean cut) {
        this.ids = tokens.stream().mapToInt(Token::id).toArray();
        this.typeIds = tokens.stream().mapToInt(Token::typeId).toArray();
        this.wordIds = wordIds;
        this.mask = mask;
        this.tokens = tokens;
        this.cut = cut;
        this.spans = new int[2 * ids.length];
        for (int i = 0; i < ids.length; i++) {
            spans[2 * i] = tokens.get(i).start();
            spans[2 * i + 1] = tokens.get(i).end();
        }
    }

    static Encoding of(EncodedTokens encoded, Tokenizer tokenizer, IntFunction<String> textOf) {
        int[] ids = encoded.ids();
        int[] types = encoded.types();
        Token[] tokens = new Token[ids.length];
        String text = null;
        int[] indices = new int[0];
        for (int i = 0; i < ids.length; i++) {
            boolean placed = encoded.sequence(i) >= 0;
            if (placed && text != textOf.apply(i)) {
                text = textOf.apply(i);
                indices = indices(text);
            }
            tokens[i] = new Token(
                    ids[i],
                    encoded.token(i),
                    placed ? indices[encoded.start(i)] : NONE,
                    placed ? indices[encoded.end(i)] : NONE,
                    types[i],
                    !placed || tokenizer.isSpecial(ids[i]));
        }
        int[] mask = new int[ids.length];
        Arrays.fill(mask, 1);
        return new Encoding(encoded.words(), mask, List.of(tokens), encoded.isCut());
    }

    /** Where each code point of a text begins, and where the last one ends. */
    private static int[] indices(String text) {
        int[] indices = new int[text.length() + 1];
        int count = 0;
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            indices[count++] = i;
        }
        indices[count] = text.length();
        return indices;
    }

    /** The same tokens with padding behind them. */
    Encoding padded(int length, Token padding) {
        int more = length - size();
        if (more <= 0) {
            return this;
        }
        Token[] all = Arrays.copyOf(tokens.toArray(new Token[0]), length);
        Arrays.fill(all, size(), length, padding);
        int[] words = Arrays.copyOf(wordIds, length);
        Arrays.fill(words, size(), length, NONE);
        return new Encoding(words, Arrays.copyOf(mask, length), List.of(all), cut);
    }

    /**
     * The number of tokens.
     *
     * @return 0 or more
     */
    public int size() {
        return ids.length;
    }

    /**
     * The ids.
     *
     * @return a copy
     */
    public int[] ids() {
        return ids.clone();
    }

    /**
     * The tokens one by one.
     *
     * @return as many as there are ids; unmodifiable
     */
    public List<Token> tokens() {
        return tokens;
    }

    /**
     * For each token the text that it is of, by the rules of the model.
     *
     * @return a copy: 0, or 1 in the second text of a pair, if the model tells them apart
     */
    public int[] typeIds() {
        return typeIds.clone();
    }

    /**
     * For each token the index of its word: of those that were given, else of those that the tokenizer cuts a text into.
     *
     * @return a copy: 0 or more, -1 for tokens that are put around texts
     */
    public int[] wordIds() {
        return wordIds.clone();
    }

    /**
     * Where the tokens stand: for each one the index of its first Java character in its text, and the index behind its last one.
     * Of a list of words they count from the start of the word.
     *
     * @return a copy: two numbers for each token, -1 for tokens that are put around texts
     */
    public int[] offsets() {
        return spans.clone();
    }

    /**
     * Which tokens the model attends to.
     *
     * @return a copy: 1, or 0 for padding
     */
    public int[] attentionMask() {
        return mask.clone();
    }

    /**
     * Which tokens are not of a text.
     *
     * @return a copy: 1 for those that are put around texts and for padding, else 0
     */
    public int[] specialTokensMask() {
        return tokens.stream().mapToInt(token -> token.start() < 0 ? 1 : 0).toArray();
    }

    /**
     * Whether tokens were left out as there were more than {@link Tokenizer#withMaxLength} allows.
     *
     * @return true if some were
     */
    public boolean isCut() {
        return cut;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Encoding that
                && tokens.equals(that.tokens)
                && Arrays.equals(wordIds, that.wordIds)
                && Arrays.equals(mask, that.mask)
                && cut == that.cut;
    }

    @Override
    public int hashCode() {
        return tokens.hashCode();
    }

    @Override
    public String toString() {
        return "Encoding[" + ids.length + " tokens" + (cut ? ", cut" : "") + "]";
    }
}
