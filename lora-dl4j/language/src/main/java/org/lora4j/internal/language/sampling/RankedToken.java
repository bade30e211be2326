/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

/**
 * One of the most probable tokens at a place. Users read it as {@code TokenProbability}: that package uses this one.
 *
 * @param id the token
 * @param logProbability the logarithm of its probability in the softmax of the logits as the model gave them
 * @apiNote Status: internal
 */
public record RankedToken(int id, double logProbability) {}
