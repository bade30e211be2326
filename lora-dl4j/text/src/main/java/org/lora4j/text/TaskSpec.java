/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.lora4j.pretrained.TokenizedText;

/**
 * What tells one kind of task from the others.
 *
 * @param <I> an input
 * @param <E> an example
 * @param <P> a prediction
 * @param <R> an evaluation
 */
interface TaskSpec<I, E, P, R> {

    /** Its name in files, with PEFT's task type. */
    record Kind(String name, String taskType, boolean pairs) {}

    Kind kind();

    I input(E example);

    /** The example without white space around its labels. */
    default E tidy(E example) {
        return example;
    }

    /** What the example is called by its user; none where that is a number. */
    default List<String> labels(E example) {
        return List.of();
    }

    /** The parts of an input that a user would call a text, for checks. */
    List<String> texts(I input);

    TokenizedText tokens(TextEncoder encoder, I input);

    /** What the examples to learn from ask for. */
    Targets<I, E, P> targets(List<E> train);

    /** What a file asks for. */
    Targets<I, E, P> targets(Path file, Map<String, Object> description) throws IOException;

    R evaluate(List<E> examples, List<P> predictions);
}
