/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.lora4j.internal.report.ReportBlock;
import org.lora4j.internal.report.ReportBlock.Curves;
import org.lora4j.internal.report.ReportBlock.Facts;
import org.lora4j.internal.report.ReportBlock.Note;
import org.lora4j.internal.report.ReportBlock.Series;
import org.lora4j.internal.report.ReportBlock.Verdict;
import org.lora4j.internal.report.ReportDocument;
import org.lora4j.internal.report.ReportPart;
import org.lora4j.multitask.MultiTaskResult;
import org.lora4j.multitask.TaskEpoch;
import org.lora4j.train.EpochReport;
import org.lora4j.train.EvaluationReport;
import org.lora4j.train.FitReport;
import org.lora4j.train.FittingSign;
import org.lora4j.train.ParameterNorm;
import org.lora4j.train.TrainingResult;

/** What a run has to say: settings, losses, validation, signs, time. */
final class FitParts {

    private static final int NOTES = 50;
    private static final String EPOCH = "epoch";
    private static final String STEP = "step";

    private FitParts() {}

    static ReportDocument add(ReportDocument report, FitReport fit) {
        ReportDocument with = report.headed(fit.summary());
        Map<String, Object> data = new LinkedHashMap<>(fit.data());
        if (!data.isEmpty()) {
            with = with.with(ReportPart.DATA, List.of(new Facts("data", "Examples", data)));
        }
        List<ReportBlock> notes = new ArrayList<>();
        fit.notes().stream().limit(NOTES).forEach(note -> notes.add(new Note(note)));
        if (fit.notes().size() > NOTES) {
            notes.add(new Note("Cut: " + (fit.notes().size() - NOTES) + " more notes on the data."));
        }
        with = with.with(ReportPart.DATA, notes);
        if (!fit.chosen().isEmpty()) {
            with = with.with(ReportPart.SETTINGS, List.of(new Facts("chosen", "Chosen for the run", fit.chosen())));
        }
        Map<String, Object> scores = new LinkedHashMap<>();
        scores.put("metric", fit.metric() + (fit.higherIsBetter() ? ", higher is better" : ", lower is better"));
        fit.before().ifPresent(value -> scores.put("before training", value));
        fit.after().ifPresent(value -> scores.put("of the model that was kept", value));
        fit.gain().ifPresent(gain -> scores.put("gain of the best epoch", gain.toString()));
        fit.bestEpoch().ifPresent(epoch -> scores.put("kept epoch", epoch));
        if (fit.startKept()) {
            scores.put("kept", "the start: no epoch was better");
        }
        with = with.with(ReportPart.TRAINING, List.of(new Facts("validation", "On the validation part", scores)));
        return fit.training().isPresent() ? add(with, fit.training().get(), fit.metric(), fit.before()) : with;
    }

    static ReportDocument add(ReportDocument report, TrainingResult run) {
        return add(report.headed(run.ending()), run, "validation", OptionalDouble.empty());
    }

    private static ReportDocument add(ReportDocument report, TrainingResult run, String metric, OptionalDouble before) {
        List<ReportBlock> blocks = new ArrayList<>();
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("ended", run.stopReason().name().toLowerCase(Locale.ROOT).replace('_', ' '));
        facts.put("epochs", run.epochs().size());
        facts.put("steps", run.steps());
        if (!run.losses().isEmpty()) {
            facts.put("first loss", run.losses().get(0));
            facts.put("last loss", run.lastLoss());
        }
        if (run.highestRate() > 0) {
            facts.put("highest learning rate", run.highestRate());
        }
        blocks.add(new Facts("run", "The run", facts));
        run.signs().forEach(sign -> blocks.add(verdict(sign)));
        if (!run.losses().isEmpty()) {
            blocks.add(new Curves(
                    "loss", "Loss of each step", STEP, "loss", false, List.of(Thinned.of("loss", run.losses()))));
        }
        validation(run, metric, before, blocks);
        if (!run.epochs().isEmpty()) {
            blocks.add(epochs(run, metric));
        }
        if (!run.withoutGradient().isEmpty()) {
            blocks.add(new Note("Without any gradient in the whole run: " + String.join(", ", run.withoutGradient())));
        }
        if (!run.norms().isEmpty()) {
            blocks.add(norms(run.norms()));
        }
        return report.with(signs(run))
                .with(ReportPart.TRAINING, blocks)
                .with(ReportPart.COST, List.of(new Facts("time", "Time", cost(run))));
    }

    private static Verdict verdict(FittingSign sign) {
        boolean diverges = sign.kind() == FittingSign.Kind.DIVERGENCE;
        return new Verdict(
                "sign in epoch " + sign.epoch(),
                diverges ? Verdict.Answer.PROBLEM : Verdict.Answer.CONSIDER,
                sign.toString());
    }

    private static Verdict signs(TrainingResult run) {
        if (run.signs().isEmpty()) {
            return new Verdict("fitting", Verdict.Answer.GOOD, "No sign of over- or underfitting showed.");
        }
        boolean diverges = run.signs().stream().anyMatch(sign -> sign.kind() == FittingSign.Kind.DIVERGENCE);
        return new Verdict(
                "fitting",
                diverges ? Verdict.Answer.PROBLEM : Verdict.Answer.CONSIDER,
                run.signs().get(0).toString()
                        + (run.signs().size() > 1 ? " And " + (run.signs().size() - 1) + " more, see the run." : ""));
    }

