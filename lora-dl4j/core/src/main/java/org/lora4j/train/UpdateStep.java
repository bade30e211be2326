/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

/**
 * What one step asks of the update of one parameter.
 *
 * @param learningRate the rate after schedule and group, 0 or above
 * @param weightDecay the decay of this parameter, 0 or above
 * @param gradientScale factor on the gradient before anything else (from clipping and accumulation), 1 for none
 * @param step number of steps done before in this run, from 0
 * @param epoch number of the epoch, from 1
 * @apiNote Status: stable
 */
public record UpdateStep(double learningRate, double weightDecay, double gradientScale, long step, int epoch) {}
