/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.Locale;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.combine.AdapterAlgebra;
import org.lora4j.combine.RankReduction;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j reduce}. */
final class ReduceCommand extends SimpleCommand {

    ReduceCommand() {
        super("reduce", "lora4j reduce model/ --rank 4 --out small/");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addPositional(CliCommand.argument(0, "ADAPTER", "directory of an adapter"));
        spec.addOption(CliCommand.integer("--rank", "N", "the new rank"));
        AdapterOutput.describe(spec);
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        int rank = call.integer("--rank").orElseThrow(() -> CliException.usage("--rank is missing: the new rank"));
        AdapterOutput out = AdapterOutput.of(call);
        RankReduction reduced = AdapterAlgebra.reduceRank(Adapter.load(call.pathArgument(0, "ADAPTER")), rank);
        out.write(reduced.adapter()::save);
        if (call.terminal().isJson()) {
            call.printJson(Map.of(
                    "written", out.directory().toString(),
                    "largest_relative_error", reduced.largestError(),
                    "relative_errors", reduced.relativeErrors()));
        } else {
            call.terminal()
                    .print(String.format(
                            Locale.ROOT,
                            "written to %s: rank %d; of each update at most %.2f %% is lost",
                            out.directory(),
                            rank,
                            100 * reduced.largestError()));
        }
        return ExitCode.OK;
    }
}
