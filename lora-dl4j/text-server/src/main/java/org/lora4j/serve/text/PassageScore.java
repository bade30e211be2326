/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

/**
 * How relevant a passage is.
 *
 * @param index its index among those given
 * @param logit the number of the head as it is
 * @param score 0 to 1; of a checkpoint whose config asks for the numbers as they are, the logit
 * @apiNote Status: experimental
 */
public record PassageScore(int index, float logit, double score) {}
