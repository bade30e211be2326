/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.List;

/** A command with its row in the table: what it says of itself stands there once. */
abstract class SimpleCommand implements CliCommand {

    private final Commands.Entry entry;
    private final List<String> examples;

    SimpleCommand(String name, String... examples) {
        this.entry = Commands.all().stream()
                .filter(known -> known.name().equals(name))
                .findFirst()
                .orElseThrow();
        this.examples = List.of(examples);
    }

    @Override
    public final String name() {
        return entry.name();
    }

    @Override
    public final String summary() {
        return entry.summary();
    }

    @Override
    public final List<String> examples() {
        return examples;
    }
}
