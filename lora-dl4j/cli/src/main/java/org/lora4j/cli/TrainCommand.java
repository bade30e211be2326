/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.text.Split;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.FitReport;
import org.lora4j.train.FitSettings;
import org.lora4j.train.StopReason;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j train}. */
final class TrainCommand extends SimpleCommand {

    private static final String RESUME = "--resume";
    private static final String FORCE = "--force";
    private static final double MILLIS = 1e3;

    TrainCommand() {
        super(
                "train",
                "lora4j train --data questions.csv --text question --label intent --out model/",
                "lora4j train --config lora4j.yaml --out model/ --set weight-decay=0.1",
                "lora4j train --base models/smollm --data stories.jsonl --out writer/");
    }

    @Override
    public void describe(CommandSpec spec) {
        SettingFlags.describe(spec);
        spec.addOption(CliCommand.flag(RESUME, "go on with a run that was stopped; needs --out alone"));
        spec.addOption(CliCommand.flag(FORCE, "replace the model in --out, or give up its run"));
        spec.addOption(CliCommand.flag("--print-config", "print all settings as YAML, and train nothing"));
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        CliSettings flags = SettingFlags.read(call);
        if (call.has("--print-config")) {
            call.terminal().printPiece(SettingsText.complete(flags));
            return ExitCode.OK;
        }
        Path out = flags.required(Setting.OUT, "model/");
        TrainingInProgress run = TrainingInProgress.beside(out);
        CliSettings settings = call.has(RESUME) ? run.resumed(flags) : flags;
        settings.required(Setting.DATA, "questions.csv");
        if (!call.has(RESUME)) {
            TrainedModel.requireFree(out, call.has(FORCE));
        }
        try (TrainingInProgress.Lock lock = run.lock()) {
            // Behind the lock: what another process trains is no run that was stopped.
            if (!call.has(RESUME)) {
                run.requireNone(call.has(FORCE), out);
            }
            return train(call, settings, out, run, lock);
        }
    }

    private static ExitCode train(
            Call call, CliSettings settings, Path out, TrainingInProgress run, TrainingInProgress.Lock lock)
            throws Exception {
        Terminal terminal = call.terminal();
        Bases.Base base = Bases.find(settings.textOr(Setting.BASE), call.environment());
        String task = TaskChoice.of(settings, base);
        AdapterSettings.config(
                settings.has(Setting.METHOD) && !isAdapter(settings)
                        ? CliSettings.builder().build()
                        : settings);
        LearnerWork work = new LearnerWork(
                settings,
                base,
                List.of(new TrainingProgress(terminal)),
                Optional.of(checkpoints(settings, run)),
                terminal);
        terminal.progress("reading " + settings.textOr(Setting.DATA));
        try (Learner<?> learner = TaskChoice.fresh(task, work)) {
            return train(call, settings, out, run, learner);
        }
    }

    private static boolean isAdapter(CliSettings settings) {
        return !List.of(AdapterSettings.FULL, AdapterSettings.HEAD).contains(AdapterSettings.method(settings));
    }

    private static Checkpoints checkpoints(CliSettings settings, TrainingInProgress run) {
        Checkpoints checkpoints = Checkpoints.in(run.checkpoints());
        if (settings.has(Setting.CHECKPOINT_STEPS)) {
            checkpoints = checkpoints.withEverySteps(
                    settings.wide(Setting.CHECKPOINT_STEPS).getAsLong());
        }
        if (settings.has(Setting.CHECKPOINT_SECONDS)) {
            checkpoints = checkpoints.withEvery(Duration.ofMillis(
                    Math.round(settings.number(Setting.CHECKPOINT_SECONDS).getAsDouble() * MILLIS)));
        }
        return checkpoints;
    }

    private static <E> ExitCode train(
            Call call, CliSettings settings, Path out, TrainingInProgress run, Learner<E> learner) throws IOException {
        Terminal terminal = call.terminal();
        Parts<E> parts = Parts.of(settings, learner);
        learner.check(parts.train(), parts.validation(), parts.test());
        terminal.progress(learner.kind() + ": " + parts + "; opening " + settings.textOr(Setting.BASE));
        run.begin(settings);
        Stop stop = Stop.of(Thread.currentThread(), terminal);
        long start = System.nanoTime();
        try {
            learner.fit(parts.examples(parts.train()), parts.examples(parts.validation()), call.has(RESUME));
        } catch (RuntimeException e) {
            if (stop.requested().isEmpty()) {
                run.forgetUnlessWritten();
                throw e;
            }
            terminal.note("note: " + FailureWords.words(e));
        }
        terminal.endStatus();
        if (stop.requested().isPresent()) {
            return stopped(call, run, out, stop.requested().get());
        }
        FitReport report = learner.report();
        Map<String, Object> measured = new LinkedHashMap<>();
        if (!parts.test().isEmpty()) {
            measured.putAll(learner.evaluate(parts.examples(parts.test())));
        }
        TrainedModel.write(out, settings, learner::save);
        run.end();
        tell(call, out, learner.kind(), report, measured, (System.nanoTime() - start) / 1e9);
        return report.stopReason().filter(StopReason.DIVERGED::equals).isPresent()
                ? ExitCode.NOT_CONVERGED
                : ExitCode.OK;
    }

