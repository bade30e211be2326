/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import org.lora4j.adapter.Adapter;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.advice.BriefTraining.Outcome;
import org.lora4j.advice.RankSuggestion.Trial;
import org.lora4j.combine.AdapterAlgebra;
import org.lora4j.combine.RankReduction;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.model.AdaptedModel;
import org.lora4j.text.EncoderTask;
import org.lora4j.text.EncoderTaskBuilder;
import org.lora4j.train.Batches;
import org.lora4j.train.Progress;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Validation;
import org.lora4j.train.cache.PrefixCache;

/**
 * Which rank to train with, and where.
 *
 * <pre>{@code
 * RankAdvisor ranks = RankAdvisor.builder(model, config)
 *         .plan(plan)
 *         .batches(batches)
 *         .validation(Validation.higherIsBetter("accuracy", () -> accuracy(model)))
 *         .build();
 * LoraConfig spread = ranks.sensitivity(8).config().orElseThrow();
 * LoraConfig smallest = ranks.trainAndReduce(32).config().orElseThrow();
 * LoraConfig best = ranks.halve(ranks.ofRanks(1, 2, 4, 8, 16, 32, 64)).config().orElseThrow();
 * }</pre>
 *
 * <p>Three questions, from cheap to dear: {@link #sensitivity} spreads the ranks of a config over its modules from the
 * gradients of a few batches, {@link #trainAndReduce} trains once at a high rank and finds what is left of the accuracy at
 * lower ones, {@link #halve} trains candidates for some steps and goes on with the better half.
 *
 * <p><b>Other ranks.</b> Where a rank is changed, alpha is changed with it, so that the scaling stays that of the config.
 *
 * <p><b>The validation</b> has to ask the model for its outputs each time ({@code model.output(...)}, {@code
 * model.network().output(...)}): an executor or a network that was asked for before knows the state of then.
 *
 * <p><b>State.</b> Trials are adapters of their own, which are removed again; adapters, what is active and trainable, and the
 * base are what they were before, also when a trial fails or the thread is interrupted, which stays interrupted then. Networks of
 * Deeplearning4j have to be asked for anew, as after every change of state. <b>Threads.</b> The calling one; nobody else
 * may use the model meanwhile.
 *
 * @apiNote Status: experimental
 */
public final class RankAdvisor {

    private static final String QUESTION = "rank";

    private final AdapterTrials trials;
    private final ModelTraining training;
    private final LoraConfig config;
    private final long seed;
    private final double tolerance;
    private final long budget;
    private final boolean quiet;

    private RankAdvisor(Builder builder, ModelTraining training, long budget) {
        this.trials = new AdapterTrials(builder.model);
        this.training = training;
        this.config = builder.config;
        this.seed = builder.seed;
        this.tolerance = builder.tolerance;
        this.budget = budget;
        this.quiet = builder.quiet;
    }

    private Progress progress(String call) {
        return quiet ? Progress.none() : Progress.of("RankAdvisor." + call);
    }

    /**
     * Compares ranks for a task over texts or images, which is made anew and trained in full for each of them, and takes the smallest that is within half
     * a point of the best:
     *
     * <pre>{@code
     * RankSuggestion found = RankAdvisor.of(() -> TextClassifier.builder(encoder), train, validation, 4, 8, 16);
     * }</pre>
     *
     * @param settings makes the builder of the task, with LoRA as its adapter; alpha is changed with the rank
     * @param train the examples to learn from
     * @param validation the examples to choose by
     * @param ranks two or more, each 1 or more
     * @param <B> the builder
     * @param <E> an example
     * @param <T> the task
     * @return the config with the rank, and what each gave
     * @throws IllegalArgumentException if there is no example to choose by, there are fewer than two ranks, one is below 1, or the
     *     adapter is not LoRA; the message lists every problem
     */
    public static <B extends EncoderTaskBuilder<B, T>, E, T extends EncoderTask<?, E, ?, ?, T>> RankSuggestion of(
            Supplier<B> settings, List<E> train, List<E> validation, int... ranks) {
        return TaskRanks.compare(settings, train, validation, ranks);
    }

