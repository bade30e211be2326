/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.util.List;
import org.lora4j.error.Arguments;
import org.lora4j.text.Prediction;

/**
 * What a classifier says of one input.
 *
 * @param labels all labels in the order of the head
 * @param logits the number of the head for each label, as it is; owned by this object
 * @param probabilities the probability of each label; owned by this object
 * @param severalLabels whether an input may have any number of labels, each with a probability of its own; otherwise it has one, and
 *     probabilities add up to 1
 * @param prediction the same as the task itself says it
 * @apiNote Status: experimental
 */
public record ClassScores(
        List<String> labels, float[] logits, double[] probabilities, boolean severalLabels, Prediction prediction) {

    /**
     * Checks that all is there.
     *
     * @param labels as in the record
     * @param logits as in the record
     * @param probabilities as in the record
     * @param severalLabels as in the record
     * @param prediction as in the record
     */
    public ClassScores {
        labels = List.copyOf(Arguments.allRequired(labels, "ClassScores: labels", "a label"));
        Arguments.required(logits, "ClassScores: logits", "a number for each label");
        Arguments.required(probabilities, "ClassScores: probabilities", "a probability for each label");
        Arguments.required(prediction, "ClassScores: prediction", "what the task says");
    }

    /** What the task says: {@code card_lost 0.87; then card_stolen 0.06}. */
    @Override
    public String toString() {
        return prediction.toString();
    }
}
