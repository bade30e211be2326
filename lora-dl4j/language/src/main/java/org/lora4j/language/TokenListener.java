/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

/**
 * Hears of each token as it comes, for instance to show a text while it is made.
 *
 * <p><b>Threads.</b> Called by the thread that generates, one call at a time; the next token waits for it.
 *
 * @apiNote Status: stable
 */
@FunctionalInterface
public interface TokenListener {

    /**
     * A token came.
     *
     * @param token the token and its text
     * @return whether to go on; false ends the text of this token with {@link FinishReason#CANCELLED}, if it has not ended
     *     anyway, and leaves others
     */
    boolean onToken(GeneratedToken token);
}
