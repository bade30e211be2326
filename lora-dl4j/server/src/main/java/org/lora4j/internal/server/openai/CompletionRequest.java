/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import java.util.List;
import org.lora4j.language.GenerationConfig;

/**
 * What a client asks for, read and checked.
 *
 * @param prompts one or more
 * @param isStream whether they come piece by piece
 * @param wantsUsage whether a stream ends with the tokens that were used
 * @param wantsLogs whether tokens come with their probabilities
 * @param wantsCalls whether calls of tools are taken out of texts
 */
record CompletionRequest(
        List<Prompt> prompts, boolean isStream, boolean wantsUsage, boolean wantsLogs, boolean wantsCalls) {

    /**
     * A prompt and how it goes on.
     *
     * @param ids its tokens
     * @param shown what of it stands before each of its texts
     * @param config how its texts are made
     * @param copies how often each of them is given: greedy texts are equal, so one is made
     */
    record Prompt(int[] ids, String shown, GenerationConfig config, int copies) {

        /** Several texts, drawn each, or made once. */
        static Prompt of(int[] ids, String shown, GenerationConfig.Builder config, int texts) {
            GenerationConfig one = config.build();
            return one.doSample()
                    ? new Prompt(ids, shown, config.numReturnSequences(texts).build(), 1)
                    : new Prompt(ids, shown, one, texts);
        }
    }
}
