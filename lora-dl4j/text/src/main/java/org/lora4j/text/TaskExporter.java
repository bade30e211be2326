/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.lora4j.pretrained.Pooling;
import org.lora4j.weights.ModelWeights;

/**
 * Writes a text task as a directory of Hugging Face. The artifact {@code lora-dl4j-export} has one, which {@code export} of a task finds
 * by {@link java.util.ServiceLoader}.
 *
 * @apiNote Status: stable
 */
public interface TaskExporter {

    /**
     * What the numbers of a head mean.
     *
     * @apiNote Status: stable
     */
    enum Head {
        /** There is no head: the model gives vectors. */
        NONE,
        /** One class of several for a text. */
        ONE_CLASS,
        /** Any of several classes for a text, each with a probability of its own. */
        SEVERAL_CLASSES,
        /** A class for each token. */
        TAGS,
        /** A number for a text. */
        NUMBER
    }

    /**
     * A task that was fitted.
     *
     * @param encoder its encoder, for tokenizer, pooling and prefixes
     * @param weights all weights as they were learned, the head among them; not to be written to
     * @param head what the head gives
     * @param names of the outputs of the head, in their order
     * @param activation what makes scores of its numbers, where that is not what {@code head} says
     * @apiNote Status: stable
     */
    record Task(
            TextEncoder encoder,
            ModelWeights weights,
            Head head,
            List<String> names,
            Optional<Pooling.Function> activation) {}

    /**
     * Writes a task.
     *
     * @param task the task
     * @param directory where to; must not exist
     * @throws IOException if it exists or cannot be written; nothing is left behind then
     */
    void export(Task task, Path directory) throws IOException;
}
