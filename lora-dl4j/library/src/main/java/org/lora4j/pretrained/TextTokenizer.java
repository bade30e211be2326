/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

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
}
