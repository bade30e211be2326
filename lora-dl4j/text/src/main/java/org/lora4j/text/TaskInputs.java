/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.text.EncodedInputs;
import org.lora4j.internal.text.FitEncoder;
import org.lora4j.train.Progress;
import org.lora4j.trust.DataHashes;
import org.lora4j.trust.ExamplePreview;
import org.lora4j.weights.ModelWeights;

/**
 * What a task has to know of its inputs and of the encoder that reads them, whatever these are.
 *
 * @param <I> an input
 * @param <E> an example
 * @apiNote Status: experimental
 */
public interface TaskInputs<I, E> {

    /**
     * What is said of the kind of inputs.
     *
     * @param task name of the task in files
     * @param taskType PEFT's type of task; null if PEFT has none for it
     * @param description name of the file that describes a saved task
     * @param one an input in messages, such as {@code a text}
     * @param preparation what is done with inputs first, in lines on the progress, such as {@code tokens}
     * @apiNote Status: experimental
     */
    record Words(String task, String taskType, String description, String one, String preparation) {}

    /**
     * The words.
     *
     * @return always the same
     */
    Words words();

    /**
     * The encoder for a fit.
     *
     * @return parts that nothing else uses, or that may be shared
     */
    FitEncoder toFit();

    /**
     * Inputs as rows of tokens.
     *
     * @param parts of the encoder that is to read them
     * @param inputs the inputs
     * @param learned whether they are learned from
     * @param where the call, for messages
     * @param stage advances with each
     * @return what stands for them, to be closed
     */
    EncodedInputs encoded(
            FitEncoder parts, List<? extends I> inputs, boolean learned, String where, Progress.Stage stage);

    /**
     * Whether there is nothing in an input.
     *
     * @param input the input
     * @return true for a text without words; false by default
     */
    default boolean isEmpty(I input) {
        return false;
    }

    /**
     * What is equal for equal inputs.
     *
     * @param input the input
     * @return the input itself by default
     */
    default Object identity(I input) {
        return input;
    }

    /**
     * Adds what an input consists of to the hash of data.
     *
     * @param input the input
     * @param gathering gets it
     */
    void hash(I input, DataHashes.Gathering gathering);

    /**
     * An example as the model gets it.
     *
     * @param example the example
     * @param targets what is learned
     * @return for a terminal or a page
     */
    ExamplePreview.Example shown(E example, Targets<I, E, ?> targets);

    /**
     * The hashes of the encoder, for a receipt.
     *
     * @return by the names of a receipt
     */
    Map<String, String> hashes();

    /**
     * What a saved task says of its encoder.
     *
     * @param parts of the encoder that it was trained with
     * @return the fields beside those of the labels
     */
    Map<String, Object> saved(FitEncoder parts);

    /**
     * What is said of a fit behind another one.
     *
     * @return that it begins with the encoder, and how to go on instead
     */
    String startsAnew();

    /**
     * Writes a task where others run it.
     *
     * @param where the call, for messages
     * @param directory where to; must not exist
     * @param weights all weights
     * @param targets what was learned
     * @throws IOException if it cannot be written
     */
    void export(String where, Path directory, ModelWeights weights, Targets<I, E, ?> targets) throws IOException;

    /** Closes the encoder, if the task is the only one that has it. */
    void closeEncoder();
}
