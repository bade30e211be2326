/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.language.Generation;
import org.lora4j.language.GenerationConfig;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j generate}. */
final class GenerateCommand extends SimpleCommand {

    GenerateCommand() {
        super(
                "generate",
                "lora4j generate writer/ \"Once upon a time\"",
                "lora4j generate models/smollm --adapter writer/ \"Once upon a time\" --temperature 0.7",
                "lora4j generate writer/ --input prompts.txt --json");
    }

    @Override
    public void describe(CommandSpec spec) {
        Writers.describe(spec);
        spec.addPositional(CliCommand.rest(1, "PROMPT", "a text to go on with; several are answered in turn", false));
        spec.addOption(CliCommand.option("--input", "FILE", "prompts in a file, or - for lines of standard input"));
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        CliSettings settings = SettingFlags.read(call);
        GenerationConfig config = Writers.config(call);
        List<String> prompts = call.text("--input").isPresent()
                ? InputFile.read(call.text("--input").get(), "text", settings, call.terminal()).rows().stream()
                        .map(row -> String.valueOf(row.fields().get("text")))
                        .toList()
                : PredictCommand.given(call);
        try (Writers writers = Writers.open(call, settings)) {
            List<Map<String, Object>> told = new ArrayList<>();
            for (String prompt : prompts) {
                Generation generation = call.terminal().isJson()
                        ? writers.model().generate(prompt, config)
                        : shown(call.terminal(), writers, prompt, config);
                Map<String, Object> one = new LinkedHashMap<>();
                one.put("prompt", prompt);
                one.put("text", generation.text());
                one.put("finish_reason", generation.finishReason().name().toLowerCase(Locale.ROOT));
                one.put("tokens", generation.newIds().length);
                generation.seed().ifPresent(seed -> one.put("seed", seed));
                told.add(one);
            }
            if (call.terminal().isJson()) {
                call.printJson(Map.of("generations", told));
            }
        }
        return ExitCode.OK;
    }

    private static Generation shown(Terminal terminal, Writers writers, String prompt, GenerationConfig config) {
        StreamedText shown = StreamedText.whole(terminal);
        terminal.printPiece(terminal.shown(prompt));
        Generation generation = writers.model()
                .generate(List.of(prompt), config, token -> {
                    shown.add(token.text());
                    return true;
                })
                .get(0);
        terminal.printPiece("\n");
        generation.seed().ifPresent(seed -> terminal.lasting("seed " + seed));
        return generation;
    }
}
