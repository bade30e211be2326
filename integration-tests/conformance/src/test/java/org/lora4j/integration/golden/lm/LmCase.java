/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.golden.lm;

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
}
