/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.List;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.Problems;
import org.lora4j.trust.Preflight;
import org.lora4j.trust.PreflightRule;

/**
 * How a model learns, as a value: what {@link FitSettings} collected, and the plan of training that follows from it.
 *
 * @param adapter the adapter that learns, unless all weights do
 * @param full whether all weights learn
 * @param epochs maximum number of epochs
 * @param patience epochs without improvement after which training stops
 * @param tokenBudget maximum number of tokens of a batch, padding included
 * @param learningRate the highest learning rate
 * @param holdout which examples are kept back if there is no validation part
 * @param seed seed of everything random
 * @param listeners are told how training goes
 * @param change changes the plan last of all
 * @param evaluateEvery after how many steps the validation part is also asked within epochs; empty for never
 * @param quiet whether nothing is said of how far work is
 * @param preflight what is known before any example is seen: which rules are allowed, and what is odd about the rate
 * @param view gives what is trained in the place of a model
 * @apiNote Status: stable
 */
public record FitOptions(
        AdapterConfig adapter,
        boolean full,
        int epochs,
        int patience,
        int tokenBudget,
        double learningRate,
        Holdout holdout,
        long seed,
        List<RunListener> listeners,
        UnaryOperator<TrainingPlan.Builder> change,
        OptionalLong evaluateEvery,
        boolean quiet,
        Preflight preflight,
        UnaryOperator<Trainable> view) {

    /**
     * The plan of training.
     *
     * @param validated whether there is a validation part, on which training may stop early
     * @param own what the task adds, before the caller's changes
     * @return the plan
     */
    public TrainingPlan plan(boolean validated, UnaryOperator<TrainingPlan.Builder> own) {
        TrainingPlan.Builder plan = TrainingPlan.builder()
                .epochs(epochs)
                .optimizer(AdamW.of(learningRate).withWeightDecay(FitSettings.WEIGHT_DECAY))
                .schedule(LearningRateSchedule.linear(Warmup.fraction(FitSettings.WARMUP)))
                .seed(seed);
        if (validated) {
            plan.earlyStopping(EarlyStopping.patience(patience));
            evaluateEvery.ifPresent(plan::evaluateEvery);
        }
        if (preflight.allows(PreflightRule.NO_GRADIENT)) {
            plan.allowWithoutGradient(".*");
        }
        return change.apply(own.apply(plan)).build();
    }

    /**
     * What is found in a model that is to learn: modules that no gradient can reach, and heads that are fresh and not saved.
     *
     * @param model the model, which learns next
     * @return what was found, and nothing of what {@link #preflight()} has
     */
    public Preflight preflightOf(Trainable model) {
        return of(model, preflight.without(PreflightRule.RATE_OF_ANOTHER_KIND));
    }

    /** What is found in a model, added to what was found before. */
    static Preflight of(Trainable model, Preflight before) {
        List<String> unreached = model.modulesWithoutGradient();
        List<String> fresh = model.freshHeads();
        return before.with(
                        !unreached.isEmpty(),
                        PreflightRule.NO_GRADIENT,
                        "no gradient can reach " + Problems.quoted(unreached)
                                + ", as the loss does not depend on it; expected targets that it depends on. Leave it out"
                                + " of the targets")
                .with(
                        !fresh.isEmpty(),
                        PreflightRule.FRESH_HEAD,
                        "the output head " + Problems.quoted(fresh)
                                + " has never learned, and neither learns now nor is saved; expected it in modulesToSave");
    }

    /**
     * Begins to say how far work is.
     *
     * @param where what works, such as {@code TextClassifier.fit}
     * @return the progress, which says nothing if that was asked for
     */
    public Progress progress(String where) {
        return quiet ? Progress.none() : Progress.of(where);
    }

    /**
     * The config of the adapter as its file should name it.
     *
     * @param taskType PEFT's name of the task
     * @param baseModelName name of the base, unless the config names one; empty for none
     * @param modulesToSave what learns in full beside it
     * @return the config
     */
    public AdapterConfig adapterFor(String taskType, String baseModelName, String... modulesToSave) {
        AdapterConfig.Builder<?> config = adapter.toBuilder();
        config.taskType(taskType);
        if (modulesToSave.length > 0) {
            config.modulesToSave(modulesToSave);
        }
        if (adapter.baseModelName() == null && !baseModelName.isEmpty()) {
            config.baseModelName(baseModelName);
        }
        return config.build();
    }
}
