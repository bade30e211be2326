/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import org.lora4j.adapter.Adapter;
import org.lora4j.combine.AdapterAlgebra;
import org.lora4j.combine.AdapterComparison;
import org.lora4j.internal.format.json.JsonObjects;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j compare}. */
final class CompareCommand extends SimpleCommand {

    CompareCommand() {
        super("compare", "lora4j compare first/ second/");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addPositional(CliCommand.argument(0, "FIRST", "directory of an adapter"));
        spec.addPositional(CliCommand.argument(1, "SECOND", "directory of another one"));
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        AdapterComparison comparison = AdapterAlgebra.compare(
                Adapter.load(call.pathArgument(0, "FIRST")), Adapter.load(call.pathArgument(1, "SECOND")));
        if (call.terminal().isJson()) {
            call.printJson(JsonObjects.read("comparison", comparison.json()));
        } else {
            call.terminal().print(comparison.toString());
        }
        return ExitCode.OK;
    }
}
