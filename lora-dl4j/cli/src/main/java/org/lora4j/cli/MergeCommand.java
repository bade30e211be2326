/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j merge}. */
final class MergeCommand extends SimpleCommand {

    MergeCommand() {
        super("merge", "lora4j merge model/ --out merged/", "lora4j merge writer/ --base models/smollm --out merged/");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addPositional(CliCommand.argument(0, "MODEL", "directory that lora4j train wrote"));
        AdapterOutput.describe(spec);
        SettingFlags.describe(spec, Setting.BASE);
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        Path model = call.pathArgument(0, "MODEL");
        AdapterOutput out = AdapterOutput.of(call);
        try (Learner<?> learner = TrainedModel.open(model, SettingFlags.read(call), call)) {
            out.export(learner::export);
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("merged", out.directory().toString());
            told.put("task", learner.kind());
            if (call.terminal().isJson()) {
                call.printJson(told);
            } else {
                call.terminal()
                        .print("merged into " + out.directory() + ", a directory of Hugging Face that Transformers "
                                + (List.of(LanguageLearner.KIND, ImageLearner.KIND)
                                                .contains(learner.kind())
                                        ? "reads"
                                        : "and sentence-transformers read"));
            }
        }
        return ExitCode.OK;
    }
}
