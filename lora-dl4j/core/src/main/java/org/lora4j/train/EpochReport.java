/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.OptionalDouble;

/**
 * One epoch, whole or cut short by the end of the run.
 *
 * @param epoch number of the epoch, from 1
 * @param steps number of its steps
 * @param meanLoss average loss of its batches, by weight, each before its step
 * @param examples number of its examples
 * @param seconds duration of its steps
 * @param metric value of the evaluation after it, or empty if there was none
 * @param evaluationSeconds duration of the evaluation, 0 if there was none
 * @param best whether the metric is the best so far; false without one
 * @apiNote Status: stable
 */
public record EpochReport(
        int epoch,
        long steps,
        double meanLoss,
        long examples,
        double seconds,
        OptionalDouble metric,
        double evaluationSeconds,
        boolean best) {}
