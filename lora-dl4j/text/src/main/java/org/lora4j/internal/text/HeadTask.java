/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.List;

/**
 * What a head is to learn, and how well it does.
 *
 * @apiNote Status: internal
 */
public interface HeadTask {

    /** What the numbers of the head mean. */
    HeadKind kind();

    /**
     * How many numbers the head gives.
     *
     * @return 1 or more
     */
    int outputs();

    /**
     * What {@link #score} is called.
     *
     * @return such as {@code accuracy}
     */
    String metric();

    /**
     * Whether a higher score is better.
     *
     * @return false for errors
     */
    default boolean higherIsBetter() {
        return true;
    }

    /**
     * How good numbers of the head are.
     *
     * @param examples what should have come out
     * @param logits what came out, in the layout of {@link EncodedText#target}
     */
    double score(List<EncodedText> examples, float[][] logits);
}