    /** Trains again what was trained with these settings. */
    static <E> void again(CliSettings settings, Learner<E> learner) {
        Parts<E> parts = Parts.of(settings, learner);
        learner.check(parts.train(), parts.validation(), parts.test());
        learner.fit(parts.examples(parts.train()), parts.examples(parts.validation()), false);
    }

    private static ExitCode stopped(Call call, TrainingInProgress run, Path out, ExitCode code) {
        // Nothing of the library is to be surprised by the interrupt that has done its work.
        Thread.interrupted();
        String command = "lora4j train " + RESUME + " --out " + Shell.quoted(out.toString());
        boolean written = run.isWritten();
        call.terminal()
                .note(
                        written
                                ? "stopped; the run is written down. It goes on with:\n  " + command
                                : "stopped before the first step was written down. It starts again with:\n  "
                                        + command);
        if (call.terminal().isJson()) {
            call.printJson(Map.of("stopped", true, "written", written, "resume", command));
        }
        return code;
    }

    private static void tell(
            Call call, Path out, String kind, FitReport report, Map<String, Object> measured, double seconds)
            throws IOException {
        Terminal terminal = call.terminal();
        if (terminal.isJson()) {
            Map<String, Object> told = TrainedModel.told(out);
            told.put("task", kind);
            told.put("seconds", seconds);
            if (!measured.isEmpty()) {
                told.put("test", measured);
            }
            told.put("report", JsonObjects.read("report", report.json()));
            call.printJson(told);
            return;
        }
        terminal.sentence(report.training().isPresent() ? report.summary() : headAlone(report));
        report.gain().ifPresent(gain -> terminal.print("gain over the start: " + gain));
        if (!measured.isEmpty()) {
            terminal.print("test: " + Measures.line(measured));
        }
        terminal.print("model: " + out + ", in " + Durations.of(seconds) + ". Try: " + nextCommand(kind, out));
        terminal.print("A page on it: lora4j report " + Shell.quoted(out.toString()));
    }

    private static String headAlone(FitReport report) {
        return "the head alone learned"
                + (report.after().isPresent()
                        ? String.format(
                                Locale.ROOT,
                                ": %s %.4f",
                                report.metric(),
                                report.after().getAsDouble())
                        : "");
    }

    private static String nextCommand(String kind, Path out) {
        String model = Shell.quoted(out.toString());
        return switch (kind) {
            case LanguageLearner.KIND -> "lora4j generate " + model + " \"Once upon a time\"";
            case TaskChoice.RETRIEVAL -> "lora4j embed " + model + " \"a text\"";
            case ImageLearner.KIND -> "lora4j predict " + model + " photo.jpg";
            case "pairs", "ranking" -> "lora4j predict " + model + " \"a text\" \"another one\"";
            default -> "lora4j predict " + model + " \"a text\"";
        };
    }

    /**
     * The examples in parts.
     *
     * @param validation empty if the task keeps a part back itself
     */
    record Parts<E>(List<Item<E>> train, List<Item<E>> validation, List<Item<E>> test) {

        static <E> Parts<E> of(CliSettings settings, Learner<E> learner) {
            List<Item<E>> train = learner.read(settings.path(Setting.DATA).orElseThrow());
            List<Item<E>> validation =
                    settings.path(Setting.VALIDATION).map(learner::read).orElse(List.of());
            List<Item<E>> test = settings.path(Setting.TEST).map(learner::read).orElse(List.of());
            double ofTest = settings.number(Setting.TEST_FRACTION).orElse(0);
            if (ofTest > 0) {
                if (!test.isEmpty()) {
                    throw CliException.usage("--test and test-fraction are both given; expected one of them");
                }
                Split<List<Item<E>>> split = split(train, settings, ofTest, 1);
                train = split.train();
                test = split.validation();
            }
            // By groups the program divides, by labels the task itself, which then lets a head learn from both.
            if (validation.isEmpty() && settings.has(Setting.GROUP)) {
                double fraction = settings.number(Setting.VALIDATION_FRACTION).orElse(0.2);
                Split<List<Item<E>>> split = split(train, settings, fraction, 0);
                train = split.train();
                validation = split.validation();
            }
            return new Parts<>(train, validation, test);
        }

        private static <E> Split<List<Item<E>>> split(
                List<Item<E>> items, CliSettings settings, double fraction, long draw) {
            long seed = settings.wide(Setting.SEED).orElse(FitSettings.SEED) + draw;
            try {
                return settings.has(Setting.GROUP)
                        ? Split.byGroup(items, Item::group, fraction, seed)
                        : Split.byLabel(items, Item::label, fraction, seed);
            } catch (IllegalArgumentException e) {
                throw CliException.input("the examples cannot be divided: " + e.getMessage());
            }
        }

        List<E> examples(List<Item<E>> items) {
            List<E> examples = new ArrayList<>();
            items.forEach(item -> examples.add(item.example()));
            return examples;
        }

        @Override
        public String toString() {
            return train.size() + " examples"
                    + (validation.isEmpty() ? "" : ", " + validation.size() + " to choose by")
                    + (test.isEmpty() ? "" : ", " + test.size() + " to measure on");
        }
    }
}
