/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.lora4j.internal.checkpoint.CheckpointContent;
import org.lora4j.internal.checkpoint.UnusableContentException;

/** What a run has done so far: losses and times. */
final class RunLog {

    private static final double NANOS = 1e9;

    private final OptionalLong totalSteps;
    private final List<Double> losses = new ArrayList<>();
    private final List<Long> stepNanos = new ArrayList<>();
    private final List<EpochReport> epochs = new ArrayList<>();
    private final List<EvaluationReport> evaluations = new ArrayList<>();
    private final SteadyPace pace = new SteadyPace();
    private long nanos;
    private long examples;
    private double highestRate;

    private long epochSteps;
    private long epochNanos;
    private long epochExamples;
    private double epochLoss;
    private double epochWeight;

    RunLog(OptionalLong totalSteps) {
        this.totalSteps = totalSteps;
    }

    StepReport step(int epoch, StepGradients gradients, double learningRate, double gradientNorm, long duration) {
        losses.add(gradients.loss());
        highestRate = Math.max(highestRate, learningRate);
        stepNanos.add(duration);
        pace.record(duration);
        nanos += duration;
        examples += gradients.examples();
        epochSteps++;
        epochNanos += duration;
        epochExamples += gradients.examples();
        epochLoss += gradients.loss() * gradients.weight();
        epochWeight += gradients.weight();
        double elapsed = nanos / NANOS;
        return new StepReport(
                steps(),
                epoch,
                gradients.loss(),
                learningRate,
                gradientNorm,
                gradients.examples(),
                // A clock too coarse for a step must not make the rate infinite.
                examples / Math.max(elapsed, 1 / NANOS),
                duration / NANOS,
                elapsed,
                totalSteps,
                secondsLeft());
    }

    private OptionalDouble secondsLeft() {
        OptionalDouble nanosPerStep = pace.nanosPerStep();
        if (totalSteps.isEmpty() || nanosPerStep.isEmpty()) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of(nanosPerStep.getAsDouble() / NANOS * Math.max(0, totalSteps.getAsLong() - steps()));
    }

    /** Duration of all steps. */
    double seconds() {
        return nanos / NANOS;
    }

    EpochReport epoch(int epoch, OptionalDouble metric, long evaluationNanos, boolean best) {
        EpochReport report = new EpochReport(
                epoch,
                epochSteps,
                epochLoss / epochWeight,
                epochExamples,
                epochNanos / NANOS,
                metric,
                evaluationNanos / NANOS,
                best);
        epochs.add(report);
        epochSteps = 0;
        epochNanos = 0;
        epochExamples = 0;
        epochLoss = 0;
        epochWeight = 0;
        return report;
    }

    EvaluationReport evaluation(int epoch, double metric, long duration, boolean best) {
        EvaluationReport report = new EvaluationReport(steps(), epoch, metric, duration / NANOS, best);
        evaluations.add(report);
        return report;
    }

    void save(CheckpointContent to) {
        to.put("highestRate", highestRate);
        to.put("evaluations", evaluations.size());
        for (int i = 0; i < evaluations.size(); i++) {
            save(evaluations.get(i), to.part("evaluation" + i));
        }
        to.put("losses", losses.stream().mapToDouble(Double::doubleValue));
        to.put("nanos", stepNanos.stream().mapToDouble(Long::doubleValue));
        to.put("examples", examples);
        to.put("epochSteps", epochSteps);
        to.put("epochNanos", epochNanos);
        to.put("epochExamples", epochExamples);
        to.put("epochLoss", epochLoss);
        to.put("epochWeight", epochWeight);
        to.put("epochs", epochs.size());
        for (int i = 0; i < epochs.size(); i++) {
            save(epochs.get(i), to.part("epoch" + i));
        }
    }

    private static void save(EvaluationReport report, CheckpointContent to) {
        to.put("step", report.step());
        to.put("epoch", report.epoch());
        to.put("metric", report.metric());
        to.put("seconds", report.seconds());
        to.put("best", report.best());
    }

    private static void save(EpochReport report, CheckpointContent to) {
        to.put("epoch", report.epoch());
        to.put("steps", report.steps());
        to.put("meanLoss", report.meanLoss());
        to.put("examples", report.examples());
        to.put("seconds", report.seconds());
        report.metric().ifPresent(metric -> to.put("metric", metric));
        to.put("evaluationSeconds", report.evaluationSeconds());
        to.put("best", report.best());
    }

    void load(CheckpointContent from) {
        double[] durations = from.numbers("nanos");
        losses.clear();
        stepNanos.clear();
        epochs.clear();
        evaluations.clear();
        // Checkpoints of version 0.1 before these fields have none.
        highestRate = from.has("highestRate") ? from.number("highestRate") : 0;
        for (int i = 0; from.has("evaluations") && i < from.count("evaluations"); i++) {
            CheckpointContent one = from.part("evaluation" + i);
            evaluations.add(new EvaluationReport(
                    one.count("step"),
                    one.smallCount("epoch"),
                    one.number("metric"),
                    one.number("seconds"),
                    one.truth("best")));
        }
        nanos = 0;
        for (double loss : from.numbers("losses")) {
            losses.add(loss);
        }
        for (double duration : durations) {
            stepNanos.add((long) duration);
            nanos += (long) duration;
        }
        if (losses.size() != durations.length) {
            throw new UnusableContentException(
                    "there are " + losses.size() + " losses and " + durations.length + " durations; expected as many");
        }
        examples = from.count("examples");
        epochSteps = from.count("epochSteps");
        epochNanos = from.count("epochNanos");
        epochExamples = from.count("epochExamples");
        epochLoss = from.number("epochLoss");
        epochWeight = from.number("epochWeight");
        for (int i = 0; i < from.count("epochs"); i++) {
            epochs.add(report(from.part("epoch" + i)));
        }
    }

    private static EpochReport report(CheckpointContent from) {
        return new EpochReport(
                from.smallCount("epoch"),
                from.count("steps"),
                from.number("meanLoss"),
                from.count("examples"),
                from.number("seconds"),
                from.numberIfAny("metric"),
                from.number("evaluationSeconds"),
                from.truth("best"));
    }

    long steps() {
        return losses.size();
    }

    List<Double> losses() {
        return losses;
    }

    List<EpochReport> epochs() {
        return epochs;
    }

    List<EvaluationReport> evaluations() {
        return evaluations;
    }

    /** The highest learning rate of a step. */
    double highestRate() {
        return highestRate;
    }

    double meanStepSeconds() {
        return nanos / NANOS / steps();
    }

    double medianStepSeconds() {
        long[] sorted = stepNanos.stream().mapToLong(Long::longValue).sorted().toArray();
        int middle = sorted.length / 2;
        double median = sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2.0;
        return median / NANOS;
    }
}
