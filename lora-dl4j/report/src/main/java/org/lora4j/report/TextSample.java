/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import org.lora4j.error.Arguments;

/**
 * What a language model made of a prompt at some time of its training.
 *
 * @param epoch after how many epochs; 0 before training
 * @param prompt what it was given
 * @param text what it wrote
 * @apiNote Status: experimental
 */
public record TextSample(int epoch, String prompt, String text) {

    /**
     * Checks the texts.
     *
     * @param epoch as in the record
     * @param prompt as in the record
     * @param text as in the record
     */
    public TextSample {
        Arguments.required(prompt, "TextSample: prompt", "a text");
        Arguments.required(text, "TextSample: text", "a text");
    }
}
