/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import java.util.OptionalInt;

/**
 * One use of a layer. Models that share layers use one several times.
 *
 * @param layer what the names in it begin with, with a dot at the end
 * @param window how far a token sees to each side, if not everything
 * @param rotation index of the rotation of its queries and keys, if they are turned
 * @param hasFirstNorm whether what goes into attention is normalized, where the family does so
 * @apiNote Status: internal
 */
public record EncoderBlock(String layer, OptionalInt window, OptionalInt rotation, boolean hasFirstNorm) {}
