/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.advice.BriefTraining.Outcome;
import org.lora4j.advice.LearningRateSuggestion.Confirmation;
import org.lora4j.error.Problems;
import org.lora4j.text.EncoderTask;
import org.lora4j.text.EncoderTaskBuilder;
import org.lora4j.train.Batches;
import org.lora4j.train.Progress;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Validation;
import org.lora4j.train.cache.PrefixCache;

/**
 * Which learning rate to train with: a range test over a hundred steps, then three short trainings that are validated.
 *
 * <pre>{@code
 * LearningRateSuggestion found = LearningRateFinder.builder(model)
 *         .plan(plan)
 *         .batches(batches)
 *         .validation(Validation.higherIsBetter("accuracy", () -> accuracy(model)))
 *         .build()
 *         .find();
 * double rate = found.rate().orElseThrow();
 * }</pre>
 *
 * <p><b>How.</b> What learns (the adapter; nothing of the base) is trained with a rate that rises exponentially from 1e-5 to 1,
 * a step each, and the loss smoothed (Smith 2015, arXiv 1506.01186, section 3.3). The test ends at a loss that is not finite or
 * four times the lowest one: that is the upper end, and no failure. A tenth of the rate at which the smoothed loss is
 * lowest, and the rates around it, a factor of the root of ten apart, are then trained with from the same start, each for a fifth of
 * the plan's steps (ten at least, 100 if their number is not known), with its schedule drawn together. The middle one is suggested, unless another validates better by more than 2 % of
 * the metric. All rates are those of the plan's optimizer: groups with rates of their own keep them.
 *
 * <p><b>Costs.</b> 100 steps, three fifths of a training, and three validations.
 *
 * <p><b>State.</b> The parameters that learn are put back equal in every bit, also when a training fails or the thread is
 * interrupted, which stays interrupted then; optimizers are fresh ones. What methods do beside gradients (budgets of AdaLoRA)
 * is left out. <b>Threads.</b> The calling one; nobody else may use the model meanwhile.
 *
 * @apiNote Status: experimental
 */
public final class LearningRateFinder {

    private static final String QUESTION = "learning rate";
    private static final int RANGE_STEPS = 100;
    private static final int FEWEST_POINTS = 20;
    private static final int FEWEST_BATCHES = 4;
    private static final double LEAST_FALL = 0.02;
    /** How far below the lowest loss the middle candidate lies: where the loss is lowest, steps are at their largest already. */
    private static final double BELOW = 10;

    private static final double APART = Math.sqrt(10);

    private static final int PART_OF_PLAN = 5;
    private static final int DEFAULT_CONFIRMATION = 100;

    private final BriefTraining training;
    private final double lowest;
    private final double highest;
    private final int rangeSteps;
    private final long confirmationSteps;
    private final boolean quiet;

    LearningRateFinder(
            BriefTraining training,
            double lowest,
            double highest,
            int rangeSteps,
            long confirmationSteps,
            boolean quiet) {
        this.quiet = quiet;
        this.training = training;
        this.lowest = lowest;
        this.highest = highest;
        this.rangeSteps = rangeSteps;
        this.confirmationSteps = confirmationSteps;
    }

    /**
     * Starts for a model.
     *
     * @param model what is to be trained, in the state in which it will be
     * @return a builder
     */
    public static Builder builder(Trainable model) {
        return new Builder(
                Objects.requireNonNull(model, "LearningRateFinder: model is null; expected something to train"));
    }

    /**
     * A finder for a task over texts or images, which is made anew for every training:
     *
     * <pre>{@code
     * LearningRateSuggestion found = LearningRateFinder
     *         .of(() -> TextClassifier.builder(encoder), train, validation)
     *         .find();
     * }</pre>
     *
     * @param settings makes the builder of the task, with all settings but the learning rate
     * @param train the examples to learn from
     * @param validation the examples to choose by
     * @param <B> the builder
     * @param <E> an example
     * @param <T> the task
     * @return a finder; its short trainings have 100 steps
     * @throws IllegalArgumentException if there is no example to choose by
     */
    public static <B extends EncoderTaskBuilder<B, T>, E, T extends EncoderTask<?, E, ?, ?, T>> LearningRateFinder of(
            Supplier<B> settings, List<E> train, List<E> validation) {
        Problems problems = new Problems();
        problems.check(!validation.isEmpty(), "no validation, expected examples to choose by, none of them in train");
        problems.throwIfAny("LearningRateFinder");
        return new LearningRateFinder(
                new TaskTraining<>(settings, train, validation),
                Builder.LOWEST,
                Builder.HIGHEST,
                RANGE_STEPS,
                DEFAULT_CONFIRMATION,
                settings.get().options().quiet());
    }

