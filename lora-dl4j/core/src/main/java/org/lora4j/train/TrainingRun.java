/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.DoubleSupplier;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.error.Problems;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.error.OutOfMemory;
import org.lora4j.method.StepRule;
import org.lora4j.train.cache.PrefixCache;
import org.nd4j.linalg.api.ndarray.INDArray;

/** One run of a trainer: its state, from the checks before the first step to the result. */
final class TrainingRun implements AutoCloseable {

    private final Trainable model;
    private final TrainingPlan plan;
    private final Batches batches;
    private final Optional<Validation> evaluation;
    private final Optional<DoubleSupplier> trainingMetric;
    private final List<RunListener> listeners;
    private final LongSupplier nanoTime;
    private final RunGradients source;
    private final List<TrainableParameter> parameters;
    private final List<ParameterSetting> settings;
    private final OptionalLong totalSteps;
    private final StepRules rules;
    private final List<Penalty> penalties;
    private final RunState state;
    private final BestKeeper best;
    private final RunLog log;
    private final Position position;
    private final Failures failures;
    private final Optional<RunCheckpoints> checkpoints;
    private final RunFacts facts;

    private double baseRate;
    private double rateFactor;
    private boolean started;
    private double secondsBefore;

    TrainingRun(
            Trainable model,
            TrainingPlan plan,
            Batches batches,
            List<StepRule> methodRules,
            Optional<Validation> evaluation,
            Optional<DoubleSupplier> trainingMetric,
            OptionalDouble guessingLoss,
            List<RunListener> listeners,
            Optional<RunCheckpoints> checkpoints,
            Optional<PrefixCache> cache,
            LongSupplier nanoTime) {
        this.model = model;
        this.plan = plan;
        this.batches = batches;
        this.evaluation = evaluation;
        this.trainingMetric = trainingMetric;
        this.listeners = listeners;
        this.checkpoints = checkpoints;
        this.nanoTime = nanoTime;
        this.parameters = List.copyOf(model.trainableParameters());
        this.totalSteps = totalSteps(plan, batches.batchesPerEpoch());
        this.rules = StepRules.of(methodRules, parameters);
        this.penalties =
                Stream.concat(plan.penalties().stream(), rules.penalties()).toList();

        Problems problems = new Problems();
        this.settings = ParameterSetting.of(parameters, plan, problems);
        checkPlan(problems);
        penalties.forEach(penalty -> problems.addAll(penalty.misfits(parameters)));
        problems.throwIfAny("Trainer");

        this.source = new RunGradients(model, plan, cache);
        this.best = new BestKeeper(parameters, evaluation.orElse(null), plan);
        this.log = new RunLog(totalSteps);
        this.facts = new RunFacts(parameters);
        this.state =
                new RunState(plan, parameters, totalSteps, guessingLoss, evaluation, best, log, source, rules, facts);
        this.position = state.position();
        this.failures = new Failures(parameters, best, state.divergence(), plan.allowedNotFinite());
    }

    /** Takes up the run of the latest checkpoint, or of that of the piece, if there is one. */
    TrainingRun resumed() {
        checkpoints.ifPresent(from -> {
            if (from.use(state::load)) {
                from.resumedAt(log.steps());
            } else {
                from.tellStart();
            }
        });
        return this;
    }

    private static OptionalLong totalSteps(TrainingPlan plan, OptionalLong batchesPerEpoch) {
        long limit = plan.steps().orElse(Long.MAX_VALUE);
        if (plan.epochs().isPresent() && batchesPerEpoch.isPresent()) {
            long perEpoch = (batchesPerEpoch.getAsLong() - 1) / plan.accumulation() + 1;
            return OptionalLong.of(Math.min(limit, plan.epochs().getAsInt() * perEpoch));
        }
        return plan.epochs().isEmpty() ? OptionalLong.of(limit) : OptionalLong.empty();
    }

