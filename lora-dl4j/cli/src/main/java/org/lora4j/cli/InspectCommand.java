/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.lora4j.error.MessageText;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j inspect}. */
final class InspectCommand extends SimpleCommand {

    private static final int COLUMN = 20;

    InspectCommand() {
        super("inspect", "lora4j inspect model/", "lora4j inspect models/smollm model.gguf --json");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addPositional(CliCommand.rest(
                0, "PATH", "adapter, model, base, run, checkpoint, safetensors, GGUF, ONNX or zip", true));
        spec.addOption(CliCommand.flag("--hash", "the SHA-256 of each file, too"));
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        List<String> paths = call.rest(0);
        Map<String, Object> all = new LinkedHashMap<>();
        boolean sound = true;
        for (String given : paths) {
            Path path = CliSettings.path(given, "PATH");
            if (!Files.exists(path)) {
                throw CliException.input(MessageText.path(path) + ": there is no such file or directory");
            }
            if (!call.terminal().isJson()) {
                call.terminal().print(given);
            }
            Map<String, Object> found = Inspection.of(path, call.has("--hash"));
            sound &= !Boolean.FALSE.equals(found.get(Inspection.SOUND));
            all.put(given, found);
            if (!call.terminal().isJson()) {
                print(call.terminal(), found);
            }
        }
        if (call.terminal().isJson()) {
            call.printJson(all);
        }
        return sound ? ExitCode.OK : ExitCode.REFUSED;
    }

    private static void print(Terminal terminal, Map<String, Object> found) {
        found.forEach((what, value) -> {
            String label = "  " + what.replace('_', ' ');
            terminal.printStyled(terminal.shown(Columns.line(label, COLUMN, words(value), terminal.width())));
        });
    }

    private static String words(Object value) {
        if (value instanceof Boolean flag) {
            return flag ? "yes" : "NO";
        }
        if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream()
                    .map(entry -> entry.getKey() + " " + words(entry.getValue()))
                    .collect(Collectors.joining(", "));
        }
        if (value instanceof List<?> list) {
            return list.stream().map(InspectCommand::words).collect(Collectors.joining(", "));
        }
        return value instanceof Number number ? Measures.number(number) : TerminalText.line(String.valueOf(value));
    }
}
