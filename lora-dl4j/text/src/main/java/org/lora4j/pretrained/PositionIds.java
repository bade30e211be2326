/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.OptionalInt;

/**
 * Which row of the position table a token gets.
 *
 * @param paddingId empty in BERT: the token at index {@code i} gets row {@code i}. In RoBERTa (Liu et al. 2019,
 *     arXiv:1907.11692, in fairseq's and Hugging Face's code) the id that pads: a token gets the row {@code paddingId} plus
 *     the number of tokens up to and including itself whose id is another one, and padding gets the row {@code paddingId}
 * @apiNote Status: stable
 */
public record PositionIds(OptionalInt paddingId) {

    /** The position is the index, as in BERT. */
    public static final PositionIds FROM_ZERO = new PositionIds(OptionalInt.empty());

    /**
     * Checks the id.
     *
     * @param paddingId the id that pads, or empty
     * @throws IllegalArgumentException if the id is negative, or so large that no row can follow it
     */
    public PositionIds {
        if (paddingId.isPresent() && (paddingId.getAsInt() < 0 || paddingId.getAsInt() == Integer.MAX_VALUE)) {
            throw new IllegalArgumentException("Positions: paddingId = " + paddingId.getAsInt() + "; expected 0 to "
                    + (Integer.MAX_VALUE - 1) + ", 1 in RoBERTa.");
        }
    }

    /**
     * Position ids as in RoBERTa.
     *
     * @param paddingId the id that pads, 1 in RoBERTa
     * @return positions that start behind it
     * @throws IllegalArgumentException if the id is negative
     */
    public static PositionIds afterPadding(int paddingId) {
        return new PositionIds(OptionalInt.of(paddingId));
    }

    /**
     * The row of the first token: rows before it are no positions.
     *
     * @return 0 in BERT, 2 in RoBERTa
     */
    public int firstRow() {
        return paddingId.isPresent() ? paddingId.getAsInt() + 1 : 0;
    }
}