    private static void validation(TrainingResult run, String metric, OptionalDouble before, List<ReportBlock> blocks) {
        List<Double> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        List<Double> ofEpochs = new ArrayList<>();
        before.ifPresent(value -> {
            x.add(0.0);
            y.add(value);
        });
        for (EpochReport epoch : run.epochs()) {
            ofEpochs.add((double) epoch.epoch());
            losses.add(epoch.meanLoss());
            epoch.metric().ifPresent(value -> {
                x.add((double) epoch.epoch());
                y.add(value);
            });
        }
        if (losses.size() > 1) {
            blocks.add(new Curves(
                    "epoch-loss",
                    "Mean loss of each epoch",
                    EPOCH,
                    "loss",
                    false,
                    List.of(Thinned.of("loss", Series.Style.LINE, ofEpochs, losses))));
        }
        if (y.size() > 1) {
            blocks.add(new Curves(
                    "metric",
                    "Validation by epoch" + (before.isPresent() ? ", 0 before training" : ""),
                    EPOCH,
                    metric,
                    false,
                    List.of(Thinned.of(metric, Series.Style.LINE, x, y))));
        }
        if (!run.evaluations().isEmpty()) {
            blocks.add(new Curves(
                    "metric-steps",
                    "Validation within epochs",
                    STEP,
                    metric,
                    false,
                    List.of(Thinned.of(
                            metric,
                            Series.Style.LINE,
                            run.evaluations().stream()
                                    .map(at -> (double) at.step())
                                    .toList(),
                            run.evaluations().stream()
                                    .map(EvaluationReport::metric)
                                    .toList()))));
        }
    }

    private static ReportBlock epochs(TrainingResult run, String metric) {
        TableRows table = new TableRows(
                "epochs",
                "Epochs",
                TableRows.number(EPOCH),
                TableRows.number("steps"),
                TableRows.number("mean loss"),
                TableRows.number(metric),
                TableRows.text("best so far"),
                TableRows.number("seconds"));
        run.epochs()
                .forEach(epoch -> table.add(
                        epoch.epoch(),
                        epoch.steps(),
                        epoch.meanLoss(),
                        epoch.metric().isPresent() ? epoch.metric().getAsDouble() : null,
                        epoch.best() ? "yes" : "",
                        epoch.seconds()));
        return table.grid();
    }

    private static ReportBlock norms(List<ParameterNorm> norms) {
        TableRows table = new TableRows(
                "norms",
                "Norms of what learned",
                TableRows.text("parameter"),
                TableRows.text("kind"),
                TableRows.number("at the start"),
                TableRows.number("at the end"));
        norms.forEach(
                norm -> table.add(norm.name(), norm.kind().name().toLowerCase(Locale.ROOT), norm.start(), norm.end()));
        return table.grid();
    }

    private static Map<String, Object> cost(TrainingResult run) {
        Map<String, Object> cost = new LinkedHashMap<>();
        double steps = run.epochs().stream().mapToDouble(EpochReport::seconds).sum();
        double evaluations = run.epochs().stream()
                        .mapToDouble(EpochReport::evaluationSeconds)
                        .sum()
                + run.evaluations().stream()
                        .mapToDouble(EvaluationReport::seconds)
                        .sum();
        cost.put("seconds of steps", steps);
        if (evaluations > 0) {
            cost.put("seconds of evaluations", evaluations);
        }
        cost.put("seconds of a step (median)", run.medianStepSeconds());
        if (run.examplesPerSecond() > 0) {
            cost.put("examples a second", run.examplesPerSecond());
        }
        run.computation().productShare().ifPresent(share -> cost.put("share of products in the time", share));
        cost.put("computed with", run.computation().toString());
        return cost;
    }

    static ReportDocument add(ReportDocument report, MultiTaskResult result) {
        ReportDocument with = add(report, result.training());
        Map<String, List<TaskEpoch>> byTask = new LinkedHashMap<>();
        result.epochs()
                .forEach(epoch -> byTask.computeIfAbsent(epoch.task(), name -> new ArrayList<>())
                        .add(epoch));
        List<Series> losses = new ArrayList<>();
        List<Series> metrics = new ArrayList<>();
        TableRows table = new TableRows(
                "tasks",
                "Tasks by epoch",
                TableRows.text("task"),
                TableRows.number(EPOCH),
                TableRows.number("batches"),
                TableRows.number("mean loss"),
                TableRows.number("weight"),
                TableRows.number("metric"));
        byTask.forEach((task, epochs) -> {
            List<Double> x =
                    epochs.stream().map(epoch -> (double) epoch.epoch()).toList();
            losses.add(new Series(
                    task,
                    Series.Style.LINE,
                    x,
                    epochs.stream().map(TaskEpoch::meanLoss).toList()));
            if (epochs.stream().anyMatch(epoch -> epoch.metric().isPresent())) {
                List<Double> y = epochs.stream()
                        .map(epoch -> epoch.metric().orElse(Double.NaN))
                        .toList();
                metrics.add(new Series(task, Series.Style.LINE, x, y));
            }
            epochs.forEach(epoch -> table.add(
                    task,
                    epoch.epoch(),
                    epoch.batches(),
                    epoch.meanLoss(),
                    epoch.weight(),
                    epoch.metric().isPresent() ? epoch.metric().getAsDouble() : null));
        });
        List<ReportBlock> blocks = new ArrayList<>();
        blocks.add(new Curves("task-loss", "Loss of each task", EPOCH, "mean loss", false, losses));
        if (!metrics.isEmpty()) {
            blocks.add(new Curves("task-metric", "Validation of each task", EPOCH, "metric", false, metrics));
        }
        blocks.add(table.grid());
        return with.with(ReportPart.TRAINING, blocks);
    }
}