    /**
     * Starts for a graph of SameDiff, or another model that trains by itself.
     *
     * @param model the model
     * @param config targets, rank and scaling to begin with
     * @param <M> the model
     * @return a builder
     */
    public static <M extends AdaptedModel & Trainable> Builder builder(M model, LoraConfig config) {
        return new Builder(model, model, config);
    }

    /**
     * Starts for a model that something else trains, such as a network of Deeplearning4j.
     *
     * @param model the model
     * @param training the same for the training loop, such as {@code AdaptedNetwork.trainable(names)}; a live view
     * @param config targets, rank and scaling to begin with
     * @return a builder
     */
    public static Builder builder(AdaptedModel model, Trainable training, LoraConfig config) {
        return new Builder(model, training, config);
    }

    /**
     * The config with other ranks.
     *
     * @param ranks the ranks, each 1 or more
     * @return a config for each; rank and alpha patterns are left out
     */
    public List<LoraConfig> ofRanks(int... ranks) {
        return Arrays.stream(ranks).mapToObj(this::withRank).toList();
    }

    /**
     * The config with other targets and ranks.
     *
     * @param targets the targets
     * @param ranks the ranks, each 1 or more
     * @return a config for each pair
     */
    public List<LoraConfig> of(List<ModuleSelector> targets, int... ranks) {
        return targets.stream()
                .flatMap(selector -> ofRanks(ranks).stream()
                        .map(one -> one.toBuilder().targetModules(selector).build()))
                .toList();
    }

    private LoraConfig withRank(int rank) {
        if (rank == config.rank()
                && config.rankPattern().isEmpty()
                && config.alphaPattern().isEmpty()) {
            return config;
        }
        return config.toBuilder()
                .rank(rank)
                .alpha(config.alpha() * rank / config.rank())
                .rankPattern(Map.of())
                .alphaPattern(Map.of())
                .build();
    }

    /**
     * Spreads the ranks of the config over its modules by how much their weights matter to the loss, with the parameters of
     * the budget about the same.
     *
     * <p><i>Source:</i> He et al. 2025, GoRA, arXiv 2502.12171, section 3.2: importance {@code mean |W * G|}, ranks from half
     * the reference to four times it. Beside it the effective rank of {@code G} (Roy, Vetterli 2007). <i>Costs:</i> a gradient
     * of all target weights for each batch, and their singular values: some seconds for a weight [3072, 768].
     *
     * @param batches how many batches of the training data the gradient is the mean of, 1 or more; fewer if an epoch has fewer
     * @return the modules, and a config with a rank pattern
     * @throws IllegalArgumentException if a loss or gradient is not finite, or the base has no gradient of a target
     */
    public RankSensitivity sensitivity(int batches) {
        if (batches < 1) {
            throw new IllegalArgumentException("sensitivity: batches = " + batches + "; expected 1 or more.");
        }
        requireUnmerged();
        return new Sensitivity(trials, training, config, seed).of(batches);
    }

