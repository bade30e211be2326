/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

/** Why a command ends without its result: words for the user, and the code for scripts. */
final class CliException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final ExitCode code;

    CliException(ExitCode code, String message) {
        super(message);
        this.code = code;
    }

    CliException(ExitCode code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    static CliException usage(String message) {
        return new CliException(ExitCode.USAGE, message);
    }

    static CliException input(String message) {
        return new CliException(ExitCode.INPUT, message);
    }

    ExitCode code() {
        return code;
    }
}
