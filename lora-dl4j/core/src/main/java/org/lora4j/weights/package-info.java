/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Adapters on plain weights, without a network: a checkpoint's tensors by PyTorch's names and in PyTorch's layout.
 *
 * <p>{@link org.lora4j.weights.ModelWeights} is such a set of tensors, {@link org.lora4j.weights.WeightMerge} puts adapters
 * into it. Which weight an adapter's module means ({@code WeightSites}) is told by names and shapes alone, and everything
 * that does not fit is told in one message.
 */
package org.lora4j.weights;
