/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.List;
import org.lora4j.pretrained.TokenizedText;

/**
 * What tells one kind of task over texts from the others. It is a value.
 *
 * @param <I> an input
 * @param <E> an example
 * @param <P> a prediction
 * @param <R> an evaluation
 * @apiNote Status: stable
 */
public interface TaskSpec<I, E, P, R> extends ExampleSpec<I, E, P, R> {

    /**
     * A kind of task.
     *
     * @param name its name in files, which no other task has
     * @param taskType PEFT's task type, such as {@code SEQ_CLS}
     * @param pairs whether an input has two texts
     * @apiNote Status: stable
     */
    record Kind(String name, String taskType, boolean pairs) {}

    /**
     * The kind of this task.
     *
     * @return always the same
     */
    Kind kind();

    /**
     * The parts of an input that a user would call a text, for checks: none of them may be blank.
     *
     * @param input the input
     * @return one text or more
     */
    List<String> texts(I input);

    /**
     * An input as tokens, with the prefix of the encoder that fits.
     *
     * @param encoder the encoder
     * @param input the input
     * @return its tokens
     */
    TokenizedText tokens(TextEncoder encoder, I input);
}
