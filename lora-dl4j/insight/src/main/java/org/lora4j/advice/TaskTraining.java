/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.List;
import java.util.function.Supplier;
import org.lora4j.text.EncoderTask;
import org.lora4j.text.EncoderTaskBuilder;
import org.lora4j.text.TextFitReport;
import org.lora4j.train.RunListener;
import org.lora4j.train.StopReason;
import org.lora4j.train.TrainingFailedException;
import org.lora4j.train.TrainingResult;

/**
 * A task that is made anew for each training: its encoder is frozen, so there is nothing to put back.
 *
 * @param <B> a builder
 * @param <E> an example
 * @param <T> a task
 */
final class TaskTraining<B extends EncoderTaskBuilder<B, T>, E, T extends EncoderTask<?, E, ?, ?, T>>
        implements BriefTraining {

    private final Supplier<B> settings;
    private final List<E> train;
    private final List<E> validation;
    private boolean higherIsBetter = true;

    TaskTraining(Supplier<B> settings, List<E> train, List<E> validation) {
        this.settings = settings;
        this.train = List.copyOf(train);
        this.validation = List.copyOf(validation);
    }

    @Override
    public Outcome run(BriefPlan brief, RunListener listener) {
        Steps steps = new Steps();
        try (T task = settings.get()
                .plan(brief::on)
                .quiet()
                .listener(steps)
                .listener(listener)
                .build()) {
            TextFitReport report = task.fit(train, validation).report();
            higherIsBetter = report.higherIsBetter();
            TrainingResult training = report.training()
                    .orElseThrow(
                            () -> new IllegalArgumentException("LearningRateFinder: the task trains its head alone,"
                                    + " by a solver that has no learning rate; expected one with an adapter."));
            if (training.stopReason() == StopReason.INTERRUPTED) {
                return Outcome.interrupted(steps.count());
            }
            return brief.isRangeTest()
                    ? Outcome.ended(null, steps.count())
                    : Outcome.measured(last(training), steps.count());
        } catch (RangeEnd end) {
            return Outcome.ended(end.getMessage(), steps.count());
        } catch (TrainingFailedException e) {
            return steps.failed(e);
        }
    }

    private static double last(TrainingResult training) {
        return training.epochs().get(training.epochs().size() - 1).metric().orElse(Double.NaN);
    }

    @Override
    public long plannedSteps() {
        return 0;
    }

    @Override
    public boolean isBetter(double metric, double than, double margin) {
        return higherIsBetter ? metric > than + margin : metric < than - margin;
    }
}
