/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.lora4j.config.AdapterConfig;
import org.lora4j.train.FitOptions;
import org.lora4j.train.ParameterGroup;
import org.lora4j.train.TrainingPlan;

/**
 * How a text task is fitted.
 *
 * @param fit what every task is told
 * @param tuning what learns besides the head
 * @param adapter the adapter as its file names it
 * @param batchSize maximum number of examples of a batch; empty for one that gives few examples enough steps
 * @param headLearningRate the highest learning rate of the head
 * @param skipEmpty whether examples with empty texts are left out, not refused
 * @param run whether the steps are written down, and go on from what was
 * @apiNote Status: internal
 */
public record TextOptions(
        FitOptions fit,
        Tuning tuning,
        AdapterConfig adapter,
        OptionalInt batchSize,
        double headLearningRate,
        boolean skipEmpty,
        FitRun run) {

    /** The largest batch unless the caller sets another. */
    public static final int MOST_IN_A_BATCH = 32;

    /** The same where there are few examples. */
    public static final int FEWEST_IN_A_BATCH = 8;

    /** An epoch has as many batches, unless they would be smaller than that: it takes some hundred steps to learn. */
    private static final int BATCHES = 32;

    /**
     * Maximum number of examples of a batch.
     *
     * @param examples how many there are to learn from
     * @return what the caller set, or one that follows from their number
     */
    public int batchSize(int examples) {
        return batchSize.orElse(Math.max(FEWEST_IN_A_BATCH, Math.min(MOST_IN_A_BATCH, examples / BATCHES)));
    }

    /** The same for a fit that goes on, or does not. */
    public TextOptions resuming(boolean goesOn) {
        return new TextOptions(fit, tuning, adapter, batchSize, headLearningRate, skipEmpty, run.resuming(goesOn));
    }

    /**
     * The plan of training with a head, which has a rate of its own.
     *
     * @param head the module that holds it
     */
    public TrainingPlan planWithHead(boolean validated, String head) {
        String names = ".*" + Pattern.quote(head) + "\\..*";
        return fit.plan(
                validated, plan -> plan.group(ParameterGroup.matchingName(names).withLearningRate(headLearningRate)));
    }
}
