/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.regex.Pattern;
import org.lora4j.config.AdapterConfig;
import org.lora4j.pretrained.BertClassifier;
import org.lora4j.train.FitOptions;
import org.lora4j.train.ParameterGroup;
import org.lora4j.train.TrainingPlan;

/**
 * How a text task is fitted.
 *
 * @param fit what every task is told
 * @param tuning what learns besides the head
 * @param adapter the adapter as its file names it
 * @param batchSize maximum number of examples of a batch
 * @param headLearningRate the highest learning rate of the head
 * @param skipEmpty whether examples with empty texts are left out, not refused
 * @apiNote Status: internal
 */
public record TextOptions(
        FitOptions fit,
        Tuning tuning,
        AdapterConfig adapter,
        int batchSize,
        double headLearningRate,
        boolean skipEmpty) {

    /** The plan of training with a head, which has a rate of its own. */
    TrainingPlan planWithHead(boolean validated) {
        String head = ".*" + Pattern.quote(BertClassifier.HEAD) + "\\..*";
        return fit.plan(
                validated, plan -> plan.group(ParameterGroup.matchingName(head).withLearningRate(headLearningRate)));
    }
}