    /**
     * Trains by the whole plan at a high rank, takes the best approximations of the update at lower ranks, half as high each
     * time, and finds the smallest one that keeps the validation.
     *
     * <p><i>Source:</i> Eckart, Young 1936: truncated singular value decompositions, module by module
     * ({@link AdapterAlgebra#reduceRank}). <i>Costs:</i> one training, and a validation for each rank.
     *
     * @param from the rank of the training, 2 or more; 32 is a good one
     * @return the config with the smallest rank whose metric is no more than the tolerance below that of the training
     * @throws IllegalArgumentException if the rank is below 2 or the plan has no known length
     */
    public RankSuggestion trainAndReduce(int from) {
        if (from < 2) {
            throw new IllegalArgumentException("trainAndReduce: from = " + from + "; expected a rank of 2 or more.");
        }
        requireUnmerged();
        LoraConfig high = withRank(from);
        return trials.during(name -> trials.model().addAdapter(name, high, seed), name -> {
            Outcome trained = training.train(
                    BriefPlan.asPlanned(plannedSteps("trainAndReduce")),
                    new TrialProgress(progress("trainAndReduce"), "rank " + from));
            if (trained.metric().isEmpty()) {
                return unknown(List.of(trial("rank " + from, high, trained)), trained);
            }
            return reduced(high, trained, trials.model().adapter(name));
        });
    }

    private RankSuggestion reduced(LoraConfig high, Outcome trained, Adapter adapter) {
        List<Trial> measured = new ArrayList<>(List.of(trial("rank " + high.rank(), high, trained)));
        double whole = trained.metric().getAsDouble();
        LoraConfig smallest = high;
        boolean keeps = true;
        for (int rank = high.rank() / 2; rank >= 1; rank /= 2) {
            RankReduction reduction = AdapterAlgebra.reduceRank(adapter, rank);
            double metric = trials.during(
                    name -> trials.model().addAdapter(name, reduction.adapter()),
                    name -> training.validation().metric().getAsDouble());
            LoraConfig lower = withRank(rank);
            measured.add(new Trial(
                    "reduced to rank " + rank,
                    lower,
                    0,
                    OptionalDouble.of(metric),
                    format("lost up to %.2g of a module's update", reduction.largestError())));
            keeps &= !training.isBetter(whole, metric, tolerance);
            smallest = keeps ? lower : smallest;
        }
        String sentence = smallest == high
                ? format(
                        "Take rank %d or more: reduced to rank %d, %s falls from %.4g to %.4g.",
                        high.rank(),
                        high.rank() / 2,
                        training.validation().name(),
                        whole,
                        measured.get(1).metric().getAsDouble())
                : format(
                        "Rank %d is enough: trained at rank %d and reduced to it, %s stays within %.3g of %.4g.",
                        smallest.rank(), high.rank(), training.validation().name(), tolerance, whole);
        return new RankSuggestion(
                Optional.of(smallest),
                measured,
                trained.steps(),
                new Advice(
                        QUESTION,
                        smallest == high ? Answer.CONSIDER : Answer.GOOD,
                        sentence,
                        evidence(smallest, measured)));
    }

