/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

/**
 * Makes text of tokens that come one after another.
 *
 * @apiNote Status: internal
 */
public interface TextPieces {

    /**
     * The text that a token adds.
     *
     * @return whole characters; empty while the token has only a part of one, or has no text
     */
    String next(int id);

    /**
     * What is left at the end.
     *
     * @return the text of what never became a whole character; empty if nothing is left
     */
    String rest();

    /**
     * No text, for who wants ids alone.
     *
     * @return pieces that are empty
     */
    static TextPieces none() {
        return new TextPieces() {
            @Override
            public String next(int id) {
                return "";
            }

            @Override
            public String rest() {
                return "";
            }
        };
    }
}
