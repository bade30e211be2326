/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.time.Duration;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;

/**
 * How much a server takes. Immutable: each call gives others.
 *
 * @param texts inputs of one request
 * @param characters Java characters of one input, its texts together
 * @param tokens tokens of one request, special ones included
 * @param waiting inputs that wait in all; further requests are refused
 * @param batchRows inputs that are computed together
 * @param batchTokens tokens that are computed together, padding included; one input may have more
 * @param time how long a request may take
 * @apiNote Status: experimental
 */
public record TextLimits(
        int texts, int characters, int tokens, int waiting, int batchRows, int batchTokens, Duration time) {

    private static final TextLimits USUAL =
            new TextLimits(512, 1 << 20, 1 << 16, 4096, 64, 4096, Duration.ofSeconds(60));

    /**
     * Checks that each limit lets something through.
     *
     * @param texts as in the record
     * @param characters as in the record
     * @param tokens as in the record
     * @param waiting as in the record
     * @param batchRows as in the record
     * @param batchTokens as in the record
     * @param time as in the record
     * @throws IllegalArgumentException if one is below 1, or the time is not above 0; the message lists all
     */
    public TextLimits {
        Arguments.required(time, "TextLimits: time", "a duration");
        Problems problems = new Problems();
        problems.atLeast("texts", texts, 1);
        problems.atLeast("characters", characters, 1);
        problems.atLeast("tokens", tokens, 1);
        problems.atLeast("waiting", waiting, 1);
        problems.atLeast("batchRows", batchRows, 1);
        problems.atLeast("batchTokens", batchTokens, 1);
        problems.check(!time.isNegative() && !time.isZero(), "time = " + time + ", expected more than nothing");
        problems.throwIfAny("TextLimits");
    }

    /**
     * What holds if nobody says anything: 512 inputs of a million characters and 65,536 tokens in a request, 4,096 inputs that wait, 64 inputs
     * and 4,096 tokens at once, a minute.
     *
     * @return limits
     */
    public static TextLimits usual() {
        return USUAL;
    }

    /**
     * Other limits of one request.
     *
     * @param inputs at most so many
     * @param ofCharacters of one input
     * @param ofTokens of all inputs together
     * @return limits
     */
    public TextLimits request(int inputs, int ofCharacters, int ofTokens) {
        return new TextLimits(inputs, ofCharacters, ofTokens, waiting, batchRows, batchTokens, time);
    }

    /**
     * Lets more or fewer inputs wait.
     *
     * @param inputs at most so many
     * @return limits
     */
    public TextLimits waiting(int inputs) {
        return new TextLimits(texts, characters, tokens, inputs, batchRows, batchTokens, time);
    }

    /**
     * Computes more or fewer together.
     *
     * @param rows inputs
     * @param ofTokens tokens, padding included
     * @return limits
     */
    public TextLimits batch(int rows, int ofTokens) {
        return new TextLimits(texts, characters, tokens, waiting, rows, ofTokens, time);
    }

    /**
     * Lets requests take more or less time.
     *
     * @param atMost how long
     * @return limits
     */
    public TextLimits time(Duration atMost) {
        return new TextLimits(texts, characters, tokens, waiting, batchRows, batchTokens, atMost);
    }
}
