/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Objects;

/**
 * Two texts.
 *
 * @param first such as a question, or a premise
 * @param second such as a passage, or a hypothesis
 * @apiNote Status: stable
 */
public record TextPair(String first, String second) {

    /**
     * Checks that both are there.
     *
     * @param first as in the record
     * @param second as in the record
     */
    public TextPair {
        Objects.requireNonNull(first, "TextPair: first is null; expected a text");
        Objects.requireNonNull(second, "TextPair: second is null; expected a text");
    }
}