    /**
     * Trains candidates for some steps, goes on with the better half, and so on until one is left. Each rung trains from the
     * start, the plan's schedule drawn together to its length. In rungs of less than half the plan the config that this advisor
     * was made with, for which the learning rate was found, goes on unless others are better by more than 2 % of the metric: short
     * trainings favor ranks that learn fast. With {@code budget} twice the plan, two candidates are trained by all of it, and
     * training with the better one again gives the same values.
     *
     * <p><i>Source:</i> Jamieson, Talwalkar 2016, arXiv 1502.07943, algorithm 1. <i>Costs:</i> the budget of
     * {@link Builder#budget}. Candidates whose targets leave a frozen part below them train above it alone, if
     * {@link Builder#cacheFrozenPrefix} is set.
     *
     * @param candidates two or more configs, such as those of {@link #ofRanks} or {@link #of}
     * @return the config that was left; none if the budget leaves fewer than ten steps for a candidate
     * @throws IllegalArgumentException if there are fewer than two candidates, or a config does not fit the model
     */
    public RankSuggestion halve(List<LoraConfig> candidates) {
        if (candidates.size() < 2) {
            throw new IllegalArgumentException("halve: " + candidates.size()
                    + " candidates; expected two or more. Pass ofRanks(4, 8, 16) or the like.");
        }
        requireUnmerged();
        List<Bracket.Rung> rungs = Bracket.of(candidates.size(), budget);
        if (rungs.get(0).steps() < Setup.FEWEST_STEPS) {
            return unknown(
                    List.of(),
                    Outcome.ended(
                            budget + " steps leave " + rungs.get(0).steps() + " for each of " + candidates.size()
                                    + " candidates, and " + Setup.FEWEST_STEPS
                                    + " are the fewest that say anything; set a larger budget(steps), or fewer candidates",
                            0));
        }
        Progress progress = progress("halve");
        List<Trial> measured = new ArrayList<>();
        List<Trial> left = new ArrayList<>();
        candidates.forEach(one -> left.add(new Trial(words(one), one, 0, OptionalDouble.empty(), "")));
        for (Bracket.Rung rung : rungs) {
            List<Trial> trained = new ArrayList<>();
            for (Trial one : left) {
                Outcome outcome = trials.during(
                        name -> trials.model().addAdapter(name, one.config(), seed),
                        name -> training.train(
                                BriefPlan.asPlanned(rung.steps()), new TrialProgress(progress, one.what())));
                trained.add(trial(one.what(), one.config(), outcome));
                if (outcome.interrupted()) {
                    measured.addAll(trained);
                    return unknown(measured, outcome);
                }
            }
            measured.addAll(trained);
            left.clear();
            trained.stream()
                    .filter(one -> one.metric().isPresent())
                    .sorted(best(rung.steps()))
                    .limit((rung.candidates() + 1) / 2)
                    .forEach(left::add);
            if (left.isEmpty()) {
                return unknown(measured, Outcome.ended("no candidate came to the end of its training", 0));
            }
        }
        return halved(left.get(0), measured);
    }

    /**
     * Better metrics first. In rungs of less than half the plan that of the config at hand counts as clearly better than it is:
     * short trainings favor ranks that learn fast. Of equal ones the config at hand, then the earlier candidate.
     */
    private Comparator<Trial> best(long steps) {
        double sign = training.validation().higherIsBetter() ? 1 : -1;
        double margin = steps < training.plannedSteps() / 2 ? Setup.CLEARLY : 0;
        return Comparator.comparingDouble((Trial one) -> {
                    double metric = one.metric().getAsDouble();
                    return sign * metric + (one.config().equals(config) ? margin * Math.abs(metric) : 0);
                })
                .thenComparing(one -> one.config().equals(config))
                .reversed();
    }

    private RankSuggestion halved(Trial chosen, List<Trial> measured) {
        String sentence = format(
                "Take %s: the best of %d candidates by successive halving (%s %.4g after %d steps).",
                chosen.what(),
                measured.stream().map(Trial::config).distinct().count(),
                training.validation().name(),
                chosen.metric().getAsDouble(),
                chosen.steps());
        return new RankSuggestion(
                Optional.of(chosen.config()),
                measured,
                measured.stream().mapToLong(Trial::steps).sum(),
                new Advice(QUESTION, Answer.GOOD, sentence, evidence(chosen.config(), measured)));
    }

    private static Map<String, Object> evidence(LoraConfig chosen, List<Trial> measured) {
        Map<String, Object> evidence = new LinkedHashMap<>();
        evidence.put("rank", chosen.rank());
        evidence.put("targets", MessageText.value(chosen.targetModules()));
        evidence.put("trials", measured.stream().map(Trial::values).toList());
        return evidence;
    }

    private static Trial trial(String what, LoraConfig config, Outcome outcome) {
        return new Trial(
                what, config, outcome.steps(), outcome.metric(), Objects.requireNonNullElse(outcome.failure(), ""));
    }

    private static RankSuggestion unknown(List<Trial> measured, Outcome outcome) {
        if (outcome.interrupted()) {
            Thread.currentThread().interrupt();
        }
        String because = outcome.interrupted() ? "the thread was interrupted" : outcome.failure();
        return new RankSuggestion(
                Optional.empty(),
                measured,
                measured.stream().mapToLong(Trial::steps).sum(),
                Advice.cannotBeSaid(QUESTION, because));
    }

