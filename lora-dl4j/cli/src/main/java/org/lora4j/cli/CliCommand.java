/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** A command of the program. */
interface CliCommand {

    /** What is typed behind {@code lora4j}. */
    String name();

    /** What the user gains, in a line. */
    String summary();

    /** Lines to type. */
    List<String> examples();

    /** Adds its options and arguments. */
    void describe(CommandSpec spec);

    /** Does the work. */
    ExitCode run(Call call) throws Exception;

    /** An option with a value. */
    static OptionSpec option(String name, String placeholder, String meaning) {
        return OptionSpec.builder(name)
                .paramLabel(placeholder)
                .type(String.class)
                .description(escaped(meaning))
                .build();
    }

    static OptionSpec integer(String name, String placeholder, String meaning) {
        return OptionSpec.builder(name)
                .paramLabel(placeholder)
                .type(Integer.class)
                .description(escaped(meaning))
                .build();
    }

    /** An option that may be given several times. */
    static OptionSpec several(String name, String placeholder, String meaning) {
        return OptionSpec.builder(name)
                .paramLabel(placeholder)
                .type(List.class)
                .auxiliaryTypes(String.class)
                .description(escaped(meaning))
                .build();
    }

    static OptionSpec flag(String name, String meaning) {
        return OptionSpec.builder(name)
                .type(boolean.class)
                .arity("0")
                .description(escaped(meaning))
                .build();
    }

    static PositionalParamSpec argument(int index, String placeholder, String meaning) {
        return PositionalParamSpec.builder()
                .index(String.valueOf(index))
                .arity("1")
                .paramLabel(placeholder)
                .type(String.class)
                .description(escaped(meaning))
                .build();
    }

    static PositionalParamSpec rest(int index, String placeholder, String meaning, boolean required) {
        return PositionalParamSpec.builder()
                .index(index + "..*")
                .arity(required ? "1..*" : "0..*")
                .paramLabel(placeholder)
                .type(List.class)
                .auxiliaryTypes(String.class)
                .description(escaped(meaning))
                .build();
    }

    /** Descriptions are formats there. */
    static String escaped(String text) {
        return text.replace("%", "%%");
    }
}
