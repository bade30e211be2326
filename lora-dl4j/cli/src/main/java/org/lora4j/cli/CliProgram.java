/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Finds the command that was typed, runs it, and tells what went wrong. */
final class CliProgram {

    private static final int NARROWEST_HELP = 55;
    private static final String FIRST_EXAMPLES = """
            lora4j train --data questions.csv --text question --label intent --out model/
            lora4j predict model/ "where is my card?"
            """;

    private final Terminal terminal;
    private final Map<String, String> environment;

    CliProgram(Terminal terminal, Map<String, String> environment) {
        this.terminal = terminal;
        this.environment = environment;
    }

    ExitCode run(String[] arguments) {
        boolean verbose = Arrays.asList(arguments).contains("--verbose");
        try {
            return command(arguments);
        } catch (ParameterException e) {
            terminal.endStatus();
            return tell(wrongUsage(e), ExitCode.USAGE);
        } catch (Exception | OutOfMemoryError | LinkageError e) {
            terminal.endStatus();
            ExitCode code = FailureWords.code(e);
            if (verbose || code == ExitCode.INTERNAL && !(e instanceof OutOfMemoryError)) {
                StringWriter trace = new StringWriter();
                e.printStackTrace(new PrintWriter(trace, true));
                terminal.note(trace.toString());
            }
            return tell(FailureWords.words(e), code);
        }
    }

    private ExitCode tell(String message, ExitCode code) {
        String text = UserWords.of(message.strip());
        terminal.note(
                (text.startsWith("lora4j ") ? "" : "lora4j: ") + text + (text.matches("(?s).*[.!?)\"]") ? "" : "."));
        if (terminal.isJson()) {
            terminal.out()
                    .print(org.lora4j.internal.format.json.JsonObjects.write(Map.of(
                            "error", Map.of("message", text, "exit_code", code.number(), "meaning", code.meaning()))));
            terminal.out().println();
        }
        return code;
    }

    private ExitCode command(String[] arguments) throws Exception {
        if (arguments.length == 0) {
            terminal.printStyled(help());
            return ExitCode.USAGE;
        }
        String first = arguments[0];
        switch (first) {
            case "--help", "-h", "help" -> {
                return help(arguments);
            }
            case "--version", "-V" -> {
                terminal.print(version());
                return ExitCode.OK;
            }
            default -> {
                return run(entry(first), Arrays.copyOfRange(arguments, 1, arguments.length));
            }
        }
    }

    private ExitCode help(String[] arguments) {
        List<String> topics = Arrays.stream(arguments)
                .skip(1)
                .filter(word -> !word.startsWith("-"))
                .toList();
        if (topics.isEmpty()) {
            terminal.printStyled(help());
        } else if (topics.get(0).equals("settings")) {
            terminal.printStyled(SettingsHelp.text(terminal));
        } else {
            terminal.printStyled(usage(line(entry(topics.get(0)).maker().get())));
        }
        return ExitCode.OK;
    }

    private static Commands.Entry entry(String name) {
        List<String> names = Commands.all().stream().map(Commands.Entry::name).toList();
        return Commands.all().stream()
                .filter(known -> known.name().equals(name))
                .findFirst()
                .orElseThrow(() -> CliException.usage("there is no command " + MessageText.name(name)
                        + ClosestNames.hint(name, names) + ". \"lora4j --help\" lists all"));
    }

    private ExitCode run(Commands.Entry entry, String[] arguments) throws Exception {
        CliCommand command = entry.maker().get();
        CommandLine line = line(command);
        // Known before all else, since a mistake in the command line is told to programs, too.
        if (Arrays.asList(arguments).contains("--json")) {
            terminal.speakJson();
        }
        ParseResult parsed = parsed(line, arguments);
        if (parsed.isUsageHelpRequested()) {
            terminal.printStyled(usage(line));
            return ExitCode.OK;
        }
        if (parsed.hasMatchedOption("--json")) {
            terminal.speakJson();
        }
        if (parsed.hasMatchedOption("--quiet")) {
            terminal.beQuiet();
        }
        Optional.ofNullable(parsed.matchedOptionValue("--cache", environment.get("LORA4J_CACHE")))
                .ifPresent(Caches::use);
        Logs.to(terminal, parsed.hasMatchedOption("--verbose"));
        return command.run(new Call(parsed, terminal, environment));
    }

