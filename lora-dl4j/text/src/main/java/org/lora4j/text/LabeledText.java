/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import org.lora4j.error.Arguments;

/**
 * A text and what it is.
 *
 * @param text the text
 * @param labels its labels, the user's own words: one, or any number where a text may have several
 * @apiNote Status: stable
 */
public record LabeledText(String text, List<String> labels) {

    /**
     * Copies the labels, each once.
     *
     * @param text as in the record
     * @param labels as in the record
     */
    public LabeledText {
        Objects.requireNonNull(text, "LabeledText: text is null; expected a text");
        labels = List.copyOf(new LinkedHashSet<>(Arguments.allRequired(labels, "LabeledText: labels", "a label")));
    }

    /**
     * A text with one label.
     *
     * @param text the text
     * @param label its label
     */
    public LabeledText(String text, String label) {
        this(text, List.of(Arguments.required(label, "LabeledText: label", "a label")));
    }
}
