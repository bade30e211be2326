/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.language.ChatMessage;
import org.lora4j.language.Generation;
import org.lora4j.language.GenerationConfig;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j chat}. */
final class ChatCommand extends SimpleCommand {

    private static final String HELP =
            "/adapter NAME switches the adapter (none: the base), /adapters lists them, /new begins anew, /quit ends";

    ChatCommand() {
        super(
                "chat",
                "lora4j chat assistant/",
                "lora4j chat models/smollm --adapter formal=formal/ --adapter short=short/",
                "echo \"What can you do?\" | lora4j chat assistant/");
    }

    @Override
    public void describe(CommandSpec spec) {
        Writers.describe(spec);
        spec.addOption(CliCommand.option("--system", "TEXT", "what the model is told before all else"));
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        CliSettings settings = SettingFlags.read(call);
        GenerationConfig config = Writers.config(call);
        try (Writers writers = Writers.open(call, settings)) {
            if (writers.model().chatTemplate().isEmpty()) {
                throw CliException.input(
                        call.argument(0)
                                + " has no chat template, so it does not know who speaks; \"lora4j generate\" goes on with a text");
            }
            call.terminal().lasting(HELP);
            talk(call, writers, config);
        }
        return ExitCode.OK;
    }

    private static void talk(Call call, Writers writers, GenerationConfig config) throws IOException {
        Terminal terminal = call.terminal();
        // Not closed: it is the process's.
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        List<ChatMessage> messages = new ArrayList<>(start(call));
        prompt(terminal);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.strip().equals("/quit")) {
                return;
            }
            if (line.startsWith("/")) {
                obey(line.strip(), call, writers, messages);
            } else if (!line.isBlank()) {
                messages.add(ChatMessage.user(line));
                messages.add(ChatMessage.assistant(answered(call, writers, messages, config)));
            }
            prompt(terminal);
        }
    }

    /** Token by token for people, an object in a line for programs. */
    private static String answered(Call call, Writers writers, List<ChatMessage> messages, GenerationConfig config) {
        Terminal terminal = call.terminal();
        if (terminal.isJson()) {
            Generation answer = writers.model().chat(messages, config);
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("answer", answer.text().strip());
            told.put("finish_reason", answer.finishReason().name().toLowerCase(Locale.ROOT));
            told.put("tokens", answer.newIds().length);
            terminal.out().println(RowOutput.json(told));
            return answer.text();
        }
        StreamedText shown = StreamedText.stripped(terminal);
        Generation answer = writers.model().chat(messages, config, token -> {
            shown.add(token.text());
            return true;
        });
        terminal.printPiece("\n");
        return answer.text();
    }

    private static List<ChatMessage> start(Call call) {
        return call.text("--system").map(ChatMessage::system).stream().toList();
    }

    private static void prompt(Terminal terminal) {
        if (terminal.isInteractive() && !terminal.isJson()) {
            terminal.printPiece("> ");
        }
    }

    private static void obey(String line, Call call, Writers writers, List<ChatMessage> messages) {
        Terminal terminal = call.terminal();
        if (line.equals("/new")) {
            messages.clear();
            messages.addAll(start(call));
        } else if (line.equals("/adapters")) {
            terminal.note(writers.adapters().isEmpty() ? "there are none" : String.join(", ", writers.adapters()));
        } else if (line.startsWith("/adapter ")) {
            try {
                writers.use(line.substring("/adapter ".length()).strip());
            } catch (CliException e) {
                terminal.note(e.getMessage());
            }
        } else {
            terminal.note(HELP);
        }
    }
}
