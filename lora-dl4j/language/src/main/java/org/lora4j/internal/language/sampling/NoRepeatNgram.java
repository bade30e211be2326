/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

/**
 * Takes out every token with which a run of tokens would come a second time, those of the prompt included.
 *
 * <p><b>Cost.</b> A look at each earlier token.
 *
 * @param length the length of a run, 1 or more
 */
record NoRepeatNgram(int length) implements LogitsProcessor {

    @Override
    public void apply(Candidates candidates, TokenHistory tokens) {
        int begun = length - 1;
        int last = tokens.size() - begun;
        for (int from = 0; from < last; from++) {
            if (isSame(tokens, from, last, begun)) {
                candidates.ban(tokens.id(from + begun));
            }
        }
    }

    private static boolean isSame(TokenHistory tokens, int one, int other, int count) {
        for (int i = 0; i < count; i++) {
            if (tokens.id(one + i) != tokens.id(other + i)) {
                return false;
            }
        }
        return true;
    }
}
