/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What tells one kind of task from the others, whatever its inputs are. It is a value.
 *
 * @param <I> an input
 * @param <E> an example
 * @param <P> a prediction
 * @param <R> an evaluation
 * @apiNote Status: stable
 */
public interface ExampleSpec<I, E, P, R> {

    /**
     * The input of an example.
     *
     * @param example the example
     * @return what {@code predict} would be given
     */
    I input(E example);

    /**
     * The example without white space around its labels.
     *
     * @param example the example
     * @return the example, or one with other labels
     */
    default E tidy(E example) {
        return example;
    }

    /**
     * What the example is called by its user.
     *
     * @param example the example
     * @return its labels; none where that is a number
     */
    default List<String> labels(E example) {
        return List.of();
    }

    /**
     * What examples to learn from ask for.
     *
     * @param train the examples, none of them null
     * @return the targets
     * @throws IllegalArgumentException if there is nothing to tell apart
     */
    Targets<I, E, P> targets(List<E> train);

    /**
     * What a file asks for.
     *
     * @param file the file, for messages
     * @param description its values, {@link Targets#description} among them
     * @return the targets
     * @throws IOException if it is no description of this task
     */
    Targets<I, E, P> targets(Path file, Map<String, Object> description) throws IOException;

    /**
     * Compares predictions with what is true.
     *
     * @param examples the examples
     * @param predictions a prediction for each
     * @return the evaluation
     */
    R evaluate(List<E> examples, List<P> predictions);
}
