/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Questions about LoRA's limits, answered from measurements: whether the data is good enough, which learning rate and rank to
 * take, whether a task suits low-rank adaptation at all. An {@link org.lora4j.advice.Advice} is an answer with its evidence; where
 * the evidence does not carry one, it says so. Nothing here changes a model: what is trained on the way is put back to the bit.
 *
 * @apiNote Status: experimental
 */
package org.lora4j.advice;
