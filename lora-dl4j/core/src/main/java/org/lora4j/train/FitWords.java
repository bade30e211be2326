/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.lora4j.train.FittingSign.format;

import java.util.ArrayList;
import java.util.List;

/** A report in a line of words. */
final class FitWords {

    private FitWords() {}

    static String of(FitReport report) {
        List<String> words = new ArrayList<>();
        report.training().ifPresent(run -> {
            words.add(ending(run));
            int epochs = run.epochs().size();
            words.add(epochs
                    + (epochs == 1 ? " epoch in " : " epochs in ")
                    + ProgressListener.duration(report.seconds())
                    + format(", %.1f examples/s", run.examplesPerSecond()));
        });
        if (report.startKept()) {
            words.add("no epoch was better than the start, which was kept");
        } else {
            report.bestEpoch().ifPresent(epoch -> words.add("epoch " + epoch + " was best and kept"));
        }
        if (report.chosen().get("learning_rate") instanceof Number rate) {
            words.add(format("learning rate %.3g", rate.doubleValue()));
        }
        if (report.before().isPresent() && report.after().isPresent()) {
            words.add(format(
                    "%s %.4f before, %.4f after",
                    report.metric(),
                    report.before().getAsDouble(),
                    report.after().getAsDouble()));
        }
        return words.isEmpty() ? "nothing was trained step by step" : String.join("; ", words);
    }

    private static String ending(TrainingResult run) {
        return switch (run.stopReason()) {
            case COMPLETED -> "all epochs were run";
            case EARLY_STOPPED -> "stopped early, as the validation got no better";
            case INTERRUPTED -> "INTERRUPTED after " + run.steps() + " steps";
            case DIVERGED ->
                "DIVERGED: "
                        + run.signs().stream()
                                .filter(sign -> sign.kind() == FittingSign.Kind.DIVERGENCE)
                                .map(sign -> sign.finding() + " " + sign.suggestion())
                                .findFirst()
                                .orElse("the training loss ended above its start.");
        };
    }
}
