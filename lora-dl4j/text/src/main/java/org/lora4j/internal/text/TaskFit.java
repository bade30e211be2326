/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.lora4j.internal.error.Silence;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.train.Holdout;
import org.lora4j.train.Progress;
import org.lora4j.train.ScoreInterval;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.Validation;
import org.lora4j.train.ValidationAnswers;

/**
 * Fits a head, and with it an adapter or all weights.
 *
 * <p>The head comes first: logistic or linear regression on the vectors of the frozen encoder, solved to its end, with the
 * cost among {@link HeadSearch#COSTS} that is best on the validation part. From there training goes on together with the encoder, so that
 * the encoder does not bend to a head that knows nothing yet (Kumar et al. 2022, arXiv:2202.10054). If no epoch is better
 * than the head alone, the head is kept, with an adapter that changes nothing.
 *
 * @apiNote Status: internal
 */
public final class TaskFit {

    private final FitEncoder parts;
    private final HeadTask task;
    private final TextOptions options;
    private final Optional<LinearHead> start;
    private final List<EncodedText> train;
    private final List<EncodedText> validation;
    private final Progress progress;

    /**
     * What a fit gave.
     *
     * @param cost the cost chosen for the head
     * @param headScore score of the head alone on the validation part; without one, on parts in turn that it did not learn from
     * @param score score of the model on the validation part; empty without one
     * @param startKept whether no epoch was better than the head alone, or, of few examples, not certainly
     * @param gain score of the best epoch less that of the head alone; empty without a validation part, or if only the head learned
     * @param training the run of the trainer; empty if only the head learned
     */
    public record Outcome(
            TaskModel model,
            double cost,
            double headScore,
            OptionalDouble score,
            boolean startKept,
            Optional<ScoreInterval> gain,
            Optional<TrainingResult> training) {}

    /** What the model gave at its best evaluation, so that it need not read the validation part once more when it is restored. */
    private static final class BestLogits {

        private final boolean higherIsBetter;
        private double score = Double.NaN;
        private long evaluations;
        private float[][] logits;

        BestLogits(boolean higherIsBetter) {
            this.higherIsBetter = higherIsBetter;
        }

        /** Takes an evaluation and gives its score; of equal ones the first is the best, as for the trainer. */
        double of(double value, float[][] ofModel) {
            evaluations++;
            if (logits == null || (higherIsBetter ? value > score : value < score)) {
                score = value;
                logits = ofModel;
            }
            return value;
        }

        /** What the model gives after a run; empty if that may be another one than the best, as in a run that went on from a checkpoint. */
        Optional<float[][]> restored(TrainingResult result) {
            long all = result.evaluations().size()
                    + result.epochs().stream()
                            .filter(epoch -> epoch.metric().isPresent())
                            .count();
            return result.bestRestored() && all == evaluations ? Optional.of(logits) : Optional.empty();
        }
    }

    private TaskFit(
            FitEncoder parts,
            HeadTask task,
            TextOptions options,
            Optional<LinearHead> start,
            List<EncodedText> train,
            List<EncodedText> validation,
            Progress progress) {
        this.start = start;
        this.progress = progress;
        this.parts = parts;
        this.task = task;
        this.options = options;
        this.train = train;
        this.validation = validation;
    }

    /**
     * Fits a task.
     *
     * @param start the last layer of a head to go on from; empty for one that is found first
     * @param train the examples to learn from
     * @param validation those to choose by, none of which is learned from; none at all if everything is learned from, and the last
     *     epoch is kept
     * @param taken whether the validation part was taken from the examples to learn from: a head alone is then fitted to
     *     both once its cost is chosen, and of few examples its cost is chosen by cross-validation on both
     */
    public static Outcome fit(
            FitEncoder parts,
            HeadTask task,
            TextOptions options,
            Optional<LinearHead> start,
            List<EncodedText> train,
            List<EncodedText> validation,
            boolean taken,
            Progress progress) {
        return new TaskFit(parts, task, options, start, train, validation, progress).run(taken);
    }

