/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.Problems;
import org.lora4j.internal.text.FitOptions;
import org.lora4j.internal.text.Tuning;
import org.lora4j.train.RunListener;
import org.lora4j.train.TrainingPlan;

/**
 * How a task learns: what the builder of every task has. Without any call: LoRA of rank 8 on all linear layers, at most 20
 * epochs of batches of 16 texts of similar length, and the best epoch on the validation part kept.
 *
 * @param <B> the builder
 * @param <T> the task
 * @apiNote Status: experimental
 */
public abstract class FitSettings<B extends FitSettings<B, T>, T> {

    private static final int TOKEN_BUDGET = 4096;
    private static final double FULL_RATE = 5e-5;
    private static final double FULL_HEAD_RATE = 1e-3;

    private final String task;
    private final TextEncoder encoder;
    private Tuning tuning = Tuning.LORA;
    private LoraConfig config = LoraConfig.builder()
            .rank(8)
            .alpha(16)
            .targetModules(ModuleSelector.allLinear())
            .build();
    private int epochs = 20;
    private int patience = 4;
    private int batchSize = 16;
    private int tokenBudget = TOKEN_BUDGET;
    private double learningRate = 1e-3;
    private double headLearningRate = 1e-2;
    private long seed = 42;
    private final List<RunListener> listeners = new ArrayList<>();
    private UnaryOperator<TrainingPlan.Builder> plan = UnaryOperator.identity();

    FitSettings(String task, TextEncoder encoder) {
        this.task = task;
        this.encoder = Objects.requireNonNull(encoder, task + ": encoder is null; expected a TextEncoder");
    }

    abstract B self();

    abstract T make();

    final TextEncoder encoder() {
        return encoder;
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
        tuning = Tuning.HEAD_ONLY;
        return self();
    }

    /**
     * Trains all weights, in a copy of the encoder, at a rate of {@value #FULL_RATE}.
     *
     * @return this
     */
    public B fullFineTuning() {
        tuning = Tuning.FULL;
        learningRate = FULL_RATE;
        headLearningRate = FULL_HEAD_RATE;
        return self();
    }

    /**
     * Sets the adapter, in the place of rank 8 and alpha 16 on all linear layers. The head is saved with it whatever its
     * {@code modulesToSave} says.
     *
     * @param value the config
     * @return this
     */
    public B lora(LoraConfig value) {
        tuning = Tuning.LORA;
        config = Objects.requireNonNull(value, "lora: config is null; expected a LoraConfig");
        return self();
    }

    /**
     * Sets the most epochs, 20 at first.
     *
     * @param count 1 or more
     * @return this
     */
    public B epochs(int count) {
        epochs = count;
        return self();
    }

    /**
     * Sets after how many epochs without improvement on the validation part to stop, 4 at first.
     *
     * @param count 1 or more
     * @return this
     */
    public B patience(int count) {
        patience = count;
        return self();
    }

    /**
     * Sets the most texts of a batch, 16 at first.
     *
     * @param texts 1 or more
     * @return this
     */
    public B batchSize(int texts) {
        batchSize = texts;
        return self();
    }

    /**
     * Sets the most tokens of a batch, padding included, {@value #TOKEN_BUDGET} at first: batches of long texts have fewer of
     * them.
     *
     * @param tokens 1 or more
     * @return this
     */
    public B tokenBudget(int tokens) {
        tokenBudget = tokens;
        return self();
    }

    /**
     * Sets the highest rate of all but the head.
     *
     * @param rate a finite number above 0
     * @return this
     */
    public B learningRate(double rate) {
        learningRate = rate;
        return self();
    }

    /**
     * Sets the highest rate of the head.
     *
     * @param rate a finite number above 0
     * @return this
     */
    public B headLearningRate(double rate) {
        headLearningRate = rate;
        return self();
    }

    /**
     * Sets the seed of everything random, 42 at first: equal seeds give equal models on one machine.
     *
     * @param value any number
     * @return this
     */
    public B seed(long value) {
        seed = value;
        return self();
    }

    /**
     * Adds somebody to be told how training goes, such as {@code ProgressListener.to(System.out::println)}. Without one a few
     * lines go to the log.
     *
     * @param listener the listener
     * @return this
     */
    public B listener(RunListener listener) {
        listeners.add(Objects.requireNonNull(listener, "listener is null; expected a RunListener"));
        return self();
    }

    /**
     * Changes the plan of training at last, whatever the other settings made of it. Several changes add up.
     *
     * @param change takes the builder of the plan and gives it back
     * @return this
     */
    public B plan(UnaryOperator<TrainingPlan.Builder> change) {
        Objects.requireNonNull(change, "plan: change is null; expected a function of the plan's builder");
        UnaryOperator<TrainingPlan.Builder> before = plan;
        plan = builder -> change.apply(before.apply(builder));
        return self();
    }

    /** Adds what cannot be. */
    void check(Problems problems) {
        problems.atLeast("epochs", epochs, 1);
        problems.atLeast("patience", patience, 1);
        problems.atLeast("batchSize", batchSize, 1);
        problems.atLeast("tokenBudget", tokenBudget, 1);
        problems.finiteAboveZero("learningRate", learningRate);
        problems.finiteAboveZero("headLearningRate", headLearningRate);
    }

    FitOptions options() {
        return new FitOptions(
                tuning,
                config,
                epochs,
                patience,
                batchSize,
                tokenBudget,
                learningRate,
                headLearningRate,
                seed,
                List.copyOf(listeners),
                plan);
    }
}
