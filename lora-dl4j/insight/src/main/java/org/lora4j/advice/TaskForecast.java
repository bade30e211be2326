/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.internal.error.Silence;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.EncoderTask;
import org.lora4j.text.EncoderTaskBuilder;
import org.lora4j.train.FitOptions;
import org.lora4j.train.ShuffledIndices;

/** A forecast for examples with a label and the task that is to learn them. */
final class TaskForecast {

    private static final String WHERE = "Suitability.of";

    /** So many gradients of single examples tell the directions of their mean. */
    private static final int EXAMPLES = 128;

    private TaskForecast() {}

    static <B extends EncoderTaskBuilder<B, T>, E, T extends EncoderTask<?, E, ?, ?, T>> Suitability of(
            Supplier<B> settings, List<E> train) {
        Arguments.required(settings, WHERE + ": settings", "a function that makes the builder of a task");
        Arguments.allRequired(train, WHERE + ": train", "an example with a label");
        FitOptions options = settings.get().options();
        return Silence.during(options.quiet(), () -> {
            try (T task = settings.get().build()) {
                EncoderTask<?, E, ?, ?, ?> any = task;
                BeforeTraining forecast = ofVectors(any, options, train);
                if (options.adapter() instanceof LoraConfig config && !options.full()) {
                    gradients(forecast, settings, config, train);
                }
                return forecast.seed(options.seed()).forecast();
            }
        });
    }

    private static <I, E> BeforeTraining ofVectors(EncoderTask<I, E, ?, ?, ?> task, FitOptions options, List<E> train) {
        Problems problems = new Problems();
        for (int i = 0; i < train.size(); i++) {
            int labels = task.spec().labels(train.get(i)).size();
            problems.check(labels == 1, "train[" + i + "] has " + labels + " labels, expected one");
        }
        List<I> inputs = train.stream().map(task.spec()::input).toList();
        if (inputs.stream().allMatch(String.class::isInstance)) {
            DataParts.checkTexts(
                    problems, "train", inputs.stream().map(String.class::cast).toList());
        }
        problems.throwIfAny(WHERE);
        List<String> names = train.stream()
                .map(example -> task.spec().labels(example).get(0))
                .toList();
        List<String> classes = names.stream().distinct().sorted().toList();
        int[] labels = names.stream()
                .mapToInt(name -> Collections.binarySearch(classes, name))
                .toArray();
        BeforeTraining forecast = Suitability.beforeTraining(task.embed(inputs, options.progress(WHERE)), labels);
        if (options.quiet()) {
            forecast.quiet();
        }
        return forecast;
    }

    /** With a head that has learned, and an adapter that is off. */
    private static <B extends EncoderTaskBuilder<B, T>, E, T extends EncoderTask<?, E, ?, ?, T>> void gradients(
            BeforeTraining forecast, Supplier<B> settings, LoraConfig config, List<E> train) {
        try (T started = settings.get()
                .adapter(config)
                .quiet()
                .validationFraction(0)
                .plan(plan -> plan.steps(1))
                .build()
                .fit(train)) {
            List<E> some = Arrays.stream(ShuffledIndices.of(
                            train.size(), settings.get().options().seed(), 0))
                    .limit(EXAMPLES)
                    .mapToObj(train::get)
                    .toList();
            AdaptedSameDiff model = started.model();
            model.disable();
            LoraConfig named = (LoraConfig) settings.get().options().adapterFor(null, "", "classifier");
            forecast.gradients(model, model, named, started.batches(some));
        }
    }
}
