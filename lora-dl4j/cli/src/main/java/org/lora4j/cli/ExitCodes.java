/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The exit codes in words. */
final class ExitCodes {

    private ExitCodes() {}

    static String line() {
        return Arrays.stream(ExitCode.values())
                .map(code -> code.number() + " " + code.meaning())
                .collect(Collectors.joining("; "));
    }
}
