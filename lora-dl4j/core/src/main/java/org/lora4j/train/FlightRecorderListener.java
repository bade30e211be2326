/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.lora4j.train.cache.PrefixReport;

/**
 * Puts a run into the recordings of the JDK's Flight Recorder, beside what the virtual machine does:
 *
 * <pre>{@code
 * Trainer.builder(model).plan(plan).listener(new FlightRecorderListener()).build().train(batches);
 * }</pre>
 *
 * <p>Events are {@code org.lora4j.Step}, {@code org.lora4j.Epoch}, {@code org.lora4j.Evaluation} and {@code org.lora4j.FrozenPrefix}.
 * {@code java -XX:StartFlightRecording:filename=run.jfr} records them, {@code jfr print --events org.lora4j.Step run.jfr} shows them.
 *
 * <p><b>Costs.</b> Nothing while nobody records. <b>State.</b> None.
 *
 * @apiNote Status: experimental
 */
public final class FlightRecorderListener implements RunListener {

    private static final String CATEGORY = "lora4j";

    /** Makes a listener. */
    public FlightRecorderListener() {}

    @Name("org.lora4j.Step")
    @Label("Training step")
    @Category(CATEGORY)
    @StackTrace(false)
    private static final class StepEvent extends Event {
        @Label("Step")
        private long step;

        @Label("Epoch")
        private int epoch;

        @Label("Loss")
        @Description("Before the step")
        private double loss;

        @Label("Learning Rate")
        private double learningRate;

        @Label("Gradient Norm")
        private double gradientNorm;

        @Label("Examples")
        private long examples;

        @Label("Seconds")
        private double seconds;
    }

    @Name("org.lora4j.Epoch")
    @Label("Training epoch")
    @Category(CATEGORY)
    @StackTrace(false)
    private static final class EpochEvent extends Event {
        @Label("Epoch")
        private int epoch;

        @Label("Steps")
        private long steps;

        @Label("Mean Loss")
        private double meanLoss;

        @Label("Examples")
        private long examples;

        @Label("Seconds")
        private double seconds;
    }

    @Name("org.lora4j.Evaluation")
    @Label("Evaluation")
    @Category(CATEGORY)
    @StackTrace(false)
    private static final class EvaluationEvent extends Event {
        @Label("Epoch")
        private int epoch;

        @Label("Metric")
        private double metric;

        @Label("Best so Far")
        private boolean best;

        @Label("Seconds")
        private double seconds;
    }

    @Name("org.lora4j.FrozenPrefix")
    @Label("Cache of frozen layers")
    @Category(CATEGORY)
    @StackTrace(false)
    private static final class PrefixEvent extends Event {
        @Label("Computed")
        private long computed;

        @Label("Reused")
        private long reused;

        @Label("Memory")
        @DataAmount
        private long memory;

        @Label("File")
        @DataAmount
        private long file;

        @Label("Without Room")
        private long withoutRoom;
    }

    @Override
    public void onStep(StepReport report) {
        StepEvent event = new StepEvent();
        if (!event.isEnabled()) {
            return;
        }
        event.step = report.step();
        event.epoch = report.epoch();
        event.loss = report.loss();
        event.learningRate = report.learningRate();
        event.gradientNorm = report.gradientNorm();
        event.examples = report.examples();
        event.seconds = report.seconds();
        event.commit();
    }

    @Override
    public void onEvaluation(EvaluationReport report) {
        evaluation(report.epoch(), report.metric(), report.best(), report.seconds());
    }

    @Override
    public void onEpochEnd(EpochReport report) {
        EpochEvent event = new EpochEvent();
        event.epoch = report.epoch();
        event.steps = report.steps();
        event.meanLoss = report.meanLoss();
        event.examples = report.examples();
        event.seconds = report.seconds();
        event.commit();
        report.metric()
                .ifPresent(metric -> evaluation(report.epoch(), metric, report.best(), report.evaluationSeconds()));
    }

    private static void evaluation(int epoch, double metric, boolean best, double seconds) {
        EvaluationEvent event = new EvaluationEvent();
        event.epoch = epoch;
        event.metric = metric;
        event.best = best;
        event.seconds = seconds;
        event.commit();
    }

    @Override
    public void onFrozenPrefix(PrefixReport report) {
        PrefixEvent event = new PrefixEvent();
        event.computed = report.computed();
        event.reused = report.reused();
        event.memory = report.memoryBytes();
        event.file = report.fileBytes();
        event.withoutRoom = report.withoutRoom();
        event.commit();
    }
}
