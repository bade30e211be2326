/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Locale;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.GrowingFile;

/**
 * Writes a run where TensorBoard reads it while it goes on:
 *
 * <pre>{@code
 * TextClassifier.builder(encoder).listener(TensorBoardListener.in(Path.of("runs", "rank-8"))).build().fit(train);
 * }</pre>
 *
 * <p>{@code tensorboard --logdir runs} shows each directory below it as a run: {@code train/loss}, {@code train/learning_rate}, {@code
 * train/gradient_norm} and {@code train/examples_per_second} by step, {@code validation/...} after epochs and evaluations, and {@code
 * epoch/loss}. Each run writes a new file; a directory that is used again shows both, as TensorBoard's own writers do.
 *
 * <p><b>Costs.</b> A write to the file once a second at most, and after each epoch. A failure of it ends the run as {@link
 * UncheckedIOException}. <b>State.</b> Of one run at a time.
 *
 * @apiNote Status: experimental
 */
public final class TensorBoardListener implements RunListener {

    private static final double MILLIS = 1e3;

    private final Path directory;
    private final Clock clock;
    private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();
    private GrowingFile file;
    private int files;
    private long step;
    private double written;
    private String metric = "metric";

    private TensorBoardListener(Path directory, Clock clock) {
        this.directory = directory;
        this.clock = clock;
    }

    /**
     * Makes a listener.
     *
     * @param directory of the run; it is made if it is not there
     * @return the listener, for one run at a time
     */
    public static TensorBoardListener in(Path directory) {
        return in(directory, Clock.systemUTC());
    }

    static TensorBoardListener in(Path directory, Clock clock) {
        Arguments.required(directory, "TensorBoardListener.in: directory", "the directory of a run");
        return new TensorBoardListener(directory, clock);
    }

    private double seconds() {
        return clock.millis() / MILLIS;
    }

    @Override
    public void onTrainingStart(TrainingStart start) {
        metric = start.metric().orElse("metric").replace(' ', '_');
        step = 0;
        waiting.reset();
        double now = seconds();
        // As TensorBoard's own names: told by their start, and sorted by time.
        String name = String.format(
                Locale.ROOT,
                "events.out.tfevents.%010d.lora4j.%d.%d",
                (long) now,
                ProcessHandle.current().pid(),
                files++);
        try {
            file = GrowingFile.create(directory.resolve(name));
        } catch (IOException e) {
            throw failure(directory, e);
        }
        waiting.writeBytes(EventRecords.version(now));
        flush();
    }

    @Override
    public void onStep(StepReport report) {
        step = report.step();
        add("train/loss", report.loss());
        add("train/learning_rate", report.learningRate());
        add("train/gradient_norm", report.gradientNorm());
        add("train/examples_per_second", report.examplesPerSecond());
        if (seconds() - written >= 1) {
            flush();
        }
    }

    @Override
    public void onEvaluation(EvaluationReport report) {
        add("validation/" + metric, report.metric());
        flush();
    }

    @Override
    public void onEpochEnd(EpochReport report) {
        add("epoch/loss", report.meanLoss());
        report.metric().ifPresent(value -> add("validation/" + metric, value));
        flush();
    }

    @Override
    public void onTrainingEnd(TrainingResult result) {
        flush();
    }

    private void add(String tag, double number) {
        waiting.writeBytes(EventRecords.scalar(seconds(), step, tag, (float) number));
    }

    private void flush() {
        try {
            file.append(waiting.toByteArray());
        } catch (IOException e) {
            throw failure(file.path(), e);
        }
        waiting.reset();
        written = seconds();
    }

    private static UncheckedIOException failure(Path path, IOException e) {
        return new UncheckedIOException(
                "TensorBoardListener: cannot write to " + MessageText.path(path) + ": " + MessageText.value(e)
                        + ". Name a directory that can be written to.",
                e);
    }
}
