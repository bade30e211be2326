/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import java.util.List;

/**
 * The arithmetic of a decoder's forward pass, over rows: one row for each token of each sequence. {@link Decoder} calls it;
 * names are paths within the model and for whoever keeps what was computed.
 *
 * @param <T> rows of numbers
 * @apiNote Status: internal
 */
public interface DecoderMath<T> {

    /** Rows of a table, by token for {@link DecoderPart#WORDS}, by position for {@link DecoderPart#POSITIONS}. */
    T rows(DecoderPart table, String module);

    /** {@code x W (+ b)}; the head of a tied model multiplies by the embedding table. */
    T linear(DecoderPart part, String module, T x);

    /** Every one of {@code groups} equal parts of a row normalized by itself, all with the same gains. */
    T norm(String module, T x, int groups);

    /** What the heads of a layer see, {@code [rows, heads * headSize]}, from queries and keys that are not yet turned. */
    T attention(int layer, String module, T query, T key, T value);

    /** An activation, element by element. */
    T activation(String name, Activation function, T x);

    /** {@code x + factor y}. */
    T sum(String name, T x, T y, double factor);

    /** {@code x y}, element by element. */
    T product(String name, T x, T y);

    /** {@code factor x}. */
    T scaled(String name, T x, double factor);

    /** {@code cap tanh(x / cap)}. */
    T capped(String name, T x, double cap);

    /**
     * The parts of rows that are laid out in groups, each of which has one piece of every part.
     *
     * @param groups number of groups, 1 or more
     * @param widths width of a part's piece within a group
     * @return the parts, {@code [rows, groups * width]}
     */
    List<T> split(String name, T x, int groups, int... widths);
}
