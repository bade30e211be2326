/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.util.Optional;
import org.lora4j.error.Arguments;

/**
 * One text, or two that belong together.
 *
 * @param first the text, or the first one
 * @param second the second one; empty if there is one alone
 * @apiNote Status: experimental
 */
public record TextInput(String first, Optional<String> second) {

    /**
     * Checks that nothing is null.
     *
     * @param first as in the record
     * @param second as in the record
     */
    public TextInput {
        Arguments.required(first, "TextInput: first", "a text");
        Arguments.required(second, "TextInput: second", "a text, or Optional.empty()");
    }

    /**
     * One text.
     *
     * @param text the text
     * @return the input
     */
    public static TextInput of(String text) {
        return new TextInput(text, Optional.empty());
    }

    /**
     * Two texts.
     *
     * @param first such as a premise
     * @param second such as a hypothesis
     * @return the input
     */
    public static TextInput of(String first, String second) {
        return new TextInput(first, Optional.of(Arguments.required(second, "TextInput: second", "a text")));
    }
}
