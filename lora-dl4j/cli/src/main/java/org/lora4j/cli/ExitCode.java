/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

/** How the program ends, for scripts. */
enum ExitCode {
    OK(0, "done"),
    INTERNAL(1, "a mistake of lora4j itself, or of the machine"),
    USAGE(2, "the command line or a setting is wrong"),
    INPUT(3, "a file or what is in it cannot be used"),
    NOT_CONVERGED(4, "training diverged"),
    REFUSED(5, "a check says no"),
    INTERRUPTED(130, "stopped by Ctrl-C"),
    TERMINATED(143, "stopped by SIGTERM");

    private final int number;
    private final String meaning;

    ExitCode(int number, String meaning) {
        this.number = number;
        this.meaning = meaning;
    }

    int number() {
        return number;
    }

    String meaning() {
        return meaning;
    }
}
