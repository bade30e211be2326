/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.input;

import java.util.Arrays;
import java.util.List;

/**
 * One input of a base network.
 *
 * @param name its name in the network
 * @param kind what it eats
 * @param shape its shape with the batch first; -1 for a size that is not fixed or not known
 * @param limit for token ids the size of the vocabulary, which no id may reach; else 0
 * @apiNote Status: stable
 */
public record InputSpec(String name, Kind kind, List<Long> shape, long limit) {

    /**
     * What an input eats.
     *
     * @apiNote Status: stable
     */
    public enum Kind {
        /** Numbers. */
        VALUES,
        /** Ids of tokens, [batch, length]. */
        TOKEN_IDS,
        /** 1 for a token and 0 for padding, [batch, length]. */
        TOKEN_MASK
    }

    /**
     * Copies the shape.
     *
     * @param name its name in the network
     * @param kind what it eats
     * @param shape its shape with the batch first; -1 for a size that is not fixed or not known
     * @param limit for token ids the size of the vocabulary; else 0
     */
    public InputSpec {
        shape = List.copyOf(shape);
    }

    /**
     * An input of numbers.
     *
     * @param name its name in the network
     * @param shape its shape with the batch first
     * @return the input
     */
    public static InputSpec values(String name, long... shape) {
        return new InputSpec(name, Kind.VALUES, Arrays.stream(shape).boxed().toList(), 0);
    }

    /**
     * An input of token ids.
     *
     * @param name its name in the network
     * @param length the longest sequence, or -1 for any
     * @param vocabulary number of ids
     * @return the input
     */
    public static InputSpec tokenIds(String name, long length, long vocabulary) {
        return new InputSpec(name, Kind.TOKEN_IDS, List.of(-1L, length), vocabulary);
    }

    /**
     * An input that tells tokens from padding.
     *
     * @param name its name in the network
     * @return the input
     */
    public static InputSpec tokenMask(String name) {
        return new InputSpec(name, Kind.TOKEN_MASK, List.of(-1L, -1L), 0);
    }

    @Override
    public String toString() {
        return "\"" + name + "\" (" + kind + " " + shape + (limit > 0 ? ", ids below " + limit : "") + ")";
    }
}
