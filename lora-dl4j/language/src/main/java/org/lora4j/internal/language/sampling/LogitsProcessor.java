/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

/** Changes the scores of the next token, or takes tokens out. Without state: one is enough for all sequences. */
@FunctionalInterface
interface LogitsProcessor {

    /**
     * Works on the scores of one position.
     *
     * @param candidates what is left; changed in place
     * @param tokens the prompt and the new tokens so far
     */
    void apply(Candidates candidates, TokenHistory tokens);
}
