/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import java.util.List;
import java.util.Optional;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batches;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.ParameterGroup;
import org.lora4j.train.Penalty;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Warmup;
import org.lora4j.trust.Preflight;

/** One run of the training loop on the texts of a task. */
final class Training {

    private static final double WARMUP = 0.06;

    private final Settings settings;
    private double seconds;
    private Optional<Preflight> first = Optional.empty();

    Training(Settings settings) {
        this.settings = settings;
    }

    /** Trains adapters. */
    void adapters(Trainable model, Batches texts, List<? extends Penalty> penalties) {
        TrainingPlan.Builder plan = plan(settings.epochs(), Settings.RATE);
        penalties.forEach(plan::penalty);
        run(model, texts, plan.build());
    }

    /** Trains everything. */
    void everything(Trainable model, Batches texts) {
        run(model, texts, plan(settings.fullEpochs(), Settings.FULL_RATE).build());
    }

    private TrainingPlan.Builder plan(int epochs, double rate) {
        // Without decay: the heads of the other tasks get no gradient and must stay as they are.
        return TrainingPlan.builder()
                .epochs(epochs)
                .optimizer(AdamW.of(rate).withWeightDecay(0))
                .group(ParameterGroup.matchingModule("heads\\..*").withLearningRate(Settings.HEAD_RATE))
                .schedule(LearningRateSchedule.linear(Warmup.fraction(WARMUP)))
                .seed(settings.seed());
    }

    private void run(Trainable model, Batches texts, TrainingPlan plan) {
        long start = System.nanoTime();
        Trainer trainer = Trainer.builder(model).plan(plan).build();
        first = Optional.of(first.orElseGet(trainer::preflight));
        trainer.train(texts);
        seconds += (System.nanoTime() - start) / 1e9;
    }

    /** What was found before the first run. */
    Optional<Preflight> preflight() {
        return first;
    }

    /** The duration of all runs. */
    double seconds() {
        return seconds;
    }
}
