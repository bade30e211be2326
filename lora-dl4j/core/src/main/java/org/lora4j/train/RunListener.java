/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import org.lora4j.train.cache.PrefixReport;

/**
 * Watches a run. All methods are called on the training thread; what they throw ends the run between two steps.
 *
 * @apiNote Status: stable
 */
public interface RunListener {

    /**
     * Before the first step, when everything has been checked.
     *
     * @param start what is known
     */
    default void onTrainingStart(TrainingStart start) {}

    /**
     * Before the first step of this process, when the first batch is there.
     *
     * @param computation how the run is computed
     */
    default void onFirstBatch(Computation computation) {}

    /**
     * After each step.
     *
     * @param report the step
     */
    default void onStep(StepReport report) {}

    /**
     * After a step whose batches gave no parameter any gradient, behind {@link #onStep}: for instance because a mask hides
     * every label. Three such steps in a row with a loss other than 0 end the run.
     *
     * @param report the step
     */
    default void onStepWithoutEffect(StepReport report) {}

    /**
     * While the validation part is evaluated, in tasks that answer with a label, tags or a number: before {@link #onEvaluation} or
     * {@link #onEpochEnd}, which have the score.
     *
     * @param answers what the model says now
     */
    default void onValidation(ValidationAnswers answers) {}

    /**
     * After an evaluation within an epoch, behind {@link #onStep}.
     *
     * @param report the evaluation
     */
    default void onEvaluation(EvaluationReport report) {}

    /**
     * After each epoch and its evaluation.
     *
     * @param report the epoch
     */
    default void onEpochEnd(EpochReport report) {}

    /**
     * After each epoch of a run with {@link Trainer.Builder#cacheFrozenPrefix}, behind {@link #onEpochEnd}.
     *
     * @param report what the cache did since the start of the run
     */
    default void onFrozenPrefix(PrefixReport report) {}

    /**
     * When a sign of over- or underfitting shows for the first time: after an epoch, in the middle of a run whose length is known, or
     * at its end.
     *
     * @param sign what showed, and what to try
     */
    default void onFittingSign(FittingSign sign) {}

    /**
     * At the end, when the best parameters have been restored; not after a failure.
     *
     * @param result the result that the trainer returns next
     */
    default void onTrainingEnd(TrainingResult result) {}
}
