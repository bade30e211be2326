/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Decoder language models: what a {@code config.json} says in one form for all families, the weights of a directory, and
 * the forward pass, written once in {@link org.lora4j.internal.language.Decoder} over an arithmetic. {@link
 * org.lora4j.internal.language.GraphMath} spells it as a SameDiff graph.
 *
 * <p>A family is a row of {@link org.lora4j.internal.language.DecoderFamily}: the names of its tensors and the fields of its
 * config with the values they have where a file leaves them out.
 */
package org.lora4j.internal.language;
