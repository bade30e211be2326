/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.golden.lm;

import java.util.List;
import java.util.stream.Collectors;

/**
 * How a golden case of language models ended.
 *
 * @param name the case, with its folder
 * @param outcome how it ended
 * @param detail what was found, or what is wrong
 */
public record LmCase(String name, Outcome outcome, String detail) {

    /** How a case ended. */
    public enum Outcome {
        /** All values agree. */
        PASSED,
        /** A value does not agree. */
        FAILED,
        /** The case needs a feature that is refused by name. */
        UNSUPPORTED
    }

    /** Passed if nothing is wrong; the first few of what is are its detail. */
    public static LmCase of(String name, List<String> problems) {
        return new LmCase(
                name,
                problems.isEmpty() ? Outcome.PASSED : Outcome.FAILED,
                problems.stream().limit(5).collect(Collectors.joining("; ")));
    }
}
