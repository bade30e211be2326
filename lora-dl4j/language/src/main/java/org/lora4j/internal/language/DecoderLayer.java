/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * What a layer's attention is like.
 *
 * @param scoreScale factor of the products of queries and keys
 * @param scoreCap c, where scores become {@code c tanh(score / c)}
 * @param window how many tokens a token sees, itself included; all before it if empty
 * @param rotation how queries and keys are turned; not at all if empty
 * @apiNote Status: internal
 */
public record DecoderLayer(
        double scoreScale, OptionalDouble scoreCap, OptionalInt window, Optional<Rotation> rotation) {}
