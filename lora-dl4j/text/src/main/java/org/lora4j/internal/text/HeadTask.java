/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.Arrays;
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
     * Numbers of the head for one example in words.
     *
     * @param target what should have come out
     * @param numbers what is to be said: the target itself, or what came out
     * @return such as a label; by default the numbers themselves
     */
    default String inWords(float[] target, float[] numbers) {
        return Arrays.toString(numbers);
    }

    /**
     * What was asked.
     *
     * @param example the number of an example of the validation part
     * @return such as its text; empty if it is not told
     */
    default String input(int example) {
        return "";
    }

    /**
     * How good numbers of the head are.
     *
     * @param examples what should have come out
     * @param logits what came out, in the layout of {@link EncodedText#target}
     */
    double score(List<EncodedText> examples, float[][] logits);
}
