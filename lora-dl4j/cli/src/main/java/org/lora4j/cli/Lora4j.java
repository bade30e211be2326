/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.nio.file.Path;
import java.util.Locale;

/**
 * The command {@code lora4j}: trains, measures and uses models from a terminal.
 *
 * <pre>
 * lora4j train --data questions.csv --text question --label intent --out model/
 * lora4j predict model/ "where is my card?"
 * </pre>
 *
 * @apiNote Status: experimental
 */
public final class Lora4j {

    private Lora4j() {}

    /**
     * Runs a command and ends the process with its exit code.
     *
     * @param arguments the command line
     */
    public static void main(String[] arguments) {
        // Digits and decimal points are those of files, whatever the language of the machine.
        Locale.setDefault(Locale.ROOT);
        ContainerMemory.bound(Path.of("/"), Runtime.getRuntime().maxMemory(), System.getProperties());
        Terminal terminal = Terminal.ofProcess(System.getenv());
        ExitCode code = new CliProgram(terminal, System.getenv()).run(arguments);
        // Threads of libraries below would keep the process alive.
        System.exit(terminal.ended(code).number());
    }
}
