/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import org.lora4j.error.MessageText;

/**
 * A text and its class.
 *
 * @param text the text
 * @param label number of the class, from 0
 * @apiNote Status: stable
 */
public record TextExample(String text, int label) {

    /**
     * Creates an example.
     *
     * @param text the text
     * @param label number of the class
     * @throws IllegalArgumentException if there is no text or the label is negative
     */
    public TextExample {
        if (text == null || label < 0) {
            throw new IllegalArgumentException("TextExample: text = " + (text == null ? "null" : MessageText.name(text))
                    + ", label = " + label + "; expected a text and a label of 0 or more.");
        }
    }
}
