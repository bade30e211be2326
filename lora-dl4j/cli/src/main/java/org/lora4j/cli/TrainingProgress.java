/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.Locale;
import java.util.OptionalLong;
import org.lora4j.train.EpochReport;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
import org.lora4j.train.TrainingStart;

/** A training as a line that grows on a terminal, and a line for each epoch everywhere. */
final class TrainingProgress implements RunListener {

    private static final int BAR = 20;

    private final Terminal terminal;
    private String metric = "validation";

    TrainingProgress(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public void onTrainingStart(TrainingStart start) {
        metric = start.metric().orElse(metric);
        terminal.progress("training " + start.values() + " numbers"
                + (start.totalSteps().isPresent() ? " in " + start.totalSteps().getAsLong() + " steps" : ""));
    }

    @Override
    public void onStep(StepReport step) {
        if (!terminal.showsStatus()) {
            return;
        }
        terminal.status(bar(step.step(), step.totalSteps())
                + String.format(Locale.ROOT, " epoch %d, step %d", step.epoch(), step.step())
                + (step.totalSteps().isPresent() ? " of " + step.totalSteps().getAsLong() : "")
                + String.format(Locale.ROOT, ", loss %.4f", step.loss())
                + (step.secondsLeft().isPresent()
                        ? ", " + Durations.of(step.secondsLeft().getAsDouble()) + " left"
                        : ""));
    }

    static String bar(long step, OptionalLong total) {
        if (total.isEmpty() || total.getAsLong() < 1) {
            return "";
        }
        int done = (int) Math.min(BAR, BAR * step / total.getAsLong());
        return "[" + "#".repeat(done) + "-".repeat(BAR - done) + "]";
    }

    @Override
    public void onEpochEnd(EpochReport epoch) {
        StringBuilder line =
                new StringBuilder(String.format(Locale.ROOT, "epoch %d: loss %.4f", epoch.epoch(), epoch.meanLoss()));
        epoch.metric()
                .ifPresent(value -> line.append(String.format(Locale.ROOT, ", %s %.4f", metric, value))
                        .append(epoch.best() ? " (best so far)" : ""));
        terminal.lasting(line.append(", ").append(Durations.of(epoch.seconds())).toString());
    }
}
