/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

/**
 * An evaluation between two steps of an epoch, as {@code evaluateEvery} of the plan asks for. Those after epochs are in their
 * {@link EpochReport}.
 *
 * @param step number of the step after which it was, from 1
 * @param epoch number of the epoch, from 1
 * @param metric the value
 * @param seconds its duration
 * @param best whether the value is the best so far
 * @apiNote Status: stable
 */
public record EvaluationReport(long step, int epoch, double metric, double seconds, boolean best) {}
