/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import org.lora4j.error.Problems;
import org.lora4j.method.StepRule;
import org.lora4j.train.cache.PrefixCache;
import org.lora4j.trust.Preflight;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains a model: batches in, parameters updated in place, a {@link TrainingResult} out.
 *
 * <pre>{@code
 * TrainingPlan plan = TrainingPlan.builder()
 *         .epochs(3)
 *         .optimizer(AdamW.of(2e-3))
 *         .schedule(LearningRateSchedule.linear(Warmup.fraction(0.06)))
 *         .clipping(GradientClipping.byGlobalNorm(1))
 *         .build();
 * TrainingResult result = Trainer.builder(model)
 *         .plan(plan)
 *         .validation(Validation.higherIsBetter("accuracy", () -> accuracy(model)))
 *         .listener(ProgressListener.to(log::info))
 *         .build()
 *         .train(Batches.shuffled(batches));
 * }</pre>
 *
 * <p><b>State.</b> Every run starts with fresh optimizer state. Only the arrays of the trainable parameters change, and a step
 * that fails changes nothing.
 *
 * <p><b>Threads.</b> A run uses the calling thread. {@link Thread#interrupt()} on it ends the run after the step in progress,
 * with {@link StopReason#INTERRUPTED} and the interrupt flag cleared (so that files can be saved next).
 *
 * <p><b>Unkillable runs.</b> With {@link Builder#checkpoints} a program that is killed and started again goes on where it was,
 * if it calls {@link #resume} in the place of {@link #train}.
 *
 * <p><b>How.</b> Products by oneDNN where it is there, and each batch in parts, one for each processor, where the graph shows that
 * its rows are independent. Listeners are told so at the first batch; one line says it, with the time to
 * come once that is known, and one at the end why it ended, the best epoch and the speed. Both go to the log with progress in between, at
 * most every ten seconds, unless a {@link ProgressListener} writes them elsewhere; {@code quiet()} leaves them out. Signs of over- and underfitting are told as they show, and stand in the result ({@link FittingSign}).
 *
 * <p><b>Repeatability.</b> Equal plan, model, batches and evaluation give equal bits, as far as the executor does.
 *
 * @apiNote Status: stable
 */
public final class Trainer {

    private static final Logger LOG = LoggerFactory.getLogger(Trainer.class);

    /** What goes to the log: how a run is computed, how far it is, signs, and how it ended. */
    private static final class Lines implements RunListener {

        private final Progress progress;
        private final StartLine start = new StartLine();
        private OptionalInt epochs = OptionalInt.empty();

        private Lines(Progress progress) {
            this.progress = progress;
        }

        private void say(String line) {
            if (!progress.isNone()) {
                LOG.info(line);
            }
        }

        @Override
        public void onTrainingStart(TrainingStart start) {
            epochs = start.plan().epochs();
        }

        @Override
        public void onFirstBatch(Computation computation) {
            start.first(computation);
        }

        @Override
        public void onStep(StepReport report) {
            start.after(report).ifPresent(this::say);
            progress.tell(() -> ProgressListener.line(report, epochs));
        }

        @Override
        public void onFittingSign(FittingSign sign) {
            LOG.warn("epoch {}  {}", sign.epoch(), sign);
        }

        @Override
        public void onTrainingEnd(TrainingResult result) {
            start.last().ifPresent(this::say);
            if (result.stopReason() == StopReason.INTERRUPTED || result.stopReason() == StopReason.DIVERGED) {
                LOG.warn(result.ending());
            } else {
                say(result.ending());
            }
        }
    }

    private final Trainable model;
    private final TrainingPlan plan;
    private final Optional<Validation> evaluation;
    private final Optional<DoubleSupplier> trainingMetric;
    private final OptionalDouble guessingLoss;
    private final List<RunListener> listeners;
    private final Optional<Progress> progress;
    private final Optional<Checkpoints> checkpoints;
    private final Optional<PrefixCache> prefixCache;
    private final LongSupplier nanoTime;
    private final AtomicBoolean running = new AtomicBoolean();

    private Trainer(Builder builder) {
        this.model = builder.model;
        this.plan = builder.plan;
        this.evaluation = builder.evaluation;
        this.trainingMetric = builder.trainingMetric;
        this.guessingLoss = builder.guessingLoss;
        this.listeners = List.copyOf(builder.listeners);
        this.progress = builder.progress;
        this.checkpoints = builder.checkpoints;
        this.prefixCache = builder.prefixCache;
        this.nanoTime = builder.nanoTime;
    }

    /**
     * Starts a trainer.
     *
     * @param model the model; what is trainable is asked at the start of every run
     * @return a builder
     */
    public static Builder builder(Trainable model) {
        return new Builder(Objects.requireNonNull(model, "Trainer: model is null; expected something to train"));
    }

    /**
     * Looks at the model before it is trained: for modules that no gradient can reach, and heads that have never learned and are not saved.
     * Tasks and trainers with a {@code fit} do so by themselves and refuse what is found; here it is the caller's to say {@link
     * Preflight#require}.
     *
     * @return what was found
     */
    public Preflight preflight() {
        return FitOptions.of(model, Preflight.allowing(List.of()));
    }

    /**
     * Runs the plan.
     *
     * @param batches the training data
     * @return what happened
     * @throws IllegalArgumentException before anything changes, if there is no trainable parameter, one is not FLOAT or
     *     DOUBLE or not finite, a group matches nothing or two match the same parameter, the schedule needs an unknown number
     *     of steps, a penalty does not fit what learns, or the plan asks for the best parameters without evaluation (the
     *     message lists every problem); and if an epoch has no batch, or {@link Builder#cacheFrozenPrefix} is not possible
     * @throws IllegalStateException if this trainer is running already, the directory for checkpoints has some, the executor gives no gradient for a parameter or one
     *     of a wrong shape, or the schedule gives a rate that is negative or not finite
     * @throws TrainingFailedException if a loss or a gradient is not finite, a low-rank factor gets no gradient in three
     *     steps, or the metric is NaN; the message names the likely cause
     * @throws java.io.UncheckedIOException if a checkpoint cannot be written, for instance because the disk is full; the one
     *     before it is as it was; if another run, of this process or another, has the directory for checkpoints; or if the file of {@link Builder#cacheFrozenPrefix} cannot be written or read
     */
    public TrainingResult train(Batches batches) {
        return run(batches, false);
    }

    /**
     * Goes on with the run of the latest sound checkpoint, or starts it if there is none, so that a program that was killed
     * is simply started again. The run ends with the bytes that it would have had without a stop, as far as the batches, the
     * evaluation and the executor repeat theirs. If that run has ended already, its result is given again.
     *
     * <p>Batches that were used before are taken from the source again and left out.
     *
     * @param batches the training data of that run
     * @return what happened, the part before the stop included
     * @throws IllegalStateException as {@link #train}, and if this trainer has no checkpoints
     * @throws IllegalArgumentException as {@link #train}, and if the checkpoint is one of another plan or model; nothing has
     *     changed then
     * @throws TrainingFailedException as {@link #train}
     * @throws java.io.UncheckedIOException as {@link #train}, and if all checkpoints are damaged
     */
    public TrainingResult resume(Batches batches) {
        if (checkpoints.isEmpty()) {
            throw new IllegalStateException("Trainer: resume() without checkpoints; expected"
                    + " checkpoints(Checkpoints.in(directory)) on the builder. Set it for train() as well.");
        }
        return run(batches, true);
    }

    private TrainingResult run(Batches batches, boolean resume) {
        Objects.requireNonNull(batches, "Trainer: batches is null; expected a source of batches");
        if (!running.compareAndSet(false, true)) {
            throw new IllegalStateException(
                    "Trainer: train() while a run is in progress; expected one run at a time. Make a trainer per thread");
        }
        try (RunCheckpoints open = checkpoints
                .map(settings -> RunCheckpoints.open(settings, nanoTime))
                .orElse(null)) {
            return run(batches, resume, Optional.ofNullable(open));
        } finally {
            running.set(false);
        }
    }

    private TrainingResult run(Batches batches, boolean resume, Optional<RunCheckpoints> open) {
        if (!resume) {
            open.ifPresent(RunCheckpoints::requireNone);
        }
        // Of the model as it is now: a rule may change the adapter's config on its way.
        List<StepRule> rules = model.stepRules();
        TrainingResult result = piece(batches, resume, open, rules);
        while (open.isPresent() && open.get().goesOn(result.stopReason(), result.steps())) {
            open.get().nextPiece();
            result = piece(batches, true, open, rules);
        }
        return result;
    }

    private TrainingResult piece(Batches batches, boolean resume, Optional<RunCheckpoints> open, List<StepRule> rules) {
        try (TrainingRun run = new TrainingRun(
                model,
                plan,
                batches,
                rules,
                evaluation,
                trainingMetric,
                guessingLoss,
                heard(),
                open,
                prefixCache,
                nanoTime)) {
            return (resume ? run.resumed() : run).run();
        }
    }

    /** All who listen to a run: the log, unless somebody else writes its lines. */
    private List<RunListener> heard() {
        if (listeners.stream().anyMatch(ProgressListener.class::isInstance)) {
            return listeners;
        }
        List<RunListener> all = new ArrayList<>(listeners);
        all.add(new Lines(progress.orElseGet(() -> Progress.of("training", LOG::info, nanoTime))));
        return all;
    }

    /**
     * Collects what a trainer needs.
     *
     * @apiNote Status: stable
     */
    public static final class Builder {
        private final Trainable model;
        private TrainingPlan plan;
        private Optional<Validation> evaluation = Optional.empty();
        private Optional<DoubleSupplier> trainingMetric = Optional.empty();
        private OptionalDouble guessingLoss = OptionalDouble.empty();
        private final List<RunListener> listeners = new ArrayList<>();
        private Optional<Checkpoints> checkpoints = Optional.empty();
        private Optional<PrefixCache> prefixCache = Optional.empty();
        private Optional<Progress> progress = Optional.empty();
        private LongSupplier nanoTime = System::nanoTime;

        private Builder(Trainable model) {
            this.model = model;
        }

        /**
         * Sets the plan.
         *
         * @param value the plan
         * @return this
         */
        public Builder plan(TrainingPlan value) {
            plan = value;
            return this;
        }

        /**
         * Sets what is computed after every epoch.
         *
         * @param value the validation
         * @return this
         */
        public Builder validation(Validation value) {
            evaluation =
                    Optional.of(Objects.requireNonNull(value, "Trainer: validation is null; expected a Validation"));
            return this;
        }

        /**
         * Has the metric of the evaluation measured on training examples too, so that the gap between both can be told
         * ({@link FittingSign.Kind#GAP}). A few hundred of them are enough; they cost a forward pass after every epoch.
         *
         * @param value computes the metric on examples that are learned from; called as that of {@link #evaluation}, behind it
         * @return this
         */
        public Builder trainingMetric(DoubleSupplier value) {
            trainingMetric = Optional.of(Objects.requireNonNull(
                    value, "Trainer: training metric is null; expected a function that computes it"));
            return this;
        }

        /**
         * Says what the loss is of a model that finds all answers equally likely: the logarithm of the number of classes, or of
         * the words of a vocabulary. A run whose loss stays above it has diverged ({@link FittingSign.Kind#DIVERGENCE}).
         *
         * @param value a finite number above 0
         * @return this
         */
        public Builder guessingLoss(double value) {
            guessingLoss = OptionalDouble.of(value);
            return this;
        }

        /**
         * Adds a listener; listeners are called in the order in which they were added.
         *
         * @param value the listener
         * @return this
         */
        public Builder listener(RunListener value) {
            listeners.add(Objects.requireNonNull(value, "Trainer: listener is null; expected a RunListener"));
            return this;
        }

        /**
         * Says how far the run is as part of longer work. Without this call the log has a line for it after two seconds, and then at most every
         * ten. A {@link ProgressListener} writes its own lines instead.
         *
         * @param value the progress of the whole
         * @return this
         */
        public Builder progress(Progress value) {
            progress = Optional.of(Objects.requireNonNull(
                    value, "Trainer: progress is null; expected a Progress, Progress.none() for none"));
            return this;
        }

        /**
         * Keeps progress and the line at the end out of the log. Warnings stay.
         *
         * @return this
         */
        public Builder quiet() {
            return progress(Progress.none());
        }

        /**
         * Has the run written down, so that {@link Trainer#resume} can go on with it.
         *
         * @param value where and how often
         * @return this
         */
        public Builder checkpoints(Checkpoints value) {
            checkpoints =
                    Optional.of(Objects.requireNonNull(value, "Trainer: checkpoints is null; expected Checkpoints"));
            return this;
        }

        /**
         * Has the results of the frozen part below everything that trains kept from one epoch to the next, so that epochs
         * after the first cost only what lies above: for adapters in the upper layers, and for heads. Off by default.
         *
         * <p><b>Costs.</b> For each example, and each place where the frozen part feeds what trains, one activation in
         * memory or file: 96 KiB for a text of 64 tokens with 384 features of 4 bytes. Each batch is
         * also read once per step to see that it is what it was.
         *
         * <p><b>Numbers.</b> Batches that stay together ({@link Batches#inOrder}, {@link Batches#shuffled}) give the bits of
         * a run without cache, as long as the frozen part does so by itself; examples that come in other company
         * ({@link org.lora4j.train.cache.BatchIdentity.OfExamples}) give losses within 1e-5, relative. Dropout of adapters
         * is above the cut and new in every step. After {@link Trainer#resume} the cache is filled anew.
         *
         * <p>A run refuses, before anything changes, if nothing frozen lies below what trains, random numbers are drawn or
         * control flow runs there, batches have no identity, examples of batches that change depend on each other, or
         * there is no product or convolution to save; and later, if a batch is not what it was (augmentation). The frozen
         * arrays must not change during the run.
         *
         * @param value how much to keep, and where
         * @return this
         */
        public Builder cacheFrozenPrefix(PrefixCache value) {
            prefixCache =
                    Optional.of(Objects.requireNonNull(value, "Trainer: prefix cache is null; expected a PrefixCache"));
            return this;
        }

        Builder nanoTime(LongSupplier clock) {
            nanoTime = clock;
            return this;
        }

        /**
         * Makes the trainer.
         *
         * @return the trainer
         * @throws IllegalArgumentException if there is no plan
         */
        public Trainer build() {
            Problems problems = new Problems();
            problems.check(
                    plan != null, "no plan; expected plan(TrainingPlan.builder().epochs(3).build()) or the like");
            problems.check(
                    trainingMetric.isEmpty() || evaluation.isPresent(),
                    "a training metric without evaluation; expected evaluation(...) with the same metric on held-out examples");
            guessingLoss.ifPresent(loss -> problems.finiteAboveZero("guessingLoss", loss));
            problems.throwIfAny("Trainer");
            return new Trainer(this);
        }
    }
}
