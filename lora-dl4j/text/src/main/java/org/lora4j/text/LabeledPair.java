/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Objects;

/**
 * Two texts and what they are to each other.
 *
 * @param pair the texts
 * @param label the label, the user's own word
 * @apiNote Status: stable
 */
public record LabeledPair(TextPair pair, String label) {

    /**
     * Checks that both are there.
     *
     * @param pair as in the record
     * @param label as in the record
     */
    public LabeledPair {
        Objects.requireNonNull(pair, "LabeledPair: pair is null; expected two texts");
        Objects.requireNonNull(label, "LabeledPair: label is null; expected a label");
    }

    /**
     * Two texts with a label.
     *
     * @param first the one
     * @param second the other
     * @param label the label
     */
    public LabeledPair(String first, String second, String label) {
        this(new TextPair(first, second), label);
    }
}