    /** The command line of a command, with what all have. */
    static CommandLine line(CliCommand command) {
        CommandSpec spec = CommandSpec.create().name("lora4j " + command.name());
        spec.usageMessage()
                .description(CliCommand.escaped(sentence(command.summary())), "")
                .abbreviateSynopsis(true)
                .sortOptions(false)
                .footerHeading("%nExamples:%n")
                .footer(command.examples().stream()
                        .map(example -> "  " + CliCommand.escaped(example))
                        .toArray(String[]::new));
        command.describe(spec);
        spec.addOption(CliCommand.flag("--json", "the result as JSON on standard output"));
        spec.addOption(OptionSpec.builder("-q", "--quiet")
                .type(boolean.class)
                .arity("0")
                .description("no progress")
                .build());
        spec.addOption(CliCommand.flag("--verbose", "all that libraries log, and traces of mistakes"));
        spec.addOption(CliCommand.option("--cache", "DIR", "where native libraries are unpacked to"));
        spec.addOption(OptionSpec.builder("-h", "--help")
                .type(boolean.class)
                .arity("0")
                .usageHelp(true)
                .description("this text")
                .build());
        return new CommandLine(spec);
    }

    /** What was typed. Arguments that are missing are told last: they may have been taken for a value, or mistyped. */
    static ParseResult parsed(CommandLine line, String[] arguments) {
        ParseResult parsed = line.parseArgs(arguments);
        List<ArgSpec> missing = line.getCommandSpec().positionalParameters().stream()
                .filter(argument -> argument.arity().min() > 0 && !parsed.hasMatchedPositional(argument))
                .map(ArgSpec.class::cast)
                .toList();
        if (!missing.isEmpty() && !parsed.isUsageHelpRequested()) {
            throw new MissingParameterException(
                    line,
                    missing,
                    "missing: " + missing.stream().map(ArgSpec::paramLabel).collect(Collectors.joining(" and ")));
        }
        return parsed;
    }

    private static String sentence(String words) {
        return words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1) + ".";
    }

    private String usage(CommandLine line) {
        return line.setUsageHelpWidth(Math.max(NARROWEST_HELP, terminal.width()))
                .getUsageMessage(terminal.hasColors() ? Ansi.ON : Ansi.OFF);
    }

    private String help() {
        StringBuilder text = new StringBuilder("Usage: lora4j COMMAND ...\n");
        text.append("From a table of texts to a model in use, without a line of Java.\n\n");
        FIRST_EXAMPLES.lines().forEach(line -> text.append("  ").append(line).append('\n'));
        Commands.groups().forEach((purpose, entries) -> {
            text.append('\n').append(bold(purpose)).append('\n');
            entries.forEach(
                    entry -> text.append(Columns.line("  " + entry.name(), 13, entry.summary(), terminal.width())));
        });
        text.append('\n')
                .append(Columns.line(
                        "",
                        0,
                        "\"lora4j COMMAND --help\" says more, \"lora4j help settings\" lists all settings of a training,"
                                + " --version the version.",
                        terminal.width()))
                .append(Columns.line("", 0, "Exit codes: " + ExitCodes.line() + ".", terminal.width()));
        return text.toString();
    }

    private String bold(String text) {
        return terminal.hasColors() ? "\u001b[1m" + text + "\u001b[0m" : text;
    }

    private String wrongUsage(ParameterException e) {
        String command = e.getCommandLine().getCommandName();
        String hint = "";
        if (e instanceof UnmatchedArgumentException unmatched
                && !unmatched.getUnmatched().isEmpty()) {
            String wrong = unmatched.getUnmatched().get(0);
            List<String> options = e.getCommandLine().getCommandSpec().options().stream()
                    .map(OptionSpec::longestName)
                    .toList();
            String name = wrong.replaceFirst("=.*", "");
            if (name.startsWith("--") && Setting.named(name.substring(2)).isPresent()) {
                return command + ": " + name + " is a rare setting and no flag; write --set " + name.substring(2)
                        + "=VALUE";
            }
            return command + ": there is no place for " + MessageText.name(wrong) + ClosestNames.hint(name, options)
                    + ". \"" + command + " --help\" shows what there is";
        }
        return command + ": " + e.getMessage() + hint + ". \"" + command + " --help\" shows what there is";
    }

    static String version() {
        try (InputStream in = CliProgram.class.getResourceAsStream("version.txt")) {
            String version = in == null ? "" : new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
            return "lora4j " + version + ", Java " + Runtime.version() + ", " + System.getProperty("os.name") + " "
                    + System.getProperty("os.arch");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
