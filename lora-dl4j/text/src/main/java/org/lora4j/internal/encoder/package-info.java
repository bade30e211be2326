/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Encoders: what a {@code config.json} says in one form for all families, and the forward pass, written once in {@link
 * org.lora4j.internal.encoder.Encoder} over an arithmetic. {@link org.lora4j.internal.encoder.EncoderGraphMath} spells it as a
 * SameDiff graph.
 *
 * <p>A family is a row of {@link org.lora4j.internal.encoder.EncoderFamily}: the names of its parts, the fields of its config with
 * the values they have where a file leaves them out, what its attention adds, and its heads.
 */
package org.lora4j.internal.encoder;