    private void checkPlan(Problems problems) {
        problems.check(
                totalSteps.isPresent() || !plan.schedule().needsTotalSteps(),
                "the schedule " + plan.schedule()
                        + " needs the number of steps, but the batches do not tell their number;"
                        + " expected batches.withBatchesPerEpoch(n), or a plan with steps(n) and no epochs");
        problems.check(
                evaluation.isPresent() || plan.evaluateEvery().isEmpty(),
                "the plan evaluates every " + plan.evaluateEvery().orElse(0)
                        + " steps, but there is no evaluation; expected validation(...) on the trainer");
        problems.check(
                evaluation.isPresent() || !plan.keepBest(),
                "the plan keeps the best parameters or stops early, but there is no evaluation; expected"
                        + " evaluation(...) on the trainer");
        boolean rateMatters = plan.groups().stream().anyMatch(ParameterGroup::changesLearningRate)
                || !plan.schedule().equals(LearningRateSchedule.constant());
        problems.check(
                plan.optimizer().hasLearningRate() || !rateMatters,
                plan.optimizer() + " has no learning rate; expected a constant schedule and groups without a rate");
    }

    TrainingResult run() {
        secondsBefore = log.seconds();
        long values = parameters.stream().mapToLong(p -> p.value().length()).sum();
        TrainingStart start =
                new TrainingStart(plan, totalSteps, parameters.size(), values, evaluation.map(Validation::name));
        listeners.forEach(listener -> listener.onTrainingStart(start));
        while (!position.hasEnded()) {
            position.enterEpoch();
            runEpoch();
        }
        tell(state.fitting().atEnd(log, position.epoch()));
        TrainingResult result = result();
        facts.evidence(plan, result).ifPresent(model::trained);
        listeners.forEach(listener -> listener.onTrainingEnd(result));
        return result;
    }

    private void runEpoch() {
        Iterator<Batch> iterator = batches.epoch(position.epoch(), plan.seed());
        if (!iterator.hasNext()) {
            throw new IllegalArgumentException("Trainer, epoch " + position.epoch()
                    + ": the source gave no batch; expected at least one."
                    + " Check how the data was read, and that the source starts afresh in every epoch");
        }
        skip(iterator);
        while (!position.hasEnded() && iterator.hasNext()) {
            Passes.among(source.mostParts(), () -> step(iterator));
            tell(state.fitting().afterStep(log, position.epoch()));
            evaluateWithin(iterator);
            endAfterStep();
        }
        boolean interrupted = position.ending() == StopReason.INTERRUPTED;
        endEpoch(interrupted ? Optional.empty() : evaluation);
    }

    /** Leaves out what was used before the run was taken up again. */
    private void skip(Iterator<Batch> iterator) {
        for (long used = 0; used < position.batches(); used++) {
            if (!iterator.hasNext()) {
                throw new IllegalArgumentException("Trainer, epoch " + position.epoch() + ": the source gave " + used
                        + " batches, and " + position.batches()
                        + " were used before the checkpoint; expected the same batches again."
                        + " Resume with the data of the run");
            }
            try (StepGradients unused = new StepGradients(parameters, false)) {
                Batch batch = iterator.next();
                unused.hold(batch);
                facts.take(batch, position.epoch());
            }
        }
    }

    /** Evaluates between steps if the plan asks for it; after the last one of an epoch, its end does. */
    private void evaluateWithin(Iterator<Batch> iterator) {
        boolean due = plan.evaluateEvery().isPresent()
                && log.steps() % plan.evaluateEvery().getAsLong() == 0
                && iterator.hasNext();
        if (!due || evaluation.isEmpty() || Thread.currentThread().isInterrupted()) {
            return;
        }
        long from = nanoTime.getAsLong();
        double value = measured(evaluation.get());
        boolean isBest = best.addWithin(value, position.epoch());
        EvaluationReport report = log.evaluation(position.epoch(), value, nanoTime.getAsLong() - from, isBest);
        listeners.forEach(listener -> listener.onEvaluation(report));
    }

