/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.concurrent.atomic.LongAdder;

/**
 * Counts what runs do, for a registry of metrics that asks when it likes. With Micrometer, on which nothing here depends:
 *
 * <pre>{@code
 * RunCounters counters = new RunCounters();
 * FunctionCounter.builder("lora4j.steps", counters, RunCounters::steps).register(registry);
 * Gauge.builder("lora4j.loss", counters, RunCounters::lastLoss).register(registry);
 * }</pre>
 *
 * <p><b>State.</b> Of all runs that have this listener, one at a time. <b>Threads.</b> Numbers may be asked for on any thread.
 *
 * @apiNote Status: experimental
 */
public final class RunCounters implements RunListener {

    private final LongAdder runs = new LongAdder();
    private final LongAdder epochs = new LongAdder();
    private final LongAdder steps = new LongAdder();
    private final LongAdder examples = new LongAdder();
    private final LongAdder evaluations = new LongAdder();
    private volatile double loss = Double.NaN;
    private volatile double rate = Double.NaN;
    private volatile double speed = Double.NaN;
    private volatile double metric = Double.NaN;

    /** Makes counters that stand at 0. */
    public RunCounters() {}

    @Override
    public void onTrainingStart(TrainingStart start) {
        runs.increment();
    }

    @Override
    public void onStep(StepReport report) {
        steps.increment();
        examples.add(report.examples());
        loss = report.loss();
        rate = report.learningRate();
        speed = report.examplesPerSecond();
    }

    @Override
    public void onEvaluation(EvaluationReport report) {
        evaluated(report.metric());
    }

    @Override
    public void onEpochEnd(EpochReport report) {
        epochs.increment();
        report.metric().ifPresent(this::evaluated);
    }

    private void evaluated(double value) {
        evaluations.increment();
        metric = value;
    }

    /**
     * Runs that began.
     *
     * @return the number
     */
    public long runs() {
        return runs.sum();
    }

    /**
     * Epochs that ended.
     *
     * @return the number
     */
    public long epochs() {
        return epochs.sum();
    }

    /**
     * Steps.
     *
     * @return the number
     */
    public long steps() {
        return steps.sum();
    }

    /**
     * Examples that were learned from, each as often as it was.
     *
     * @return the number
     */
    public long examples() {
        return examples.sum();
    }

    /**
     * Evaluations, within epochs and after them.
     *
     * @return the number
     */
    public long evaluations() {
        return evaluations.sum();
    }

    /**
     * The loss of the last step.
     *
     * @return the loss; NaN before the first step
     */
    public double lastLoss() {
        return loss;
    }

    /**
     * The learning rate of the last step.
     *
     * @return the rate; NaN before the first step
     */
    public double lastLearningRate() {
        return rate;
    }

    /**
     * Examples a second of the last run so far.
     *
     * @return the number; NaN before the first step
     */
    public double examplesPerSecond() {
        return speed;
    }

    /**
     * The last evaluation.
     *
     * @return the value; NaN before the first one
     */
    public double lastMetric() {
        return metric;
    }
}
