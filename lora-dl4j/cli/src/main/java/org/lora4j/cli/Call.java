/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.lora4j.internal.format.json.JsonObjects;
import picocli.CommandLine.ParseResult;

/**
 * One call of a command.
 *
 * @param parsed the command line
 * @param terminal where it speaks
 * @param environment the variables of the process
 */
record Call(ParseResult parsed, Terminal terminal, Map<String, String> environment) {

    boolean has(String option) {
        return parsed.hasMatchedOption(option);
    }

    Optional<String> text(String option) {
        return Optional.ofNullable(parsed.matchedOptionValue(option, (String) null));
    }

    Optional<Path> path(String option) {
        return text(option).map(text -> CliSettings.path(text, option));
    }

    OptionalInt integer(String option) {
        Integer value = parsed.matchedOptionValue(option, (Integer) null);
        return value == null ? OptionalInt.empty() : OptionalInt.of(value);
    }

    List<String> texts(String option) {
        return parsed.matchedOptionValue(option, List.<String>of());
    }

    /** The argument at a place that the command requires. */
    String argument(int index) {
        return parsed.matchedPositionalValue(index, (String) null);
    }

    Path pathArgument(int index, String name) {
        return CliSettings.path(argument(index), name);
    }

    /** The arguments that follow the others. */
    List<String> rest(int index) {
        return parsed.matchedPositionalValue(index, List.<String>of());
    }

    /** Prints the result for programs. */
    void printJson(Map<String, ?> values) {
        terminal.out().print(JsonObjects.write(values));
        terminal.out().println();
        terminal.out().flush();
    }
}
