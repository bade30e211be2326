/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Objects;

/**
 * A text and a number.
 *
 * @param text the text
 * @param value the number, finite
 * @apiNote Status: stable
 */
public record ScoredText(String text, double value) {

    /**
     * Checks the values.
     *
     * @param text as in the record
     * @param value as in the record
     * @throws IllegalArgumentException if the number is not finite
     */
    public ScoredText {
        Objects.requireNonNull(text, "ScoredText: text is null; expected a text");
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException("ScoredText: value = " + value + "; expected a finite number.");
        }
    }
}