    /**
     * Finds a rate.
     *
     * @return the rate with what it rests on; without one, if it cannot be said
     * @throws org.lora4j.train.TrainingFailedException if a training fails for a reason that no rate mends
     */
    public LearningRateSuggestion find() {
        RateCurve curve = new RateCurve(lowest, highest, rangeSteps);
        Progress progress = quiet ? Progress.none() : Progress.of("LearningRateFinder.find");
        RangeListener listener = new RangeListener(curve, new TrialProgress(progress, "range test"));
        Outcome range = training.run(BriefPlan.rangeTest(lowest, highest, rangeSteps), listener);
        Optional<String> unknown = unknown(curve, listener, range);
        if (unknown.isPresent()) {
            return unknown(curve, List.of(), range.steps(), unknown.get());
        }
        double middle = curve.lowestPoint().rate() / BELOW;
        List<Confirmation> confirmations = new ArrayList<>();
        long steps = range.steps();
        for (double rate : new double[] {middle / APART, middle, middle * APART}) {
            double rounded = rounded(rate);
            Outcome outcome = training.run(
                    BriefPlan.at(rounded, confirmationSteps), new TrialProgress(progress, "rate " + rounded));
            steps += outcome.steps();
            if (outcome.interrupted()) {
                return unknown(curve, confirmations, steps, interrupted());
            }
            confirmations.add(new Confirmation(
                    rounded, outcome.metric(), outcome.steps(), Objects.requireNonNullElse(outcome.failure(), "")));
        }
        return chosen(curve, confirmations, steps);
    }

    /** Watches the range test, and ends it. */
    private static final class RangeListener implements RunListener {

        private final RateCurve curve;
        private final TrialProgress progress;
        private int epochs;
        private int firstEpoch;

        RangeListener(RateCurve curve, TrialProgress progress) {
            this.curve = curve;
            this.progress = progress;
        }

        @Override
        public void onStep(StepReport report) {
            progress.onStep(report);
            epochs = report.epoch();
            firstEpoch += report.epoch() == 1 ? 1 : 0;
            if (curve.add(report.loss())) {
                throw new RangeEnd("the loss had risen to more than four times the lowest one");
            }
        }
    }

