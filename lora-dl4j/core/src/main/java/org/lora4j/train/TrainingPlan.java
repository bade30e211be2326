/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import org.lora4j.error.Problems;

/**
 * How to train: how long, with which optimizer and which safeguards. An immutable value.
 *
 * <p>Defaults: {@link AdamW} with learning rate 2e-4, a constant schedule, no groups, no clipping, no accumulation, seed 0, no
 * early stopping, no penalty, no weight decay on biases and normalization gains, {@link Divergence#usual()}, as many parts as processors. The length has
 * no default.
 *
 * @apiNote Status: stable
 */
public final class TrainingPlan {

    private static final double DEFAULT_RATE = 2e-4;

    private final OptionalInt epochs;
    private final OptionalLong steps;
    private final Optimizer optimizer;
    private final LearningRateSchedule schedule;
    private final List<ParameterGroup> groups;
    private final List<Penalty> penalties;
    private final GradientClipping clipping;
    private final int accumulation;
    private final long seed;
    private final Optional<EarlyStopping> earlyStopping;
    private final boolean keepBest;
    private final boolean decayBiasAndNorm;
    private final List<String> allowedWithoutGradient;
    private final Set<String> allowedNotFinite;
    private final Divergence divergence;
    private final OptionalInt parts;
    private final OptionalLong evaluateEvery;

    private TrainingPlan(Builder builder) {
        epochs = builder.epochs;
        steps = builder.steps;
        optimizer = builder.optimizer;
        schedule = builder.schedule;
        groups = List.copyOf(builder.groups);
        penalties = List.copyOf(builder.penalties);
        clipping = builder.clipping;
        accumulation = builder.accumulation;
        seed = builder.seed;
        earlyStopping = builder.earlyStopping;
        keepBest = builder.keepBest || builder.earlyStopping.isPresent();
        decayBiasAndNorm = builder.decayBiasAndNorm;
        allowedWithoutGradient = List.copyOf(builder.allowedWithoutGradient);
        allowedNotFinite = Collections.unmodifiableSet(new TreeSet<>(builder.allowedNotFinite));
        divergence = builder.divergence;
        parts = builder.parts;
        evaluateEvery = builder.evaluateEvery;
    }

