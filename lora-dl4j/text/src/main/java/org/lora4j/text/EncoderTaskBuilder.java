/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.Problems;
import org.lora4j.internal.text.FitRun;
import org.lora4j.internal.text.TextOptions;
import org.lora4j.internal.text.Tuning;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.FitOptions;
import org.lora4j.train.FitSettings;

/**
 * How a task over an encoder learns: what the builder of every task has. Without any call: LoRA of rank 8 on all linear layers, three
 * epochs of batches of at most 32 inputs, and the best epoch on the validation part kept.
 *
 * @param <B> the builder
 * @param <T> the task
 * @apiNote Status: stable
 */
public abstract class EncoderTaskBuilder<B extends EncoderTaskBuilder<B, T>, T> extends FitSettings<B> {

    private static final int EPOCHS = 3;
    private static final int PATIENCE = 4;
    private static final double RATE = 2e-3;
    private static final double HEAD_RATE = 2e-3;
    private static final double FULL_RATE = 5e-5;
    private static final double FULL_HEAD_RATE = 1e-3;

    private final String task;
    private final String encoderName;
    private boolean headOnly;
    private OptionalInt batchSize = OptionalInt.empty();
    private OptionalDouble headLearningRate = OptionalDouble.empty();
    private Optional<Checkpoints> checkpoints = Optional.empty();

    /**
     * For the builder of a task.
     *
     * @param task name of the task in messages
     * @param encoderName what the encoder is called, for the adapter's file
     * @param budget the most tokens of a batch, or places of its images
     */
    protected EncoderTaskBuilder(String task, String encoderName, int budget) {
        super(EPOCHS, PATIENCE, budget);
        this.encoderName =
                Objects.requireNonNull(encoderName, "encoderName is null; expected what the encoder is called");
        this.task = Objects.requireNonNull(task, "task is null; expected the name of the task in messages");
    }

    /**
     * Makes the task, after all settings were checked.
     *
     * @return the task
     */
    protected abstract T make();

    @Override
    protected double defaultRate(boolean allWeights) {
        return allWeights ? FULL_RATE : RATE;
    }

    /** Whether examples with empty inputs are left out. */
    boolean skipsEmpty() {
        return false;
    }

    /**
     * Makes the task.
     *
     * @return the task, which has learned nothing yet
     * @throws IllegalArgumentException if a setting is out of its range, or two do not go together; the message lists every
     *     problem
     */
    public final T build() {
        Problems problems = new Problems();
        check(problems);
        problems.throwIfAny(task);
        return make();
    }

    /**
     * Trains the head alone, on what the encoder gives as it is: logistic or linear regression, solved to its end, with the
     * cost that is best on the validation part.
     *
     * @return this
     */
    public B headOnly() {
        headOnly = true;
        return self();
    }

    /**
     * Trains all weights, in a copy of the encoder, by default at a rate of {@value #FULL_RATE}.
     *
     * @return this
     */
    @Override
    public B fullFineTuning() {
        headOnly = false;
        return super.fullFineTuning();
    }

    /**
     * Sets the adapter that learns, of any method, in place of LoRA of rank 8 on all linear layers. The head is saved with it whatever
     * its {@code modulesToSave} says.
     *
     * @param config the config
     * @return this
     */
    @Override
    public B adapter(AdapterConfig config) {
        headOnly = false;
        return super.adapter(config);
    }

    /**
     * Sets the maximum number of inputs of a batch. By default it is a 32nd of the examples to learn from, but at least
     * {@value TextOptions#FEWEST_IN_A_BATCH} and at most {@value TextOptions#MOST_IN_A_BATCH}, so that few examples give enough steps.
     *
     * @param inputs 1 or more
     * @return this
     */
    public B batchSize(int inputs) {
        batchSize = OptionalInt.of(inputs);
        return self();
    }

    /**
     * Sets the highest learning rate of the head, {@value #HEAD_RATE} by default, {@value #FULL_HEAD_RATE} if all weights learn.
     *
     * @param rate a finite number above 0
     * @return this
     */
    public B headLearningRate(double rate) {
        headLearningRate = OptionalDouble.of(rate);
        return self();
    }

    /**
     * Has the steps of the fit written down, so that {@code resume} of the task can go on with them.
     *
     * @param value where and how often
     * @return this
     */
    public B checkpoints(Checkpoints value) {
        checkpoints = Optional.of(
                Objects.requireNonNull(value, task + ": checkpoints is null; expected such as Checkpoints.in(folder)"));
        return self();
    }

    @Override
    protected void check(Problems problems) {
        super.check(problems);
        batchSize.ifPresent(inputs -> problems.atLeast("batchSize", inputs, 1));
        headLearningRate.ifPresent(rate -> problems.finiteAboveZero("headLearningRate", rate));
    }

    /** The settings, with the adapter as its file is to name it. */
    final TextOptions options(String taskType, String... modulesToSave) {
        FitOptions fit = options();
        Tuning tuning = Tuning.LORA;
        if (fit.full()) {
            tuning = Tuning.FULL;
        }
        if (headOnly) {
            tuning = Tuning.HEAD_ONLY;
        }
        return new TextOptions(
                fit,
                tuning,
                fit.adapterFor(taskType, encoderName, modulesToSave),
                batchSize,
                headLearningRate.orElse(fit.full() ? FULL_HEAD_RATE : HEAD_RATE),
                skipsEmpty(),
                new FitRun(checkpoints, false));
    }
}
