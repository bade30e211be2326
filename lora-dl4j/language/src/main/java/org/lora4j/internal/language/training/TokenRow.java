/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.training;

import org.lora4j.internal.language.DecoderInputs;

/**
 * A sequence to learn from.
 *
 * @param ids its tokens, two or more
 * @param labels for each token its own id, or {@link DecoderInputs#IGNORED} if it is only read; the first is never learned
 * @param kind what kind of text it is; empty if nobody said
 * @apiNote Status: internal
 */
public record TokenRow(int[] ids, int[] labels, String kind) {

    /**
     * How many tokens there are.
     *
     * @return 2 or more
     */
    public int length() {
        return ids.length;
    }

    /**
     * The first token that is learned.
     *
     * @return its index; the length if none is
     */
    public int firstTarget() {
        int first = 1;
        while (first < labels.length && labels[first] == DecoderInputs.IGNORED) {
            first++;
        }
        return first;
    }

    /** How many tokens are learned. */
    public int targets() {
        int count = 0;
        for (int i = 1; i < labels.length; i++) {
            count += labels[i] == DecoderInputs.IGNORED ? 0 : 1;
        }
        return count;
    }
}
