/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

/**
 * A placeholder of a training graph that the executor fills, at each step, with a fresh mask: 0 with the given
 * probability and 1 / (1 - probability) otherwise.
 *
 * @param placeholder name of the placeholder
 * @param shapeLike name of the variable whose shape the mask takes
 * @param probability probability of dropping, in [0, 1)
 * @apiNote Status: internal
 */
public record DropoutMask(String placeholder, String shapeLike, double probability) {}
