/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j embed}. */
final class EmbedCommand extends SimpleCommand {

    EmbedCommand() {
        super(
                "embed",
                "lora4j embed all-minilm-l6-v2 \"where is my card?\"",
                "lora4j embed model/ --input questions.csv --text question --output vectors.jsonl");
    }

    @Override
    public void describe(CommandSpec spec) {
        Vectors.describe(spec);
        spec.addPositional(CliCommand.rest(1, "TEXT", "texts", false));
        spec.addOption(CliCommand.option("--input", "FILE", "texts in a file, or - for lines of standard input"));
        spec.addOption(
                CliCommand.option("--role", "ROLE", "text, query or passage: which prefix is put before [text]"));
        RowOutput.describe(spec);
        SettingFlags.describe(spec, Setting.TEXT, Setting.SKIP_BAD, Setting.BASE);
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        CliSettings settings = SettingFlags.read(call);
        RowOutput output = RowOutput.of(call);
        String column = settings.textOr(Setting.TEXT);
        DataFile rows = call.text("--input").isPresent()
                ? InputFile.read(call.text("--input").get(), column, settings, call.terminal())
                : PredictCommand.ofArguments(PredictCommand.given(call), List.of(column));
        rows.require(List.of(column));
        List<String> texts = rows.rows().stream()
                .map(row -> String.valueOf(row.fields().get(column)))
                .toList();
        try (Vectors vectors = Vectors.of(call, settings)) {
            float[][] all = vectors.of(Vectors.Role.of(call.text("--role").orElse("text")), texts);
            List<RowPredictor.Answer> answers = new ArrayList<>();
            for (int i = 0; i < all.length; i++) {
                Map<String, Object> answer = new LinkedHashMap<>();
                List<Float> vector = new ArrayList<>();
                for (float value : all[i]) {
                    vector.add(value);
                }
                answer.put("vector", vector);
                answers.add(new RowPredictor.Answer(rows.rows().get(i), answer));
            }
            output.writeAll(rows, answers);
        }
        return ExitCode.OK;
    }
}
