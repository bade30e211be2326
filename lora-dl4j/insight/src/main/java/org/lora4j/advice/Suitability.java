/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.lora4j.text.EncoderTask;
import org.lora4j.text.EncoderTaskBuilder;

/**
 * Whether low-rank adaptation suits a task: what was found, and on which evidence.
 *
 * <p>Before training it is a forecast from the frozen base ({@link #beforeTraining}); after training, from what a head, some ranks and
 * full fine-tuning reached ({@link #afterTraining}).
 *
 * @param verdict what to train
 * @param rank the rank to take, with {@link Verdict#LORA}, where the evidence names one
 * @param advice the verdict in a sentence, with its evidence
 * @apiNote Status: experimental
 */
public record Suitability(Verdict verdict, OptionalInt rank, Advice advice) {

    /** What it is called in reports. */
    static final String QUESTION = "suitability";

    /**
     * What to train.
     *
     * @apiNote Status: experimental
     */
    public enum Verdict {
        /** A head on the frozen base is enough. */
        HEAD_IS_ENOUGH,
        /** Low-rank adaptation suits. */
        LORA,
        /** Low-rank adaptation will not be enough; the sentence says why. */
        LORA_IS_NOT_ENOUGH,
        /** Cannot be said; the sentence says why. */
        UNKNOWN
    }

    /**
     * Checks that nothing is missing.
     *
     * @param verdict what to train
     * @param rank the rank to take
     * @param advice the verdict in a sentence
     */
    public Suitability {
        Objects.requireNonNull(verdict, "Suitability: verdict is null");
        Objects.requireNonNull(rank, "Suitability: rank is null");
        Objects.requireNonNull(advice, "Suitability: advice is null");
    }

    /**
     * Starts a forecast.
     *
     * @param features what the frozen base makes of each example of the task, of one length
     * @param labels the class of each example, from 0
     * @return a builder
     * @throws IllegalArgumentException if the features are no finite rows of one length or never change, or there are not as many labels
     *     of two or more classes; the message lists every problem
     */
    public static BeforeTraining beforeTraining(float[][] features, int[] labels) {
        return new BeforeTraining(features, labels);
    }

    /**
     * Forecasts for a classifier of texts or images, by the encoder and the adapter that it has: what a head reaches on the frozen vectors, and how many
     * directions the gradient of the loss has, for which a head and one step are trained:
     *
     * <pre>{@code
     * Suitability forecast = Suitability.of(() -> TextClassifier.builder(encoder), train);
     * }</pre>
     *
     * @param settings makes the builder of the task; the gradient is only looked at where its adapter is LoRA
     * @param train examples with one label each
     * @param <B> the builder
     * @param <E> an example
     * @param <T> the task
     * @return the forecast
     * @throws IllegalArgumentException if there are no examples, or one has not one label; the message lists every problem
     */
    public static <B extends EncoderTaskBuilder<B, T>, E, T extends EncoderTask<?, E, ?, ?, T>> Suitability of(
            Supplier<B> settings, List<E> train) {
        return TaskForecast.of(settings, train);
    }

    /**
     * Starts a judgment of what was trained.
     *
     * @param examples how many held-out examples accuracies were measured on
     * @return a builder
     * @throws IllegalArgumentException if there is none
     */
    public static AfterTraining afterTraining(int examples) {
        return new AfterTraining(examples);
    }

    static Suitability of(
            Verdict verdict, OptionalInt rank, Advice.Answer answer, String sentence, Map<String, Object> evidence) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("verdict", verdict.name());
        rank.ifPresent(value -> all.put("rank", value));
        all.putAll(evidence);
        return new Suitability(verdict, rank, new Advice(QUESTION, answer, sentence, all));
    }

    static Suitability unknown(String because) {
        return new Suitability(Verdict.UNKNOWN, OptionalInt.empty(), Advice.cannotBeSaid(QUESTION, because));
    }

    /**
     * The advice as JSON, with the verdict and the rank in its evidence.
     *
     * @return an object, on several lines
     */
    public String json() {
        return advice.json();
    }

    /** Question and sentence in a line. */
    @Override
    public String toString() {
        return advice.toString();
    }
}
