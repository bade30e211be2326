/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Whether the program understands a command line, without running it: for the test of the documents, which is in another module. */
public final class CommandGrammar {

    private CommandGrammar() {}

    /**
     * What the program would refuse.
     *
     * @param arguments what is typed behind {@code lora4j}
     * @param complete whether nothing may be missing; a part of a call, as documents quote it, may lack what is required
     */
    public static Optional<String> problem(List<String> arguments, boolean complete) {
        if (arguments.isEmpty()) {
            return Optional.of("lora4j needs a command");
        }
        String first = arguments.get(0);
        if (List.of("--help", "--version").contains(first)) {
            return Optional.empty();
        }
        if (first.equals("help")) {
            return arguments.stream()
                    .skip(1)
                    .filter(topic -> !topic.equals("settings") && entry(topic).isEmpty())
                    .findFirst()
                    .map(topic -> "there is no help on \"" + topic + "\"");
        }
        return entry(first)
                .map(known -> parsed(known, arguments.subList(1, arguments.size()), complete))
                .orElseGet(() -> Optional.of("there is no command \"" + first + "\""));
    }

    /**
     * Whether some command has these options.
     *
     * @param options options with their values
     */
    public static boolean isKnown(List<String> options) {
        return Commands.all().stream()
                .anyMatch(known -> parsed(known, options, false).isEmpty());
    }

    private static Optional<Commands.Entry> entry(String name) {
        return Commands.all().stream()
                .filter(known -> known.name().equals(name))
                .findFirst();
    }

    private static Optional<String> parsed(Commands.Entry entry, List<String> arguments, boolean complete) {
        CommandLine line = CliProgram.line(entry.maker().get());
        try {
            ParseResult parsed = CliProgram.parsed(line, arguments.toArray(String[]::new));
            List<String> settings = parsed.matchedOptionValue("--set", List.of());
            return settings.stream()
                    .map(setting -> setting.replaceFirst("=.*", ""))
                    .filter(key -> Setting.named(key).isEmpty())
                    .findFirst()
                    .map(key -> "there is no setting \"" + key + "\"");
        } catch (MissingParameterException e) {
            return complete ? Optional.of(e.getMessage()) : Optional.empty();
        } catch (ParameterException e) {
            return Optional.of(e.getMessage());
        }
    }
}