    private double measured(Validation by) {
        double value = by.metric().getAsDouble();
        if (Double.isNaN(value)) {
            throw failures.metricNotANumber(
                    where(log.steps(), log.losses().get(log.losses().size() - 1)), by.name());
        }
        return value;
    }

    private void endAfterStep() {
        if (Thread.interrupted()) {
            position.end(StopReason.INTERRUPTED);
            // Now, as the report below counts the epoch as over.
            checkpoint();
        } else if (plan.steps().isPresent() && log.steps() >= plan.steps().getAsLong()) {
            position.end(StopReason.COMPLETED);
        } else if (checkpoints.isPresent() && checkpoints.get().isEnd(log.steps())) {
            position.end(StopReason.INTERRUPTED);
            checkpoint();
        } else if (checkpoints.isPresent() && checkpoints.get().isDue(log.steps())) {
            checkpoint();
        }
    }

    private void checkpoint() {
        checkpoints.ifPresent(to -> to.write(log.steps(), state::save, model));
    }

    private void endEpoch(Optional<Validation> evaluate) {
        OptionalDouble metric = OptionalDouble.empty();
        OptionalDouble ofTraining = OptionalDouble.empty();
        boolean isBest = false;
        long from = nanoTime.getAsLong();
        if (evaluate.isPresent()) {
            double value = measured(evaluate.get());
            metric = OptionalDouble.of(value);
            isBest = best.add(value, position.epoch());
            ofTraining = trainingMetric
                    .map(DoubleSupplier::getAsDouble)
                    .map(OptionalDouble::of)
                    .orElse(ofTraining);
        }
        long duration = evaluate.isPresent() ? nanoTime.getAsLong() - from : 0;
        EpochReport report = log.epoch(position.epoch(), metric, duration, isBest);
        listeners.forEach(listener -> listener.onEpochEnd(report));
        tell(state.fitting().afterEpoch(log, ofTraining));
        source.report().ifPresent(prefix -> listeners.forEach(listener -> listener.onFrozenPrefix(prefix)));
        if (position.ending() == StopReason.INTERRUPTED) {
            return;
        }
        facts.endEpoch(position.epoch());
        position.leaveEpoch();
        if (!position.hasEnded()) {
            position.end(endingAfterEpoch());
        }
        if (position.hasEnded()) {
            checkpoint();
        }
    }

    private void tell(List<FittingSign> fresh) {
        fresh.forEach(sign -> listeners.forEach(listener -> listener.onFittingSign(sign)));
    }

    private StopReason endingAfterEpoch() {
        if (plan.epochs().isPresent() && position.epoch() >= plan.epochs().getAsInt()) {
            return StopReason.COMPLETED;
        }
        if (best.patienceIsOver()) {
            return StopReason.EARLY_STOPPED;
        }
        return Thread.interrupted() ? StopReason.INTERRUPTED : null;
    }

    private void step(Iterator<Batch> iterator) {
        long from = nanoTime.getAsLong();
        findRate();
        // Penalties are added in place, and a gradient may be the array of an input.
        boolean copy =
                plan.accumulation() > 1 || plan.clipping() instanceof GradientClipping.ByValue || !penalties.isEmpty();
        try (StepGradients gradients = new StepGradients(parameters, copy)) {
            Map<String, INDArray> inputs = accumulate(iterator, gradients);
            double norm = checkedNorm(gradients, inputs);
            checkProgress(gradients, norm);
            if (!penalties.isEmpty()) {
                norm = addPenalties(gradients);
            }
            update(gradients, norm);
            StepReport report =
                    log.step(position.epoch(), gradients, learningRate(), norm, nanoTime.getAsLong() - from);
            listeners.forEach(listener -> listener.onStep(report));
            if (norm == 0) {
                listeners.forEach(listener -> listener.onStepWithoutEffect(report));
            }
        }
    }

