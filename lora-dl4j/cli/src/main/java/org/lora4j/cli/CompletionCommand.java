/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.Map;
import org.lora4j.error.MessageText;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** {@code lora4j completion}. */
final class CompletionCommand extends SimpleCommand {

    CompletionCommand() {
        super(
                "completion",
                "source <(lora4j completion bash)",
                "lora4j completion fish > ~/.config/fish/completions/lora4j.fish");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addPositional(CliCommand.argument(0, "SHELL", "bash, zsh or fish"));
    }

    @Override
    public ExitCode run(Call call) {
        String shell = call.argument(0);
        String script = switch (shell) {
            case "bash", "zsh" -> asciiDigits(AutoComplete.bash("lora4j", all()));
            case "fish" -> fish();
            default -> throw CliException.usage("SHELL is " + MessageText.name(shell) + ", expected bash, zsh or fish");
        };
        if (call.terminal().isJson()) {
            call.printJson(Map.of("script", script));
        } else {
            call.terminal().printPiece(script);
        }
        return ExitCode.OK;
    }

    private static CommandLine all() {
        CommandLine all = new CommandLine(CommandSpec.create().name("lora4j"));
        Commands.all()
                .forEach(entry -> all.addSubcommand(
                        entry.name(), CliProgram.line(entry.maker().get()).getCommandSpec()));
        return all;
    }

    /** picocli numbers its variables in the digits of the default locale, which a shell takes for no name. */
    private static String asciiDigits(String script) {
        StringBuilder text = new StringBuilder(script.length());
        script.codePoints().forEach(c -> text.appendCodePoint(Character.isDigit(c) ? '0' + Character.digit(c, 10) : c));
        return text.toString();
    }

    /** A line for each command, and one for each of its options. */
    private static String fish() {
        StringBuilder script = new StringBuilder("# fish completion of lora4j\n");
        script.append("complete -c lora4j -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n");
        for (Commands.Entry entry : Commands.all()) {
            script.append("complete -c lora4j -n __fish_use_subcommand -f -a ")
                    .append(entry.name())
                    .append(" -d ")
                    .append(quoted(entry.summary()))
                    .append('\n');
            for (OptionSpec option :
                    CliProgram.line(entry.maker().get()).getCommandSpec().options()) {
                script.append("complete -c lora4j -n '__fish_seen_subcommand_from ")
                        .append(entry.name())
                        .append("' -l ")
                        .append(option.longestName().substring(2))
                        .append(option.arity().max() > 0 ? " -r" : "")
                        .append(" -d ")
                        .append(quoted(String.join(" ", option.description())))
                        .append('\n');
            }
        }
        return script.toString();
    }

    private static String quoted(String text) {
        return "'" + text.replace("%%", "%").replace("\\", "\\\\").replace("'", "\\'") + "'";
    }
}
