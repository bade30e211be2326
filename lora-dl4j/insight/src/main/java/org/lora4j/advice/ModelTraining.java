/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.List;
import java.util.Optional;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.train.Batches;
import org.lora4j.train.ParameterSnapshot;
import org.lora4j.train.RunListener;
import org.lora4j.train.StopReason;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingFailedException;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.Validation;
import org.lora4j.train.cache.PrefixCache;

/**
 * What a model learns now, trained for some steps. {@link #run} puts values back equal in every bit, however a training ends, and
 * leaves out what a method does beside gradients (budgets of AdaLoRA), which may outlast them.
 *
 * @param model the model
 * @param plan the plan that is asked about
 * @param batches the training data
 * @param validation measures the model
 * @param cache how much of a frozen prefix may be kept; used where there is one
 */
record ModelTraining(
        Trainable model, TrainingPlan plan, Batches batches, Validation validation, Optional<PrefixCache> cache)
        implements BriefTraining {

    @Override
    public Outcome run(BriefPlan brief, RunListener listener) {
        try (ParameterSnapshot before = ParameterSnapshot.of(model.trainableParameters())) {
            try {
                return train(new Learning(model), brief, listener);
            } finally {
                before.restore();
            }
        }
    }

    /** Trains an adapter that is thrown away afterwards: nothing is put back, and its method does all that it does. */
    Outcome train(BriefPlan brief, RunListener listener) {
        return train(model, brief, listener);
    }

    private Outcome train(Trainable learning, BriefPlan brief, RunListener listener) {
        Steps steps = new Steps();
        Trainer.Builder trainer = Trainer.builder(learning)
                .plan(brief.of(plan))
                .quiet()
                .listener(steps)
                .listener(listener);
        cache.filter(limits -> hasPrefix()).ifPresent(trainer::cacheFrozenPrefix);
        try {
            TrainingResult result = trainer.build().train(batches);
            if (result.stopReason() == StopReason.INTERRUPTED) {
                return Outcome.interrupted(steps.count());
            }
        } catch (RangeEnd end) {
            return Outcome.ended(end.getMessage(), steps.count());
        } catch (TrainingFailedException e) {
            return steps.failed(e);
        }
        return brief.isRangeTest()
                ? Outcome.ended(null, steps.count())
                : Outcome.measured(validation.metric().getAsDouble(), steps.count());
    }

    /** Whether something frozen lies below what learns. */
    private boolean hasPrefix() {
        try {
            return model.executor().split().description().heavyOps() > 0;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    @Override
    public long plannedSteps() {
        return BriefPlan.stepsOf(plan, batches).orElse(0);
    }

    @Override
    public boolean isBetter(double metric, double than, double margin) {
        return validation.higherIsBetter() ? metric > than + margin : metric < than - margin;
    }

    /** A model without the rules of its methods. */
    private record Learning(Trainable of) implements Trainable {

        @Override
        public List<TrainableParameter> trainableParameters() {
            return of.trainableParameters();
        }

        @Override
        public GraphExecutor executor() {
            return of.executor();
        }
    }
}
