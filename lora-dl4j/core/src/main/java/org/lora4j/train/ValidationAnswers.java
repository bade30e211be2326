/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

/**
 * What a task says of each example of its validation part while it learns, for a {@link RunListener}. It is computed when it is asked
 * for, so a listener that does not ask costs nothing. It is good until the call ends.
 *
 * @apiNote Status: stable
 */
public interface ValidationAnswers {

    /**
     * How many examples there are.
     *
     * @return 1 or more
     */
    int size();

    /**
     * How wrong the model is on an example.
     *
     * @param example the number of the example, from 0, in the order of the validation part
     * @return its loss, the kind that is trained by
     */
    double loss(int example);

    /**
     * What would be right.
     *
     * @param example the number of the example
     * @return such as a label
     */
    String right(int example);

    /**
     * What the model says.
     *
     * @param example the number of the example
     * @return in the same words as {@link #right}
     */
    String given(int example);

    /**
     * What was asked.
     *
     * @param example the number of the example
     * @return such as the text; empty if the task does not tell
     */
    String input(int example);
}
