/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** A command in this process. */
record CliRun(ExitCode code, String out, String err) {

    static CliRun of(String... arguments) {
        return with(Map.of(), arguments);
    }

    static CliRun with(Map<String, String> environment, String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Terminal terminal = Terminal.of(
                new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8));
        ExitCode code = new CliProgram(terminal, environment).run(arguments);
        return new CliRun(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    String both() {
        return out + err;
    }
}