    private void findRate() {
        long step = log.steps();
        baseRate = plan.optimizer().learningRate(step, position.epoch());
        rateFactor = plan.schedule().factor(step, position.epoch(), totalSteps.orElse(0));
        if (!(baseRate >= 0 && rateFactor >= 0 && Double.isFinite(learningRate()))) {
            throw new IllegalStateException("Trainer, step " + (step + 1) + " of the run: learning rate " + baseRate
                    + " of the optimizer and factor " + rateFactor + " of the schedule " + plan.schedule()
                    + "; expected finite numbers, 0 or above. Correct the schedule");
        }
    }

    private double learningRate() {
        return baseRate * rateFactor;
    }

    /** Adds up the batches of a step; returns the inputs of the last one. */
    private Map<String, INDArray> accumulate(Iterator<Batch> iterator, StepGradients gradients) {
        Map<String, INDArray> inputs = Map.of();
        for (int i = 0; i < plan.accumulation() && iterator.hasNext(); i++) {
            Batch batch = iterator.next();
            gradients.hold(batch);
            facts.take(batch, position.epoch());
            inputs = batch.placeholders();
            LossAndGradients pass = gradients(batch, Seeds.pass(plan.seed(), position.pass()));
            gradients.hold(pass, source::takeBack);
            Failures.Where where = where(log.steps() + 1, pass.loss());
            if (!Double.isFinite(pass.loss())) {
                throw failures.lossNotFinite(where, position.batches(), inputs, pass.gradients());
            }
            failures.requireFinite(where, position.batches(), inputs);
            gradients.add(batch, pass);
        }
        return inputs;
    }

    private LossAndGradients gradients(Batch batch, long seed) {
        try {
            return computed(batch, seed);
        } catch (RuntimeException | OutOfMemoryError e) {
            if (OutOfMemory.isCauseOf(e)) {
                throw failures.outOfMemory(where(log.steps() + 1, Double.NaN), batch.placeholders(), e);
            }
            throw e;
        }
    }

    private LossAndGradients computed(Batch batch, long seed) {
        if (!started) {
            started = true;
            Computation computation = source.computation(batch, batches);
            listeners.forEach(listener -> listener.onFirstBatch(computation));
        }
        return source.of(batch, seed);
    }

    /** The norm of the mean gradient; nothing has changed yet when a gradient is bad or missing. */
    private double checkedNorm(StepGradients gradients, Map<String, INDArray> inputs) {
        double[] norms = new double[parameters.size()];
        Passes.each(
                gradients.arrays(),
                i -> norms[i] = Norms.norm(gradients.arrays().get(i)));
        List<String> bad = IntStream.range(0, norms.length)
                .filter(i -> !Double.isFinite(norms[i]))
                .mapToObj(i -> parameters.get(i).name())
                .toList();
        if (!bad.isEmpty()) {
            throw failures.gradientNotFinite(where(log.steps() + 1, gradients.loss()), bad, position.batches(), inputs);
        }
        double total = 0;
        for (int i = 0; i < norms.length; i++) {
            if (gradients.arrays().get(i) != null) {
                state.watch().record(i, norms[i], learningRate());
            }
            total = Math.hypot(total, norms[i]);
        }
        return total * gradients.scale();
    }

    private void checkProgress(StepGradients gradients, double norm) {
        double loss = gradients.loss();
        Failures.Where where = where(log.steps() + 1, loss);
        GradientWatch watch = state.watch();
        DivergenceWatch divergence = state.divergence();
        if (gradients.arrays().stream().anyMatch(Objects::nonNull)) {
            watch.recordAll(norm, loss, learningRate());
        }
        divergence.record(loss, norm);
        if (divergence.lossDiverged() || divergence.gradientExploded()) {
            throw failures.diverged(where, plan.divergence(), norm, gradients);
        }
        List<String> cutOff = watch.cutOff();
        if (cutOff.isEmpty() && !watch.nothingLearns()) {
            return;
        }
        if (divergence.explainsZeroGradients(norm == 0 && watch.anyLearned())) {
            throw failures.gradientsVanished(where, cutOff);
        }
        throw cutOff.isEmpty() ? failures.noGradientAtAll(where) : failures.noGradient(where, cutOff);
    }

