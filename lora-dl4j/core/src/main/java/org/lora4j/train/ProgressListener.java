/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.lora4j.error.Problems;

/**
 * Writes lines such as
 *
 * <pre>
 * products by oneDNN 3.11 (AVX512-BF16), strict F32, weights where they lie; batches in 2 parts on as many threads; 234 batches an
 * epoch; about 1 min 30 s in all
 * epoch 1/3  step 120/234  loss 1.2345  rate 1.80e-03  312.4 examples/s  1 min 20 s left
 * epoch 1/3 done  loss 1.4301  accuracy 0.7512 (best so far)  25 s
 * completed after 3 epochs; best epoch 2 (0.7731, kept); rate up to 2.00e-03; 702 steps, 22464 examples in 1 min 15 s: 299.5 examples/s,
 * 71 % of the time in products; 3.1 s of evaluations
 * </pre>
 *
 * <p>and one for each sign of over- or underfitting ({@link FittingSign}), to where the caller says. Numbers have a point whatever the locale.
 *
 * @apiNote Status: stable
 */
public final class ProgressListener implements RunListener {

    private final Consumer<String> lines;
    private final double everySeconds;
    private final StartLine start = new StartLine();
    private OptionalInt epochs = OptionalInt.empty();
    private String metric = "metric";
    private double lastLine = Double.NEGATIVE_INFINITY;

    private ProgressListener(Consumer<String> lines, double everySeconds) {
        this.lines = lines;
        this.everySeconds = everySeconds;
    }

    /**
     * Writes a line for the first step and then at most one every two seconds of training, and one for every epoch.
     *
     * @param lines takes each line, without its end
     * @return the listener, for one run at a time
     */
    public static ProgressListener to(Consumer<String> lines) {
        return new ProgressListener(lines, 2);
    }

    /**
     * As {@link #to(Consumer)}, for a stream, a writer or a string builder.
     *
     * @param out takes each line and a line feed; an {@link IOException} of it ends the run as {@link UncheckedIOException}
     * @return the listener, for one run at a time
     */
    public static ProgressListener appendingTo(Appendable out) {
        return to(line -> {
            try {
                out.append(line).append('\n');
            } catch (IOException e) {
                throw new UncheckedIOException("ProgressListener: cannot write a line: " + e.getMessage(), e);
            }
        });
    }

    /**
     * The same listener with another distance of the lines for steps.
     *
     * @param seconds least duration of training between two lines, finite; 0 for a line every step
     * @return a new listener
     * @throws IllegalArgumentException if the number is negative or not finite
     */
    public ProgressListener every(double seconds) {
        Problems problems = new Problems();
        problems.finiteFromZero("seconds", seconds);
        problems.throwIfAny("ProgressListener");
        return new ProgressListener(lines, seconds);
    }

    @Override
    public void onTrainingStart(TrainingStart start) {
        epochs = start.plan().epochs();
        metric = start.metric().orElse("metric");
        lastLine = Double.NEGATIVE_INFINITY;
    }

    @Override
    public void onFirstBatch(Computation computation) {
        start.first(computation);
    }

    @Override
    public void onStep(StepReport report) {
        start.after(report).ifPresent(lines);
        if (start.isWaiting()) {
            return;
        }
        if (report.elapsedSeconds() - lastLine < everySeconds) {
            return;
        }
        lastLine = report.elapsedSeconds();
        lines.accept(line(report, epochs));
    }

    /** How far a run is after a step. */
    static String line(StepReport report, OptionalInt epochs) {
        StringBuilder line = new StringBuilder(epoch(report.epoch(), epochs));
        line.append("  step ").append(report.step());
        report.totalSteps().ifPresent(total -> line.append('/').append(total));
        line.append(format("  loss %.4f  rate %.2e", report.loss(), report.learningRate()));
        line.append(format("  %.1f examples/s", report.examplesPerSecond()));
        report.secondsLeft()
                .ifPresent(left -> line.append("  ").append(duration(left)).append(" left"));
        return line.toString();
    }

    @Override
    public void onStepWithoutEffect(StepReport report) {
        lines.accept(epoch(report.epoch()) + "  step " + report.step()
                + " taught nothing: every gradient is 0; look at the labels and masks of its batch");
    }

    @Override
    public void onEvaluation(EvaluationReport report) {
        lines.accept(epoch(report.epoch()) + "  step " + report.step() + format("  %s %.4f", metric, report.metric())
                + (report.best() ? " (best so far)" : ""));
    }

    @Override
    public void onEpochEnd(EpochReport report) {
        start.last().ifPresent(lines);
        StringBuilder line = new StringBuilder(epoch(report.epoch()));
        line.append(format(" done  loss %.4f", report.meanLoss()));
        report.metric().ifPresent(value -> line.append(format("  %s %.4f", metric, value)));
        if (report.best()) {
            line.append(" (best so far)");
        }
        lines.accept(line.append("  ").append(duration(report.seconds())).toString());
    }

    @Override
    public void onFittingSign(FittingSign sign) {
        lines.accept(epoch(sign.epoch()) + "  " + sign);
    }

    @Override
    public void onTrainingEnd(TrainingResult result) {
        start.last().ifPresent(lines);
        lines.accept(result.ending());
    }

    private String epoch(int number) {
        return epoch(number, epochs);
    }

    private static String epoch(int number, OptionalInt epochs) {
        return "epoch " + number + (epochs.isPresent() ? "/" + epochs.getAsInt() : "");
    }

    static String duration(double seconds) {
        if (seconds < 9.95) {
            return format("%.1f s", seconds);
        }
        long minutes = Math.round(seconds) / 60;
        if (minutes == 0) {
            return Math.round(seconds) + " s";
        }
        return minutes < 60
                ? minutes + " min " + Math.round(seconds) % 60 + " s"
                : minutes / 60 + " h " + minutes % 60 + " min";
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
