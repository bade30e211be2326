/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.combine.Combine;
import org.lora4j.combine.CombineAlgorithm;
import org.lora4j.error.MessageText;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j combine}. */
final class CombineCommand extends SimpleCommand {

    CombineCommand() {
        super(
                "combine",
                "lora4j combine formal/ short/ --out both/",
                "lora4j combine formal/ short/ --algorithm ties --density 0.5 --weights 0.7,0.3 --out both/");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addPositional(CliCommand.rest(0, "ADAPTER", "directories of two or more adapters without heads", true));
        spec.addOption(CliCommand.option("--weights", "LIST", "how much each counts, such as 0.7,0.3 [1 each]"));
        spec.addOption(CliCommand.option("--algorithm", "NAME", names() + " [linear]"));
        spec.addOption(CliCommand.option("--density", "P", "share of the numbers that ties, dare and prune keep"));
        spec.addOption(CliCommand.integer("--rank", "N", "rank of the result where the algorithm lets it be chosen"));
        spec.addOption(CliCommand.integer("--seed", "N", "seed of what dare drops"));
        AdapterOutput.describe(spec);
    }

    private static String names() {
        return LanguageLearner.names(CombineAlgorithm.values());
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        List<String> folders = call.rest(0);
        if (folders.size() < 2) {
            throw CliException.usage("one adapter is given; expected two or more");
        }
        AdapterOutput out = AdapterOutput.of(call);
        List<Adapter> adapters = new ArrayList<>();
        for (String folder : folders) {
            adapters.add(Adapter.load(CliSettings.path(folder, "ADAPTER")));
        }
        Combine combine = Combine.of(adapters).weights(weights(call, folders.size()));
        call.text("--algorithm")
                .map(name -> LanguageLearner.choice("--algorithm", name, CombineAlgorithm.values()))
                .ifPresent(combine::algorithm);
        call.text("--density")
                .map(text -> SettingValues.number(text)
                        .orElseThrow(() -> CliException.usage("--density " + text + ": expected a number")))
                .ifPresent(combine::density);
        call.integer("--rank").ifPresent(combine::rank);
        call.integer("--seed").ifPresent(combine::seed);
        Adapter combined = combine.combine();
        out.write(combined::save);
        if (call.terminal().isJson()) {
            call.printJson(Map.of("written", out.directory().toString(), "adapter", combined.toString()));
        } else {
            call.terminal().print("written to " + out.directory() + ": " + combined);
        }
        return ExitCode.OK;
    }

    private static double[] weights(Call call, int count) {
        double[] weights = new double[count];
        Arrays.fill(weights, 1);
        if (call.text("--weights").isEmpty()) {
            return weights;
        }
        String[] given = call.text("--weights").get().split(",");
        if (given.length != count) {
            throw CliException.usage("--weights has " + given.length + " numbers for " + count + " adapters");
        }
        for (int i = 0; i < count; i++) {
            String text = given[i].strip();
            weights[i] = SettingValues.number(text)
                    .orElseThrow(() -> CliException.usage("--weights: " + MessageText.name(text) + " is no number"));
        }
        return weights;
    }
}