    /**
     * Starts a plan from the defaults.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Starts a plan from this one.
     *
     * @return a builder with all values of this plan
     */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.epochs = epochs;
        builder.steps = steps;
        builder.optimizer = optimizer;
        builder.schedule = schedule;
        builder.groups.addAll(groups);
        builder.penalties.addAll(penalties);
        builder.clipping = clipping;
        builder.accumulation = accumulation;
        builder.seed = seed;
        builder.earlyStopping = earlyStopping;
        builder.keepBest = keepBest;
        builder.decayBiasAndNorm = decayBiasAndNorm;
        builder.allowedWithoutGradient.addAll(allowedWithoutGradient);
        builder.allowedNotFinite.addAll(allowedNotFinite);
        builder.divergence = divergence;
        builder.parts = parts;
        builder.evaluateEvery = evaluateEvery;
        return builder;
    }

    /**
     * Largest number of epochs.
     *
     * @return the number, or empty if {@link #steps()} alone ends the run
     */
    public OptionalInt epochs() {
        return epochs;
    }

    /**
     * Largest number of steps.
     *
     * @return the number, or empty if {@link #epochs()} alone ends the run
     */
    public OptionalLong steps() {
        return steps;
    }

    /**
     * The optimizer.
     *
     * @return the optimizer
     */
    public Optimizer optimizer() {
        return optimizer;
    }

    /**
     * The factor on the learning rate over the run.
     *
     * @return the schedule
     */
    public LearningRateSchedule schedule() {
        return schedule;
    }

    /**
     * Parameters with a rate or a decay of their own.
     *
     * @return the groups, perhaps none
     */
    public List<ParameterGroup> groups() {
        return groups;
    }

    /**
     * Terms of the loss that depend on the parameters alone.
     *
     * @return the penalties, perhaps none
     */
    public List<Penalty> penalties() {
        return penalties;
    }

    /**
     * How large gradients are made smaller.
     *
     * @return the clipping
     */
    public GradientClipping clipping() {
        return clipping;
    }

    /**
     * Number of batches that one step averages.
     *
     * @return 1 or more
     */
    public int accumulation() {
        return accumulation;
    }

    /**
     * The source of all randomness of a run.
     *
     * @return the seed
     */
    public long seed() {
        return seed;
    }

    /**
     * After how many steps the evaluation is computed within epochs, beside those after them.
     *
     * @return the number, or empty for never
     */
    public OptionalLong evaluateEvery() {
        return evaluateEvery;
    }

    /**
     * When to stop because the evaluation no longer gets better.
     *
     * @return the rule, or empty for never
     */
    public Optional<EarlyStopping> earlyStopping() {
        return earlyStopping;
    }

    /**
     * Whether the parameters of the best evaluation are restored at the end; always with early stopping.
     *
     * @return true if they are
     */
    public boolean keepBest() {
        return keepBest;
    }

    /**
     * Whether the weight decay of the optimizer holds for biases and normalization gains too.
     *
     * @return true if it does
     */
    public boolean decayBiasAndNorm() {
        return decayBiasAndNorm;
    }

    /**
     * Regular expressions for names of parameters or paths of modules that a run may leave without gradient.
     *
     * @return the expressions, perhaps none
     */
    public List<String> allowedWithoutGradient() {
        return allowedWithoutGradient;
    }

    /**
     * Placeholders that may hold NaN.
     *
     * @return their names, perhaps none
     */
    public Set<String> allowedNotFinite() {
        return allowedNotFinite;
    }

    /**
     * When the run counts as diverged.
     *
     * @return the rule
     */
    public Divergence divergence() {
        return divergence;
    }

    private Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("epochs", epochs.isPresent() ? epochs.getAsInt() : "unlimited");
        values.put("steps", steps.isPresent() ? steps.getAsLong() : "unlimited");
        values.put("optimizer", optimizer);
        values.put("schedule", schedule);
        values.put("groups", groups);
        values.put("penalties", penalties);
        values.put("clipping", clipping);
        values.put("accumulation", accumulation);
        values.put("seed", seed);
        values.put("earlyStopping", earlyStopping);
        values.put("keepBest", keepBest);
        values.put("decayBiasAndNorm", decayBiasAndNorm);
        values.put("allowedWithoutGradient", allowedWithoutGradient);
        values.put("allowedNotFinite", allowedNotFinite);
        values.put("divergence", divergence);
        values.put("parts", parts);
        values.put("evaluateEvery", evaluateEvery);
        return values;
    }

    /** Every value by name, for what is written down of a run. */
    Map<String, Object> words() {
        return values();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TrainingPlan that && values().equals(that.values());
    }

    @Override
    public int hashCode() {
        return values().hashCode();
    }

    /**
     * Largest number of parts in which a batch may be shared among threads.
     *
     * @return the number, or empty for that of the processors
     */
    public OptionalInt parts() {
        return parts;
    }

    /** Only what differs from the defaults. */
    @Override
    public String toString() {
        Map<String, Object> defaults = new TrainingPlan(new Builder()).values();
        return values().entrySet().stream()
                .filter(value -> !value.getValue().equals(defaults.get(value.getKey())))
                .map(Object::toString)
                .collect(Collectors.joining(", ", "TrainingPlan[", "]"));
    }

    /**
     * Collects the values of a plan.
     *
     * @apiNote Status: stable
     */
    public static final class Builder {
        private OptionalInt epochs = OptionalInt.empty();
        private OptionalLong steps = OptionalLong.empty();
        private Optimizer optimizer = AdamW.of(DEFAULT_RATE);
        private LearningRateSchedule schedule = LearningRateSchedule.constant();
        private final List<ParameterGroup> groups = new ArrayList<>();
        private final List<Penalty> penalties = new ArrayList<>();
        private GradientClipping clipping = GradientClipping.none();
        private int accumulation = 1;
        private long seed;
        private Optional<EarlyStopping> earlyStopping = Optional.empty();
        private boolean keepBest;
        private boolean decayBiasAndNorm;
        private final List<String> allowedWithoutGradient = new ArrayList<>();
        private final Set<String> allowedNotFinite = new TreeSet<>();
        private Divergence divergence = Divergence.usual();
        private OptionalInt parts = OptionalInt.empty();
        private OptionalLong evaluateEvery = OptionalLong.empty();

        private Builder() {}

        /**
         * Has the evaluation computed within epochs too, each time after so many steps: for epochs that last hours. The best values are kept
         * from these as from those after epochs; patience is counted in epochs.
         *
         * @param count 1 or more
         * @return this
         */
        public Builder evaluateEvery(long count) {
            evaluateEvery = OptionalLong.of(count);
            return this;
        }

        /**
         * Ends the run after that many epochs, or after {@link #steps} if that comes first.
         *
         * @param count 1 or more
         * @return this
         */
        public Builder epochs(int count) {
            epochs = OptionalInt.of(count);
            return this;
        }

        /**
         * Ends the run after that many steps, or after {@link #epochs} if that comes first.
         *
         * @param count 1 or more
         * @return this
         */
        public Builder steps(long count) {
            steps = OptionalLong.of(count);
            return this;
        }

        /**
         * Sets the optimizer.
         *
         * @param value the optimizer
         * @return this
         */
        public Builder optimizer(Optimizer value) {
            optimizer = value;
            return this;
        }

        /**
         * Sets the factor on the learning rate over the run.
         *
         * @param value the schedule
         * @return this
         */
        public Builder schedule(LearningRateSchedule value) {
            schedule = value;
            return this;
        }

        /**
         * Adds the groups of LoRA+ (Hayou et al., 2024, arXiv 2402.12354) as PEFT's {@code create_loraplus_optimizer} makes them:
         * B, trained biases and gains learn {@code ratio} times as fast as A and as matrices that are trained fully, biases and
         * gains without weight decay, magnitudes of DoRA with it (those of convolutions at the usual rate); factors of embeddings learn at 1e-6.
         *
         * @param ratio factor on the optimizer's rate, finite and above 0; 16 in the paper
         * @return this
         * @throws IllegalArgumentException if the number is outside of its range
         */
        public Builder loraPlus(double ratio) {
            return loraPlus(ratio, 1e-6);
        }

        /**
         * As {@link #loraPlus(double)}, with another rate for factors of embeddings.
         *
         * @param ratio factor on the optimizer's rate, finite and above 0
         * @param embeddingRate rate of factors of embeddings, finite and above 0
         * @return this
         * @throws IllegalArgumentException if a number is outside of its range
         */
        public Builder loraPlus(double ratio, double embeddingRate) {
            groups.addAll(ParameterGroup.loraPlus(ratio, embeddingRate));
            return this;
        }

        /**
         * Adds a group of parameters with a rate or a decay of its own.
         *
         * @param value the group
         * @return this
         */
        public Builder group(ParameterGroup value) {
            groups.add(value);
            return this;
        }

        /**
         * Adds a term to the loss that depends on the parameters alone. Losses in reports then include it; evaluations do
         * not.
         *
         * @param value the penalty
         * @return this
         */
        public Builder penalty(Penalty value) {
            penalties.add(value);
            return this;
        }

        /**
         * Sets how large gradients are made smaller.
         *
         * @param value the clipping
         * @return this
         */
        public Builder clipping(GradientClipping value) {
            clipping = value;
            return this;
        }

        /**
         * Averages that many batches into one step, by their weights: the step is that of one large batch. What is left at
         * the end of an epoch makes a step of its own.
         *
         * @param batches 1 or more
         * @return this
         */
        public Builder accumulation(int batches) {
            accumulation = batches;
            return this;
        }

        /**
         * Sets the source of all randomness of a run.
         *
         * @param value any number
         * @return this
         */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /**
         * Stops when the evaluation of the trainer no longer gets better, and restores the best parameters.
         *
         * @param value the rule
         * @return this
         */
        public Builder earlyStopping(EarlyStopping value) {
            earlyStopping = Optional.of(value);
            return this;
        }

        /**
         * Restores the parameters of the best evaluation at the end, without stopping early.
         *
         * @param value whether to
         * @return this
         */
        public Builder keepBest(boolean value) {
            keepBest = value;
            return this;
        }

        /**
         * Applies the weight decay of the optimizer to biases and normalization gains too, as PyTorch does unless told
         * otherwise.
         *
         * @param value whether to
         * @return this
         */
        public Builder decayBiasAndNorm(boolean value) {
            decayBiasAndNorm = value;
            return this;
        }

        /**
         * Lets low-rank factors stay without gradient, which otherwise stops a run after three steps: parts that a batch may
         * not reach.
         *
         * @param regex regular expression for the whole name of the parameter or the whole path of its module
         * @return this
         */
        public Builder allowWithoutGradient(String regex) {
            allowedWithoutGradient.add(regex);
            return this;
        }

        /**
         * Lets a placeholder hold NaN, which otherwise ends the run: labels that are missing and left out by the loss.
         *
         * @param placeholder its name
         * @return this
         */
        public Builder allowNotFinite(String placeholder) {
            allowedNotFinite.add(placeholder);
            return this;
        }

        /**
         * Sets when the run counts as diverged and ends with {@link TrainingFailedException}.
         *
         * @param value the rule
         * @return this
         */
        public Builder divergence(Divergence value) {
            divergence = value;
            return this;
        }

        /**
         * Sets the largest number of parts in which a batch may be shared among threads, which is the number of processors if
         * nothing is said. For a run that is to give the same bits on machines of different sizes. A batch is shared where the
         * graph shows that its rows do not depend on each other; see {@link Computation#parting()}.
         *
         * @param most 1 or more
         * @return this
         */
        public Builder parts(int most) {
            parts = OptionalInt.of(most);
            return this;
        }

        /**
         * Checks everything and makes the plan.
         *
         * @return the plan
         * @throws IllegalArgumentException if neither epochs nor steps are given, a number is outside of its range or a
         *     pattern is not a regular expression; the message lists every problem
         */
        public TrainingPlan build() {
            Problems problems = new Problems();
            problems.check(epochs.isPresent() || steps.isPresent(), "no length; expected epochs(n), steps(n) or both");
            epochs.ifPresent(n -> problems.atLeast("epochs", n, 1));
            steps.ifPresent(n -> problems.atLeast("steps", n, 1));
            problems.check(optimizer != null, "optimizer = null, expected one such as AdamW.of(2e-4)");
            problems.check(schedule != null, "schedule = null, expected one such as LearningRateSchedule.constant()");
            problems.check(clipping != null, "clipping = null, expected one such as GradientClipping.none()");
            problems.check(divergence != null, "divergence = null, expected one such as Divergence.usual()");
            problems.check(!groups.contains(null), "a group is null, expected a ParameterGroup");
            problems.check(!penalties.contains(null), "a penalty is null, expected a Penalty");
            problems.atLeast("accumulation", accumulation, 1);
            parts.ifPresent(n -> problems.atLeast("parts", n, 1));
            evaluateEvery.ifPresent(n -> problems.atLeast("evaluateEvery", n, 1));
            allowedWithoutGradient.forEach(regex -> checkRegex(problems, regex));
            problems.throwIfAny("TrainingPlan");
            return new TrainingPlan(this);
        }

        private static void checkRegex(Problems problems, String regex) {
            try {
                Pattern.compile(regex);
            } catch (PatternSyntaxException e) {
                problems.add("allowWithoutGradient(\"" + regex + "\") is not a regular expression: "
                        + e.getDescription() + " near index " + e.getIndex());
            }
        }
    }
}