    private Outcome run(boolean taken) {
        ModelPreflight.require(
                options, () -> start(LinearHead.zeros(parts.width(task.kind().isPerToken()), task.outputs())));
        HeadInputs frozen = HeadInputs.frozen(parts, task.kind(), train, validation, progress);
        int width = parts.width(task.kind().isPerToken());
        HeadSearch search = new HeadSearch(
                task, width, parts.hasHeadBias(), options.fit().seed(), progress.stage("head", "iterations", 0));
        HeadSearch.Rows learned = new HeadSearch.Rows(train, frozen.train());
        HeadSearch.Rows held = new HeadSearch.Rows(validation, frozen.validation());
        // A small part tells costs apart by luck; what the caller gave to choose by is not learned from.
        boolean few = taken && train.size() + validation.size() < Holdout.MANY;
        HeadSearch.Found found;
        if (start.isPresent()) {
            found = given(start.get(), validation.isEmpty() ? learned : held);
        } else {
            found = validation.isEmpty() || few
                    ? search.byFolds(learned.and(held), learned)
                    : search.byValidation(learned, held);
        }
        HeadSearch.Rows all = taken ? learned.and(held) : learned;
        if (options.tuning() == Tuning.HEAD_ONLY) {
            return headAlone(solved(search, all, found), found, held, Optional.empty(), Optional.empty());
        }
        TaskModel model = start(found.soft());
        List<TokenizedText> texts = validation.stream().map(EncodedText::tokens).toList();
        BestLogits best = new BestLogits(task.higherIsBetter());
        Validation metric = new Validation(task.metric(), task.higherIsBetter(), () -> {
            float[][] logits = model.outputs(texts, progress.stage("validation", parts.inputs(), texts.size()));
            ValidationAnswers answers = new HeadAnswers(task, validation, logits);
            options.fit().listeners().forEach(listener -> listener.onValidation(answers));
            return best.of(task.score(validation, logits), logits);
        });
        Trainer.Builder trainer = Trainer.builder(options.fit().view().apply(model.trainable()))
                .plan(options.planWithHead(!validation.isEmpty(), parts.head()))
                .progress(progress);
        if (!validation.isEmpty()) {
            trainer.validation(metric);
        }
        guessing().ifPresent(trainer::guessingLoss);
        options.fit().listeners().forEach(trainer::listener);
        TrainingResult result = options.run().of(trainer, new LabeledRows(train, task, parts, options));
        if (validation.isEmpty()) {
            return new Outcome(
                    model,
                    found.cost(),
                    found.score(),
                    OptionalDouble.empty(),
                    false,
                    Optional.empty(),
                    Optional.of(result));
        }
        float[][] ofHead = HeadSearch.logits(found.best(), frozen.validation());
        float[][] ofModel = best.restored(result).orElseGet(() -> model.outputs(texts));
        ScoreInterval gain =
                ScoreGain.of(task, validation, ofHead, ofModel, options.fit().seed());
        if (!isKept(gain, taken, few)) {
            model.close();
            return headAlone(solved(search, all, found), found, held, Optional.of(gain), Optional.of(result));
        }
        return new Outcome(
                model,
                found.cost(),
                task.score(validation, ofHead),
                OptionalDouble.of(task.score(validation, ofModel)),
                false,
                Optional.of(gain),
                Optional.of(result));
    }

    /** A head that learned elsewhere, so that every example tells how good it is. */
    private HeadSearch.Found given(LinearHead head, HeadSearch.Rows rows) {
        return new HeadSearch.Found(
                head, head, 0, task.score(rows.examples(), HeadSearch.logits(head, rows.vectors())));
    }

    /** The head that is kept if nothing else is better: one that was given stays as it is. */
    private LinearHead solved(HeadSearch search, HeadSearch.Rows all, HeadSearch.Found found) {
        return start.orElseGet(() -> search.solved(all, found.cost(), found.best()));
    }

    /**
     * A head that is kept learns from all examples in the end, the adapter never from those that it is judged on. So where these were taken
     * from the others, the gain has to be above its doubt: certain if examples are few, else above its standard error.
     */
    private boolean isKept(ScoreInterval gain, boolean taken, boolean few) {
        double better = task.higherIsBetter() ? gain.value() : -gain.value();
        if (!taken) {
            return better >= 0;
        }
        double certain = (gain.high() - gain.low()) / 2;
        return better > (few ? certain : certain / 2);
    }

    /** Its score is that of the head that learned from the training part alone. */
    private Outcome headAlone(
            LinearHead head,
            HeadSearch.Found found,
            HeadSearch.Rows held,
            Optional<ScoreInterval> gain,
            Optional<TrainingResult> training) {
        OptionalDouble score = validation.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(task.score(validation, HeadSearch.logits(found.best(), held.vectors())));
        // What is odd about the adapter was said when it learned.
        TaskModel model = Silence.during(training.isPresent(), () -> start(head));
        return new Outcome(
                model, found.cost(), score.orElse(found.score()), score, training.isPresent(), gain, training);
    }

    /** The loss if all answers are equally likely. */
    private OptionalDouble guessing() {
        return switch (task.kind()) {
            case ONE_CLASS, CLASS_OF_EACH_TOKEN ->
                task.outputs() > 1 ? OptionalDouble.of(Math.log(task.outputs())) : OptionalDouble.empty();
            case ANY_CLASSES -> OptionalDouble.of(Math.log(2));
            case NUMBERS -> OptionalDouble.empty();
        };
    }

    private TaskModel start(LinearHead head) {
        return TaskModel.start(
                parts,
                task.kind(),
                options.tuning(),
                options.adapter(),
                head,
                options.fit().seed());
    }
}
