/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.OptionalDouble;

/**
 * One task in one epoch.
 *
 * @param epoch number of the epoch, from 1
 * @param task name of the task
 * @param batches number of its batches in this epoch
 * @param meanLoss mean loss of these batches, each before its step and before any weight; NaN if there was none
 * @param weight what its loss counted at the end of the epoch
 * @param metric value of its evaluation after the epoch, or empty if there was none
 * @apiNote Status: experimental
 */
public record TaskEpoch(int epoch, String task, long batches, double meanLoss, double weight, OptionalDouble metric) {}
