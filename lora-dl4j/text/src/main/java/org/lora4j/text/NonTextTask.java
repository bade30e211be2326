/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Optional;
import org.lora4j.error.Arguments;
import org.lora4j.internal.text.FitEncoder;
import org.lora4j.internal.text.TaskEvidence;
import org.lora4j.internal.text.TaskModel;
import org.lora4j.pretrained.EncoderClassifier;

/**
 * A task over an encoder that reads something else than texts, such as images: for the class of such a task.
 *
 * @param <I> an input
 * @param <E> an example to learn from
 * @param <P> a prediction
 * @param <R> an evaluation
 * @param <T> the task itself
 * @apiNote Status: experimental
 */
public abstract class NonTextTask<I, E, P, R, T extends NonTextTask<I, E, P, R, T>> extends EncoderTask<I, E, P, R, T> {

    /**
     * For the class of a task.
     *
     * @param settings how it learns
     * @param spec what it learns
     * @param inputs what its inputs are
     * @param logged the class that the log names
     */
    protected NonTextTask(
            EncoderTaskBuilder<?, T> settings, ExampleSpec<I, E, P, R> spec, TaskInputs<I, E> inputs, Class<?> logged) {
        super(
                Arguments.required(settings, "NonTextTask: settings", "the builder of the task"),
                Arguments.required(spec, "NonTextTask: spec", "what the task learns"),
                Arguments.required(inputs, "NonTextTask: inputs", "what its inputs are"),
                EncoderClassifier.HEAD,
                Arguments.required(logged, "NonTextTask: logged", "a class"));
    }

    /**
     * What there is to predict with.
     *
     * @param parts the encoder
     * @param model the model
     * @param targets what it tells
     * @param <I> an input
     * @param <E> an example
     * @param <P> a prediction
     * @apiNote Status: experimental
     */
    public record Learned<I, E, P>(FitEncoder parts, TaskModel model, Targets<I, E, P> targets) {}

    /**
     * What there is to predict with.
     *
     * @param call the call that asks, for messages
     * @return the model with its labels
     * @throws IllegalStateException if nothing was learned yet, or this task is closed
     */
    protected final Learned<I, E, P> learnedModel(String call) {
        Fitted<I, E, P> now = requireFitted(call);
        return new Learned<>(now.parts(), now.model(), now.targets());
    }

    /**
     * Takes up what was read.
     *
     * @param read what there is to predict with
     * @param report of the fit, if there is one
     * @param evidence of the training, if there is any
     */
    protected final void takeUp(
            Learned<I, E, P> read, Optional<TextFitReport> report, Optional<TaskEvidence> evidence) {
        take(new Fitted<>(read.parts(), read.model(), read.targets(), report.orElse(null), evidence));
    }

    /** Closes the encoder with the task, as nothing else has it. */
    protected final void takeEncoder() {
        ownEncoder();
    }
}