    private static String words(LoraConfig config) {
        return "rank " + config.rank() + " of " + MessageText.value(config.targetModules());
    }

    private long plannedSteps(String call) {
        long planned = training.plannedSteps();
        if (planned == 0 || planned == Long.MAX_VALUE) {
            throw new IllegalArgumentException(call + ": the batches do not tell their number; expected"
                    + " batches.withBatchesPerEpoch(n), or a plan with steps(n).");
        }
        return planned;
    }

    private void requireUnmerged() {
        Problems problems = new Problems();
        trials.check(problems);
        if (!problems.isEmpty()) {
            throw new IllegalStateException(problems.message("RankAdvisor") + ".");
        }
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    /**
     * Collects what an advisor needs.
     *
     * @apiNote Status: experimental
     */
    public static final class Builder {

        private final AdaptedModel model;
        private final Trainable trained;
        private final LoraConfig config;
        private TrainingPlan plan;
        private Batches batches;
        private Validation validation;
        private Optional<PrefixCache> cache = Optional.empty();
        private long seed;
        private double tolerance = 0.005;
        private long budget;
        private boolean quiet;

        private Builder(AdaptedModel model, Trainable trained, LoraConfig config) {
            this.model = Objects.requireNonNull(model, "RankAdvisor: model is null; expected an adapted model");
            this.trained = Objects.requireNonNull(trained, "RankAdvisor: training is null; expected a Trainable");
            this.config = Objects.requireNonNull(config, "RankAdvisor: config is null; expected a LoraConfig");
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
         * Sets the plan that the rank is for, with its learning rate.
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
         * Sets what trials are compared by.
         *
         * @param value the validation, on data that is not learned from; see the class on how it asks the model
         * @return this
         */
        public Builder validation(Validation value) {
            validation = value;
            return this;
        }

        /**
         * Sets the seed of the start values of trials; 0 by default.
         *
         * @param value any number
         * @return this
         */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /**
         * Sets by how much the validation may be worse where a smaller rank is to be preferred; 0.005 by default, half a point of
         * an accuracy.
         *
         * @param difference finite, 0 or more
         * @return this
         */
        public Builder tolerance(double difference) {
            tolerance = difference;
            return this;
        }

        /**
         * Sets the steps of all trainings of {@link RankAdvisor#halve} together; those of one training by the plan by default.
         *
         * @param steps 1 or more
         * @return this
         */
        public Builder budget(long steps) {
            budget = steps;
            return this;
        }

        /**
         * Has the results of a frozen part below the targets kept within each trial, where there is one.
         *
         * @param value how much, and where
         * @return this
         */
        public Builder cacheFrozenPrefix(PrefixCache value) {
            cache = Optional.of(value);
            return this;
        }

        /**
         * Makes the advisor.
         *
         * @return the advisor
         * @throws IllegalArgumentException if the plan, the batches or the validation is missing, the length of the training is not
         *     known and no budget set, or a number is outside of its range; the message lists every problem
         */
        public RankAdvisor build() {
            Problems problems = new Problems();
            Setup.check(plan, batches, validation, problems);
            problems.finiteFromZero("tolerance", tolerance);
            problems.check(budget >= 0, "budget = " + budget + ", expected 1 step or more");
            problems.throwIfAny("RankAdvisor");
            ModelTraining training = new ModelTraining(trained, plan, batches, validation, cache);
            long planned = training.plannedSteps();
            problems.check(
                    budget > 0 || planned > 0,
                    "the batches do not tell their number, expected batches.withBatchesPerEpoch(n), a plan with steps(n), or"
                            + " budget(n)");
            problems.throwIfAny("RankAdvisor");
            return new RankAdvisor(this, training, budget > 0 ? budget : planned);
        }
    }
}
