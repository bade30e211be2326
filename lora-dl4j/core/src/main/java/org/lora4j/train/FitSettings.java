/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.trust.Preflight;
import org.lora4j.trust.PreflightRule;

/**
 * How a model learns: the settings that every task has, and the only home of their defaults. Without any call: LoRA of rank
 * {@value #RANK} and alpha {@value #ALPHA} on all linear layers but the head, AdamW with a weight decay of {@value #WEIGHT_DECAY}, a
 * rate that rises for {@value #WARMUP} of all steps and then falls to 0, seed {@value #SEED}, and the best epoch on the validation part
 * kept. The builder of a task says how many epochs, how large batches and which rate it has by default.
 *
 * <p><b>Threads.</b> For one thread.
 *
 * @param <B> the builder itself
 * @apiNote Status: stable
 */
public abstract class FitSettings<B extends FitSettings<B>> {

    /** Rank of the default adapter. */
    public static final int RANK = 8;

    /** Alpha of the default adapter. */
    public static final double ALPHA = 16;

    /** Seed of everything random by default. */
    public static final long SEED = 42;

    /** Weight decay of the default optimizer. */
    public static final double WEIGHT_DECAY = 0.01;

    /** Share of the steps in which the learning rate rises, by default. */
    public static final double WARMUP = 0.06;

    /** A rate of the other kind is near its usual one, or beyond it. */
    private static final double NEAR = 1.5;

    private AdapterConfig adapter = LoraConfig.builder()
            .rank(RANK)
            .alpha(ALPHA)
            .targetModules(ModuleSelector.allLinear())
            .build();
    private boolean full;
    private int epochs;
    private int patience;
    private int tokenBudget;
    private OptionalDouble learningRate = OptionalDouble.empty();
    private OptionalDouble validationFraction = OptionalDouble.empty();
    private long seed = SEED;
    private final List<RunListener> listeners = new ArrayList<>();
    private OptionalLong evaluateEvery = OptionalLong.empty();
    private boolean quiet;
    private final Set<PreflightRule> allowed = EnumSet.noneOf(PreflightRule.class);
    private UnaryOperator<TrainingPlan.Builder> plan = UnaryOperator.identity();
    private UnaryOperator<Trainable> view = UnaryOperator.identity();

    /**
     * With the numbers that differ from task to task.
     *
     * @param epochs maximum number of epochs
     * @param patience epochs without improvement after which training stops
     * @param tokenBudget maximum number of tokens of a batch
     */
    protected FitSettings(int epochs, int patience, int tokenBudget) {
        this.epochs = epochs;
        this.patience = patience;
        this.tokenBudget = tokenBudget;
    }

    /**
     * The builder itself.
     *
     * @return this
     */
    protected abstract B self();

    /**
     * The learning rate without a call of {@link #learningRate(double)}.
     *
     * @param allWeights whether all weights learn, not an adapter
     * @return a finite number above 0
     */
    protected abstract double defaultRate(boolean allWeights);

    /**
     * Sets the adapter that learns, of any method: {@link LoraConfig}, {@code Ia3Config}, {@code VeraConfig} and so on. The default rate is
     * one for LoRA; other methods may need another.
     *
     * @param config the config
     * @return this
     */
    public B adapter(AdapterConfig config) {
        adapter = Objects.requireNonNull(config, "adapter: config is null; expected a config such as LoraConfig");
        full = false;
        return self();
    }

    /**
     * Trains all weights, in a copy of the model, in place of an adapter.
     *
     * @return this
     */
    public B fullFineTuning() {
        full = true;
        return self();
    }

    /**
     * Sets the maximum number of epochs.
     *
     * @param count 1 or more
     * @return this
     */
    public final B epochs(int count) {
        epochs = count;
        return self();
    }

    /**
     * Sets after how many epochs without improvement on the validation part training stops.
     *
     * @param count 1 or more
     * @return this
     */
    public final B patience(int count) {
        patience = count;
        return self();
    }

    /**
     * Sets the maximum number of tokens of a batch, padding included. A single longer example is a batch of its own.
     *
     * @param tokens 1 or more
     * @return this
     */
    public final B tokenBudget(int tokens) {
        tokenBudget = tokens;
        return self();
    }

    /**
     * Sets the highest learning rate.
     *
     * @param rate a finite number above 0
     * @return this
     */
    public final B learningRate(double rate) {
        learningRate = OptionalDouble.of(rate);
        return self();
    }

