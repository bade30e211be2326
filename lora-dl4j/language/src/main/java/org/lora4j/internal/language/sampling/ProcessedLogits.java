/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

/**
 * A row of logits after the processors.
 *
 * @param logits a number for each token, {@code -Infinity} for those that are taken out
 * @param probabilities their softmax
 * @apiNote Status: internal
 */
public record ProcessedLogits(double[] logits, double[] probabilities) {}
