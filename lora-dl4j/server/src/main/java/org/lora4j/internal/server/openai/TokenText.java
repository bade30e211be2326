/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import java.nio.charset.StandardCharsets;
import org.lora4j.language.LanguageTokenizer;

/** How tokens and their probabilities stand in answers. */
final class TokenText {

    /** OpenAI's number for a probability of zero, whose logarithm is none of JSON. */
    private static final double LEAST = -9999;

    private TokenText() {}

    static double finite(double logProbability) {
        return Math.max(LEAST, logProbability);
    }

    /** The bytes of a token; none of one that only the model has. */
    static byte[] bytes(LanguageTokenizer tokenizer, int id) {
        return tokenizer.isKnown(id) ? tokenizer.bytes(id) : new byte[0];
    }

    static String of(LanguageTokenizer tokenizer, int id) {
        return new String(bytes(tokenizer, id), StandardCharsets.UTF_8);
    }
}
