/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

/** Makes tokens of words. */
interface Model {

    /**
     * Tokenizes a word.
     *
     * @param word a part of a text, not empty
     * @throws TokenizingException if the model has no token for it
     */
    void tokenize(AlignedText word, Tokens tokens);

    Vocabulary vocabulary();

    /** What gets tokens. */
    @FunctionalInterface
    interface Tokens {

        /**
         * A token.
         *
         * @param token how the vocabulary spells it, or, of an unknown one, what stands in the text
         * @param start where it starts in the original text
         */
        void add(int id, String token, int start, int end);
    }
}
