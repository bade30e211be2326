/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.function.IntConsumer;

/** What a token of a text takes: a long text less a short one, by the tokens between, so that prompts do not count. */
final class DecoderTokens {

    /** What all begin with; the tokenizer of {@link RandomModel} has a token for each letter. */
    static final String PROMPT = "\u4e00\u4e8c\u4e09\u56db";
    /** How many tokens of a text are compared. */
    static final int COMPARED = 24;

    private static final int SHORT = 8;
    private static final int LONG = 56;

    private DecoderTokens() {}

    /** One measurement of something that makes a number of tokens. */
    static Turn turn(IntConsumer generate) {
        Turn little = Turn.of(() -> generate.accept(SHORT));
        Turn much = Turn.of(() -> generate.accept(LONG));
        int tokens = LONG - SHORT;
        return new Turn(
                (much.seconds() - little.seconds()) / tokens, (much.cpuSeconds() - little.cpuSeconds()) / tokens);
    }
}
