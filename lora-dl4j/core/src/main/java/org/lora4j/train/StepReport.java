/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * One step, after the parameters changed.
 *
 * @param step number of the step in the run, from 1
 * @param epoch number of the epoch, from 1
 * @param loss loss before the step: the average over its batches, by weight, and the penalties of the plan
 * @param learningRate rate of the optimizer times schedule; groups may differ
 * @param gradientNorm Euclidean norm of all gradients together before clipping
 * @param examples number of examples of the step
 * @param examplesPerSecond average over the run so far, evaluations left out
 * @param seconds duration of the step, from asking for the first batch to the last update
 * @param elapsedSeconds duration of all steps so far
 * @param totalSteps number of steps of the run, or empty if unknown
 * @param secondsLeft expected duration of the steps to come, from recent ones; empty if their number is unknown, or in the
 *     first steps, which take longer than those to come
 * @apiNote Status: stable
 */
public record StepReport(
        long step,
        int epoch,
        double loss,
        double learningRate,
        double gradientNorm,
        long examples,
        double examplesPerSecond,
        double seconds,
        double elapsedSeconds,
        OptionalLong totalSteps,
        OptionalDouble secondsLeft) {}
