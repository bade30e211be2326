/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import java.util.List;

/**
 * The arithmetic of an encoder's forward pass, over rows: one row for each token of each sequence. {@link Encoder} calls it;
 * names are paths within the model and for whoever keeps what was computed.
 *
 * @param <T> rows of numbers
 * @apiNote Status: internal
 */
public interface EncoderMath<T> {

    /**
     * A product with rows for relative positions, which attention adds to its scores.
     *
     * @param ofQueries whether queries are multiplied, else keys
     * @param rows a row for each relative position, as {@link EncoderMath#relativeRows} gives them
     * @param <T> rows of numbers
     */
    record Term<T>(boolean ofQueries, T rows) {}

    /** The sum of the embeddings of words, and of positions and token types where there are tables of them. */
    T embeddings();

    /** {@code x W (+ b)}. */
    T linear(EncoderPart part, String module, T x);

    /** {@code x + v}, a vector of the model. */
    T shifted(String parameter, T x);

    /** {@code x v}, a vector of the model, element by element. */
    T gained(String parameter, T x);

    /** Every one of {@code groups} equal parts of a row normalized by itself, all with the same gains. */
    T norm(EncoderPart part, String module, T x, int groups);

    /** Rows of tokens that are masked become zero. */
    T masked(String name, T x);

    /** A convolution along each sequence, with zeros around it. */
    T convolution(String module, T x);

    /**
     * The rows of a table for all relative positions that occur.
     *
     * @param ofQueries the order in which {@link Term}s of queries need them, else that of keys
     */
    T relativeRows(String module, boolean ofQueries);

    /** What the heads of a layer see, from queries and keys that are not yet turned. */
    T attention(EncoderBlock block, String name, T query, T key, T value, List<Term<T>> terms);

    /** An activation, element by element. */
    T activation(String name, EncoderActivation function, T x);

    /** {@code x + y}. */
    T sum(String name, T x, T y);

    /** {@code x y}, element by element. */
    T product(String name, T x, T y);

    /**
     * The parts of rows that are laid out in groups, each of which has one piece of every part, all equally wide.
     *
     * @param groups number of groups, 1 or more
     * @param count number of parts
     */
    List<T> split(String name, T x, int groups, int count);
}
