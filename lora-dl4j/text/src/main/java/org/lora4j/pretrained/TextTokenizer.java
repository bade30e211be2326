/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.List;

/**
 * Turns a text into the ids that an encoder eats.
 *
 * <p><i>Threads.</i> Implementations may be called from several threads at once.
 *
 * @apiNote Status: stable
 */
public interface TextTokenizer {

    /**
     * Encodes one text, with the special tokens of the model, truncated to {@link #maxLength()} and without padding.
     *
     * @param text any text; an empty one gives the special tokens alone
     * @return the ids, 1 to {@link #maxLength()} of them
     */
    int[] encode(String text);

    /**
     * The most ids that a text gets.
     *
     * @return 1 or more
     */
    int maxLength();

    /**
     * Whether {@link #encode} leaves out the end of a text because it is too long.
     *
     * @param text any text
     * @return true if a longer {@link #maxLength()} would give more ids; false by default, as if nothing were cut
     */
    default boolean cuts(String text) {
        return false;
    }

    /**
     * Encodes one text with all that is known of its tokens.
     *
     * @param text any text
     * @return the tokens, truncated to {@link #maxLength()}; by default those of {@link #encode}, as if all were one word
     */
    default TokenizedText tokenize(String text) {
        int[] ids = encode(text);
        return new TokenizedText(ids, new int[ids.length], new int[ids.length], cuts(text));
    }

    /**
     * Encodes two texts as one sequence, as models of pairs expect them. Of the longer one more is left out.
     *
     * @param first any text
     * @param second any text
     * @return the tokens, truncated to {@link #maxLength()}
     * @throws UnsupportedOperationException by default: this tokenizer encodes single texts only
     */
    default TokenizedText tokenizePair(String first, String second) {
        throw new UnsupportedOperationException("TextTokenizer: " + getClass().getSimpleName()
                + " encodes single texts; expected one that implements tokenizePair. Use HuggingFaceTextTokenizer.");
    }

    /**
     * Encodes a text that is given as words, and tells of which word each token is.
     *
     * @param words the words
     * @return the tokens, truncated to {@link #maxLength()}; a word that the tokenizer knows no part of has none
     * @throws UnsupportedOperationException by default: this tokenizer encodes whole texts only
     */
    default TokenizedText tokenizeWords(List<String> words) {
        throw new UnsupportedOperationException("TextTokenizer: " + getClass().getSimpleName()
                + " encodes whole texts; expected one that implements tokenizeWords. Use HuggingFaceTextTokenizer.");
    }
}