    /** The norm of the mean gradient of loss and penalties; nothing has changed yet when a penalty is bad. */
    private double addPenalties(StepGradients gradients) {
        for (Penalty penalty : penalties) {
            LossAndGradients term = penalty.at(parameters);
            gradients.hold(term, INDArray::close);
            List<String> bad = term.gradients().entrySet().stream()
                    .filter(gradient -> !Double.isFinite(Norms.norm(gradient.getValue())))
                    .map(Map.Entry::getKey)
                    .toList();
            if (!Double.isFinite(term.loss()) || !bad.isEmpty()) {
                throw failures.penaltyNotFinite(where(log.steps() + 1, gradients.loss()), penalty, term.loss(), bad);
            }
            gradients.add(term, penalty);
        }
        double total = 0;
        for (INDArray gradient : gradients.arrays()) {
            total = Math.hypot(total, gradient == null ? 0 : Norms.norm(gradient));
        }
        return total * gradients.scale();
    }

    private void update(StepGradients gradients, double norm) {
        double scale = gradients.scale();
        if (plan.clipping() instanceof GradientClipping.ByGlobalNorm clip) {
            scale *= clip.factor(norm);
        } else if (plan.clipping() instanceof GradientClipping.ByValue clip) {
            double limit = clip.limit() / scale;
            gradients.arrays().stream().filter(Objects::nonNull).forEach(gradient -> Norms.clamp(gradient, limit));
        }
        double scaleOfAll = scale;
        IntConsumer update = i -> {
            ParameterSetting setting = settings.get(i);
            double rate = setting.learningRate(baseRate) * rateFactor;
            UpdateStep step = new UpdateStep(rate, setting.weightDecay(), scaleOfAll, log.steps(), position.epoch());
            state.updaters().get(i).update(gradients.arrays().get(i), step);
        };
        // Others may share something, or run ops of ND4J, which have threads of their own.
        if (state.updaters().stream().allMatch(BlockUpdater.class::isInstance)) {
            Passes.each(gradients.arrays(), update);
        } else {
            IntStream.range(0, parameters.size())
                    .filter(i -> gradients.arrays().get(i) != null)
                    .forEach(update);
        }
        rules.afterStep(log.steps(), gradients.arrays(), scale);
    }

    private Failures.Where where(long step, double loss) {
        return new Failures.Where(step, position.epoch(), loss, learningRate());
    }

    private TrainingResult result() {
        boolean restored = false;
        // What ends a run is left to its last piece.
        if (checkpoints.isEmpty() || !checkpoints.get().goesOn(position.ending(), log.steps())) {
            restored = best.restore();
            rules.afterRun();
        }
        boolean diverged =
                position.ending() != StopReason.INTERRUPTED && state.fitting().isDiverged(log);
        return new TrainingResult(
                diverged ? StopReason.DIVERGED : position.ending(),
                log.steps(),
                log.losses(),
                log.epochs(),
                log.meanStepSeconds(),
                log.medianStepSeconds(),
                best.metric(),
                best.epoch(),
                restored,
                state.norms(),
                state.watch().withoutGradient(),
                source.computation(batches, log.seconds() - secondsBefore),
                state.fitting().signs(),
                log.highestRate(),
                log.evaluations(),
                checkpoints.flatMap(RunCheckpoints::last));
    }

    /** Frees what the run alone needed, however it ended. */
    @Override
    public void close() {
        source.close();
    }
}
