/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.Arrays;
import java.util.Objects;

/**
 * A text, a pair of texts or a list of words as the tokens of an encoder, special tokens included.
 *
 * @param ids the ids; owned by this object, not to be written to
 * @param typeIds for each token the text that it is of: 0, or 1 in the second text of a pair
 * @param wordIds for each token the index of its word, -1 for special tokens
 * @param spans for each token where it begins in its text and where it ends, as indices of Java characters, two numbers each,
 *     -1 for special tokens; empty if the tokenizer does not tell. Of a list of words they count from the start of the word
 * @param cut whether the end was left out because the text is too long
 * @param prompt how many of the first tokens are a prompt's, which poolings without it leave out; 0 if there is none
 * @apiNote Status: stable
 */
public record TokenizedText(int[] ids, int[] typeIds, int[] wordIds, int[] spans, boolean cut, int prompt) {

    /**
     * Checks the lengths.
     *
     * @param ids as in the record
     * @param typeIds as in the record
     * @param wordIds as in the record
     * @param spans as in the record
     * @param cut as in the record
     * @param prompt as in the record
     * @throws IllegalArgumentException if the arrays differ in length, there is no token, or a prompt has more tokens than there are
     */
    public TokenizedText {
        Objects.requireNonNull(ids, "TokenizedText: ids is null; expected token ids");
        boolean placed = spans.length == 0 || spans.length == 2 * ids.length;
        if (ids.length == 0) {
            throw new IllegalArgumentException(
                    "TokenizedText: the text has no tokens, nothing of it is left for the model;"
                            + " expected a word, or a tokenizer that puts special tokens around texts.");
        }
        if (ids.length == 0 || typeIds.length != ids.length || wordIds.length != ids.length || !placed) {
            throw new IllegalArgumentException("TokenizedText: " + ids.length + " ids, " + typeIds.length
                    + " types, " + wordIds.length + " words and " + spans.length
                    + " ends of spans; expected the same number of each, 1 or more, and two ends for each or none.");
        }
        if (prompt < 0 || prompt > ids.length) {
            throw new IllegalArgumentException(
                    "TokenizedText: prompt = " + prompt + "; expected 0 to " + ids.length + ", the number of tokens.");
        }
    }

    /**
     * Tokens without a prompt.
     *
     * @param ids as in the record
     * @param typeIds as in the record
     * @param wordIds as in the record
     * @param spans as in the record
     * @param cut as in the record
     * @throws IllegalArgumentException as of the record
     */
    public TokenizedText(int[] ids, int[] typeIds, int[] wordIds, int[] spans, boolean cut) {
        this(ids, typeIds, wordIds, spans, cut, 0);
    }

    /**
     * Tokens of which it is not known where they stand in the text.
     *
     * @param ids as in the record
     * @param typeIds as in the record
     * @param wordIds as in the record
     * @param cut as in the record
     * @throws IllegalArgumentException if the arrays differ in length or there is no token
     */
    public TokenizedText(int[] ids, int[] typeIds, int[] wordIds, boolean cut) {
        this(ids, typeIds, wordIds, new int[0], cut, 0);
    }

    /**
     * The same tokens, of which the first ones are a prompt's.
     *
     * @param tokens how many; 0 for none
     * @return the tokens
     * @throws IllegalArgumentException if there are not so many
     */
    public TokenizedText withPrompt(int tokens) {
        return new TokenizedText(ids, typeIds, wordIds, spans, cut, tokens);
    }

    /**
     * The number of tokens.
     *
     * @return 1 or more
     */
    public int length() {
        return ids.length;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TokenizedText that
                && Arrays.equals(ids, that.ids)
                && Arrays.equals(typeIds, that.typeIds)
                && Arrays.equals(wordIds, that.wordIds)
                && Arrays.equals(spans, that.spans)
                && cut == that.cut
                && prompt == that.prompt;
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ids);
    }

    @Override
    public String toString() {
        return "TokenizedText[" + ids.length + " tokens" + (cut ? ", cut" : "") + "]";
    }
}
