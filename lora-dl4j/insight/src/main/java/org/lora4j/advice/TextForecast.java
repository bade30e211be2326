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
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.train.FitOptions;
import org.lora4j.train.Progress;
import org.lora4j.train.ShuffledIndices;

/** A forecast for texts and the task that is to learn them. */
final class TextForecast {

    private static final String WHERE = "Suitability.of";

    /** So many gradients of single texts tell the directions of their mean. */
    private static final int EXAMPLES = 128;

    private TextForecast() {}

    static Suitability of(Supplier<TextClassifier.Builder> settings, List<LabeledText> train) {
        Arguments.required(settings, WHERE + ": settings", "a function that makes the builder of a task");
        Arguments.allRequired(train, WHERE + ": train", "a text with a label");
        Problems problems = new Problems();
        for (int i = 0; i < train.size(); i++) {
            problems.check(
                    train.get(i).labels().size() == 1,
                    "train[" + i + "] has " + train.get(i).labels().size() + " labels, expected one");
        }
        DataParts.checkTexts(
                problems, "train", train.stream().map(LabeledText::text).toList());
        problems.throwIfAny(WHERE);
        FitOptions options = settings.get().options();
        return Silence.during(options.quiet(), () -> forecast(settings, options, train));
    }

    private static Suitability forecast(
            Supplier<TextClassifier.Builder> settings, FitOptions options, List<LabeledText> train) {
        Progress progress = options.progress(WHERE);
        List<String> classes = train.stream()
                .map(text -> text.labels().get(0))
                .distinct()
                .sorted()
                .toList();
        int[] labels = train.stream()
                .mapToInt(
                        text -> Collections.binarySearch(classes, text.labels().get(0)))
                .toArray();
        List<String> texts = train.stream().map(LabeledText::text).toList();
        try (TextClassifier task = settings.get().build()) {
            BeforeTraining forecast = Suitability.beforeTraining(task.encoder().embed(texts, progress), labels);
            if (options.quiet()) {
                forecast.quiet();
            }
            if (options.adapter() instanceof LoraConfig config && !options.full()) {
                gradients(forecast, settings, config, train);
            }
            return forecast.seed(options.seed()).forecast();
        }
    }

    /** With a head that has learned, and an adapter that is off. */
    private static void gradients(
            BeforeTraining forecast,
            Supplier<TextClassifier.Builder> settings,
            LoraConfig config,
            List<LabeledText> train) {
        try (TextClassifier started = settings.get()
                .adapter(config)
                .quiet()
                .validationFraction(0)
                .plan(plan -> plan.steps(1))
                .build()
                .fit(train)) {
            List<LabeledText> some = Arrays.stream(ShuffledIndices.of(
                            train.size(), settings.get().options().seed(), 0))
                    .limit(EXAMPLES)
                    .mapToObj(train::get)
                    .toList();
            AdaptedSameDiff model = started.model();
            model.disable();
            LoraConfig named = (LoraConfig) settings.get().options().adapterFor("SEQ_CLS", "", "classifier");
            forecast.gradients(model, model, named, started.batches(some));
        }
    }
}
