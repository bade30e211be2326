/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.adapter.Adapter;
import org.lora4j.combine.AdapterAlgebra;
import org.lora4j.combine.AdapterComparison;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.report.TrainingReport;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j compare}. */
final class CompareCommand extends SimpleCommand {

    CompareCommand() {
        super(
                "compare",
                "lora4j compare first/ second/",
                "lora4j compare first/ second/ --data test.csv --out both.html");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addPositional(CliCommand.argument(0, "FIRST", "directory of an adapter"));
        spec.addPositional(CliCommand.argument(1, "SECOND", "directory of another one"));
        PageFile.describe(spec, "a page that puts both trainings beside each other, instead");
        ReportCommand.describeData(spec);
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        Path first = call.pathArgument(0, "FIRST");
        Path second = call.pathArgument(1, "SECOND");
        CliSettings flags = SettingFlags.read(call);
        Optional<Path> out = call.path(PageFile.OUT);
        if (out.isPresent()) {
            return page(call, first, second, flags, PageFile.of(call, out.get()));
        }
        if (flags.has(Setting.DATA)) {
            throw CliException.usage("--data is for a page: name its file, such as " + PageFile.OUT + " both.html");
        }
        AdapterComparison comparison = AdapterAlgebra.compare(Adapter.load(first), Adapter.load(second));
        if (call.terminal().isJson()) {
            call.printJson(JsonObjects.read("comparison", comparison.json()));
        } else {
            call.terminal().print(comparison.toString());
        }
        return ExitCode.OK;
    }

    private static ExitCode page(Call call, Path first, Path second, CliSettings flags, PageFile out)
            throws IOException {
        List<TrainingReport> reports = new ArrayList<>();
        for (Path model : List.of(first, second)) {
            reports.add(ReportCommand.of(model, flags, call).withTitle(model.toString()));
        }
        TrainingReport both = TrainingReport.compare(reports);
        out.write(both);
        if (call.terminal().isJson()) {
            call.printJson(Map.of("report", out.path().toString(), "summary", both.summary()));
        } else {
            call.terminal().print(TerminalText.line(both.summary()));
            call.terminal().print("report: " + out.path());
        }
        return ExitCode.OK;
    }
}
