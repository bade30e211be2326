/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.List;
import org.lora4j.error.Arguments;
import org.lora4j.internal.language.sampling.GenerationState;

/**
 * A token that just came.
 *
 * @param prompt the index of its prompt among those given
 * @param number which of the texts of this prompt it belongs to, 0 for the first
 * @param id the token
 * @param text what may be shown now: empty while a character is incomplete or may belong to a stop string, and longer where
 *     such text turns out to be none; the pieces together are the text of the {@link Generation}
 * @param logProbability as of {@link Generation#logProbabilities}; NaN if the config does not ask for them
 * @param topLogProbabilities the most probable tokens at its place, the best first; none if the config does not ask for them
 * @apiNote Status: stable
 */
public record GeneratedToken(
        int prompt,
        int number,
        int id,
        String text,
        double logProbability,
        List<TokenProbability> topLogProbabilities) {

    /**
     * Copies the list.
     *
     * @param prompt as above
     * @param number as above
     * @param id as above
     * @param text as above
     * @param logProbability as above
     * @param topLogProbabilities as above
     */
    public GeneratedToken {
        topLogProbabilities = List.copyOf(
                Arguments.required(topLogProbabilities, "GeneratedToken: topLogProbabilities", "tokens, perhaps none"));
    }

    /**
     * A token without others that could have come.
     *
     * @param prompt as above
     * @param number as above
     * @param id as above
     * @param text as above
     * @param logProbability as above
     */
    public GeneratedToken(int prompt, int number, int id, String text, double logProbability) {
        this(prompt, number, id, text, logProbability, List.of());
    }

    /** The one that a sequence was given last. */
    static GeneratedToken of(int prompt, int number, int id, GenerationState state) {
        return new GeneratedToken(
                prompt, number, id, state.piece(), state.logProbability(), TokenProbability.of(state.lastRanked()));
    }
}
