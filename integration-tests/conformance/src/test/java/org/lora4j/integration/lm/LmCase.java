/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.lm;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What became of a golden case.
 *
 * @param name kind and name
 * @param outcome whether it agrees
 * @param detail what does not, or why it cannot be; empty if it passed
 */
record LmCase(String name, Outcome outcome, String detail) {

    /** Whether a case agrees. */
    enum Outcome {
        /** It does. */
        PASSED,
        /** It does not. */
        FAILED,
        /** It asks for what cannot be. */
        UNSUPPORTED
    }

    /** Passed if there is no problem. */
    static LmCase of(String name, List<String> problems) {
        return new LmCase(
                name,
                problems.isEmpty() ? Outcome.PASSED : Outcome.FAILED,
                problems.stream().limit(5).collect(Collectors.joining("; ")));
    }
}
