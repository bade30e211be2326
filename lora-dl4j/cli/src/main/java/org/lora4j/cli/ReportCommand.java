/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.MessageText;
import org.lora4j.report.TrainingReport;
import org.lora4j.trust.Receipt;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j report}. */
final class ReportCommand extends SimpleCommand {

    ReportCommand() {
        super(
                "report",
                "lora4j report model/",
                "lora4j report model/ --data test.csv",
                "lora4j report model/ --data test.csv --out report.json");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addPositional(CliCommand.argument(0, "MODEL", "directory that lora4j train wrote"));
        PageFile.describe(spec, "where to write it; without, model.html beside model/");
        describeData(spec);
    }

    /** What a file of test examples is read by. */
    static void describeData(CommandSpec spec) {
        SettingFlags.describe(
                spec,
                Setting.DATA,
                Setting.TEXT,
                Setting.LABEL,
                Setting.FIRST,
                Setting.SECOND,
                Setting.NUMBER,
                Setting.SPANS,
                Setting.QUERY,
                Setting.PASSAGE,
                Setting.RELEVANCE,
                Setting.SKIP_BAD,
                Setting.BASE);
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        Path model = call.pathArgument(0, "MODEL");
        CliSettings flags = SettingFlags.read(call);
        TrainedModel.require(model);
        PageFile out = PageFile.of(call, call.path(PageFile.OUT).orElseGet(() -> beside(model)));
        TrainingReport report = of(model, flags, call);
        out.write(report);
        if (call.terminal().isJson()) {
            Map<String, Object> told = TrainedModel.told(model);
            told.put("report", out.path().toString());
            told.put("summary", report.summary());
            call.printJson(told);
        } else {
            call.terminal().sentence(TerminalText.line(report.summary()));
            call.terminal().print("report: " + out.path());
        }
        return ExitCode.OK;
    }

    /** Not inside: every file there belongs to the model, and to its signature. */
    private static Path beside(Path model) {
        Path named = model.toAbsolutePath().normalize().equals(model.toAbsolutePath())
                ? model
                : model.toAbsolutePath().normalize();
        return named.resolveSibling(named.getFileName() + ".html");
    }

    /** The report of a model, with its answers if there are data of a test. */
    static TrainingReport of(Path model, CliSettings flags, Call call) throws IOException {
        try (Learner<?> learner = TrainedModel.open(model, flags, call)) {
            TrainingReport report = page(learner, flags.path(Setting.DATA), model);
            Path receipt = TrainedModel.require(model).resolve(Receipt.FILE);
            return Files.exists(receipt) ? report.with(Receipt.read(receipt)) : report;
        }
    }

    private static <E> TrainingReport page(Learner<E> learner, Optional<Path> data, Path model) {
        List<E> examples = data.map(file -> examples(learner, file)).orElse(List.of());
        try {
            learner.report();
        } catch (IllegalStateException e) {
            throw new CliException(
                    ExitCode.INPUT,
                    MessageText.path(model)
                            + " was saved without a report of its training. Train it again, or measure it:"
                            + " lora4j evaluate",
                    e);
        }
        return learner.page(examples);
    }

    static <E> List<E> examples(Learner<E> learner, Path data) {
        return learner.read(data).stream().map(Item::example).toList();
    }
}