    private static Optional<String> unknown(RateCurve curve, RangeListener listener, Outcome range) {
        if (range.interrupted()) {
            return Optional.of(interrupted());
        }
        if (listener.epochs > 1 && listener.firstEpoch < FEWEST_BATCHES) {
            return Optional.of(
                    "an epoch has " + listener.firstEpoch + " steps, and a range test would measure how fast these"
                            + " batches are learned by heart; expected " + FEWEST_BATCHES + " or more");
        }
        int points = curve.points().size();
        if (points < FEWEST_POINTS) {
            return Optional.of("the range test ended after " + points + " steps"
                    + (range.failure() == null ? "" : " (" + range.failure() + ")") + "; expected " + FEWEST_POINTS
                    + " or more below the upper end");
        }
        return curve.fall() >= LEAST_FALL
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "the loss did not fall at any rate up to %.1e (%.4g at the start, %.4g at the lowest)",
                        curve.points().get(points - 1).rate(),
                        curve.points().get(0).loss(),
                        curve.lowestPoint().smoothed()));
    }

    private static String interrupted() {
        Thread.currentThread().interrupt();
        return "the thread was interrupted";
    }

    private static LearningRateSuggestion unknown(
            RateCurve curve, List<Confirmation> confirmations, long steps, String because) {
        return new LearningRateSuggestion(
                OptionalDouble.empty(), curve.points(), confirmations, steps, Advice.cannotBeSaid(QUESTION, because));
    }

    private LearningRateSuggestion chosen(RateCurve curve, List<Confirmation> confirmations, long steps) {
        Confirmation best = best(confirmations);
        if (best == null) {
            return unknown(
                    curve,
                    confirmations,
                    steps,
                    "none of the short trainings came to its end: "
                            + confirmations.stream().map(Confirmation::failure).collect(Collectors.joining("; ")));
        }
        int place = confirmations.indexOf(best);
        boolean atEdge = place != 1;
        String sentence = String.format(
                Locale.ROOT,
                "Take a learning rate of %.1e: the loss of a range test was lowest at %.1e, and %d steps at the rates around a"
                        + " tenth of it were validated as %s.%s",
                best.rate(),
                curve.lowestPoint().rate(),
                best.steps(),
                confirmations.stream().map(LearningRateFinder::said).collect(Collectors.joining(", ")),
                atEdge
                        ? " It is the " + (place == 0 ? "lowest" : "highest") + " of the three; a "
                                + (place == 0 ? "lower" : "higher") + " one may do as well."
                        : "");
        Map<String, Object> evidence = new LinkedHashMap<>();
        evidence.put("rate", best.rate());
        evidence.put("rateOfLowestLoss", curve.lowestPoint().rate());
        evidence.put("fallsToTheHighestRate", curve.fallsToTheEnd());
        evidence.put("steps", steps);
        evidence.put(
                "confirmations",
                confirmations.stream().map(LearningRateSuggestion::values).toList());
        return new LearningRateSuggestion(
                OptionalDouble.of(best.rate()),
                curve.points(),
                confirmations,
                steps,
                new Advice(QUESTION, atEdge ? Answer.CONSIDER : Answer.GOOD, sentence, evidence));
    }

    /**
     * The middle rate, unless another one is clearly better: short trainings favor high rates, and a validation of a few
     * hundred examples is off by more than a point. Null if all failed.
     */
    private Confirmation best(List<Confirmation> confirmations) {
        Confirmation best = confirmations.get(1).metric().isPresent() ? confirmations.get(1) : null;
        double margin =
                best == null ? 0 : Setup.CLEARLY * Math.abs(best.metric().getAsDouble());
        for (Confirmation one : confirmations) {
            if (one.metric().isEmpty()) {
                continue;
            }
            double metric = one.metric().getAsDouble();
            if (best == null || training.isBetter(metric, best.metric().getAsDouble(), margin)) {
                best = one;
                margin = 0;
            }
        }
        return best;
    }

    private static String said(Confirmation one) {
        return one.metric().isPresent()
                ? String.format(
                        Locale.ROOT, "%.1e (%.4g)", one.rate(), one.metric().getAsDouble())
                : String.format(Locale.ROOT, "%.1e (failed)", one.rate());
    }

    /** Two digits: finer makes no difference. */
    private static double rounded(double rate) {
        return new BigDecimal(rate).round(new MathContext(2)).doubleValue();
    }

    /**
     * Collects what a finder needs.
     *
     * @apiNote Status: experimental
     */
    public static final class Builder {

        private static final double LOWEST = 1e-5;
        private static final double HIGHEST = 1;

        private final Trainable model;
        private TrainingPlan plan;
        private Batches batches;
        private Validation validation;
        private Optional<PrefixCache> cache = Optional.empty();
        private double lowest = LOWEST;
        private double highest = HIGHEST;
        private int rangeSteps = RANGE_STEPS;
        private long confirmationSteps;
        private boolean quiet;

        private Builder(Trainable model) {
            this.model = model;
        }

        /**
         * Sets the plan that the rate is for; its rate does not matter.
         *
         * @param value the plan
         * @return this
         */
        public Builder plan(TrainingPlan value) {
            plan = value;
            return this;
        }

        /**
         * Sets the training data.
         *
         * @param value the batches
         * @return this
         */
        public Builder batches(Batches value) {
            batches = value;
            return this;
        }

        /**
         * Sets what the short trainings are compared by.
         *
         * @param value the validation, on data that is not learned from
         * @return this
         */
        public Builder validation(Validation value) {
            validation = value;
            return this;
        }

        /**
         * Has the results of a frozen part below what learns kept within each training, where there is one.
         *
         * @param value how much, and where
         * @return this
         */
        public Builder cacheFrozenPrefix(PrefixCache value) {
            cache = Optional.of(value);
            return this;
        }

        /**
         * Sets the rates of the range test; 1e-5 to 1 by default, which suits optimizers such as AdamW.
         *
         * @param lowestRate the first one, finite and above 0
         * @param highestRate the last one, above the first
         * @param steps how many, 20 or more
         * @return this
         */
        public Builder range(double lowestRate, double highestRate, int steps) {
            lowest = lowestRate;
            highest = highestRate;
            rangeSteps = steps;
            return this;
        }

        /**
         * Sets the length of each of the three short trainings; a fifth of the plan by default.
         *
         * @param steps 1 or more
         * @return this
         */
        public Builder confirmationSteps(long steps) {
            confirmationSteps = steps;
            return this;
        }

        /**
         * Keeps progress out of the log. By default it has a line after two seconds, and then at most one every ten seconds.
         *
         * @return this
         */
        public Builder quiet() {
            quiet = true;
            return this;
        }

        /**
         * Makes the finder.
         *
         * @return the finder
         * @throws IllegalArgumentException if the plan, the batches or the validation is missing, the optimizer has no learning
         *     rate, or a number is outside of its range; the message lists every problem
         */
        public LearningRateFinder build() {
            Problems problems = new Problems();
            Setup.check(plan, batches, validation, problems);
            problems.check(
                    plan == null || plan.optimizer().hasLearningRate(),
                    "the plan's optimizer has no learning rate, expected one such as AdamW");
            problems.finiteAboveZero("lowest rate", lowest);
            problems.finiteAboveZero("highest rate", highest);
            problems.check(
                    highest > lowest, "highest rate = " + highest + ", expected more than the lowest, " + lowest);
            problems.atLeast("steps of the range test", rangeSteps, FEWEST_POINTS);
            problems.check(confirmationSteps >= 0, "confirmationSteps = " + confirmationSteps + ", expected 1 or more");
            problems.throwIfAny("LearningRateFinder");
            ModelTraining training = new ModelTraining(model, plan, batches, validation, cache);
            long planned = training.plannedSteps();
            long fallback = planned > 0 ? Math.max(Setup.FEWEST_STEPS, planned / PART_OF_PLAN) : DEFAULT_CONFIRMATION;
            return new LearningRateFinder(
                    training, lowest, highest, rangeSteps, confirmationSteps > 0 ? confirmationSteps : fallback, quiet);
        }
    }
}
