/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.quickstart;

/**
 * What one way of adapting the encoder gave.
 *
 * @param accuracy share of the held-out examples told right, 0 to 1
 * @param trainableParameters number of values that learned
 * @param secondsPerEpoch mean duration of the training steps of an epoch, evaluation left out
 * @param savedBytes size of what has to be kept to use the result with the base at hand
 */
record Outcome(double accuracy, long trainableParameters, double secondsPerEpoch, long savedBytes) {}
