/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import org.lora4j.error.Arguments;

/**
 * An example of the validation part that a model was far off with after an epoch.
 *
 * @param epoch after how many epochs
 * @param example the number of the example in the validation part, from 0
 * @param loss how far off
 * @param right what would be right, such as a label
 * @param given what the model said
 * @param input what was asked, such as the text; empty if it is not known
 * @apiNote Status: experimental
 */
public record WorstExample(int epoch, int example, double loss, String right, String given, String input) {

    /**
     * Checks the texts.
     *
     * @param epoch as in the record
     * @param example as in the record
     * @param loss as in the record
     * @param right as in the record
     * @param given as in the record
     * @param input as in the record
     */
    public WorstExample {
        Arguments.required(right, "WorstExample: right", "what would be right");
        Arguments.required(given, "WorstExample: given", "what the model said");
        Arguments.required(input, "WorstExample: input", "a text");
    }
}