    /**
     * Sets how much {@code fit(train)} keeps back as a validation part, drawn by the seed; a fifth by default, a tenth of
     * {@value Holdout#MANY} examples or more. {@code fit(train, validation)} keeps nothing back.
     *
     * @param fraction from 0 to below 1; 0 for no validation part: all examples are learned from, and the last epoch is kept
     * @return this
     */
    public final B validationFraction(double fraction) {
        validationFraction = OptionalDouble.of(fraction);
        return self();
    }

    /**
     * Sets the seed of everything random: equal seeds give equal models on one machine.
     *
     * @param value any number
     * @return this
     */
    public final B seed(long value) {
        seed = value;
        return self();
    }

    /**
     * Adds a listener, such as {@code ProgressListener.to(System.out::println)}, which writes the lines of training in place of the log.
     *
     * @param listener the listener
     * @return this
     */
    public final B listener(RunListener listener) {
        listeners.add(Objects.requireNonNull(listener, "listener is null; expected a RunListener"));
        return self();
    }

    /**
     * Keeps progress out of the log: that of {@code fit}, and of what is computed with many inputs later. By default the log has a line after two
     * seconds of work, and then at most one every ten seconds, with the time left. Warnings stay.
     *
     * @return this
     */
    public final B quiet() {
        quiet = true;
        return self();
    }

    /**
     * Has the validation part asked within epochs too, each time after so many steps: for epochs that last hours. The best values are kept
     * from these as from those after epochs. Without a validation part there is nothing to ask.
     *
     * @param steps 1 or more
     * @return this
     */
    public final B evaluateEvery(long steps) {
        evaluateEvery = OptionalLong.of(steps);
        return self();
    }

    /**
     * Changes the plan of training last of all, whatever the other settings made of it. Several changes add up.
     *
     * @param change takes the builder of the plan and gives it back
     * @return this
     */
    public final B plan(UnaryOperator<TrainingPlan.Builder> change) {
        Objects.requireNonNull(change, "plan: change is null; expected a function of the plan's builder");
        UnaryOperator<TrainingPlan.Builder> before = plan;
        plan = builder -> change.apply(before.apply(builder));
        return self();
    }

    /**
     * Trains a view of the model in its place: such as {@code model -> model.recomputingActivations()}. Several views add up.
     *
     * @param change gives a view with the same parameters
     * @return this
     */
    public final B view(UnaryOperator<Trainable> change) {
        Objects.requireNonNull(change, "view: change is null; expected a function of the model");
        UnaryOperator<Trainable> before = view;
        view = model -> change.apply(before.apply(model));
        return self();
    }

    /**
     * Adds what is wrong with the settings.
     *
     * @param problems where to
     */
    protected void check(Problems problems) {
        problems.atLeast("epochs", epochs, 1);
        problems.atLeast("patience", patience, 1);
        problems.atLeast("tokenBudget", tokenBudget, 1);
        problems.finiteAboveZero("learningRate", rate());
        evaluateEvery.ifPresent(steps -> problems.atLeast("evaluateEvery", steps, 1));
        double fraction = validationFraction.orElse(0);
        problems.check(
                fraction >= 0 && fraction < 1, "validationFraction = " + fraction + ", expected from 0 to below 1");
    }

    /**
     * Lets {@code fit} go on in spite of what its {@link Preflight} finds by some rules: by default it refuses examples and models
     * from which nothing good can be learned, in one message.
     *
     * @param rules the rules
     * @return this
     */
    public final B allow(PreflightRule... rules) {
        Arguments.required(rules, "allow: rules", "rules of the preflight");
        allowed.addAll(Arguments.allRequired(Arrays.asList(rules), "allow: rules", "a rule of the preflight"));
        return self();
    }

    /** Before any example is seen: a rate far into those of the other kind of training is most often one that was taken over. */
    private Preflight preflight() {
        double own = defaultRate(full);
        double other = defaultRate(!full);
        double rate = rate();
        boolean odd = own > other ? rate <= other * NEAR : own < other && rate >= other / NEAR;
        return Preflight.allowing(allowed)
                .with(
                        odd,
                        PreflightRule.RATE_OF_ANOTHER_KIND,
                        "the learning rate " + rate + " is one for " + (full ? "an adapter" : "all weights")
                                + "; usual here for " + (full ? "all weights" : "an adapter") + " is "
                                + String.format(Locale.ROOT, "%.1e", own));
    }

    private double rate() {
        return learningRate.orElseGet(() -> defaultRate(full));
    }

    /**
     * The settings as they are now.
     *
     * @return a value that later calls do not change
     */
    public final FitOptions options() {
        return new FitOptions(
                adapter,
                full,
                epochs,
                patience,
                tokenBudget,
                rate(),
                new Holdout(validationFraction, seed),
                seed,
                List.copyOf(listeners),
                plan,
                evaluateEvery,
                quiet,
                preflight(),
                view);
    }
}
